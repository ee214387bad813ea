"""The lab itself: without it right, no other test means anything. Uses no module."""

import subprocess

import dns.flags
import dns.rcode

import lab
import rootzone
import tap


def counts(path):
    kinds = {}
    with open(path, encoding="ascii") as lines:
        for words in (line.split(None, 4) for line in lines):
            if len(words) > 3:
                kinds[words[3]] = kinds.get(words[3], 0) + 1
    return kinds


@tap.test("ldns-verify-zone accepts the made root, signatures and digest")
def made_root_verifies():
    root = rootzone.make()
    subprocess.run(["ldns-verify-zone", "-k", root.anchor, "-ZZ", root.zone], check=True, capture_output=True, timeout=60)


@tap.test("the made root has the shape of the real one: each count within 1 %")
def made_root_shape():
    got = counts(rootzone.make().zone)
    real = {"NS": 7577, "A": 5938, "AAAA": 5643, "DS": 1483, "NSEC": 1439, "RRSIG": 2792}
    for kind, number in real.items():
        if abs(got[kind] - number) > number * 0.01:
            raise AssertionError(f"{kind}: {got[kind]}, the real one has {number}")
    tap.equal(got["ZONEMD"], 1, "ZONEMD")


@tap.test("ECDSA and Ed25519 roots, SHA-512 and a root without ZONEMD verify")
def other_roots():
    for wanted in ({"algorithm": "ecdsa"}, {"algorithm": "ed25519"}, {"zonemd": "sha512"}, {"zonemd": "none"}):
        root = rootzone.make(**wanted)
        digest = [] if wanted.get("zonemd") == "none" else ["-ZZ"]
        subprocess.run(["ldns-verify-zone", "-k", root.anchor, *digest, root.zone], check=True, capture_output=True, timeout=60)
        tap.equal("ZONEMD" in counts(root.zone), bool(digest), "has ZONEMD")


@tap.test("a plain Unbound resolves and validates in the made root")
def plain_resolves():
    with lab.Lab() as net:
        resolver = net.unbound()
        for name in ("www.com.", "to-net.org.", "www.arpa.", "chain.com.", "txt.info."):
            reply = resolver.ask(name, "TXT" if name.startswith("txt") else "A")
            tap.equal((name, reply.rcode(), bool(reply.flags & dns.flags.AD)), (name, 0, True), "secure answer")
        for name in ("www.tk.", "www.far.", "www.shop.com.", "www.shop.far.", "to-com.gq."):
            reply = resolver.ask(name)
            tap.equal((name, reply.rcode(), bool(reply.flags & dns.flags.AD), bool(reply.answer)), (name, 0, False, True),
                      "insecure answer")
        reply = resolver.ask("junk-of-the-lab.")
        tap.equal((reply.rcode(), bool(reply.flags & dns.flags.AD)), (dns.rcode.NXDOMAIN, True), "junk")
        tap.equal(resolver.ask("a.root-servers.net.").rcode(), 0, "a.root-servers.net")


@tap.test("every served TLD's chain and shop resolve")
def every_tld():
    with lab.Lab() as net:
        resolver = net.unbound()
        for tld in net.served:
            for name in (f"www.{tld}.", f"chain.{tld}.", f"www.shop.{tld}.", f"x.wild.{tld}."):
                reply = resolver.ask(name)
                tap.equal((name, reply.rcode(), any(rrset.rdtype == 1 for rrset in reply.answer)), (name, 0, True), "answer")


@tap.test("the counters see what is sent to the root, over UDP and TCP, and nothing else")
def counters_count():
    with lab.Lab() as net:
        for config, tcp in (("", False), ("tcp-upstream: yes", True)):
            resolver = net.unbound(config="aggressive-nsec: no\n" + config)
            resolver.ask("junk-1.")
            seen = net.root_queries(resolver)
            if ("junk-1.", tcp) not in {(q.name, q.tcp) for q in seen}:
                raise AssertionError(f"junk-1. is missing: {seen}")
            start = len(net.sniffer.queries())
            for number in range(20):  # no answer to one serves for another: each goes to the root once
                resolver.ask(f"x{number}-of-many.", "A", cd=True)
            names = [q.name for q in net.root_queries(resolver, start)]
            for number in range(20):
                tap.equal(names.count(f"x{number}-of-many."), 1, f"queries for x{number}")
            resolver.ask("www.com.")
            start = len(net.sniffer.queries())
            resolver.ask("a.wild.com.")
            tap.equal(net.root_queries(resolver, start), [], "a name under a known TLD")
            if not net.upstream_queries(resolver, start):
                raise AssertionError("the query to com's servers was not seen")


@tap.test("the count agrees with Unbound's own of the packets it sent")
def counters_agree():
    with lab.Lab() as net:
        resolver = net.unbound()
        for name in ("www.com.", "www.shop.org.", "junk-2.", "to-tk.net."):
            resolver.ask(name)
        udp = [q for q in net.upstream_queries(resolver) if not q.tcp]
        tap.equal(len(udp), int(resolver.control("stats_noreset")["num.query.udpout"]), "UDP queries sent")


@tap.test("an auth-zone \".\" sends nothing to the root: zero is possible")
def auth_zone_is_silent():
    root = rootzone.make()
    with lab.Lab(root) as net:
        resolver = net.unbound(tail=f'auth-zone:\n  name: "."\n  zonefile: "{root.zone}"\n  for-downstream: no\n'
                                    "  for-upstream: yes\n  fallback-enabled: no\n")
        for name in ("junk-3.", "www.com.", "chain.com.", "www.shop.far.", "www.far."):
            resolver.ask(name)
        tap.equal(net.root_queries(resolver), [], "queries to the root")


@tap.test("transfers are seen and the zone comes over whole")
def transfer():
    root = rootzone.make()
    with lab.Lab(root) as net:
        for address in (net.root_addresses[0], net.root_addresses[1], *net.transfer_addresses):
            got = subprocess.run(["dig", "+noall", "+answer", "+onesoa", f"@{address}", ".", "AXFR"], check=True,
                                 capture_output=True, text=True, timeout=30).stdout.splitlines()
            with open(root.zone, encoding="ascii") as lines:
                tap.equal(len([line for line in got if not line.startswith(";")]),
                          len([line for line in lines if not line.startswith(";")]), f"records from {address}")
        tap.equal(len(net.transfers()), 6, "transfers seen")


@tap.test("the real root loads, and a plain Unbound resolves and validates with it")
def real_root():
    root = rootzone.real()
    subprocess.run(["ldns-verify-zone", "-k", root.anchor, "-t", root.date, "-ZZ", root.zone], check=True,
                   capture_output=True, timeout=60)
    with lab.Lab(root) as net:
        resolver = net.unbound()
        reply = resolver.ask("junk-of-the-lab.")
        tap.equal((reply.rcode(), bool(reply.flags & dns.flags.AD)), (dns.rcode.NXDOMAIN, True), "junk")
        reply = resolver.ask("com.", "DS")
        tap.equal((reply.rcode(), bool(reply.flags & dns.flags.AD)), (0, True), "com. DS")
        for tld in net.served:
            for name in (f"www.{tld}.", f"chain.{tld}.", f"www.shop.{tld}."):
                reply = resolver.ask(name)
                tap.equal((name, reply.rcode(), bool(reply.answer)), (name, 0, True), "answer")


@tap.test("one family alone carries the lab")
def one_family():
    for family in (4, 6):
        with lab.Lab(families=(family,)) as net:
            reply = net.unbound().ask("www.shop.org.")
            tap.equal((reply.rcode(), bool(reply.answer)), (0, True), f"IPv{family}")


tap.run()
