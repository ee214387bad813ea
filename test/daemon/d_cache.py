"""No answer is older than the copy served, whatever Unbound's caches held before.

Two editions of the root zone (see rootzone.make()): the caches are filled from the first, by whatever way, and then the
copy is the second. What is right is what an Unbound without the module says that has known nothing but the second.
"""

import contextlib
import socket
import threading
import time

import dns.flags
import dns.message
import dns.query
import dns.rcode

import answers
import lab
import pair
import rootzone
import tap

# What the root decides, by itself or at the end of an alias.
ROOTS = [(".", "SOA"), (".", "NS"), (".", "DNSKEY"), (".", "ZONEMD"), (".", "MX"), ("com.", "DS"), ("far.", "DS"),
         ("gone.", "DS"), ("fresh.", "DS"), ("gq.", "DS"), ("tk.", "DS"), ("www.gq.", "A"), ("junk-one.", "A"),
         ("a.b.junk-two.", "AAAA"), ("to-gq.far.", "A")]
# What the servers of a TLD said that the root has no more.
CHILDS = [("tk.", "NS"), ("www.tk.", "A"), ("to-tk.far.", "A")]
WAYS = [{}, {"cd": True}, {"dnssec": False}]
# So that NS of the root is the iterator's answer, and is cached.
WHOLE = "minimal-responses: no\nval-clean-additional: no\n"
EXPIRED = "serve-expired: yes\nserve-expired-client-timeout: 0\ncache-max-ttl: 1\ncache-max-negative-ttl: 1\n"


def edition(name):
    return rootzone.make(serial=2026010100 + (name == "after"), edition=name)


class Scene:
    """A lab whose root servers have the first edition, and whose source has nothing."""

    def __init__(self):
        self.net = lab.Lab()
        self.before, self.after = edition("before"), edition("after")

    def __enter__(self):
        self.net.__enter__()
        self.net.serve_root(self.before)
        self.net.serve_source(None)
        self._rights = None
        return self

    def __exit__(self, *what):
        self.net.__exit__(*what)

    def resolver(self, **how):
        how.setdefault("localroot", ["localroot-source: axfr:192.0.32.132"])
        return self.net.unbound(**how)

    def serve(self, resolver, root=None, patient=False):
        """The source has that edition now (if it has not yet the second), and the resolver serves it. patient: the next
        look may come by itself."""
        if root:
            self.net.serve_source(root)
        root = root or self.after
        try:
            resolver.control("localroot_refresh")
        except RuntimeError as fault:
            if not patient:
                raise tap.Skip(f"unbound-control has no localroot_refresh: {fault}") from None
        resolver.wait_serving(root.serial, limit=90)

    def rights(self):
        """What is right once the second edition is served."""
        if not self._rights:
            self.net.serve_root(self.after)
            plain = self.net.unbound(config=WHOLE)
            # Without CD first: with it, Unbound gives what it has not checked yet.
            self._rights = {(name, kind, tuple(way)): says(plain, name, kind, way)
                            for way in WAYS for name, kind in ROOTS + CHILDS}
            plain.stop()
            self.net.serve_root(self.before)
        return self._rights

    def check(self, resolver, what, asked=ROOTS):
        wrong = self.wrong(resolver, asked)
        if wrong:
            raise AssertionError(f"{what}: {len(wrong)} answers are not those of the copy:\n" + "\n".join(wrong[:10]))

    def wrong(self, resolver, asked=ROOTS):
        found = []
        for way in WAYS:
            for name, kind in asked:
                right, said = self.rights()[name, kind, tuple(way)], says(resolver, name, kind, way)
                if said != right:
                    found.append(f"{name} {kind} {way}: {said}"[:300])
        return found


def says(resolver, name, kind, way):
    """All but the additional section, for which servers have room or not, and TTLs. Whether an answer to CD has AD is
    chance: it depends on who has asked before."""
    reply = resolver.ask(name, kind, **way)
    if way.get("cd"):
        reply.flags &= ~dns.flags.AD
    return answers.summary(reply)[:4]


def fill(scene, resolver, silent=False):
    """The caches know all of the first edition; by the root servers, or from the copy."""
    for way in WAYS:
        for name, kind in ROOTS + CHILDS:
            resolver.ask(name, kind, **way)
    tap.equal(resolver.ask(".", "SOA").answer[0][0].serial, scene.before.serial, "the serial in the cache")
    tap.equal(resolver.ask("www.gq.").rcode(), dns.rcode.NXDOMAIN, "www.gq. before")
    tap.equal(resolver.ask("www.tk.").rcode(), dns.rcode.NOERROR, "www.tk. before")
    if not silent and not scene.net.root_queries(resolver):
        raise AssertionError("the root servers were not asked")


def run_out():
    """TTLs of a second have passed; no condition tells, and to ask would renew what is there."""
    time.sleep(2.1)


def renewed(scene, resolver, what):
    """What a TLD's servers said may be given until it is renewed, where the user wants expired answers; not for ever."""
    lab.wait(lambda: not scene.wrong(resolver, CHILDS), 20, lambda: f"{what}:\n" + "\n".join(scene.wrong(resolver, CHILDS)))


@tap.test("caches that were filled before the copy came")
def filled():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE)
        fill(scene, resolver)
        scene.serve(resolver, scene.after, patient=True)
        scene.check(resolver, "with the copy")
        scene.check(resolver, "with the copy, again")


@tap.test("a newer copy: nothing of the one before is left")
def newer():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE)
        scene.serve(resolver, scene.before)
        fill(scene, resolver, silent=True)
        scene.serve(resolver, scene.after)
        scene.check(resolver, "with the newer copy")
        tap.equal(scene.net.root_queries(resolver), [], "queries to the root")


FORMS = ["", "serve-expired-ttl: 86400", "serve-expired-ttl: 86400\nserve-expired-ttl-reset: yes",
         "serve-expired-client-timeout: 1800", "prefetch: yes\nprefetch-key: yes", "serve-expired-reply-ttl: 0"]


@tap.test("serve-expired, in each of its forms: what had expired before the copy came")
def expired():
    with Scene() as scene:
        resolvers = {form: scene.resolver(config=WHOLE + EXPIRED + form) for form in FORMS}
        for resolver in resolvers.values():
            fill(scene, resolver)
        run_out()
        scene.net.serve_source(scene.after)
        for form, resolver in resolvers.items():
            scene.serve(resolver)
            scene.check(resolver, f"{form}: with the copy")
            renewed(scene, resolver, f"{form}: what has expired of a TLD that is gone")
        run_out()
        for form, resolver in resolvers.items():
            scene.check(resolver, f"{form}: later")


@tap.test("prefetch: what is near its end is not kept alive")
def prefetch():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE + "prefetch: yes\ncache-max-ttl: 4\ncache-max-negative-ttl: 4")
        fill(scene, resolver)
        scene.serve(resolver, scene.after)
        for _ in range(5):
            scene.check(resolver, "with the copy")
            time.sleep(1)  # a TTL goes by
        renewed(scene, resolver, "what a TLD's servers said")


@tap.test("the copy goes stale: what is older than it does not come back")
def stale():
    with Scene() as scene:
        resolver = scene.resolver(localroot=["localroot-source: axfr:192.0.32.132", "localroot-max-age: 4"],
                                  config=WHOLE + "serve-expired: yes\nserve-expired-client-timeout: 0\n")
        fill(scene, resolver)
        scene.rights()
        scene.serve(resolver, scene.after)
        scene.check(resolver, "with the copy")
        scene.net.serve_source(None)
        scene.net.serve_root(scene.after)
        resolver.wait_metrics(lambda m: m["serving"] == 0, 30, "stale")
        scene.check(resolver, "without the copy")


def filler(count):
    """A dump with that many other rrsets."""
    rrsets = "".join(f";rrset 3600 1 0 8 0\nname-{place}.far.\t3600\tIN\tA\t192.0.2.1\n" for place in range(count))
    return f"START_RRSET_CACHE\n{rrsets}END_RRSET_CACHE\nSTART_MSG_CACHE\nEND_MSG_CACHE\nEOF\n"


def load_cache(size, count, known_limit, limit):
    """What is no name of the copy takes longer in a large cache."""
    with Scene() as scene:
        resolver = scene.resolver(config=f"{WHOLE}rrset-cache-size: {size}m")
        fill(scene, resolver)
        dump = resolver.control("dump_cache")
        scene.serve(resolver, scene.after)
        scene.check(resolver, "with the copy")
        known = [question for question in ROOTS if question != ("gone.", "DS")]
        seen = 0  # where the look does not come before the first question
        for _ in range(4):
            tap.equal(resolver.control("load_cache", feed=filler(count)).strip(), "ok", "load_cache of others")
            tap.equal(resolver.control("load_cache", feed=dump).strip(), "ok", "load_cache")
            started = time.monotonic()
            seen += bool(scene.wrong(resolver))
            for asked, seconds in ((known, known_limit), (ROOTS, limit)):
                lab.wait(lambda asked=asked: not scene.wrong(resolver, asked), seconds + started - time.monotonic(),
                         lambda asked=asked: "\n".join(scene.wrong(resolver, asked)))
        tap.equal(seen > 0, True, "the dump has something that is older")
        scene.check(resolver, "after that")


# A look each second; the rest is for the questions and the machine.
tap.test("load_cache into a full cache of the default size: what it brings back is gone within a second")(
    lambda: load_cache(4, 40000, 3, 3))
tap.test("load_cache into ten times that: the same, but for a TLD that has left the zone")(
    lambda: load_cache(40, 100000, 3, 8))


@tap.test("reload_keep_cache, and the copy on disk is newer than what was kept")
def keep_cache():
    with Scene() as scene:
        scene.net.serve_source(scene.after)
        prepare = pair.keep_copy(scene.net)
        scene.net.serve_source(None)
        resolver = scene.resolver(config=WHOLE)
        fill(scene, resolver)
        scene.rights()
        prepare(resolver.folder)
        resolver.control("reload_keep_cache")
        lab.wait(lambda: resolver.log.count("start of service") == 2, 20, "the second start")
        resolver.wait_serving(scene.after.serial)
        scene.check(resolver, "after reload_keep_cache")


@tap.test("reload_keep_cache, and the copy comes later")
def keep_cache_later():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE)
        fill(scene, resolver)
        resolver.control("reload_keep_cache")
        lab.wait(lambda: resolver.log.count("start of service") == 2, 20, "the second start")
        scene.serve(resolver, scene.after)
        scene.check(resolver, "with the copy")


def fast_reload(*how):
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE)
        scene.serve(resolver, scene.before)
        fill(scene, resolver, silent=True)
        fast(resolver, *how)
        fill(scene, resolver, silent=True)
        scene.serve(resolver, scene.after)
        scene.check(resolver, "with the newer copy")
        fast(resolver, *how)
        scene.check(resolver, "after fast_reload")


def fast(resolver, *how):
    try:
        resolver.control("fast_reload", *how)
    except RuntimeError as fault:
        if "unknown command" in str(fault):
            raise tap.Skip("this Unbound has no fast_reload") from None
        raise


tap.test("fast_reload, then a newer copy, then fast_reload")(fast_reload)
tap.test("fast_reload +p, then a newer copy, then fast_reload +p")(lambda: fast_reload("+p"))


@tap.test("a reload that makes the caches anew, while copies come: no crash, nothing older")
def sizes():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE)
        text = resolver.config_file.read_text()
        for turn in range(6):
            scene.net.serve_source(scene.before if turn % 2 == 0 else None)
            resolver.config_file.write_text(text.replace("server:\n", f"server:\n  rrset-cache-size: {turn + 1}m\n"
                                                         f"  msg-cache-slabs: {1 << turn % 3}\n", 1))
            with contextlib.suppress(RuntimeError):  # a stock Unbound
                resolver.control("localroot_refresh")
            resolver.control("reload")
            lab.wait(lambda: resolver.log.count("start of service") == turn + 2, 20, "a start")
        scene.serve(resolver, scene.after)
        scene.check(resolver, "after all")
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("cachedb: what its backend has is not older than the copy")
def cachedb():
    for name, kind in (("to-gq.far.", "A"), (".", "DNSKEY"), (".", "NS")):  # the backend has room for one message
        with Scene() as scene:
            try:
                resolver = scene.resolver(config=WHOLE, modules="validator cachedb iterator",
                                          tail='cachedb:\n  backend: "testframe"\n')
            except RuntimeError as fault:
                raise tap.Skip(f"this Unbound has no cachedb: {str(fault)[:100]}") from None
            resolver.ask("www.far.")  # what comes with a first question is behind it
            resolver.ask(name, kind)
            scene.rights()
            scene.serve(resolver, scene.after)
            resolver.control("flush_zone", ".")
            scene.check(resolver, f"{name} {kind} in the backend", [(name, kind)])


class Slow:
    """The root servers by UDP, which hold all answers back until told."""

    def __init__(self, net, root):
        self._behind = net.nsd("behind", {".": root.zone}, ["198.51.100.210"])
        net.root_server.stop()
        self.held, self.go, self._ending = threading.Event(), threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._serve, args=(address,)) for address in net.root_addresses]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending.set()
        self.go.set()
        for thread in self._threads:
            thread.join()

    def _serve(self, address):
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind((address, 53))
            server.settimeout(0.2)
            while not self._ending.is_set():
                with contextlib.suppress(TimeoutError):
                    query, client = server.recvfrom(4096)
                    self.held.set()
                    self.go.wait()
                    reply = dns.query.udp(dns.message.from_wire(query), "198.51.100.210", 5)
                    server.sendto(reply.to_wire(), client)


@tap.test("a query that was on its way to the root servers when the copy came")
def on_its_way():
    asked, said = [(".", "SOA"), ("gone.", "DS"), ("www.gq.", "A"), ("to-gq.far.", "A")], {}
    with Scene() as scene:
        scene.rights()
        with Slow(scene.net, scene.before) as slow:
            resolver = scene.resolver(config=WHOLE)
            slow.go.set()
            resolver.ask("www.far.")  # and the root's servers are known
            slow.go.clear()
            slow.held.clear()

            def ask(name, kind):
                said[name, kind] = says(resolver, name, kind, {"limit": 60})
            threads = [threading.Thread(target=ask, args=question) for question in asked]
            for thread in threads:
                thread.start()
            if not slow.held.wait(10):
                raise AssertionError("nothing was asked of the root servers")
            scene.serve(resolver, scene.after)
            slow.go.set()
            for thread in threads:
                thread.join(70)
            for question in asked:
                tap.equal(said.get(question), scene.rights()[*question, ()], f"{question}")
            scene.check(resolver, "after that", asked)


@tap.test("a client that validates behind this resolver does not lose a TLD whose DS has changed")
def validates_behind():
    with Scene() as scene:
        resolver = scene.resolver(config=WHOLE + EXPIRED)
        fill(scene, resolver)
        run_out()
        scene.serve(resolver, scene.after)
        judge = scene.net.unbound(tail=f'forward-zone:\n  name: "."\n  forward-addr: {resolver.address}@{resolver.port}\n')
        judge.ask("com.", "DS")
        reply = judge.ask("www.com.")
        tap.equal((reply.rcode(), answers.secure(reply)), (dns.rcode.NOERROR, True), "www.com. by the one behind")


@tap.test("an expired answer of another zone has the TTL that it has without the module")
def others_expired():
    with lab.Lab() as net:
        ttls = []
        for localroot in ([], None):
            resolver = net.unbound(localroot=localroot, config=EXPIRED)
            resolver.ask("www.com.")
            run_out()
            ttls.append(resolver.ask("www.com.").answer[0].ttl)
        tap.equal(ttls[0], ttls[1], "TTL with the module and without")


tap.run()
