"""The iterator lives on the lent copy: whatever is wrong below the root, it resolves as it would from the root servers,
and nothing goes to them; when the copy appears, goes stale or comes back, nobody notices."""

import pathlib
import re

import lab
import netns
from pair import Pair, keep_copy, put, word
import rootzone
from rootzone import calm
import tap

# Which addresses of name servers go along depends on which server was asked, by chance.
Pair.compared = 4


def everything(served):
    for tld in served:
        for name, kind in ((f"{tld}.", "NS"), (f"{tld}.", "DS"), (f"{tld}.", "DNSKEY"), (f"www.{tld}.", "A"), (f"chain.{tld}.", "A"),
                           (f"www.shop.{tld}.", "AAAA"), (f"nothing.{tld}.", "A"), (f"a.wild.{tld}.", "A")):
            yield name, kind
    for name in ("junk.", "a.junk.", ".", "a.root-servers.net."):
        for kind in ("A", "NS", "SOA", "DNSKEY"):
            yield name, kind


def silent(two, start=0):
    """Nothing went to the root servers, by the wire and by the module's own count."""
    tap.equal(two.net.root_queries(two.local, start), [], "queries to the root")
    before = two.local.metrics().get("answers_nxdomain", 0)
    put(two.local, f"a-last-question-{start}.")
    numbers = two.local.wait_metrics(lambda m: m["answers_nxdomain"] > before, 20, "the numbers are renewed")
    if not start:
        tap.equal(numbers["rootqueries"], 0, "the leak counter")


def alike(two, questions, **how):
    for name, kind in questions:
        two.same(name, kind, **how)


def no_worse(two, questions):
    """Alike, but where Unbound fails without the module: with harden-referral-path it looks up so many addresses on the
    way from the root that it gives up now and then."""
    for name, kind in questions:
        plain, local = put(two.plain, name, kind, limit=30), put(two.local, name, kind, limit=30)
        if plain[:4] != local[:4] and word(plain) != "SERVFAIL":
            raise AssertionError(f"{name} {kind}:\nwith the module: {local}\nwithout:         {plain}")


class Edited:
    """TLD zones that are not what the root says of them."""

    def __init__(self, net):
        self.net = net

    def again(self, zones):
        """The TLD servers hold these texts from now on (name -> text); other TLDs as before."""
        net = self.net
        old = next(d for d in net._daemons if d.name == "nsd tlds" and d.running)
        files = dict(re.findall(r'name: "(\S+)"\s+zonefile: "(\S+)"', (old.folder / "nsd.conf").read_text(encoding="ascii")))
        addresses = re.findall(r"ip-address: (\S+)", (old.folder / "nsd.conf").read_text(encoding="ascii"))
        for name, text in zones.items():
            if text is None:
                del files[name]
            else:
                files[name] = net.write(f"edited-{len(net._daemons)}-{name}zone", text)
        old.stop()
        return net.nsd("tlds", files, addresses)

    def text(self, name):
        net = self.net
        return pathlib.Path(net.zone.signed[name]).read_text(encoding="ascii")


@tap.test("bogus TLDs, and retries after bogus; lame ones and dead ones")
def wrong_tlds():
    with lab.Lab() as net:
        prepare, edited = keep_copy(net), Edited(net)
        # com: an address that its signature does not cover; net: without any signature; org: signed by nobody's keys.
        com = edited.text("com").replace("203.0.113.80", "203.0.113.99")
        plain = [line for line in edited.text("net").splitlines() if "\tRRSIG\t" not in line and "\tNSEC\t" not in line]
        org = re.sub(r"(DNSKEY\t25[67] 3 13 )(\S)", lambda m: m[1] + ("B" if m[2] == "A" else "A"), edited.text("org"))
        edited.again({"com.": com, "net.": "\n".join(plain) + "\n", "org.": org, "tk.": None})
        with Pair(net, prepare, "val-log-level: 2") as two:
            for name, wanted in (("www.com.", "SERVFAIL"), ("www.net.", "SERVFAIL"), ("www.org.", "SERVFAIL"), ("org.", "SERVFAIL"),
                                 ("txt.com.", "NOERROR"), ("www.tk.", "SERVFAIL"), ("www.gq.", "NOERROR"), ("www.info.", "NOERROR")):
                for _ in range(2):
                    two.same(name, "A", wanted, limit=30)
            two.same("www.com.", "A", "NOERROR", cd=True)
            two.control("flush_bogus")
            two.control("flush_negative")
            alike(two, (("www.com.", "AAAA"), ("txt.com.", "TXT"), ("to-org.com.", "A"), ("www.shop.com.", "A"), ("www.org.", "AAAA")), limit=30)
            silent(two)
            # All is well again.
            edited.again({"com.": edited.text("com"), "net.": edited.text("net"), "org.": edited.text("org")})
            for zone in ("com", "net", "org", "tk"):
                two.control("flush_zone", f"{zone}.")
            two.control("flush_infra", "all")
            for name in ("www.com.", "www.net.", "www.org."):
                two.same(name, "A", "NOERROR", limit=30)
            silent(two)


@tap.test("TLD servers that do not answer: others are tried, and then it fails, as without the module")
def dead():
    with lab.Lab() as net:
        prepare = keep_copy(net)
        dead_glue = [a for name in net.zone.delegations["gq"][:2] for a in net.zone.glue[name]]
        for address in dead_glue:
            netns.remove_address(address)
            netns.swallow(address)
        with Pair(net, prepare) as two:
            # Now and then Unbound, with the module or without, leaves such a question unanswered: a client asks again.
            for name in ("www.gq.", "www.shop.tk."):
                for resolver in (two.local, two.plain):
                    lab.wait(lambda: word(put(resolver, name, limit=3)) == "NOERROR", 60, f"{name} at {resolver.port}")
            silent(two)


@tap.test("referral path hardening, target fetch policies, no minimisation, caps: as without the module")
def ways():
    configs = ["harden-referral-path: yes\ntarget-fetch-policy: \"-1 -1 -1 -1 -1\"", "target-fetch-policy: \"0 0 0 0 0\"",
               "target-fetch-policy: \"-1\"\nqname-minimisation: no\nuse-caps-for-id: yes\nminimal-responses: no",
               "harden-below-nxdomain: no\naggressive-nsec: no", "qname-minimisation-strict: yes", "prefetch-key: yes\nprefetch: yes",
               "do-ip6: no", "prefer-ip6: yes", "harden-dnssec-stripped: no", "harden-glue: no", "cache-max-ttl: 1",
               "serve-expired: yes", "msg-cache-size: 16k\nrrset-cache-size: 16k"]
    with lab.Lab() as net:
        prepare = keep_copy(net)
        for config in configs:
            with Pair(net, prepare, config) as two:
                try:
                    # What goes along in the other sections depends on what the caches hold by then.
                    questions = [(name, kind) for name, kind in everything(net.served)
                                 if "minimal-responses: no" not in config or word(put(two.plain, name, kind, limit=30)) == "NXDOMAIN"]
                    (no_worse if "referral-path" in config else alike)(two, questions)
                    silent(two)
                except AssertionError as fault:
                    raise AssertionError(f"{config}: {fault}") from fault


@tap.test("flushes of all kinds, expired NS sets of TLDs, prefetch and serve-expired")
def caches():
    with lab.Lab() as net:
        prepare = keep_copy(net)
        questions = [q for q in everything(net.served) if q[0].split(".")[-2:][0] in ("com", "tk", "far", "junk", "")]
        # One second, as short as it gets: the NS sets of the TLDs expire while these run.
        for config in ("", "cache-max-ttl: 1\ncache-max-negative-ttl: 1\nprefetch: yes", "cache-max-ttl: 1\nserve-expired: yes\nserve-expired-ttl: 60"):
            with Pair(net, prepare, config) as two:
                for command in (["flush_zone", "."], ["flush_zone", "com."], ["flush_bogus"], ["flush_negative"], ["flush", "."],
                                ["flush_type", ".", "NS"], ["flush_type", ".", "DNSKEY"], ["flush_infra", "all"], ["flush_requestlist"]):
                    alike(two, questions, limit=30)
                    two.control(*command)
                alike(two, questions, limit=30)
                silent(two)


def gentle(resolver, name):
    """No answer fails."""
    found = word(put(resolver, name, limit=10))
    tap.equal(found, "NOERROR" if name.startswith("www") else "NXDOMAIN", name)


@tap.test("the copy appears after the start: from then on the caches' root servers are not asked")
def appears():
    with lab.Lab() as net:
        net.serve_source(None)
        resolver = net.unbound(localroot=["localroot-source: axfr:192.0.32.132"], config="cache-max-ttl: 5")
        for place, name in enumerate(("www.com.", "www.tk.", "www.shop.far.", "junk.")):
            gentle(resolver, name)
        if not net.root_queries(resolver):
            raise AssertionError("the root was not asked before")
        net.serve_source(net.zone)
        try:
            resolver.control("localroot_refresh")
        except RuntimeError:
            pass  # a stock Unbound: the next look comes by itself, after 66 s at the most
        resolver.wait_serving(limit=90)
        start = len(net.sniffer.queries())
        for turn in range(3):
            for tld in net.served:
                for name in (f"www.{tld}.", f"www.shop.{tld}.", f"junk-{turn}-{tld}."):
                    gentle(resolver, name)
            resolver.control("flush_zone", ("com.", ".", "tk.")[turn])
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")


@tap.test("the copy goes stale and comes back: the root is asked in between, nothing fails")
def comes_and_goes():
    with lab.Lab(rootzone.eager()) as net:
        resolver = net.unbound(localroot=["localroot-max-age: 3"], config="cache-max-ttl: 1\naggressive-nsec: no")
        resolver.wait_serving()
        number = 0

        def ask():
            nonlocal number
            number += 1
            for name in (f"www.{net.served[number % len(net.served)]}.", f"www.shop.{net.served[(number + 3) % len(net.served)]}.",
                         f"junk-{number}."):
                gentle(resolver, name)
        for _ in range(2):
            start = len(net.sniffer.queries())
            for _ in range(10):
                ask()
            tap.equal(net.root_queries(resolver, start), [], "queries to the root while it serves")
            net.serve_source(None)

            def asked():
                ask()
                return net.root_queries(resolver, start)
            lab.wait(asked, 15, "the root is asked")
            for _ in range(10):
                ask()
            net.serve_source(net.zone)

            def back():
                ask()
                here = len(net.sniffer.queries())
                ask()
                return not net.root_queries(resolver, here) and resolver.metrics().get("serving") == 1
            lab.wait(back, 40, "the copy serves again")


def with_fast_reload(net, **how):
    resolver = net.unbound(localroot=[], prepare=keep_copy(net), **how)
    help_text = lab.daemons.subprocess.run([str(lab.prefix() / "sbin" / "unbound-control"), "-h"], capture_output=True, text=True, timeout=10)
    if "fast_reload" not in help_text.stdout + help_text.stderr:
        raise tap.Skip("this version of Unbound has no fast_reload (1.23 and later)")
    return resolver


@tap.test("fast_reload takes the lent copy away: it is lent again before the next query passes, and what was taken away is let go by the next")
def fast_reload():
    with lab.Lab() as net:
        resolver = with_fast_reload(net)
        gentle(resolver, "junk.")
        before = resolver.metrics()["mem_lent"]
        for turn in range(5):
            gentle(resolver, f"www.{net.served[turn]}.")
            resolver.control("fast_reload")
            gentle(resolver, f"www.shop.{net.served[turn]}.")
            gentle(resolver, f"junk-{turn}.")
        tap.equal(net.root_queries(resolver), [], "queries to the root")
        # Twice the names of a tree, and of zones there is one.
        resolver.wait_metrics(lambda m: m["mem_lent"] < 2 * before, 10, f"{before:g} bytes lent")


@tap.test("fast_reload +p waits for nobody: what it has taken away stays whole while newer copies come, until the next fast_reload")
def whole():
    with lab.Lab(calm()) as net:
        resolver = with_fast_reload(net)
        gentle(resolver, f"www.{net.served[0]}.")
        before = resolver.metrics()
        resolver.control("fast_reload", "+p")
        gentle(resolver, f"www.{net.served[1]}.")
        newer = calm(1)
        net.serve_source(newer)
        resolver.control("localroot_refresh")
        resolver.wait_serving(newer.serial)
        resolver.wait_metrics(lambda m: m["mem_lent"] > before["mem_lent"] + 0.9 * before["mem_zone"], 10, "the older zone is kept")
        resolver.control("fast_reload")
        gentle(resolver, f"www.{net.served[2]}.")
        resolver.wait_metrics(lambda m: m["mem_lent"] < before["mem_lent"] + 0.5 * before["mem_zone"], 10, "it is let go")


@tap.test("fast_reload with another cache-max-ttl: what the iterator gets from the copy is within it soon")
def other_limits():
    with lab.Lab() as net:
        resolver = with_fast_reload(net, config="cache-max-ttl: 50000")

        def glue():
            """The TTL of the TLD's glue, which has the root's 172800."""
            resolver.control("flush_zone", "gq.")
            gentle(resolver, "www.gq.")
            return int(re.search(r"^a\.ns\.gq\.\t(\d+)\tIN\tA\t", resolver.control("dump_cache"), re.MULTILINE).group(1))
        if not 40000 < glue() <= 50000:
            raise AssertionError(f"within the limit at first: {glue()}")
        text = resolver.config_file.read_text(encoding="ascii")
        resolver.config_file.write_text(text.replace("cache-max-ttl: 50000", "cache-max-ttl: 300"), encoding="ascii")
        resolver.control("fast_reload")
        lab.wait(lambda: 200 < glue() <= 300, 10, "within the new limit")
        gentle(resolver, "junk.")
        tap.equal(net.root_queries(resolver), [], "queries to the root")


tap.run()
