"""Kills: kill -9 of an Unbound with the module at one instant after the other, each while a newer version is on its way; the next one
starts on what is left. One chain: each version is the one after, and the serial never goes back."""

import collections
import contextlib
import re
import subprocess
import tempfile
import threading
import time

import dns.exception

import failing
import history
import lab
import pair
import primaries
import shim
import tap

NSD = "203.0.113.202"
WHILE = 0.3  # seconds: less than what a new zone waits for the disk (module/mirror.c)
PHASES = ("start", "fetch", "verification", "storing", "publication", "service")


class Client:
    """Asks for the serial all the time, and knows the highest that was answered."""

    def __init__(self, chain, resolver):
        self._chain, self._resolver, self._end = chain, resolver, threading.Event()
        self.highest = -1
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._end.is_set():
            with contextlib.suppress(dns.exception.Timeout, OSError):
                reply = self._resolver.ask(".", "SOA", limit=0.2)
                self.highest = max(self.highest, self._chain.numbers[reply.answer[0][0].serial])

    def stop(self):
        self._end.set()
        self._thread.join()


class Chain:
    def __init__(self, net, past):
        self.net, self._past, self.folder = net, past, net.folder / "kept"
        self.numbers = {past.versions[0].serial: 0}
        self._options = [f"localroot-source: axfr:{NSD}"]
        self.phases, self.answered = collections.Counter(), 0
        self._nsd = primaries.Nsd(net.folder / "primary", past.versions[0].file, NSD)
        self.wrapper = ()

    def stop(self):
        self._nsd.stop()

    def start(self):
        """The next resolver: with what the one before has left, it serves its first question; none of it is unverified, none
        is older than what was answered."""
        begin = len(self.net.sniffer.queries())
        resolver = self.net.unbound(localroot=self._options, folder=self.folder, wrapper=self.wrapper, config=f"verbosity: 2\n{lab.ASKING}")
        if not self.answered and not (self.folder / "localroot.state").exists():
            resolver.wait_stored()  # the first of all
        self.net.serves(resolver, "first question")
        number = self.numbers[resolver.ask(".", "SOA").answer[0][0].serial]
        if number < self.answered:
            raise AssertionError(f"version {number}, after {self.answered}:\n{resolver.log[-3000:]}")
        tap.equal(self.net.root_queries(resolver, begin), [], "queries to the root")
        verified = subprocess.run(["ldns-verify-zone", "-ZZ", "-k", self._past.anchor, str(self.folder / "localroot.zone")], capture_output=True,
                                  text=True, timeout=60)
        tap.equal(verified.returncode, 0, verified.stderr)
        self.answered = number
        return resolver

    def publish(self):
        root = self._past.next()
        self.numbers[root.serial] = len(self._past.versions) - 1
        self._nsd.serve(root.zone, root.serial)
        return root

    def kill(self, resolver, begin):
        """A newer version comes; begin(resolver) asks for it, and sees to it that the process is killed some time after, or it is
        killed when all is over."""
        root, start = self.publish(), len(resolver.log)
        newest, client = self.numbers[root.serial], Client(self, resolver)
        try:
            with contextlib.suppress(RuntimeError):  # unbound-control has lost its server
                begin(resolver)
            lab.wait(lambda: not resolver.running or client.highest == newest, 30, lambda: resolver.log[-3000:])
            over = resolver.running
            resolver.process.kill()
            resolver.process.wait(10)
        finally:
            client.stop()
        self.answered = max(self.answered, client.highest)
        self.phases["service" if over else self._phase(resolver.log[start:], root)] += 1

    def _phase(self, log, root):
        """By what there is to see of it."""
        if not re.search(r"fetched \d+ octets", log):
            return "fetch"
        if f"serial {root.serial} verified" not in log:
            return "verification"
        try:
            stored = int(pair.state_of(self.folder)["serial"]) == root.serial
        except FileNotFoundError:
            stored = False
        return "publication" if stored else "storing"


@contextlib.contextmanager
def chain(count):
    """A chain of so many versions at the most."""
    with tempfile.TemporaryDirectory() as folder:
        past = history.History(folder, 150, count + 20)
        with lab.Lab(past.next(), served=["tk"]) as net:
            one = Chain(net, past)
            try:
                yield one
            finally:
                one.stop()


def at_allocations(one, count, below):
    """While a newer version comes, at so many instants between the first of the module's allocations and the last: most of its own
    are of the publication, and most of libraries of the verification, so that they come closer together at the beginning."""
    ending = failing.Failing(one.net.folder / f"ending-{below}", below=below, aside=True, ends=True)
    one.wrapper = ending.wrapper
    resolver = one.start()
    root = one.publish()
    ending.arm(0)
    resolver.control("localroot_refresh")
    resolver.wait_serving(root.serial)
    counted = ending.counted

    def arm(number):
        def begin(resolver):
            ending.arm(number)
            resolver.control("localroot_refresh")
        return begin
    tap.note(f"{counted} allocations {'of libraries for the module and its own' if below else 'of the module'} in a renewal")
    for turn in range(count):
        one.kill(resolver, arm(round(counted ** (turn / (count - 1)))))
        ending.arm(0)
        resolver = one.start()
    return resolver


def in_storing(one, call):
    """While the disk takes a while to keep what was verified: one of the calls of hang.c."""
    disk = shim.Hanging(one.net, one.folder, call)
    one.wrapper = disk.wrapper
    resolver = one.start()

    def begin(resolver):
        start = len(resolver.log)
        with disk.hangs():
            resolver.control("localroot_refresh")
            resolver.wait_log(r"serial \d+ verified", 20, start)
            with contextlib.suppress(subprocess.TimeoutExpired):
                resolver.process.wait(WHILE)
            resolver.process.kill()
    one.kill(resolver, begin)
    return one.start()


def at_times(one, count):
    """While a newer version comes, from its request on until it is over."""
    one.wrapper = ()
    resolver = one.start()
    root, began = one.publish(), time.monotonic()
    resolver.control("localroot_refresh")
    resolver.wait_serving(root.serial)
    took = time.monotonic() - began

    def after(seconds):
        def begin(resolver):
            timer = threading.Timer(seconds, resolver.process.kill)
            timer.start()
            resolver.control("localroot_refresh")
        return begin
    for turn in range(count):
        one.kill(resolver, after(took * turn / count))
        resolver = one.start()
    return resolver


def at_start(one, resolver, count):
    """While it starts, on what one that was killed has left."""
    resolver.process.kill()
    resolver.process.wait(10)
    began = time.monotonic()
    resolver = one.start()
    took = time.monotonic() - began
    for turn in range(count):
        resolver.process.kill()
        resolver.process.wait(10)
        with open(resolver.log_file, "ab") as log, subprocess.Popen(resolver.process.args, stdout=log, stderr=log, cwd=resolver.folder) as starting:
            with contextlib.suppress(subprocess.TimeoutExpired):
                starting.wait(took * turn / count)
            starting.kill()
        one.phases["start"] += 1
        resolver = one.start()


def report(one):
    killed = ", ".join(f"{one.phases[phase]} in {phase}" for phase in PHASES)
    tap.note(f"{sum(one.phases.values())} kills: {killed}; the next one served its first question each time, verified, and none went back")
