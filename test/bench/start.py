"""From the start of the process to the first right answer, with and without the copy that an earlier run left on disk, and what
the root servers are asked until then."""

import time

from results import Row

WAYS = {True: "with a copy on disk", False: "without a copy on disk"}


def once(setting, peer, net, kept):
    if not kept:
        peer.forget()
    before = len(net.sniffer.queries())
    began = time.monotonic()
    peer.start()
    while not peer.answers(0.05):
        if time.monotonic() > began + 30 or not peer.process.running:
            raise TimeoutError(f"no answer: {peer.process.log[-300:]}")
        time.sleep(0.001)
    took = (time.monotonic() - began) * 1000
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
                for peer in (peer for peer in running.values() if not kept or peer.has_copy and peer.keeps_copy):
                    with setting.results.guard(f"start {WAYS[kept]}", peer.key):
                        told.append(once(setting, peer, net, kept))
                setting.results.say(f"round {turn + 1} of {setting.rounds}, start {WAYS[kept]}, ms (packets to the root): {', '.join(told)}")
