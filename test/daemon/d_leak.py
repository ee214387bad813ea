"""The privacy promise: while a copy is served, not one packet for the zone "." goes upstream. Counted on the wire at
the root servers' addresses, and by the module's own leak counter; both must agree."""

import contextlib

import dns.exception
import dns.rcode

import answers
import lab
import rootzone
import tap
import tlds

ROOTS = {"made root": rootzone.make, "real root": rootzone.real}


def questions(served):
    """Every way in which a resolver comes to need the root."""
    yield "junk-first.", "A"
    for tld in served:
        yield f"{tld}.", "DS"
        yield f"{tld}.", "DNSKEY"
        yield f"{tld}.", "NS"
        yield f"{tld}.", "SOA"
        yield f"www.{tld}.", "A"
        yield f"chain.{tld}.", "A"      # CNAMEs from TLD to TLD
        yield f"www.shop.{tld}.", "A"   # a name server named under another TLD
        yield f"nothing.{tld}.", "A"
        for other in served:
            if other != tld:
                yield f"to-{other}.{tld}.", "AAAA"
    for kind in ("SOA", "NS", "DNSKEY", "DS", "A", "ANY", "RRSIG", "NSEC", "ZONEMD"):
        yield ".", kind
    yield "_ta-4f66.", "NULL"
    yield "_ta-4f66-9728.", "NULL"
    yield "a.b.junk.", "TXT"


def ask_all(resolver, served):
    for name, kind in questions(served):
        for how in ({}, {"cd": True}, {"dnssec": False}):
            resolver.ask(name, kind, **how)


def silent(net, resolver, start=0):
    """Neither count has moved: the wire's since start, the module's since its own start."""
    tap.equal(net.root_queries(resolver, start), [], "queries to the root")
    answered = resolver.metrics().get("answers_nxdomain", 0)
    resolver.ask("a-last-question-of-the-lab.")
    numbers = resolver.wait_metrics(lambda m: m["answers_nxdomain"] > answered, what="the status file is renewed")
    return numbers["rootqueries"]


def with_disk_copy(net, **how):
    """A resolver that has only what an earlier one left on disk: the sources are gone."""
    first = net.unbound(localroot=[])
    first.wait_stored()
    first.stop()
    net.serve_source(None)
    return net.unbound(localroot=[], folder=first.folder, **how)


def register(what, get_root):
    @tap.test(f"cold start with a copy on disk: silent from the first query on, {what}")
    def cold_start():
        with lab.Lab(get_root()) as net:
            resolver = with_disk_copy(net)
            tap.equal(answers.secure(resolver.ask("junk-at-once.")), True, "the first answer")
            ask_all(resolver, net.served)
            tap.equal(silent(net, resolver), 0, "the leak counter")

    @tap.test(f"the same questions do reach the root without the module, {what}")
    def contrast():
        with lab.Lab(get_root()) as net:
            resolver = net.unbound()
            ask_all(resolver, net.served)
            if len(net.root_queries(resolver)) < 10:
                raise AssertionError(f"too few: {net.root_queries(resolver)}")


for key, value in ROOTS.items():
    register(key, value)


@tap.test("after a first transfer: silent from then on")
def after_transfer():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[])
        resolver.wait_serving()
        start = len(net.sniffer.queries())
        before = resolver.metrics()["rootqueries"]
        ask_all(resolver, net.served)
        tap.equal(silent(net, resolver, start), before, "the leak counter")


def first_sendings(queries):
    """The module counts a query when Unbound decides to send it; where the answer over UDP is cut, Unbound then asks the
    same over TCP without deciding anew. So leave out what follows the same question to the same server over UDP."""
    over_udp = {(q.destination, q.name, q.type) for q in queries if not q.tcp}
    return [q for q in queries if not q.tcp or (q.destination, q.name, q.type) not in over_udp]


@tap.test("with no copy the leak counter and the wire count the same queries")
def counters_agree():
    with lab.Lab() as net:
        net.serve_source(None)
        resolver = net.unbound(localroot=[])
        ask_all(resolver, net.served)
        for number in range(50):
            resolver.ask(f"junk{number}.of-the-lab-{number}.")
        wire = len(first_sendings(net.root_queries(resolver)))
        if wire < 10:
            raise AssertionError(f"only {wire} queries went to the root")
        numbers = resolver.wait_metrics(lambda m: m["rootqueries"] >= wire, what=f"{wire} queries counted")
        tap.equal(int(numbers["rootqueries"]), len(first_sendings(net.root_queries(resolver))), "queries to the root")


@tap.test("without minimisation, with referral-path hardening, eager targets and no minimal responses: silent")
def other_ways():
    with lab.Lab() as net:
        resolver = with_disk_copy(net, config="""
            qname-minimisation: no
            harden-referral-path: yes
            target-fetch-policy: "5 5 5 5 5"
            minimal-responses: no
            aggressive-nsec: no
            use-caps-for-id: yes""")
        ask_all(resolver, net.served)
        tap.equal(silent(net, resolver), 0, "the leak counter")


@tap.test("caches flushed, RFC 8145 signals and re-priming: silent")
def flushed():
    with lab.Lab() as net:
        resolver = with_disk_copy(net, config="trust-anchor-signaling: yes\nroot-key-sentinel: yes")
        for zone in (".", "com.", "org."):
            ask_all(resolver, net.served[:3])
            resolver.control("flush_zone", zone)
        resolver.control("flush_infra", "all")
        ask_all(resolver, net.served[:3])
        tap.equal(silent(net, resolver), 0, "the leak counter")


@tap.test("prefetch of names, keys and delegations: silent")
def prefetch():
    with lab.Lab() as net:
        resolver = with_disk_copy(net, config="prefetch: yes\nprefetch-key: yes\ncache-max-ttl: 10")
        asked = [("www.com.", "A"), ("www.shop.far.", "A"), ("com.", "DNSKEY"), ("tk.", "NS"), ("com.", "DS"), ("far.", "NS")]

        def fetched():
            # A hit in the last tenth of the ten seconds starts a prefetch.
            for name, kind in asked:
                resolver.ask(name, kind)
            return resolver.control("stats_noreset")["total.num.prefetch"] >= 3
        lab.wait(fetched, 30, "three prefetches")
        for name, kind in asked:
            resolver.ask(name, kind)
        tap.equal(silent(net, resolver), 0, "the leak counter")


@tap.test("dead and lame TLD servers: retries go round them, not to the root")
def dead_servers():
    with lab.Lab(served=tlds.SIGNED) as net:
        resolver = with_disk_copy(net)
        lame = [a for name in net.zone.delegations["tk"] for a in net.zone.glue[name]]
        net.nsd("lame", {"shop.lame.": net.write("lame.zone", tlds.leaf("lame", "ns.lame."))}, lame)
        tap.equal(resolver.ask("www.tk.", limit=60).rcode(), dns.rcode.SERVFAIL, "below a lame TLD")
        with contextlib.suppress(dns.exception.Timeout):  # gq: nobody is there; the resolver may try for long
            resolver.ask("www.gq.", limit=4)
        tap.equal(silent(net, resolver), 0, "the leak counter")


tap.run()
