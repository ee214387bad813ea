"""The first look-up below a TLD, with root servers near and far: milliseconds, and what the root servers are asked for it."""

import statistics
import time

import dns.rcode

from far import FarRoot
from results import Row

AWAY = (0, 50, 150)  # milliseconds to the root servers and back
LOOKUPS = 5  # in a round; each TLD is asked for once


def tlds(net):
    """Those without a DS: they are answered for by nobody who could sign."""
    return sorted(tld for tld in net.zone.delegations if tld and tld not in net.zone.secure and tld not in net.served and tld != "net")


def once(setting, peer, net, away, names):
    before, took = len(net.sniffer.queries()), []
    for name in names:
        began = time.monotonic()
        answer = peer.ask(f"www.{name}.", limit=10)
        took.append((time.monotonic() - began) * 1000)
        if answer.rcode() != dns.rcode.NOERROR or not answer.answer:
            raise AssertionError(f"www.{name}.: {dns.rcode.to_text(answer.rcode())}")
    packets = len(net.root_queries(peer, before)) / len(names)
    setting.results.add(Row(f"cold-{away}", f"first look-up below a TLD, root {away} ms away", "ms", 2, short=away == AWAY[-1]), peer.key,
                        statistics.median(took))
    setting.results.add(Row(f"cold-{away}-packets", f"packets to the root for each, root {away} ms away", "", 2, short=away == AWAY[-1]),
                        peer.key, packets)
    return f"{peer.key} {statistics.median(took):.1f} ({packets:.1f})"


def measure(setting):
    with setting.lab() as net, setting.started(net, "cold look-ups") as running:
        far, names = FarRoot(net), iter(tlds(net))
        try:
            for turn in range(min(setting.rounds, len(tlds(net)) // (LOOKUPS * len(AWAY)))):
                for away in AWAY:
                    far.milliseconds, asked, told = away, [next(names) for _ in range(LOOKUPS)], []
                    for peer in setting.in_turn(list(running.values()), turn):
                        with setting.results.guard(f"cold look-ups, root {away} ms away", peer.key):
                            told.append(once(setting, peer, net, away, asked))
                    setting.results.say(f"round {turn + 1} of {setting.rounds}, first look-up below a TLD, root {away} ms away, ms (packets to the root): "
                                        + ", ".join(told))
        finally:
            far.stop()
