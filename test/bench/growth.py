"""What grows with the root: the same figures for one of ten and of a hundred times the delegations, and with two threads. Ten times
today's root is that with all of it ten times. The module takes zones up to 64 MiB, some forty times today's, so that one of a hundred
times the delegations has less to each: a name server, a DS, and short signatures (ECDSA); to compare with, there is one of ten times
like that, too."""

import json
import subprocess

import lab
import loads
import peers
import rootzone
from results import Results, Row

ZONES = {"today": ("today's root", rootzone.lifelike), "ten": ("10 times", lambda: rootzone.lifelike(copies=10)),
         "lean-ten": ("10 times, lean", lambda: rootzone.lean(14380)), "lean-hundred": ("100 times, lean", lambda: rootzone.lean(143800))}
KINDS = [peers.Localroot, peers.AuthZone]
THREADS = (1, 2)


def verify(table, key, zone, net):
    told = subprocess.run([str(lab.CHECK), "--json", "-a", zone.anchor, f"axfr:{net.transfer_addresses[0]}"], capture_output=True, text=True,
                          timeout=300, check=False).stdout
    report = json.loads(told)
    if not report["verified"]:
        raise AssertionError(told)
    table.add(Row("records", "records of the zone", "", 0, None), key, report["records"])
    table.add(Row("verify", "localroot-check: CPU of the verification", "ms", 0, None), key, sum(report["cpu_ns"].values()) / 1e6)
    table.add(Row("dnssec", "of which the signatures", "ms", 0, None), key, report["cpu_ns"]["dnssec"] / 1e6)


def start(net, kind, **how):
    peer = kind(net, **how)
    peer.start()
    try:
        peer.wait_serving()
        peer.wait_idle()
        return peer
    except BaseException:
        peer.kill()
        raise


def memory(table, key, net, kind):
    used = []
    for bare in (True, False):
        peer = start(net, kind, bare=bare)
        loads.ask(peer, loads.questions(net), net, dnssec=True, clients=1, waiting=10)
        peer.wait_idle()
        used.append(peer.memory()["private"])
        if not bare:
            table.add(Row(f"{kind.key}-start", f"{kind.title}: CPU from the start to serving", "ms", 0, None), key, peer.cpu() * 1000)
        peer.stop()
    table.add(Row(f"{kind.key}-memory", f"{kind.title}: private memory over the same server without", "MiB", 1, None), key, used[1] - used[0])


def cost(setting, table, key, net, kind, threads):
    peer = start(net, kind, threads=threads)
    try:
        for _ in range(setting.rounds):
            before = peer.cpu()
            answers = loads.ask(peer, loads.junk_queries(100000, net), net, dnssec=True, limit=1, clients=8)
            answers.expect(NXDOMAIN=100)
            words = f"{kind.title}, {threads} thread{'s' if threads > 1 else ''}"
            table.add(Row(f"{kind.key}-cpu-{threads}", f"{words}: CPU of a name that does not exist, DO", "µs", 2, None), key,
                      (peer.cpu() - before) / answers.count * 1e6)
            table.add(Row(f"{kind.key}-qps-{threads}", f"{words}: most questions", "1,000/s", 1, None), key, answers.count / answers.seconds / 1000)
    finally:
        peer.stop()


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
                    with table.guard(f"memory of {kind.title}", key):
                        memory(table, key, net, kind)
                    for threads in THREADS:
                        with table.guard(f"{kind.title}, {threads} threads", key):
                            cost(setting, table, key, net, kind, threads)
        table.say(f"growth: {title}: " + ", ".join(f"{row.title} {row.shown(key)} {row.unit}" for row in table.rows.values() if row.values.get(key)))
