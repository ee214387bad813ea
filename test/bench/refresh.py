"""A new zone: from the last octet of its transfer to its publication, its CPU time, and how long answers take meanwhile, beside those of a
resolver that is left alone, on a machine that is as busy with another one's refreshes, that has just started on the copy on disk, or
that was told to reload."""

import contextlib
import functools
import threading

import loads
import peers
from primary import Primary, recordings, refresh
from results import Row

RATE = 2000  # questions a second while times are taken
SHARES = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))
CYCLES = 5
OFTEN = 0.005  # seconds from one look for a new zone to the next


class Subject:
    """One resolver, with a primary of its own, and another's refresh. Each way ends with a word for who waits."""

    seconds = 5

    def __init__(self, setting, net, peer, primary, other):
        self.results, self.net, self.peer, self.primary, self.other = setting.results, net, peer, primary, other
        self.seconds = 2 if setting.quick else self.seconds

    def refresh(self, every):
        return refresh(self.peer, self.primary, every)

    def published(self):
        self.primary.pausing = True
        for _ in range(CYCLES):
            took = self.refresh(0.0003) * 1000
            self.results.add(Row("published", "from a transfer's last octet to the new zone in use", "ms", 0, short=True), self.peer.key, took)
        self.primary.pausing = False
        self.peer.wait_idle()
        before = self.peer.cpu()
        for _ in range(CYCLES):
            self.refresh(0.02)
        self.peer.wait_idle()
        spent = (self.peer.cpu() - before) / CYCLES * 1000
        self.results.add(Row("refresh-cpu", "CPU of a refresh", "ms", 0, short=True), self.peer.key, spent)
        return f"{took:.0f} ({spent:.0f})"

    def times(self, key, title):
        """Times of answers for names that do not exist, asked at a steady rate."""
        queries = loads.junk_queries(int(RATE * self.seconds), self.net)
        answers = loads.ask(self.peer, queries, self.net, dnssec=True, limit=self.seconds + 2, rate=RATE, each=True,
                            waiting=RATE * loads.TIME_OUT)
        lost = len(queries) - len(answers.times)
        if lost > 0.02 * len(queries):
            raise AssertionError(f"{lost} of {len(queries)} questions were not answered")
        found = sorted(answers.times) + lost * [loads.TIME_OUT]
        for share, word in SHARES:
            value = found[int(share * len(found))] * 1000
            self.results.add(Row(f"{word}-{key}", f"{word} of answers, {title}", "ms", 2, short=share > 0.99), self.peer.key, value)
        return f"{value:.2f}"

    def idle(self):
        loads.warm(self.peer, self.net)
        return self.times("idle", "idle")

    def refreshing(self):
        with again(lambda: self.refresh(OFTEN)):
            return self.times("refresh", "while refreshing all the time")

    def beside(self):
        """What is left of the difference from idle is the processors', not this resolver's."""
        with again(lambda: self.other(OFTEN)):
            return self.times("beside", "while another resolver refreshes all the time")

    def _with(self, step, key, title):
        """The times around one step, and the first question below a TLD behind it."""
        def once():
            step()
            self.peer.ask("www.tk.")
        with later(once):
            return self.times(key, title)

    def restarted(self):
        self.peer.wait_kept()
        self.peer.stop()
        self.peer.start()
        self.peer.wait_answers()
        return self._with(lambda: None, "start", "right after the start")

    def reloads(self):
        return self.peer.key == "localroot" and "fast_reload" in self.peer.help()

    def reloaded(self):
        return self._with(lambda: self.peer.command_line("fast_reload"), "reload", "around fast_reload")


ASKED = [("idle", Subject.idle), ("while refreshing all the time", Subject.refreshing),
         ("while another resolver refreshes all the time", Subject.beside), ("right after the start", Subject.restarted),
         ("around fast_reload", Subject.reloaded)]
WAYS = [("from a transfer's last octet to the new zone in use, ms (CPU of it, ms)", Subject.published),
        *((f"p99.9 of answers, {title}, ms", way) for title, way in ASKED)]


@contextlib.contextmanager
def meanwhile(run):
    """Runs this in a thread until run(ends) returns, which it is asked for at the end of the with; what goes wrong in it is raised there."""
    ends, faults = threading.Event(), []

    def guarded():
        try:
            run(ends)
        except Exception as fault:  # noqa: BLE001 -- told by the other thread
            faults.append(fault)
    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(60)
    if faults:
        raise faults[0]


def again(step):
    def run(ends):
        while not ends.is_set():
            step()
    return meanwhile(run)


def later(step):
    """Once, when the questions have begun."""
    def run(ends):
        if not ends.wait(0.3):
            step()
    return meanwhile(run)


def started(setting, net, stack, kinds):
    """Each resolver, and its primary."""
    made = recordings(net)
    for place, kind in enumerate(kinds):
        primary = Primary(f"198.51.100.{230 + place}", made)
        stack.callback(primary.stop)
        found = setting.started(net, "refreshes", [kind], primary=primary.address)
        for peer in stack.enter_context(found).values():
            yield peer, primary


def subjects(setting, net, stack, kinds, subject=Subject):
    other, *pairs = started(setting, net, stack, [peers.Localroot, *(kind for kind in kinds if hasattr(kind, "refresh"))])
    return [subject(setting, net, *pair, functools.partial(refresh, *other)) for pair in pairs]


def compare(setting, running, ways):
    for turn in range(setting.rounds):
        for title, way in ways:
            told = []
            for subject in setting.in_turn(running, turn):
                if way != Subject.reloaded or subject.reloads():
                    with setting.results.guard(title, subject.peer.key):
                        told.append(f"{subject.peer.key} {way(subject)}")
            if told:
                setting.results.say(f"round {turn + 1} of {setting.rounds}, {title}: {', '.join(told)}")


def measure(setting):
    with setting.lab() as net, contextlib.ExitStack() as stack:
        compare(setting, subjects(setting, net, stack, setting.kinds), WAYS)
