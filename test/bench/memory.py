"""Memory, over that of the same server without a copy of the root, after the same questions; and after fifty refreshes."""

import loads
from primary import Primary, recordings, refresh
from results import Row

REFRESHES = 50
WHAT = "memory over the same server without"


def used(peer, net):
    """MiB."""
    loads.ask(peer, loads.questions(net), net, dnssec=True, clients=1, waiting=10)
    peer.wait_idle()
    return peer.memory()


def compare(setting, net, kind, made, number):
    base = setting.results
    bare = kind(net, bare=True)
    try:
        bare.start()
        bare.wait_answers()
        without = used(bare, net)
    finally:
        bare.stop()
    primary = Primary(f"198.51.100.{number}", made)
    peer = kind(net, primary=primary.address)
    told = []

    def add(key, title, figure, with_copy, short=False):
        more = with_copy[figure] - without["rss" if figure == "peak" else figure]
        told.append(f"{title} {more:.1f}")
        base.add(Row(f"memory-{key}", f"{WHAT}: {title}", "MiB", 1, short=short), peer.key, more)
    try:
        peer.start()
        peer.wait_serving()
        add("start-peak", "peak of the start", "peak", peer.memory())
        loaded = used(peer, net)
        add("private", "private", "private", loaded, True)
        add("rss", "RSS", "rss", loaded, True)
        if hasattr(peer, "refresh"):
            peer.forget_peak()
            for _ in range(REFRESHES):
                refresh(peer, primary, 0.005)
            loaded = used(peer, net)
            add("refreshed", f"private, after {REFRESHES} refreshes", "private", loaded, True)
            add("refreshed-rss", f"RSS, after {REFRESHES} refreshes", "rss", loaded)
            add("refreshed-peak", f"peak of {REFRESHES} refreshes", "peak", loaded, True)
    finally:
        peer.stop()
        primary.stop()
    base.say(f"{WHAT}, MiB: {peer.key}: {', '.join(told)}")


def measure(setting):
    with setting.lab() as net:
        made, number = recordings(net), 150
        for _ in range(1 if setting.quick else 2):
            for kind in setting.kinds:
                number += 1
                if kind.has_copy:
                    with setting.results.guard("memory", kind.key):
                        compare(setting, net, kind, made, number)
