"""Reloads under load and stops in the middle of a transfer: no crash, no leak, no lost answer."""

import socket
import threading
import time

import dns.message
import dns.rcode

import answers
import lab
import netns
import scripted
import tap

SLOW = "198.51.100.201"


class Load:
    """Asks fresh junk names one after another from a thread until stopped; each has to be answered, within ten seconds
    and without asking again, as a stub that does not retry would."""

    def __init__(self, resolver, label):
        self._resolver, self._label = resolver, label
        self.answered, self.failed = 0, []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.connect((self._resolver.address, self._resolver.port))
            client.settimeout(10)
            while not self._ending.is_set():
                name = f"junk-{self._label}-{self.answered}."
                try:
                    client.send(self._resolver.query(name).to_wire())
                    reply = dns.message.from_wire(client.recv(65535))
                    if reply.rcode() != dns.rcode.NXDOMAIN or not answers.secure(reply):
                        self.failed.append(f"{name}: {dns.rcode.to_text(reply.rcode())}")
                except OSError as fault:
                    self.failed.append(f"{name}: {fault!r}")
                self.answered += 1

    def stop(self):
        self._ending.set()
        self._thread.join(15)


@tap.test("a module that is configured twice serves once, after a reload as well")
def twice():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[str(lab.MODULE), "localroot: yes"], modules="dynlib validator iterator")
        for times in (1, 2):
            resolver.wait_serving()
            tap.equal(resolver.log.count("localroot: loaded twice: "), times)
            tap.equal(resolver.ask(f"junk-{times}.").rcode(), dns.rcode.NXDOMAIN)
            tap.equal([q.type for q in net.transfers()], ["AXFR"], "transfers")
            if times == 1:
                resolver.control("reload")
                lab.wait(lambda: resolver.log.count("start of service") == 2, 20, "a second start")


@tap.test("twenty reloads under load: every query is answered from the copy")
def reloads():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[])
        resolver.wait_serving()
        start = len(net.sniffer.queries())
        loads = [Load(resolver, label) for label in ("a", "b")]
        for turn in range(20):
            before = sum(load.answered for load in loads)
            resolver.reload()
            lab.wait(lambda: sum(load.answered for load in loads) > before + 20, 20, f"answers after reload {turn + 1}")
        for load in loads:
            load.stop()
        tap.equal([fault for load in loads for fault in load.failed], [], "lost or wrong answers")
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")
        tap.equal(resolver.ask("www.com.").rcode(), 0, "a name under a delegation")
        tap.equal(resolver.stop(), 0, "exit code")
        tap.note(f"{sum(load.answered for load in loads)} answers in 20 reloads")


def slow_root(net):
    return scripted.slow(scripted.recorded(net.root_addresses[0]))


def in_transfer(net, answer, label, act, wrapper=(), limit=10):
    """Lets act(resolver) happen while the module is fetching from a source that answers so."""
    with scripted.Server(SLOW, 53, scripted.Dns(answer)) as source:
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}"], wrapper=wrapper, limit=60)
        if not source.asked.wait(30):
            raise TimeoutError(f"{label}: the source was not asked:\n{resolver.log}")
        started = time.monotonic()
        act(resolver)
        took = time.monotonic() - started
        if took > limit:
            raise AssertionError(f"{label}: {took:.1f} s")
        return resolver


@tap.test("stopping in the middle of a transfer takes no longer than a moment")
def stop_in_transfer():
    with lab.Lab() as net:
        for label, answer in (("slow", slow_root(net)), ("silent", scripted.silent)):
            def stop(resolver):
                tap.equal((label, resolver.stop(10)), (label, 0), "exit code")
            in_transfer(net, answer, label, stop, limit=3)


@tap.test("stopping while a source does not even accept the connection")
def stop_in_connect():
    with lab.Lab() as net:
        netns.swallow("198.51.100.202")
        resolver = net.unbound(localroot=["localroot-source: axfr:198.51.100.202"])
        tap.equal(resolver.ask("junk-connect.").rcode(), dns.rcode.NXDOMAIN, "an answer meanwhile")
        started = time.monotonic()
        tap.equal(resolver.stop(10), 0, "exit code")
        if time.monotonic() - started > 3:
            raise AssertionError(f"{time.monotonic() - started:.1f} s")


@tap.test("reloading in the middle of a transfer: answers go on")
def reload_in_transfer():
    with lab.Lab() as net:
        def reload(resolver):
            for turn in range(5):
                resolver.reload()
                tap.equal(resolver.ask(f"junk-{turn}.").rcode(), dns.rcode.NXDOMAIN, "junk")
        in_transfer(net, slow_root(net), "reload", reload, limit=15)


def valgrind():
    """A wrapper."""
    if lab.sanitizers():
        raise tap.Skip("a sanitizer does not run in valgrind")
    return ["valgrind", "-q", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
            "--error-exitcode=99", "--keep-debuginfo=yes"]


@tap.test("valgrind: start, transfer, answers, five reloads and a stop leave no error and no leak")
def valgrind_reload():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[], wrapper=valgrind(), limit=60)
        resolver.wait_serving(limit=60)
        for turn in range(5):
            for name, kind in ((f"junk-{turn}.", "A"), ("com.", "DS"), (".", "DNSKEY"), ("www.shop.far.", "A"), ("tk.", "DS")):
                resolver.ask(name, kind, limit=30)
            resolver.reload()
        resolver.ask("junk-last.", limit=30)
        code = resolver.stop(60)
        if code != 0:
            raise AssertionError(f"exit code {code}:\n{resolver.log[-6000:]}")


@tap.test("valgrind: stopping in the middle of a transfer leaves no error and no leak")
def valgrind_stop():
    with lab.Lab() as net:
        def stop(resolver):
            code = resolver.stop(60)
            if code != 0:
                raise AssertionError(f"exit code {code}:\n{resolver.log[-6000:]}")
        in_transfer(net, slow_root(net), "valgrind", stop, valgrind(), limit=60)


@tap.test("a transfer cut in the middle is refused and the next source taken")
def cut_transfer():
    with lab.Lab() as net:
        messages = scripted.recorded(net.root_addresses[0])
        with scripted.Server(SLOW, 53, scripted.Dns(scripted.cut(messages, sum(map(len, messages)) // 2))):
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}", "localroot-source: axfr:192.0.32.132"])
            resolver.wait_serving()
            resolver.wait_refused(f"axfr:{SLOW}", "format", limit=5)


tap.run()
