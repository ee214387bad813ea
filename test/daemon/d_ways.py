"""Ways of asking that few clients have: without RD, in another class, with CD before anybody has asked without."""

import contextlib

import dns.exception
import dns.flags
import dns.message
import dns.query

import answers
import compare
import lab
import pair
import tap

SNOOP = "access-control: 127.0.0.0/8 allow_snoop\n"


@tap.test("without RD, below a TLD: the delegation, as an Unbound has it that knows the TLD, and nothing is resolved")
def delegation():
    with lab.Lab() as net:
        plain, local = net.unbound(config=SNOOP), net.unbound(localroot=[], config=SNOOP)
        local.wait_serving()
        plain.ask("www.tk.")
        for name, kind, how in (("txt.tk.", "TXT", {}), ("txt.tk.", "TXT", {"dnssec": False}), ("tk.", "NS", {"cd": True}),
                                ("a.b.c.tk.", "AAAA", {"edns": False, "dnssec": False, "tcp": True}), ("txt.tk.", "TXT", {"tcp": True})):
            for _ in range(2):
                right, said = (answers.summary(resolver.ask(name, kind, rd=False, **how)) for resolver in (plain, local))
                tap.equal(said, right, f"{name} {kind} {how}")
        tap.equal(net.upstream_queries(local), [], "what was asked of anybody")


@tap.test("without RD, below a secure TLD: with its DS, which proves itself")
def secure():
    with lab.Lab() as net:
        local = net.unbound(localroot=[], config=SNOOP)
        local.wait_serving()
        said = local.ask("www.com.", rd=False)
        right = net.direct("www.com.", "A", net.root_addresses[0])
        tap.equal((said.rcode(), answers.records(said.answer), answers.records(said.authority)),
                  (right.rcode(), set(), answers.records(right.authority)), "the referral of a root server")
        tap.equal(dns.flags.to_text(said.flags), "QR RA", "flags")
        if not answers.records(said.additional) >= answers.records(right.additional) > set():
            raise AssertionError(f"{said.additional} for {right.additional}")
        tap.equal(net.upstream_queries(local), [], "what was asked of anybody")


@tap.test("without RD, where the cache has a delegation below the TLD: that one, as without the module")
def closer():
    with lab.Lab() as net:
        plain, local = net.unbound(config=SNOOP), net.unbound(localroot=[], config=SNOOP)
        local.wait_serving()
        for resolver in (plain, local):
            resolver.ask("www.shop.tk.")
        right, said = (answers.summary(resolver.ask("mail.shop.tk.", rd=False)) for resolver in (plain, local))
        tap.equal(said, right, "mail.shop.tk.")
        tap.equal({owner for owner, kind, _ in said[3] if kind == "NS"}, {"shop.tk."}, "whose name servers")


@tap.test("the first question is of another class: no query to the root")
def classes():
    with lab.Lab() as net:
        prepare = pair.keep_copy(net)
        for klass, name, kind in ((255, "www.com.", "A"), (255, "junk.", "A"), (255, ".", "SOA"), (4, "www.com.", "A"), (3, "com.", "NS")):
            local = net.unbound(localroot=[], prepare=prepare)
            start = len(net.sniffer.queries())
            ask_of_class(local, klass, name, kind)
            tap.equal(net.root_queries(local, start), [], f"class {klass} {name} {kind}: queries to the root")
            with contextlib.suppress(RuntimeError):  # there is none before 1.23
                local.control("fast_reload")
                ask_of_class(local, klass, name, kind)
                tap.equal(net.root_queries(local, start), [], f"class {klass} {name} {kind} after fast_reload: queries to the root")
            local.stop()


def ask_of_class(resolver, klass, name, kind):
    with contextlib.suppress(dns.exception.Timeout):
        dns.query.udp(dns.message.make_query(name, kind, rdclass=klass, want_dnssec=True), resolver.address, 5, resolver.port)


@tap.test("NS and DNSKEY of the root with CD: the same on cold caches, and when somebody has asked without CD")
def checking_disabled():
    with lab.Lab() as net:
        plain, local = net.unbound(), net.unbound(localroot=[])
        local.wait_serving()

        def same(kind, **how):
            right, said = (answers.summary(resolver.ask(".", kind, **how))[:4] for resolver in (plain, local))
            tap.equal(said, right, f"{kind} {how}")
        for kind in ("NS", "DNSKEY"):
            for how in ({}, {"dnssec": False}, {"dnssec": False, "ad": True}):
                for resolver in (plain, local):
                    compare.flush(resolver)
                same(kind, cd=True, **how)
        for kind in ("NS", "DNSKEY"):
            for how in ({}, {"cd": True}, {"cd": True, "dnssec": False}, {"cd": True, "dnssec": False, "ad": True}):
                same(kind, **how)


@tap.test("the same with CD when others have asked something else: validated, where the other has what nobody has looked at")
def checking_disabled_later():
    with lab.Lab() as net:
        plain, local = net.unbound(), net.unbound(localroot=[])
        local.wait_serving()
        for kind in ("NS", "DNSKEY"):
            for resolver in (plain, local):
                compare.flush(resolver)
                resolver.ask("www.tk.")
            right, said = (resolver.ask(".", kind, cd=True) for resolver in (plain, local))
            tap.equal(answers.records(said.answer), answers.records(right.answer), f"{kind}: the answer")
            tap.equal((answers.secure(right), answers.secure(said)), (False, True), f"{kind}: AD without the module and with")


tap.run()
