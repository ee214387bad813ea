"""Several threads, and everything changes under load: no answer is wrong, none is missing for long, no query goes to
the root while a copy serves; and ThreadSanitizer, where Unbound and the module are built with it, has nothing to say
about the module's code nor about a lock that it takes."""

import contextlib
import os
import re
import subprocess
import threading
import time

import dns.exception
import dns.message
import dns.opcode
import dns.query
import dns.rcode
import dns.tsig

import answers
import compare
import daemons
import lab
from pair import keep_copy
import primaries
import rootzone
import shim
import tap

WATCHED = b"__tsan_init" in lab.sanitizers()
# Seconds for which an answer may be missing. Under ThreadSanitizer everything takes about ten times as long.
MISSING = 10 if WATCHED else 1
RELOADING = 20 if WATCHED else 5
MAX_AGE = 15 if WATCHED else 3
SERIALS = [2026010100 + place for place in range(3)]
TIMERS = (2, 2, 604800)
CORP = 'forward-zone:\n  name: "corp."\n  forward-addr: 127.0.0.1@9\n'


class Load:
    """Asks from a thread until stopped: names that do not exist, in turn with others of TLDs. Whatever is not answered,
    or not rightly, is asked again; .faults has what was not right for longer than the limit."""

    def __init__(self, resolver, label, tlds):
        self._resolver, self._label, self._tlds = resolver, label, tlds
        self.answered, self.faults, self.limit, self.longest = 0, [], MISSING, 0
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _question(self, number):
        tld = self._tlds[number % len(self._tlds)]
        return ((f"junk-{self._label}-{number}.", "A", dns.rcode.NXDOMAIN), (f"www.{tld}.", "A", dns.rcode.NOERROR),
                (f"a.b.junk-{self._label}-{number}.", "TXT", dns.rcode.NXDOMAIN), (f"{tld}.", "DS", dns.rcode.NOERROR),
                (f"nothing-{self._label}-{number}.{tld}.", "AAAA", dns.rcode.NXDOMAIN))[number % 5]

    def _right(self, name, kind, wanted):
        """None, or what is wrong."""
        try:
            reply = self._resolver.ask(name, kind, limit=0.5 if self.limit < 2 else self.limit / 3)
        except (OSError, dns.exception.DNSException) as fault:
            return repr(fault)
        if reply.rcode() != wanted or ("junk" in name and not answers.secure(reply)):
            return dns.rcode.to_text(reply.rcode())
        return None

    def _run(self):
        while not self._ending.is_set():
            question, started = self._question(self.answered), time.monotonic()
            while True:
                wrong = self._right(*question)
                took = time.monotonic() - started
                if wrong is None or self._ending.is_set() or took > self.limit * daemons.PATIENCE:
                    break
            self.longest = max(self.longest, took)
            if wrong is not None and took > self.limit * daemons.PATIENCE:
                self.faults.append(f"{question[0]} {question[1]}: {wrong} for {took:.1f} s")
            self.answered += 1

    def stop(self):
        self._ending.set()
        self._thread.join(30)


class Loads:
    """Three clients; leaving it stops them and tells of their faults."""

    def __init__(self, resolver, tlds, limit=MISSING):
        self._clients = [Load(resolver, label, tlds) for label in "abc"]
        for client in self._clients:
            client.limit = limit

    def __enter__(self):
        return self

    def more(self):
        """Waits until each client has had ten more answers."""
        before = [client.answered for client in self._clients]
        lab.wait(lambda: all(client.answered >= old + 10 for client, old in zip(self._clients, before)), 60,
                 lambda: f"answers: {[client.faults for client in self._clients]}")

    def __exit__(self, kind, value, trace):
        for client in self._clients:
            client.stop()
        if kind is None:
            tap.equal([fault for client in self._clients for fault in client.faults], [], "wrong or missing answers")
            tap.note(f"{sum(client.answered for client in self._clients)} answers, the slowest in "
                     f"{max(client.longest for client in self._clients):.2f} s")


def in_lab(function):
    """Hands in a lab whose source and root serve the first of the zones. At the end ThreadSanitizer's reports of
    whatever was built with it are looked at."""
    def run():
        with lab.Lab(rootzone.make(serial=SERIALS[0], timers=TIMERS), families=(4,)) as net:
            reports = net.folder / "tsan"
            reports.mkdir()
            os.environ["TSAN_OPTIONS"] = f"log_path={reports}/report exitcode=0 detect_deadlocks=1 second_deadlock_stack=1 history_size=7"
            function(net)
            judge([text for file in sorted(reports.iterdir()) for text in split(file.read_text(errors="replace"))])
    return run


@contextlib.contextmanager
def resolving(net, **how):
    """A resolver with three threads that serves a copy; at the end it has to stop by itself."""
    how.setdefault("config", lab.ASKING)
    resolver = net.unbound(localroot=how.pop("localroot", []), threads=3, limit=60, **how)
    resolver.wait_serving(limit=60)
    yield resolver
    tap.equal(resolver.stop(60), 0, "exit code")


def split(text):
    return re.split(r"^(?=WARNING: ThreadSanitizer)", text, flags=re.MULTILINE)[1:]


# Races of three places in Unbound, of which its own threads have two among themselves, too: how a line of the log is to look
# is written by fast_reload while any thread logs, and what stands in front of each by a reload; and an entry that is taken
# out of a cache loses its number once more when no lock is held any more (lruhash_remove, then ub_rrset_key_delete), while
# rrset_array_lock looks at it; that was long ago where TSan no longer knows who did it.
KNOWN = re.compile(r"Location is global '(log_time_(iso|asc)|ident)'|#0 ub_rrset_key_delete |"
                   r"Read of size 8 [^\n]*\n *#0 rrset_array_lock (.*\n)*? *Previous write of size 8 .*\n *\[failed to restore the stack\]")


def judge(reports):
    """Fails where the module's code, memory or locks have part in a report."""
    ours = [text for text in reports if "localroot.so" in text and not KNOWN.search(text)]
    if len(reports) > len(ours):
        tap.note(f"{len(reports) - len(ours)} reports of Unbound's own")
    if ours:
        raise AssertionError(f"{len(ours)} reports of ThreadSanitizer:\n" + "\n".join(ours[:3])[:12000])


def has_fast_reload():
    told = subprocess.run([str(lab.prefix() / "sbin" / "unbound-control"), "-h"], capture_output=True, text=True, timeout=10)
    return "fast_reload" in told.stdout + told.stderr


def lent_serial(resolver):
    found = re.search(r"^\.\s.*?serial (\d+)", resolver.control("list_auth_zones"), re.MULTILINE)
    return int(found.group(1)) if found else None


def same_serial(resolver, serial):
    """Workers and iterator have the same zone within a second."""
    resolver.wait_serving(serial, limit=60)
    lab.wait(lambda: lent_serial(resolver) == serial, MISSING, lambda: f"{serial}: {resolver.control('list_auth_zones')}")


@tap.test("refresh after refresh under load, with caches flushed: one serial for workers and iterator, no query to the root")
@in_lab
def refreshes(net):
    with resolving(net) as resolver, Loads(resolver, net.served) as loads:
        loads.more()
        start = len(net.sniffer.queries())
        for serial in SERIALS[1:]:
            net.serve_source(rootzone.make(serial=serial, timers=TIMERS))
            refresh(resolver)
            same_serial(resolver, serial)
            resolver.control("flush_zone", ".")
            loads.more()
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")


def refresh(resolver):
    with contextlib.suppress(RuntimeError):  # a stock Unbound asks by itself, later
        resolver.control("localroot_refresh")


@tap.test("forward, stub and local zones come and go under load")
@in_lab
def run_time(net):
    judge_of_all = net.unbound()
    with resolving(net) as resolver, Loads(resolver, net.served) as loads:
        loads.more()
        start = len(net.sniffer.queries())
        for add, remove in ((["forward_add", "corp.", "127.0.0.1@9"], ["forward_remove", "corp."]),
                            (["stub_add", "lan.", "127.0.0.1@9"], ["stub_remove", "lan."]),
                            (["forward_add", ".", f"{judge_of_all.address}@{judge_of_all.port}"], ["forward_remove", "."]),
                            (["local_zone", "home.", "static"], ["local_zone_remove", "home."])):
            resolver.control(*add)
            loads.more()
            resolver.control(*remove)
            resolver.control("flush_zone", ".")
            loads.more()
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")


@tap.test("reloads under load: nothing of the root is asked, nothing is missing once it is up again")
@in_lab
def reloads(net):
    with resolving(net, prepare=keep_copy(net)) as resolver, Loads(resolver, net.served, RELOADING) as loads:
        for _ in range(2):
            resolver.reload()
            loads.more()
        tap.equal(net.root_queries(resolver), [], "queries to the root")


def rewrite(resolver, original, tail="", anchor=None):
    text = original + tail
    if anchor:
        text = text.replace("  extended-statistics: yes\n", f'  extended-statistics: yes\n  trust-anchor: "{anchor}"\n')
    resolver.config_file.write_text(text, encoding="ascii")


def changes(net):
    """Clauses, and anchors, that a configuration file has in turn."""
    file = net.write("policy.zone", "$ORIGIN policy.\n$TTL 60\n@ SOA ns.policy. h.policy. 1 3600 900 604800 60\n@ NS ns.policy.\n"
                     "blocked CNAME .\nns.blocked.rpz-nsdname CNAME .\n32.1.2.0.192.rpz-nsip CNAME .\n")
    zone = net.write("intra.zone", "$ORIGIN intra.\n$TTL 60\n@ SOA ns.intra. h.intra. 1 3600 900 604800 60\n@ NS ns.intra.\n")
    policy = f'rpz:\n  name: "policy."\n  zonefile: "{file}"\n'
    return ((policy, None), (CORP, None), (policy + f'auth-zone:\n  name: "intra."\n  zonefile: "{zone}"\n', None),
            ('stub-zone:\n  name: "lan."\n  stub-addr: 127.0.0.1@9\n', f'example. DS 1 8 2 {"00" * 32}'), ("", None))


def fast_reloads(net, *how):
    """Whatever goes to the root meanwhile came from a time-out: the load's servers have none."""
    if not has_fast_reload():
        raise tap.Skip("this version of Unbound has no fast_reload (1.23 and later)")
    with resolving(net, modules="respip validator iterator", prepare=keep_copy(net)) as resolver:
        original = resolver.config_file.read_text(encoding="ascii")
        with Loads(resolver, net.served[:3]) as loads:
            for turn, (tail, anchor) in enumerate(changes(net) * (1 if WATCHED else 2)):
                rewrite(resolver, original, tail, anchor)
                resolver.control("fast_reload", *how)
                if turn % 3 == 0:  # twice, before the next one to lend can have been written
                    resolver.control("fast_reload", *how)
                resolver.control("flush_zone", ".")
                loads.more()
            tap.equal(resolver.metrics()["serving"], 1, resolver.log[-2000:])
        tap.equal(net.root_queries(resolver), [], "queries to the root")


@tap.test("fast_reload under load, with RPZ, forward, stub and auth zones and anchors that come and go")
@in_lab
def fast_reload(net):
    fast_reloads(net)


@tap.test("fast_reload +p, which waits for nobody, with the same")
@in_lab
def fast_reload_p(net):
    fast_reloads(net, "+p")


@tap.test("fast_reload while a query may wait for a time-out: the upstream auth zone is there again before most of them")
@in_lab
def lent_again(net):
    if not has_fast_reload():
        raise tap.Skip("this version of Unbound has no fast_reload (1.23 and later)")
    with resolving(net) as resolver:
        resolver.ask(f"www.{net.served[0]}.")
        for _ in range(8):
            resolver.control("fast_reload")
            lab.wait(lambda: compare.tell(resolver, "list_auth_zones"), MISSING / 2, "lent again without anybody's asking")


@tap.test("the copy goes stale under load, comes back and is renewed: nothing is missing")
@in_lab
def staleness(net):
    with resolving(net, localroot=[f"localroot-max-age: {MAX_AGE}"]) as resolver, Loads(resolver, net.served) as loads:
        for serial in SERIALS[1:2 if WATCHED else 3]:
            net.serve_source(None)
            start = len(net.sniffer.queries())
            lab.wait(lambda: net.root_queries(resolver, start), MAX_AGE + 20, "the root is asked")
            loads.more()
            zone = rootzone.make(serial=serial, timers=TIMERS)
            net.serve_source(zone)
            refresh(resolver)
            resolver.wait_metrics(lambda m: m["serial"] == serial, 60, f"serial {serial}")
            loads.more()


def stored(disk, serial):
    file = disk.path / "localroot.state"
    lab.wait(lambda: file.exists() and f"serial {serial}\n" in file.read_text(), 30, f"serial {serial} in {file}")


@tap.test("threads that a disk has held up and that were left behind end after a reload, and before the end")
@in_lab
def left_behind(net):
    disk = shim.Hanging(net, net.folder / "disk", "fsync")
    with resolving(net, localroot=[f"localroot-dir: {disk.path}"], wrapper=disk.wrapper) as resolver:
        stored(disk, SERIALS[0])
        for serial in SERIALS[1:]:
            with disk.hangs():
                net.serve_source(rootzone.make(serial=serial, timers=TIMERS))
                refresh(resolver)
                same_serial(resolver, serial)
                resolver.ask("junk-so-that-workers-are-known-to-run.")
                resolver.reload()
            stored(disk, serial)
            resolver.wait_serving(serial, limit=60)


class Notifying:
    """Sends NOTIFY without end, over UDP and TCP, signed and not, from these addresses in turn."""

    def __init__(self, port, senders, key):
        self.answered, self._port, self._senders, self._key = 0, port, senders, key
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        number = 0
        while not self._ending.is_set():
            number += 1
            message = dns.message.make_query(".", "SOA")
            message.set_opcode(dns.opcode.NOTIFY)
            if number % 2:
                message.use_tsig(self._key)
            ask = dns.query.tcp if number % 3 == 0 else dns.query.udp
            with contextlib.suppress(OSError, EOFError, dns.exception.DNSException):
                ask(message, "127.0.0.1", 0.1, self._port, source=self._senders[number % len(self._senders)])
                self.answered += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending.set()
        self._thread.join(30)


@tap.test("NOTIFY without end, signed and not, of sources and of strangers, under load and over reloads")
@in_lab
def notified(net):
    key = primaries.Key("transfer.lab.", "hmac-sha256")
    source, other = net.transfer_addresses
    # The second source alone has the key: NSD serves everybody, and signs for nobody.
    keys = primaries.key_file(net.folder / "keys", key, [other])
    options = [f"localroot-source: axfr:{source}", f"localroot-source: axfr:{other}", "localroot-source: axfr:localhost",
               f"localroot-tsig-keys: {keys}", "localroot-notify: 127.0.0.1@5390", "localroot-notify: 0.0.0.0@5391",
               "localroot-notify: 203.0.113.99@5392", "localroot-allow-notify: 10.53.0.0/16 transfer.lab."]
    secret = dns.tsig.Key(key.name, key.secret, key.algorithm)
    with resolving(net, localroot=options) as resolver, Loads(resolver, net.served, RELOADING) as loads, \
            Notifying(5390, [source, other], secret) as first, Notifying(5391, [resolver.sources[0], "127.0.0.1"], secret):
        for serial in SERIALS[1:]:
            net.serve_source(rootzone.make(serial=serial, timers=TIMERS))
            same_serial(resolver, serial)
            before = first.answered
            lab.wait(lambda: first.answered > before + 5, 60, "answers to NOTIFY")
            for _ in range(5):
                compare.tell(resolver, "localroot_status")
                compare.tell(resolver, "localroot_status json")
            loads.more()
            resolver.reload()
            loads.more()


tap.run()
