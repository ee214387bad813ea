"""What all measures share: how many rounds, which processors, and the laboratory with a life-like root."""

import contextlib
import os

import everywhere
import lab
import rootzone

import peers


class Setting:
    def __init__(self, results, wanted, rounds, quick):
        self.results, self.rounds, self.quick = results, rounds, quick
        self.tables = {"Resolvers": results}
        self.met = {}  # key -> title, version, texts of the configuration files
        self.kinds = [kind for kind in peers.ALL if kind.key in wanted]
        # The server has a processor of its own while its CPU time is measured; all else has the others.
        self.processors = sorted(os.sched_getaffinity(0))
        self.apart = str(self.processors[0]) if len(self.processors) > 1 else None

    def table(self, title, results):
        """One more table, of other columns."""
        results.began = self.results.began
        self.tables[title] = results
        return results

    @contextlib.contextmanager
    def lab(self, root=None, served=None):
        """The laboratory, with somebody who answers below all TLDs."""
        if self.apart:
            os.sched_setaffinity(0, self.processors[1:])
        try:
            with lab.Lab(root or rootzone.lifelike(), served) as net, everywhere.Everywhere():
                yield net
        finally:
            os.sched_setaffinity(0, self.processors)

    @staticmethod
    def in_turn(running, turn):
        """Another one first in each round."""
        return [*running[turn % len(running):], *running[:turn % len(running)]] if running else []

    @contextlib.contextmanager
    def started(self, net, what, kinds=None, **how):
        """{key: peer}, all started and serving; one that does not start is told of and left out."""
        running = {}
        try:
            for kind in kinds or self.kinds:
                with self.results.guard(what, kind.key):
                    peer = kind(net, **how)
                    running[kind.key] = peer
                    try:
                        peer.start()
                        peer.wait_serving()
                        self.met[kind.key] = (kind.title, peer.version(), peer.configuration())
                    except BaseException:
                        del running[kind.key]
                        peer.kill()
                        raise
            yield running
        finally:
            for key, peer in running.items():
                with self.results.guard(f"{what}: its end", key):
                    peer.stop()
