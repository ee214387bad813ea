"""Each allocation of the module's fails in turn, in a refresh, at start, and while answering: the copy held stays, the
iterator and the workers have the same version, the reason is told as memory, and Unbound goes on.

LR_EVERY=5, the default, takes each fifth; a run of all is in check-long."""

import collections
import os
import re

import dns.exception
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig

import answers
import failing
import lab
import primaries
import rootzone
import servers
import tap

EVERY = int(os.environ.get("LR_EVERY", "5"))
SERIAL = 2026010110
SERVER, NAME = "203.0.113.153", "xfr.lab.example"
TLDS = ["com", "org", "far"]
KEY = primaries.Key("transfer.lab.", "hmac-sha256")
# pthread_create() has one error for the want of memory and of threads.
NO_MEMORY = r"(warning|error): localroot: .*(out of memory|too little memory|Cannot allocate memory|cannot start a thread: Resource)"


def small(path, step):
    """Writes a small root, with the keys of the made one."""
    lines = [f". 86400 IN SOA a.root-servers.net. nstld.example. {SERIAL + step} 3600 3600 604800 86400"]
    for name, addresses in rootzone.hints().items():
        lines.append(f". 518400 IN NS {name}")
        lines += [f"{name} 518400 IN {'AAAA' if ':' in address else 'A'} {address}" for address in addresses]
    for tld in TLDS:
        lines += [f"{tld}. 172800 IN NS ns.{tld}.", f"ns.{tld}. 172800 IN A 192.0.2.{len(tld)}"]
    # More than Unbound's regions have in store: this is allocated for each answer.
    lines += [f'. 86400 IN TXT "{number:0200}"' for number in range(50)]
    rootzone.sign_as_made(path, lines)


def failures(resolver):
    """How often something was refused, by the words of the reasons (zone/lr_error.h)."""
    numbers = resolver.metrics()
    return collections.Counter({key.removeprefix("failures_"): int(count) for key, count in numbers.items()
                                if key.startswith("failures_") and count})


def refreshes(resolver):
    numbers = resolver.metrics()
    return sum(numbers[f"refresh_{what}"] for what in ("renewed", "current", "failed"))


def refresh(resolver):
    """One round; returns when it is over."""
    before = refreshes(resolver)
    resolver.control("localroot_refresh")
    resolver.wait_metrics(lambda m: sum(m[f"refresh_{what}"] for what in ("renewed", "current", "failed")) > before, 30, "a round")


def lent(resolver):
    found = re.search(r"^\.\s+serial (\d+)", resolver.control("list_auth_zones"), re.MULTILINE)
    return int(found.group(1)) if found else None


def served(resolver):
    return int(resolver.ask(".", "SOA").answer[0][0].serial)


def both(resolver):
    """The serial that workers and iterator have, which are to be one within two seconds."""
    def same():
        serial = served(resolver)
        return serial if lent(resolver) == serial else None
    return lab.wait(same, 2, lambda: f"served {served(resolver)}, lent {lent(resolver)}\n{resolver.log[-3000:]}")


def answers_junk(resolver, name):
    reply = resolver.ask(name)
    tap.equal((name, reply.rcode(), answers.secure(reply)), (name, dns.rcode.NXDOMAIN, True))


def patched(resolver):
    try:
        resolver.control("localroot_status")
    except RuntimeError as fault:
        raise tap.Skip(f"unbound-control has no localroot_refresh: {fault}") from None


class File:
    """What each source here is: .options for the module, from a zone file at first; publish() what is in it later, with its serial."""

    def __init__(self, net, file):
        del net
        self.options = [f"localroot-source: file:{file}"]

    def publish(self, file, serial):
        del file, serial  # by a rename

    def stop(self):
        pass


class Signed(File):
    def __init__(self, net, file):
        super().__init__(net, file)
        self._server = primaries.Nsd(net.folder / "primary", file, SERVER, KEY)
        self.options = [f"localroot-source: axfr:{SERVER}", f"localroot-tsig-keys: {primaries.key_file(net.folder / 'key', KEY, [SERVER])}"]
        self.stop = self._server.stop

    def publish(self, file, serial):
        self._server.serve(file, serial)


class Ixfr(File):
    def __init__(self, net, file, scheme="ixfr:{}"):
        super().__init__(net, file)
        authority = servers.Authority(net.folder / f"ca-{type(self).__name__}")
        self._server = servers.Bind(net.folder / f"bind-{type(self).__name__}", file, SERVER, authority.certificate("server", [NAME], [SERVER]))
        self.options = [f"localroot-source: {scheme.format(SERVER)}", f"localroot-ca-bundle: {authority.bundle}"]
        self.stop = self._server.stop

    def publish(self, file, serial):
        self._server.serve(file, serial)


class Xot(Ixfr):
    def __init__(self, net, file):
        super().__init__(net, file, f"xot:{{}}#{NAME}")


class Https(File):
    def __init__(self, net, file):
        if not lab.https():
            raise tap.Skip("this build is without libcurl")
        super().__init__(net, file)
        authority = servers.Authority(net.folder / f"ca-{type(self).__name__}")
        self._server = servers.Nginx(net.folder / "nginx", SERVER, authority.certificate("server", [NAME], [SERVER]))
        self.options = [f"localroot-source: https://{NAME}/root.zone@{SERVER}", f"localroot-ca-bundle: {authority.bundle}"]
        self.stop = self._server.stop
        self.publish(file, None)

    def publish(self, file, serial):
        self._server.put("root.zone", file)


class Scene:
    """A resolver that takes its zone from a source, of which each step is a newer one."""

    def __init__(self, net, options=(), source=File, **which):
        self.net, self.step = net, 1
        self.failing = failing.Failing(net.folder / "failing", **which)
        self.file = net.folder / "source"
        small(self.file, self.step)
        self.source = source(net, self.file)
        net.running.callback(self.source.stop)
        self.resolver = net.unbound(localroot=[*self.source.options, "localroot-refresh: 86400", *options],
                                    wrapper=self.failing.wrapper, config="verbosity: 1")
        self.resolver.wait_stored()
        patched(self.resolver)
        self.resolver.ask("www.far.")  # lends
        both(self.resolver)

    @property
    def serial(self):
        return SERIAL + self.step

    def publish(self):
        self.step += 1
        small(self.file, self.step)
        self.source.publish(self.file, self.serial)

    def newer(self, first, last=None):
        """A refresh to the next version in which these allocations fail."""
        before, start, told = self.serial, len(self.resolver.log), failures(self.resolver)
        self.publish()
        self.failing.arm(first, last)
        refresh(self.resolver)
        counted = self.failing.counted
        self.failing.arm(0)
        log = self.resolver.log[start:]
        faults = []
        answers_junk(self.resolver, f"junk-{self.step}.")
        try:
            now = both(self.resolver)
        except TimeoutError:
            faults.append(f"served {served(self.resolver)}, lent {lent(self.resolver)}")
            now = served(self.resolver)
        if now not in (before, self.serial):
            faults.append(f"serves {now}")
        if now == before and not re.search(NO_MEMORY, log):
            faults.append("the reason is not memory")
        counted_as = failures(self.resolver) - told
        if set(counted_as) - {"memory", "io"}:
            faults.append(f"told as something else: {dict(counted_as)}")
        if now != self.serial:
            refresh(self.resolver)
            tap.equal(both(self.resolver), self.serial, "the next round's serial")
        return Outcome(counted, now == before, [f"allocation {first}: {'; '.join(faults)}\n{log}"] if faults else [])


Outcome = collections.namedtuple("Outcome", "counted kept faults")


def every_refresh(below, every, source=File):
    with lab.Lab() as net:
        scene = Scene(net, source=source, below=below, aside=True)
        counted = scene.newer(0).counted
        # Each alone, and all of them.
        tried = [scene.newer(number) for number in range(1, counted + 1, every)] + [scene.newer(1, 2 ** 63)]
        tap.note(f"{counted} allocations in a refresh, each {every}. failed: {sum(one.kept for one in tried)} times the copy "
                 "before was kept")
        faults = [fault for one in tried for fault in one.faults]
        if faults:
            raise AssertionError(f"{len(faults)} of {len(tried)}:\n" + "\n".join(faults))
        tap.equal(scene.resolver.stop(), 0, "exit code")


@tap.test("a refresh: the module's own allocations")
def refresh_own():
    every_refresh(False, EVERY)


@tap.test("a refresh: those that libraries make for it")
def refresh_below():
    every_refresh(True, 7 * EVERY)


def by(source):
    """Two tests for a source: the module's own allocations, fewer of them where only fetching differs, and those of libraries."""
    word = source.__name__.lower()
    tap.test(f"a refresh by {word}: the module's own allocations")(lambda: every_refresh(False, 4 * EVERY - 3, source))
    tap.test(f"a refresh by {word}: those that libraries make for it")(lambda: every_refresh(True, 40 * EVERY - 33, source))


for kind in (Signed, Ixfr, Xot, Https):
    by(kind)


@tap.test("the start, with a copy on disk: Unbound runs, and serves or says why not")
def start():
    with lab.Lab() as net:
        scene = Scene(net)
        folder, options = scene.resolver.folder, [*scene.source.options, *listening(net)]
        serial = both(scene.resolver)
        scene.resolver.stop()
        number, served_at = 1, 0
        while True:
            scene.failing.arm(number)
            resolver = net.unbound(localroot=options, folder=folder, wrapper=scene.failing.wrapper)
            answers_junk(resolver, f"junk-start-{number}.")
            failed = scene.failing.failed
            scene.failing.arm(0)
            lab.wait(lambda: served_or_told(resolver, serial), 20, lambda: resolver.log[-3000:])
            if set(failures(resolver)) - {"memory", "io"} or "cut or changed" in resolver.log:
                raise AssertionError(f"allocation {number}: not told as memory:\n{resolver.log}")
            served_at += resolver.metrics().get("serving", 0) == 1
            tap.equal(resolver.stop(), 0, "exit code")
            if not failed:
                break
            number += EVERY
        tap.note(f"{number - 1} allocations at start; {served_at} of the starts served")


def listening(net):
    """Options for NOTIFY, with a source whose address is to be looked up."""
    keys = primaries.key_file(net.folder / "keys", KEY, ["192.0.2.1"])
    return ["localroot-source: axfr:localhost@1", f"localroot-tsig-keys: {keys}", "localroot-notify: 127.0.0.1@5390",
            "localroot-allow-notify: 127.0.0.2 transfer.lab."]


@tap.test("NOTIFY: each is answered or not, whatever allocation fails, and the next one is")
def notified():
    with lab.Lab() as net:
        scene = Scene(net, listening(net), below=True, aside=True)
        failures, unanswered = 0, 0
        for number in range(1, 200):
            scene.failing.arm(number)
            answer = say("127.0.0.2", 0.2)
            failed = scene.failing.failed
            scene.failing.arm(0)
            tap.equal(scene.resolver.running, True, f"allocation {number}: {scene.resolver.log[-3000:]}")
            failures, unanswered = failures + failed, unanswered + (answer is None)
            lab.wait(lambda: say("127.0.0.2", 1), 10, "an answer")
            if not failed:
                break
        tap.note(f"{failures} allocations failed, {unanswered} were not answered")
        tap.equal((failures > 10, unanswered > 0), (True, True), "what was made to fail")
        tap.equal(both(scene.resolver), scene.serial)
        tap.equal(scene.resolver.stop(), 0, "exit code")


def check_with(check, net, options):
    """localroot-check of a source, each fifth allocation of its own failing in turn: how many were tried."""
    flags = {"localroot-source": [], "localroot-ca-bundle": ["-c"], "localroot-tsig-keys": ["-k"]}
    uri, *words = [word for option in options for name, value in [option.split(": ", 1)] for word in (*flags[name], value)]
    tried, number = 0, 1
    while True:
        check.arm(number)
        code, said = net.check(uri, *words, wrapper=check.wrapper)
        if not (code == 0 and "verified" in said or code == 2 and "memory" in said):
            raise AssertionError(f"{uri}, allocation {number}: exit {code}: {said}")
        if not check.failed:
            return tried
        tried, number = tried + 1, number + EVERY


@tap.test("localroot-check, from each kind of server: verified, or told to lack memory")
def checked():
    with lab.Lab() as net:
        file, tried = net.folder / "source", {}
        small(file, 1)
        check = failing.Failing(net.folder / "failing", of="")
        for kind in (Signed, Ixfr, Xot, Https):
            source = kind(net, file)
            try:
                tried[kind.__name__] = check_with(check, net, source.options)
            finally:
                source.stop()
        tap.note(f"allocations that failed: {tried}")


def say(source, limit):
    """The answer to a signed NOTIFY, or None."""
    message = dns.message.make_query(".", "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.use_tsig(dns.tsig.Key(KEY.name, KEY.secret, KEY.algorithm))
    try:
        return dns.query.udp(message, "127.0.0.1", limit, 5390, source=source)
    except dns.exception.Timeout:
        return None


def served_or_told(resolver, serial):
    """Serves the copy, or the log says that it does not for want of memory."""
    if re.search(NO_MEMORY, resolver.log):
        return True
    numbers = resolver.metrics()
    return numbers and numbers["serving"] == 1 and numbers["serial"] == serial


@tap.test("unbound-control: what it asks is answered, or told to lack memory")
def control():
    with lab.Lab() as net:
        scene = Scene(net)
        for command, expected in (("localroot_status", "serving the root zone"), ("localroot_status json", '"serving": true'),
                                  ("localroot_refresh", "started"), ("stats_noreset", None)):
            number = 0
            while True:
                number += 1
                scene.failing.arm(number)
                try:
                    said = str(scene.resolver.control(*command.split()))
                except RuntimeError as fault:
                    said = str(fault)
                failed = scene.failing.failed
                scene.failing.arm(0)
                if expected and not re.search(f"{expected}|out of memory", said):
                    raise AssertionError(f"{command}, allocation {number}: {said}")
                if not failed:
                    break
        tap.equal(both(scene.resolver), scene.serial)


@tap.test("answers: each is right, SERVFAIL or passed on, whatever allocation fails below the module")
def answering():
    questions = [("junk-a.", "A"), ("com.", "DS"), ("far.", "DS"), (".", "NS"), (".", "DNSKEY"), (".", "SOA"), (".", "RRSIG"),
                 (".", "TXT"), ("org.", "NS"), ("www.far.", "A")]
    with lab.Lab() as net:
        scene = Scene(net, below=True)
        resolver, failures = scene.resolver, 0
        for name, kind in questions:
            number = 0
            while True:
                number += 1
                resolver.control("flush_zone", ".")
                asked = f"junk-{number}." if name.startswith("junk") else name
                scene.failing.arm(number)
                reply = resolver.ask(asked, kind)
                failed = scene.failing.failed
                scene.failing.arm(0)
                failures += failed
                if not resolver.running:
                    raise AssertionError(f"{name} {kind}, allocation {number}: ended")
                if not failed:
                    break
                right = dns.rcode.NXDOMAIN if name.startswith("junk") else dns.rcode.NOERROR
                if reply.rcode() not in (right, dns.rcode.SERVFAIL):
                    raise AssertionError(f"{name} {kind}, allocation {number}: {reply}")
        tap.note(f"{failures} allocations failed")
        if failures == 0:
            raise AssertionError("no allocation was made to fail")
        tap.equal(both(resolver), scene.serial)
        tap.equal(resolver.stop(), 0, "exit code")


tap.run()
