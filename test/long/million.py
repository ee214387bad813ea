"""Zones as large as one may be, a million records: localroot-check reads, sorts and verifies them within bounds of time and memory,
and prints both. One more record is refused, and a file of more than 64 MiB."""

import hashlib
import os
import pathlib
import re
import struct
import subprocess
import tempfile
import time

import tap

TOP, BUILD = pathlib.Path(os.environ["LR_TOP"]), pathlib.Path(os.environ["LR_BUILD"])
LIMIT = 1000000  # LR_DRAFT_LIMITS_DEFAULT, of zone/draft.h, which also has 64 MiB
SERIAL = 2026112600
SOA = f"example. 3600 IN SOA ns.example. admin.example. {SERIAL} 1800 900 604800 300"
NS = "example. 3600 IN NS ns.example."


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.rstrip(".").split(".")) + b"\0"


def canonical(owner, kind, ttl, rdata):
    return wire(owner) + struct.pack(">HHIH", kind, 1, ttl, len(rdata)) + rdata


def unsigned(path, count):
    """A zone of so many records, and its digest as RFC 8976 has it, worked out here."""
    digest = hashlib.sha384(canonical("example.", 2, 3600, wire("ns.example.")))
    digest.update(canonical("example.", 6, 3600, wire("ns.example.") + wire("admin.example.") + struct.pack(">5I", SERIAL, 1800, 900, 604800, 300)))
    lines = []
    for number in range(count - 3):  # of one length: in canonical order
        digest.update(canonical(f"n{number:06}.example.", 1, 60, struct.pack(">I", number)))
        lines.append(f"n{number:06}.example. 60 IN A {number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
    lines += [SOA, NS, f"example. 3600 IN ZONEMD {SERIAL} 1 1 {digest.hexdigest()}"]
    path.write_text("\n".join(lines[::-1]) + "\n", encoding="ascii")  # the worst order for who sorts
    return path


def signed(folder, names, glue):
    """Four records a name: an address, its NSEC, and their signatures; and as much glue as that."""
    (folder / "plain").write_text("\n".join([
        SOA, NS, *(f"n{number:06}.example. 60 IN A 192.0.2.1" for number in range(names)), "d.example. 60 IN NS g000000.d.example.",
        *(f"g{number:06}.d.example. 60 IN A 192.0.2.1" for number in range(glue))]) + "\n", encoding="ascii")
    key = subprocess.run(["ldns-keygen", "-r", "/dev/urandom", "-a", "ED25519", "-k", "example."], cwd=folder, capture_output=True, text=True, check=True)
    name = key.stdout.strip()
    subprocess.run(["ldns-signzone", "-o", "example.", "-z", "1:1", "-f", "signed", "plain", name], cwd=folder, check=True, timeout=3000)
    return folder / "signed", folder / f"{name}.key"


def check(path, *options):
    """Exit code, what was printed, CPU seconds, MiB of memory at the most."""
    with open(path.parent / "said", "w+", encoding="ascii") as said:
        started = subprocess.Popen([BUILD / "localroot-check", "-z", "example.", *options, path], stdout=said, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(started.pid, 0)
        said.seek(0)
        text = said.read()
    started.returncode = os.waitstatus_to_exitcode(status)
    cpu, mib = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    tap.note(f"{path.name}: {path.stat().st_size >> 20} MiB of file, {cpu:.1f} s of CPU, {mib:.0f} MiB of memory; "
             + "; ".join(re.findall(r"^(?:CPU time|records|signatures) .*", text, re.MULTILINE)))
    return started.returncode, text, cpu, mib


@tap.test("a million records, digest only: read, sorted and verified within 10 s of CPU and 400 MiB; one more is refused")
def digest():
    with tempfile.TemporaryDirectory(prefix="lr-million-") as folder:
        code, said, cpu, mib = check(unsigned(pathlib.Path(folder, "whole"), LIMIT), "--no-dnssec")
        tap.equal(code, 0, said)
        tap.equal((cpu < 10, mib < 400), (True, True), f"{cpu} s, {mib} MiB")
        code, said, _, _ = check(unsigned(pathlib.Path(folder, "more"), LIMIT + 1), "--no-dnssec")
        tap.equal((code, "more than 1000000 records (limit)" in said), (1, True), said)


@tap.test("a million records, 200,000 of them signatures, in 64 MiB of file, which are the most: verified within 100 s of CPU and 400 MiB")
def dnssec():
    with tempfile.TemporaryDirectory(prefix="lr-million-") as folder:
        start = time.monotonic()
        path, key = signed(pathlib.Path(folder), 100000, LIMIT - 4 * 100000 - 20)
        tap.note(f"signed in {time.monotonic() - start:.0f} s")
        code, said, cpu, mib = check(path, "-a", key)
        tap.equal(code, 0, said)
        tap.equal((cpu < 100, mib < 400), (True, True), f"{cpu} s, {mib} MiB")


tap.run()
