"""From the start of the process to the first right answer, with and without the copy that an earlier run left on disk, and what
the root servers are asked until then."""

import contextlib
import socket
import time

import dns.message
import dns.rcode

from results import Row

EVERY = 0.002  # seconds between questions

WAYS = {True: "with a copy on disk", False: "without a copy on disk"}


def first_answer(peer, began):
    """Seconds from then until it says that a name does not exist."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.connect((peer.address, peer.port))
        asker.settimeout(EVERY)
        name = f"bench-{time.monotonic_ns()}."
        while time.monotonic() < began + 30 and peer.process.running:
            with contextlib.suppress(OSError):
                asker.send(dns.message.make_query(name, "A", use_edns=0, payload=1232, want_dnssec=True).to_wire())
                if asker.recv(4096)[3] & 15 == dns.rcode.NXDOMAIN:
                    return time.monotonic() - began
                name = f"bench-{time.monotonic_ns()}."
            time.sleep(EVERY / 4)  # refused at once, as long as nobody listens
    raise TimeoutError(f"no answer: {peer.process.log[-300:]}")


def once(setting, peer, net, kept):
    if not kept:
        peer.forget()
    before = len(net.sniffer.queries())
    began = time.monotonic()
    peer.start()
    took = first_answer(peer, began) * 1000
    asked = len(net.root_queries(peer, before))
    key = "kept" if kept else "empty"
    setting.results.add(Row(f"start-{key}", f"start {WAYS[kept]} to the first right answer", "ms", 0, short=kept), peer.key, took)
    setting.results.add(Row(f"start-{key}-packets", f"packets to the root until then, {WAYS[kept]}", "", 0, short=kept), peer.key, asked)
    peer.wait_serving()
    peer.wait_kept()
    peer.stop()
    return f"{peer.key} {took:.0f} ({asked})"


def measure(setting):
    with setting.lab() as net, setting.started(net, "start") as running:
        for peer in running.values():
            with setting.results.guard("start", peer.key):
                peer.wait_kept()
                peer.stop()
        for turn in range(setting.rounds):
            for kept in WAYS:
                told = []
                for peer in setting.in_turn([peer for peer in running.values() if not kept or peer.has_copy and peer.keeps_copy], turn):
                    with setting.results.guard(f"start {WAYS[kept]}", peer.key):
                        told.append(once(setting, peer, net, kept))
                setting.results.say(f"round {turn + 1} of {setting.rounds}, start {WAYS[kept]}, ms (packets to the root): {', '.join(told)}")
