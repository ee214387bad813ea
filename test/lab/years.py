"""Years of a resolver with the module, in minutes: it is given one version of a root after the other, by AXFR and by IXFR, while
clients ask it all the time; every answer is held against the versions that could be current at its moment.

A version can be answered with from when the first source begins to have it, and no more once the module has said that it serves a
newer one. Nor may an answer of the root's be of a version older than one that somebody has had a moment before it was asked."""

import bisect
import collections
import contextlib
import functools
import os
import pathlib
import re
import tempfile
import threading
import time

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

import clients
import compare
import history
import lab
import primaries
import scripted
import servers
import tap

BIND, NSD, LISTENS = "203.0.113.201", "203.0.113.202", 5391
KEY = primaries.Key("transfer.lab.", "hmac-sha256")
SECOND = 2  # seconds: what is kept for none is still there in the same second of Unbound's clock, which may lag one behind
MOMENT = 0.1  # seconds: between the publication and that Unbound's caches have nothing older, on a machine that is busy
WARM_UP = 0.3  # of the versions, after which memory is to stay
RSS_MORE = 8 << 10  # KB that it may grow by then: caches of Unbound's that are not full yet


def mover(past, address, octets):
    """A name server of the moving TLDs: of the name servers it says what the newest version does, of all other names that
    their address is its own."""
    query = dns.message.from_wire(octets)
    name, kind = query.question[0].name, query.question[0].rdtype
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    if kind == dns.rdatatype.A:
        told = past.versions[-1].glue(name.to_text()) or [address]
        reply.answer.append(dns.rrset.from_text(name, 0, "IN", "A", *told))
    else:
        zone = ".".join(name.to_text().split(".")[-2:])
        reply.authority.append(dns.rrset.from_text(zone, 0, "IN", "SOA", f"ns.{zone} a.{zone} 1 3600 900 604800 0"))
    return reply.to_wire()


def silent(connection, server):
    """The movers are asked over UDP."""
    del connection, server


class Watch:
    """Looks all the time at which serial the workers have, and which the iterator."""

    def __init__(self, resolver, number_of):
        self._resolver, self._number_of = resolver, number_of
        self.looks, self.apart, self.longest, self.faults = 0, 0, 0.0, []
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _look(self):
        """Whether they are of one version, or on the way to the next."""
        def served():
            return self._number_of(self._resolver.ask(".", "SOA").answer[0][0].serial)
        before, told, after = served(), compare.tell(self._resolver, "list_auth_zones"), served()
        found = re.search(r"^\.\s+serial (\d+)", told, re.MULTILINE)
        return found is not None and before <= self._number_of(int(found.group(1))) <= after

    def _run(self):
        since = None
        while not self._end.wait(0.02):
            try:
                same = self._look()
            except Exception as fault:  # told by stop(), in the test's own thread
                self.faults.append(repr(fault))
                return
            self.looks, self.apart = self.looks + 1, self.apart + (not same)
            since = None if same else since or time.monotonic()
            self.longest = max(self.longest, time.monotonic() - since if since else 0)

    def stop(self):
        self._end.set()
        self._thread.join()
        tap.equal(self.faults, [], "the watch")


Held = collections.namedtuple("Held", "rss files threads")


def held(process):
    """What a process holds: KB of memory, descriptors, threads."""
    status = pathlib.Path(f"/proc/{process}/status").read_text(encoding="ascii")
    return Held(int(re.search(r"^VmRSS:\s*(\d+)", status, re.MULTILINE).group(1)), len(os.listdir(f"/proc/{process}/fd")),
                len(os.listdir(f"/proc/{process}/task")))


class Years:
    """A history, and who has what of it since when."""

    def __init__(self, net, past, rolls):
        """rolls: whether the KSK rolls as well."""
        self.net, self.past, self.rolls = net, past, rolls
        self.began, self.seen = [], []  # by number: when the first source began to have it, and when the module said so
        self._numbers = {}
        self.auto = pathlib.Path(net.write("auto.key", pathlib.Path(past.anchor).read_text(encoding="ascii")))
        self.held, self.at_once = [], 0

    def start(self):
        root = self.past.versions[0]
        self.bind = servers.Bind(self.net.folder / "bind", root.file, BIND)
        self.net.running.callback(self.bind.stop)
        # What is signed is heeded at once.
        self.nsd = primaries.Nsd(self.net.folder / "primary", root.file, NSD, KEY, ("127.0.0.1", LISTENS))
        self.net.running.callback(self.nsd.stop)
        self.resolver = self.net.unbound(
            localroot=[f"localroot-source: ixfr:{BIND}", f"localroot-source: axfr:{NSD}", f"localroot-notify: 127.0.0.1@{LISTENS}",
                       f"localroot-tsig-keys: {primaries.key_file(self.net.folder / 'keys', KEY, [NSD])}"],
            anchor="none", threads=2, config=f"""
            auto-trust-anchor-file: "{self.auto}"
            permit-small-holddown: yes
            add-holddown: 2
            del-holddown: 2
            keep-missing: 2
            max-udp-size: 4096
            msg-cache-size: 1m
            rrset-cache-size: 1m
            infra-cache-numhosts: 100
            """)
        self._has(0)
        self._served()
        self._process = self.resolver.outer_pid()

    def number_of(self, serial):
        return self._numbers[serial]

    def _has(self, number):
        """A source is about to have that version."""
        self.began.append(time.monotonic())
        self._numbers[self.past.versions[number].serial] = number

    def _served(self):
        """Waits until the newest is served."""
        newest = self.past.versions[-1]
        self.resolver.wait_serving(newest.serial, 30)
        self.seen += [time.monotonic()] * (len(self.past.versions) - len(self.seen))

    def _make(self):
        self._roll_on()
        root = self.past.next()
        self._has(len(self.past.versions) - 1)
        return root

    def by_axfr(self):
        """The next one, by NSD, which notifies; BIND has it afterwards, to make differences to it."""
        root = self._make()
        self.nsd.serve(root.zone, root.serial)
        self._served()
        self.bind.serve(root.zone, root.serial)

    def by_ixfr(self, count):
        """The next ones, as that many differences at once."""
        for _ in range(count):
            root = self._make()
            self.bind.serve(root.zone, root.serial)
        self.resolver.control("localroot_refresh")
        self._served()
        self.at_once += count > 1

    def _roll_on(self):
        """The KSK's roll goes on when Unbound has seen what is published (RFC 5011)."""
        states = re.findall(r";;state=\d \[ *(\w+) *\]", self.auto.read_text(encoding="ascii"))
        if self.rolls and self.past.stage < len(history.KSK_STAGES) - 1 and sorted(states) == history.KSK_STAGES[self.past.stage][2]:
            self.past.stage += 1

    def measure(self):
        self.held.append(held(self._process))

    def windows(self, asked, slack):
        """The versions of which the answer may be."""
        least = bisect.bisect_left(self.seen, asked.sent - slack) - 1
        most = bisect.bisect_right(self.began, asked.received)
        return self.past.versions[max(0, least):most]


class Judge:
    """Holds answers against the versions."""

    def __init__(self, years):
        self._years, self.wrong = years, []
        self.counts = collections.Counter()
        self._first, self._newest = [], []  # when an answer of such a version came, and the newest until then

    def _said(self, message):
        def records(section):
            return frozenset((rrset.name.to_text().lower(), dns.rdatatype.to_text(rrset.rdtype), history.plain(rdata.to_text()))
                             for rrset in section for rdata in rrset)
        return history.Expected(message.rcode(), records(message.answer), records(message.authority))

    def _is_of(self, version, asked, said):
        tld = asked.name.rstrip(".").rpartition(".")[2]
        if tld not in history.MOVING or asked.kind != "A" or not version.has(tld):
            return said == version.expected(asked.name, asked.kind)
        found = {data for _, _, data in said.answer}
        return said.rcode == dns.rcode.NOERROR and len(found) == 1 and found <= version.addresses(tld)

    def judge(self, asked):
        if not asked.reply:
            self.counts["missing"] += 1
            self.wrong.append(f"{asked.name} {asked.kind}: no answer")
            return
        message = dns.message.from_wire(asked.reply)
        said, moving = self._said(message), asked.name.rstrip(".").rpartition(".")[2] in history.MOVING
        of = [version.number for version in self._years.windows(asked, SECOND if moving else 0) if self._is_of(version, asked, said)]
        self.counts["checked"] += 1
        self.counts["sent again"] += asked.times > 1
        self.counts["by the iterator" if moving else "of the root itself"] += 1
        if not of:
            self.wrong.append(f"{asked.name} {asked.kind} at {asked.sent:.3f}: {said}")
        elif not moving:
            if not message.flags & dns.flags.AD:
                self.wrong.append(f"{asked.name} {asked.kind}: not secure")
            self._in_order(asked, of)

    def _in_order(self, asked, of):
        """Notes it, to be looked at when all are there."""
        self._first.append((asked.sent, asked.received, min(of), max(of)))

    def backwards(self, moment):
        """Answers of a version that is older than one that was answered this moment before they were asked."""
        came = sorted((received, least) for _, received, least, _ in self._first)
        times, newest = [], []
        for received, least in came:
            times.append(received)
            newest.append(max(least, newest[-1] if newest else 0))
        found = []
        for sent, _, _, most in self._first:
            at = bisect.bisect_left(times, sent - moment) - 1
            if at >= 0 and most < newest[at]:
                found.append(f"version {most} at {sent:.3f}, after {newest[at]}")
        return found


def flat(held):
    """What is held at the end of each step stays the same: memory from when the caches are full; descriptors and threads but for
    those of questions that are on their way at the moment, of which there are none now and then."""
    warm = held[int(len(held) * WARM_UP):]
    files, threads, rss = ([one[place] for one in warm] for place in (1, 2, 0))
    tap.note(f"descriptors {min(files)} to {max(files)}, threads {min(threads)} to {max(threads)}, memory {rss[0]} KB, "
             f"at the end {rss[-1]}, {max(rss)} at most")
    half = len(warm) // 2
    grown = max(rss) > rss[0] + RSS_MORE and not lab.sanitizers()  # which keep what is freed for a while
    if min(files[half:]) > min(files[:half]) + 1 or min(threads[half:]) > min(threads[:half]) + 1 or grown:
        raise AssertionError(f"not flat: {held}")


def _apart(years, watch):
    tap.note(f"{watch.looks} looks at workers and iterator: {watch.apart} times of different serials, {watch.longest:.3f} s at the longest")
    tap.equal(watch.longest < 1, True, "of one serial within a second")


def _versions(years, took):
    past = years.past.versions
    asked = collections.Counter(query.type for query in years.net.transfers())
    wraps = sum(after.serial < before.serial for before, after in zip(past, past[1:]))
    tap.note(f"{len(past)} versions in {took:.0f} s: {asked['IXFR']} IXFR and {asked['AXFR']} AXFR asked for, {years.at_once} times "
             f"several at once, {wraps} times past 2^32, {years.past.stage + 1} of {len(history.KSK_STAGES)} stages of a KSK's roll")
    # BIND had the differences each time, and the module was content with them.
    tap.equal(re.findall("AXFR-style.*", years.bind.log), [], "whole zones in answer to IXFR")
    tap.equal({name: number for name, number in years.resolver.metrics().items() if name.startswith("failures_") and number}, {}, "refused")
    if years.rolls:
        tap.equal(years.past.stage, len(history.KSK_STAGES) - 1, "the last stage of the KSK's roll")


def _answers(judge):
    backwards, at_once = judge.backwards(MOMENT), judge.backwards(0)
    tap.note(f"{judge.counts['checked']} answers checked, {judge.counts['of the root itself']} of the root and {judge.counts['by the iterator']} "
             f"by its delegations: {len(judge.wrong)} wrong, mixed or of another time, {judge.counts['missing']} missing, {len(backwards)} backwards "
             f"({len(at_once)} within {MOMENT} s of the first newer one), {judge.counts['sent again']} questions sent again")
    tap.equal((judge.wrong[:20], backwards[:20]), ([], []), "wrong")
    tap.equal(judge.counts["sent again"] <= judge.counts["checked"] // 50 + 2, True, "questions that had to be sent again")


@contextlib.contextmanager
def _movers(past):
    with contextlib.ExitStack() as running:
        for address in history.MOVERS:
            running.enter_context(scripted.Server(address, 53, silent, datagram=functools.partial(mover, past, address)))
        yield


def live(count, size, crowd, rolls=False):
    """COUNT versions of SIZE delegations, while so many clients ask. rolls: the KSK as well."""
    with tempfile.TemporaryDirectory() as folder:
        past = history.History(folder, size, count)
        with lab.Lab(past.next(), served=["tk"]) as net, _movers(past):
            years = Years(net, past, rolls)
            years.start()
            # A machine that is busy asks the root for its keys before it has the copy.
            begin, before = len(net.sniffer.queries()), years.resolver.metrics()["rootqueries"]
            watch = Watch(years.resolver, years.number_of)
            asking = clients.Crowd(years.resolver, net.folder, past.names, crowd)
            started, turn = time.monotonic(), 0
            while len(past.versions) < count:
                turn += 1
                if turn % 3 == 0:
                    years.by_axfr()
                else:
                    years.by_ixfr(min(3, count - len(past.versions)) if turn % 10 == 1 else 1)
                years.measure()
            took, judge = time.monotonic() - started, Judge(years)
            for asked in asking.stop():
                judge.judge(asked)
            watch.stop()
            _versions(years, took)
            _answers(judge)
            _apart(years, watch)
            flat(years.held)
            tap.equal(net.root_queries(years.resolver, begin), [], "queries to the root")
            tap.equal(years.resolver.metrics()["rootqueries"], before, "queries to the root, by the module's own count")
            tap.equal(years.resolver.stop(), 0, "exit code")
