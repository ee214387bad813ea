"""What grows with the root: the same figures for one of ten and of a hundred times the delegations, and with two threads. Ten times
today's root is that with all of it ten times. The module takes zones up to 64 MiB, some forty times today's, so that one of a hundred
times the delegations has less to each: a name server, a DS, and short signatures (ECDSA); to compare with, there is one of ten times
like that, too."""

import json
import subprocess

import lab
import loads
import memory
import peers
import rootzone
from results import Results, Row

ZONES = {"today": ("today's root", rootzone.lifelike), "ten": ("10 times", lambda: rootzone.lifelike(copies=10)),
         "lean-ten": ("10 times, lean", lambda: rootzone.lean(14380)), "lean-hundred": ("100 times, lean", lambda: rootzone.lean(143800))}
KINDS = [peers.Localroot, peers.AuthZone]
THREADS = (1, 2)
PATIENCE = 300  # seconds, until the largest is verified


def verify(table, key, zone, net):
    told = subprocess.run([str(lab.CHECK), "--json", "-a", zone.anchor, f"axfr:{net.transfer_addresses[0]}"], capture_output=True, text=True,
                          timeout=300, check=False).stdout
    report = json.loads(told)
    if not report["verified"]:
        raise AssertionError(told)
    table.add(Row("records", "records of the zone", "", 0, None), key, report["records"])
    table.add(Row("verify", "localroot-check: CPU of the verification", "ms", 0, None), key, sum(report["cpu_ns"].values()) / 1e6)
    table.add(Row("dnssec", "of which the signatures", "ms", 0, None), key, report["cpu_ns"]["dnssec"] / 1e6)


def cost(setting, table, key, peer, net):
    words = f"{peer.title}, {peer.threads} thread{'s' if peer.threads > 1 else ''}"
    for _ in range(setting.rounds):
        before = peer.cpu()
        answers = loads.ask(peer, loads.junk_queries(100000, net), net, dnssec=True, limit=1, clients=8)
        answers.expect(NXDOMAIN=100)
        table.add(Row(f"{peer.key}-cpu-{peer.threads}", f"{words}: CPU of a name that does not exist, DO", "µs", 2, None), key,
                  (peer.cpu() - before) / answers.count * 1e6)
        table.add(Row(f"{peer.key}-qps-{peer.threads}", f"{words}: most questions", "1,000/s", 1, None), key,
                  answers.count / answers.seconds / 1000)


def compare(setting, table, key, net, kind):
    with peers.running(kind, net, PATIENCE, bare=True) as peer:
        without = memory.used(peer, net)["private"]
    for threads in THREADS:
        with peers.running(kind, net, PATIENCE, threads=threads) as peer:
            if threads == 1:
                table.add(Row(f"{kind.key}-start", f"{kind.title}: CPU from the start to serving", "ms", 0, None), key, peer.cpu() * 1000)
                table.add(Row(f"{kind.key}-memory", f"{kind.title}: private memory over the same server without", "MiB", 1, None), key,
                          memory.used(peer, net)["private"] - without)
            cost(setting, table, key, peer, net)


def measure(setting):
    table = setting.table("Growth", Results({key: title for key, (title, _) in ZONES.items()}))
    table.notes.append(" ".join(__doc__.split()))
    for key, (title, make) in ZONES.items():
        table.say(f"growth: {title}: made and signed, where it is not there yet")
        with table.guard("growth", key):
            zone = make()
            with setting.lab(zone) as net:
                with table.guard("verification", key):
                    verify(table, key, zone, net)
                for kind in KINDS:
                    with table.guard(kind.title, key):
                        compare(setting, table, key, net, kind)
        table.say(f"growth: {title}: " + ", ".join(f"{row.title} {row.shown(key)} {row.unit}" for row in table.rows.values() if row.values.get(key)))
