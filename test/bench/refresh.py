"""A new zone: from the last octet of its transfer to its publication, its CPU time, and how long answers take meanwhile, beside those of a
resolver that is left alone, that has just started on the copy on disk, or that was told to reload."""

import contextlib
import threading

import loads
import peers
from primary import Primary, recordings, refresh
from results import Row

RATE = 2000  # questions a second while times are taken
SHARES = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))
CYCLES = 5


def published(setting, peer, primary):
    primary.pausing = True
    for _ in range(CYCLES):
        took = refresh(peer, primary) * 1000
        setting.results.add(Row("published", "from a transfer's last octet to the new zone in use", "ms", 0, short=True), peer.key, took)
    primary.pausing = False
    peer.wait_idle()
    before = peer.cpu()
    for _ in range(CYCLES):
        refresh(peer, primary, 0.02)
    peer.wait_idle()
    spent = (peer.cpu() - before) / CYCLES * 1000
    setting.results.add(Row("refresh-cpu", "CPU of a refresh", "ms", 0, short=True), peer.key, spent)
    return f"{peer.key} {took:.0f} ({spent:.0f})"


def times(setting, peer, net, seconds, key, title):
    """Times of answers for names that do not exist, asked at a steady rate."""
    answers = loads.ask(peer, loads.junk_queries(int(RATE * seconds), net), net, dnssec=True, limit=seconds + 2, rate=RATE, each=True)
    found = sorted(answers.times)
    if len(found) < 0.98 * RATE * seconds:
        raise AssertionError(f"{len(found)} of {RATE * seconds:.0f} questions were answered")
    for share, word in SHARES:
        value = found[int(share * len(found))] * 1000
        setting.results.add(Row(f"{word}-{key}", f"{word} of answers, {title}", "ms", 2, short=share > 0.99), peer.key, value)
    return f"{peer.key} {value:.2f}"


@contextlib.contextmanager
def doing(step):
    """Has step() done again and again meanwhile; what goes wrong in it is raised at the end."""
    ends, faults = threading.Event(), []

    def run():
        try:
            while not ends.is_set():
                step()
        except Exception as fault:  # noqa: BLE001 -- told by the other thread
            faults.append(fault)
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ends.set()
        thread.join(60)
    if faults:
        raise faults[0]


def afterwards(setting, peer, net, seconds, key, title, first=None):
    """The times while it does what comes first, and then answers its first question below a TLD."""
    asked = threading.Event()

    def once():
        if not asked.wait(0.3):
            asked.set()
            if first:
                first()
            peer.ask("www.tk.")
    with doing(once):
        return times(setting, peer, net, seconds, key, title)


def restarted(setting, peer, net, seconds):
    peer.wait_kept()
    peer.stop()
    peer.start()
    peer.wait_answers()
    return afterwards(setting, peer, net, seconds, "start", "right after the start")


def reloaded(setting, peer, net, seconds):
    return afterwards(setting, peer, net, seconds, "reload", "around fast_reload", lambda: peer.command_line("fast_reload"))


def measure(setting):
    seconds = 2 if setting.quick else 5
    with setting.lab() as net, contextlib.ExitStack() as stack:
        made, running = recordings(net), {}
        for place, kind in enumerate(kind for kind in setting.kinds if hasattr(kind, "refresh")):
            primary = Primary(f"198.51.100.{230 + place}", made)
            stack.callback(primary.stop)
            found = stack.enter_context(setting.started(net, "refreshes", [kind], primary=primary.address, cpus=setting.all_processors()))
            running.update({key: (peer, primary) for key, peer in found.items()})
        ways = {"from a transfer's last octet to the new zone in use, ms (CPU of it, ms)": lambda peer, primary: published(setting, peer, primary),
                "p99.9 of answers, idle, ms": lambda peer, primary: idle(peer)}

        def idle(peer):
            loads.warm(peer, net)
            return times(setting, peer, net, seconds, "idle", "idle")

        def refreshing(peer, primary):
            with doing(lambda: refresh(peer, primary, 0.005)):
                return times(setting, peer, net, seconds, "refresh", "while refreshing all the time")
        ways["p99.9 while refreshing all the time, ms"] = refreshing
        ways["p99.9 right after the start, ms"] = lambda peer, primary: restarted(setting, peer, net, seconds)
        for turn in range(setting.rounds):
            for title, way in ways.items():
                told = []
                for peer, primary in running.values():
                    with setting.results.guard(title, peer.key):
                        told.append(way(peer, primary))
                setting.results.say(f"round {turn + 1} of {setting.rounds}, {title}: {', '.join(told)}")
            if peers.Localroot.key in running and "fast_reload" in running[peers.Localroot.key][0].help():
                with setting.results.guard("around fast_reload", peers.Localroot.key):
                    setting.results.say("p99.9 around fast_reload, ms: " + reloaded(setting, running[peers.Localroot.key][0], net, seconds))
