"""Memory, over that of the same server without a copy of the root, after the same questions; and after fifty refreshes."""

import loads
from peers import running
from primary import Primary, recordings, refresh
from results import Row

REFRESHES = 50
WHAT = "memory over the same server without"

# Key, title, which of peer.memory()'s, and whether it stands in the README.
START = [("start-peak", "peak of the start", "peak", False)]
LOADED = [("private", "private", "private", True), ("rss", "RSS", "rss", True)]
REFRESHED = [("refreshed", f"private, after {REFRESHES} refreshes", "private", True), ("refreshed-rss", f"RSS, after {REFRESHES} refreshes", "rss", False),
             ("refreshed-peak", f"peak of {REFRESHES} refreshes", "peak", True)]


def used(peer, net):
    """What it takes after some questions."""
    loads.ask(peer, loads.questions(net), net, dnssec=True, clients=1, waiting=10)
    peer.wait_idle()
    return peer.memory()


def stages(peer, primary, net):
    """What it takes, and the figures of that, in turn."""
    yield peer.memory(), START
    yield used(peer, net), LOADED
    if hasattr(peer, "refresh"):
        peer.forget_peak()
        for _ in range(REFRESHES):
            refresh(peer, primary, 0.005)
        yield used(peer, net), REFRESHED


def compare(results, net, kind, primary):
    told = []
    with running(kind, net, bare=True) as peer:
        without = used(peer, net)
    without["peak"] = without["rss"]
    with running(kind, net, primary=primary.address) as peer:
        for taken, figures in stages(peer, primary, net):
            for key, title, figure, short in figures:
                more = taken[figure] - without[figure]
                results.add(Row(f"memory-{key}", f"{WHAT}: {title}", "MiB", 1, short=short), kind.key, more)
                told.append(f"{title} {more:.1f}")
    results.say(f"{WHAT}, MiB: {kind.key}: {', '.join(told)}")


def measure(setting):
    with setting.lab() as net:
        made = recordings(net)
        for _ in range(1 if setting.quick else 2):
            for place, kind in enumerate(kind for kind in setting.kinds if kind.has_copy):
                with setting.results.guard("memory", kind.key), Primary(f"198.51.100.{150 + place}", made) as primary:
                    compare(setting.results, net, kind, primary)
