"""How long a worker of Unbound's is away from those who ask: the turns of its event loop, without what it waits for a processor
(test/lab/turns.c), while nothing else happens, while it refreshes, while another does, right after its start and around fast_reload."""

import array
import contextlib

import loads
import peers
import refresh
import shim
from results import Row

CLASSES, IN_A_MS = 1 << 22, 10000  # of turns.c


def watched(kind, library):
    """That kind of peer, whose turns are counted."""
    class Watched(kind):
        def __init__(self, net, **how):
            super().__init__(net, **how)
            self._turns = self.folder / "turns"
            self._turns.write_bytes(bytes(4 * CLASSES))
            self.wrapper = [*self.wrapper, *shim.preload(library, LR_TURNS=self._turns)]

        def turns(self):
            return array.array("I", self._turns.read_bytes())
    return Watched


def worst(before, after):
    """The 99.9th percentile of the turns counted between the two, and the longest, in ms."""
    found = [(place, new - old) for place, (old, new) in enumerate(zip(before, after)) if new != old]
    left = sum(count for _, count in found) // 1000
    for place, count in reversed(found):
        left -= count
        if left < 0:
            return place / IN_A_MS, found[-1][0] / IN_A_MS
    raise AssertionError("no turn was counted")


class Subject(refresh.Subject):
    seconds = 2

    def times(self, key, title):
        """Instead of the answers' times."""
        before = self.peer.turns()
        loads.ask(self.peer, loads.junk_queries(refresh.RATE * self.seconds, self.net), self.net, dnssec=True, limit=self.seconds + 2, rate=refresh.RATE,
                  waiting=refresh.RATE * loads.TIME_OUT)
        share, longest = worst(before, self.peer.turns())
        self.results.add(Row(f"turn-{key}", f"p99.9 of a worker's turns, {title}", "ms", 2, short=True), self.peer.key, share)
        self.results.add(Row(f"turn-longest-{key}", f"longest of a worker's turns, {title}", "ms", 2), self.peer.key, longest)
        return f"{share:.2f} ({longest:.2f})"


def measure(setting):
    with setting.lab() as net, contextlib.ExitStack() as stack:
        library = shim.build(net.folder, "turns")
        kinds = [watched(kind, library) for kind in setting.kinds if issubclass(kind, peers.Unbound)]
        running = refresh.subjects(setting, net, stack, kinds, Subject)
        refresh.compare(setting, running, [(f"p99.9 of a worker's turns, {title}, ms (longest)", way) for title, way in refresh.ASKED])
