"""The verification of a whole zone in a file: localroot-check beside other programs that do it."""

import os
import subprocess
import tempfile

import lab
import rootzone
import servers
from results import Results, Row

# What each verifies besides the signatures stands in its title.
TOOLS = {"localroot-check": ("localroot-check (digest, signatures up to the anchor)", lambda zone: [str(lab.CHECK), "-a", zone.anchor, zone.zone]),
         "ldns": ("ldns-verify-zone -ZZ (the same)", lambda zone: [servers.need("ldns-verify-zone"), "-ZZ", "-k", zone.anchor, zone.zone]),
         "bind": ("dnssec-verify (no digest, no anchor)", lambda zone: [servers.need("dnssec-verify"), "-o", ".", zone.zone]),
         "knot": ("kzonecheck (no digest, no anchor)", lambda zone: [servers.need("kzonecheck"), "-d", "on", "-o", ".", zone.zone])}


def run(command):
    """CPU milliseconds."""
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            told.seek(0)
            raise RuntimeError(f"exit {process.returncode}: {told.read()[-200:].decode('utf-8', 'replace')}")
    return (usage.ru_utime + usage.ru_stime) * 1000


def compare(table, zone, rounds, more=""):
    for _ in range(rounds):
        for key, (_, command) in TOOLS.items():
            with table.guard("verification", key):
                table.add(Row(f"verify{more}", f"CPU of the verification{more}", "ms", 0, short=True), key, run(command(zone)))
        table.say(f"verification{more}, ms: " + ", ".join(f"{key} {value[-1]:.0f}" for key, value in table.rows[f"verify{more}"].values.items()))


def measure(setting):
    table = setting.table("Verifying a whole zone", Results({key: title for key, (title, _) in TOOLS.items()}))
    compare(table, rootzone.lifelike(), setting.rounds * 2)
    # Our own file alone says what its time goes into.
    told = subprocess.run([str(lab.CHECK), "-a", rootzone.lifelike().anchor, rootzone.lifelike().zone], capture_output=True, text=True, check=True)
    table.notes.append("localroot-check itself says: " + " ".join(told.stdout.rsplit("CPU time", 1)[1].split()))
