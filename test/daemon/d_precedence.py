"""Whatever the user has configured wins over the local root: everything is answered as by the same Unbound without
the module, for names that the root denies and for names that it delegates."""

import lab
import netns
from pair import Pair, keep_copy, put, word
import tap

ELSEWHERE = "198.51.100.61"   # serves corp., other content for some TLDs, and names below them
CLIENTS = ["10.53.0.201", "10.53.0.202", "10.53.0.203"]
HERE = "203.0.113.61"         # what www has there
SOA = "@ 300 IN SOA ns h 1 3600 900 604800 300\n@ 300 IN NS ns\n"
LOCAL_TYPES = ["static", "refuse", "redirect", "transparent", "typetransparent", "inform", "inform_redirect",
               "always_transparent", "always_refuse", "always_nxdomain", "always_nodata", "always_null", "nodefault",
               "deny", "inform_deny", "always_deny", "block_a"]
PASSING = ["transparent", "typetransparent", "inform", "always_transparent", "nodefault", "block_a"]


def zone(origin):
    return f"$ORIGIN {origin}\n{SOA}ns IN A {ELSEWHERE}\nwww IN A {HERE}\n@ IN A {HERE}\n"


NET = lab.Lab()


def pair(config="", tail="", **more):
    return Pair(NET, PREPARE, config, tail, **more)


def clause(kind, name, *lines):
    return f'{kind}:\n  name: "{name}"\n' + "".join(f"  {line}\n" for line in lines)


def forward(name, *lines):
    return clause("forward-zone", name, f"forward-addr: {ELSEWHERE}", *lines)


def stub(name, *lines):
    return clause("stub-zone", name, f"stub-addr: {ELSEWHERE}", *lines)


def secure(summary):
    return "AD" in summary[1].split()


def quiet(two):
    tap.equal(two.root_asked()[0], False, "queries to the root with the module")


def below(two, names, wanted=None):
    """The names themselves and below them, of the types that a root zone has something to say about."""
    for name in names:
        for kind in ("A", "DS", "NS", "SOA", "TXT"):
            two.same(name, kind, limit=4)
        two.same(f"www.{name}", "A", wanted, limit=4)
        two.same(f"www.{name}", "A", dnssec=False, limit=4)


@tap.test("local-zone of every type, on names that the root denies and on those that it delegates; default local zones")
def local_zones():
    types = LOCAL_TYPES if "block_a" in understood() else LOCAL_TYPES[:-1]
    unserved = [tld for tld in sorted(NET.zone.delegations) if tld and tld not in NET.served]
    served = iter(("com.", "net.", "org.", "tk.", "gq.", "far."))
    lines, names = [], []
    for place, kind in enumerate(types):
        for name in (f"denied{place}.", next(served) if kind in PASSING else f"{unserved[place]}."):
            lines.append(f'local-zone: "{name}" {kind}')
            if kind != "nodefault":
                lines.append(f'local-data: "{name} 60 IN A 192.0.2.1"')
            if kind not in ("nodefault", "redirect", "inform_redirect"):
                lines.append(f'local-data: "in.{name} 60 IN TXT here"')
            names.append((kind, name))
    # A name under no local zone: local-data alone makes one of the name itself.
    lines += ['local-data: "alone. 60 IN A 192.0.2.2"', f'local-data: "{unserved[-1]}. 60 IN A 192.0.2.2"',
              'local-data: "printer.lan. 60 IN A 192.0.2.3"']
    with pair("\n".join(lines)) as two:
        for kind, name in names:
            silent = kind in ("deny", "inform_deny", "always_deny")
            for question in ((name, "A"), (name, "TXT"), (name, "DS"), (f"in.{name}", "TXT"), (f"www.{name}", "A")):
                if silent and question[1] == "DS":
                    continue
                found = two.same(*question, limit=0.3 if silent else 8)
                if silent and question[0].startswith("www"):
                    tap.equal(word(found), "no answer", f"{question} in a zone of type {kind}")
        two.data("alone.", "192.0.2.2")
        two.data(f"{unserved[-1]}.", "192.0.2.2")
        two.data("printer.lan.", "192.0.2.3")
        two.same("below.alone.", "A")
        two.same("scanner.lan.", "A")
        two.same("other.", "A", "NXDOMAIN")
        for name in ("localhost.", "test.", "a.test.", "onion.", "x.onion.", "invalid.", "x.invalid.", "home.arpa.", "a.home.arpa.",
                     "resolver.arpa.", "local.", "10.in-addr.arpa.", "1.0.0.10.in-addr.arpa.", "1.0.0.127.in-addr.arpa.", "8.b.d.0.1.0.0.2.ip6.arpa."):
            for kind in ("A", "SOA", "PTR"):
                two.same(name, kind)
        two.fast()
        quiet(two)


def understood():
    """The types of local-zone that this Unbound has, out of its own program."""
    return (lab.prefix() / "sbin" / "unbound-checkconf").read_bytes().decode("latin-1")


@tap.test("views and tags: what a client gets depends on who asks")
def views():
    config = f"""
        access-control-view: {CLIENTS[0]}/32 "inside"
        define-tag: "red"
        access-control-tag: {CLIENTS[1]}/32 "red"
        local-zone: "tagged." static
        local-zone-tag: "tagged." "red"
        local-zone: "far." static
        local-zone-tag: "far." "red"
        local-zone-override: "tk." {CLIENTS[2]}/32 refuse
        local-zone: "tk." transparent
        local-data: "seen. A 192.0.2.9" """
    tail = """view:
  name: "inside"
  local-zone: "corp." static
  local-data: "www.corp. A 192.0.2.7"
  local-zone: "com." redirect
  local-data: "com. A 192.0.2.8"
  view-first: yes
"""
    with pair(config, tail) as two:
        for client in (None, *CLIENTS):
            for name in ("www.corp.", "x.corp.", "corp.", "www.com.", "com.", "tagged.", "a.tagged.", "far.", "www.far.", "tk.", "www.tk.",
                         "seen.", "junk."):
                two.same(name, "A", source=client)
        tap.equal([word(two.same("x.corp.", "A", source=who)) for who in (CLIENTS[0], None)], ["NXDOMAIN"] * 2)
        tap.equal("192.0.2.8" in str(two.same("www.com.", "A", source=CLIENTS[0])), True)
        two.fast()
        quiet(two)


@tap.test("forward-zone, stub-zone and auth-zone: for a denied name, a TLD that exists, and one below a TLD")
def zones():
    config = 'domain-insecure: "corp."\ndomain-insecure: "com."\ndomain-insecure: "inner.net."'
    files = {name: f'zonefile: "{NET.folder}/{name}zone"' for name in ("corp.", "com.", "tk.", "inner.net.")}
    for label, make in (("forward-zone", forward), ("stub-zone", stub),
                        ("stub-zone stub-prime", lambda name: stub(name, "stub-prime: yes")),
                        ("forward-first", lambda name: forward(name, "forward-first: yes")),
                        ("auth-zone", lambda name: clause("auth-zone", name, files[name], "for-downstream: no", "for-upstream: yes")),
                        ("auth-zone downstream", lambda name: clause("auth-zone", name, files[name], "for-upstream: no")),
                        ("auth-zone from a server", lambda name: clause("auth-zone", name, f"primary: {ELSEWHERE}", "fallback-enabled: yes"))):
        with pair(config, "".join(make(name) for name in ("corp.", "com.", "tk.", "inner.net."))) as two:
            try:
                if "server" in label:
                    lab.wait(lambda: all(r.log.count("transferred") >= 4 or "serial 1" in r.control("list_auth_zones").replace("corp.\t", "")
                                         for r in (two.local, two.plain)), 15, "the zones")
                # The first question of all is for what was configured.
                two.data("www.corp.", HERE)
                below(two, ("corp.", "com.", "tk.", "inner.net."), "NOERROR")
                for name in ("www.com.", "www.tk.", "www.inner.net."):
                    two.data(name, HERE)
                two.same("www.net.", "A", "NOERROR")
                two.same("sub.inner.tk.", "A")
                if label != "auth-zone downstream":
                    two.fast()
                quiet(two)
            except AssertionError as fault:
                raise AssertionError(f"{label}: {fault}") from fault


@tap.test("a single one of them, asked for before the iterator has seen the copy at all")
def first_question():
    for make in (forward, stub, lambda name: clause("auth-zone", name, f'zonefile: "{NET.folder}/{name}zone"', "for-downstream: no")):
        for name in ("corp.", "tk."):
            with pair('domain-insecure: "corp."', make(name)) as two:
                two.data(f"www.{name}", HERE)
                two.fast()


@tap.test("the same without domain-insecure: what cannot be validated fails alike")
def zones_bogus():
    for make in (forward, stub):
        with pair("", make("corp.") + make("com.") + make("tk.") + make("deep.er.corp2.")) as two:
            for name in ("www.corp.", "corp.", "www.com.", "com."):
                two.same(name, "A", "SERVFAIL")
            two.data("www.tk.", HERE)
            two.data("www.corp.", HERE, cd=True)
            two.data("www.com.", HERE, cd=True)
            two.same("corp2.", "A", "NXDOMAIN")
            two.same("er.corp2.", "A", "NXDOMAIN")
            two.fast()
            quiet(two)


@tap.test("domain-insecure, insecure-lan-zones, unblock-lan-zones, private-domain and private-address")
def insecure():
    config = """
        domain-insecure: "com."
        domain-insecure: "lan."
        domain-insecure: "deep.below.corp."
        insecure-lan-zones: yes
        unblock-lan-zones: yes
        private-domain: "home."
        private-domain: "com."
        private-address: 203.0.113.0/24 """
    with pair(config, "server:\n  aggressive-nsec: no\n") as two:
        # The root signs the denial, so that the insecure point does not come into it.
        tap.equal(secure(two.same("www.lan.", "A", "NXDOMAIN")), True, "AD below an insecure point that the root denies")
        for name in ("lan.", "www.lan.", "corp.", "below.corp.", "deep.below.corp.", "x.deep.below.corp.", "home.", "www.home."):
            for kind in ("A", "DS", "NS", "SOA"):
                two.same(name, kind, "NXDOMAIN")
        for name in ("com.", "www.com.", "org.", "www.org.", "www.tk.", "far.", "10.in-addr.arpa.", "1.0.0.10.in-addr.arpa."):
            for kind in ("A", "DS", "NS", "PTR"):
                two.same(name, kind)
        tap.equal(secure(two.same("www.com.", "A", "NOERROR")), False, "AD below an insecure TLD")
        tap.equal(secure(two.same("other.", "A", "NXDOMAIN")), True, "AD of what is not insecure")
        two.fast()
        quiet(two)


@tap.test("unbound-control: local zones, local data, forwards, stubs and insecure points come and go")
def at_run_time():
    with pair("aggressive-nsec: no") as two:
        def changed(add, remove, name, check, removed):
            two.same(f"before.{name}", "A")
            two.control("flush_zone", name)
            two.control(*add)
            two.control("flush_zone", name)
            check()
            two.control(*remove)
            two.control("flush_zone", name)
            removed()
            below(two, (name,))
        for name, after in (("corp.", "NXDOMAIN"), ("tk.", "NOERROR")):
            def back():
                two.same(f"www.{name}", "A", after)
            changed(["local_zone", name, "refuse"], ["local_zone_remove", name], name, lambda: two.same(f"www.{name}", "A", "REFUSED"), back)
            changed(["local_data", f"www.{name}", "A", "192.0.2.4"], ["local_data_remove", f"www.{name}"], name,
                    lambda: two.data(f"www.{name}", "192.0.2.4"), back)
            changed(["forward_add", "+i", name, ELSEWHERE], ["forward_remove", "+i", name], name, lambda: two.data(f"www.{name}", HERE), back)
            changed(["stub_add", "+i", name, ELSEWHERE], ["stub_remove", "+i", name], name, lambda: two.data(f"www.{name}", HERE), back)
            changed(["stub_add", "+ip", name, ELSEWHERE], ["stub_remove", "+i", name], name, lambda: two.data(f"www.{name}", HERE), back)
        for name, signed_by_root in (("corp.", True), ("com.", False)):
            changed(["insecure_add", name], ["insecure_remove", name], name,
                    lambda: tap.equal(secure(two.same(f"www.{name}", "A")), signed_by_root, "AD"),
                    lambda: tap.equal(secure(two.same(f"www.{name}", "A")), True, "AD"))
        two.control("insecure_add", ".")  # there is an anchor: nothing happens
        tap.equal(secure(two.same("junk.", "A")), True, "AD")
        two.fast()
        quiet(two)


@tap.test("unbound-control with two threads: every thread passes on what is forwarded")
def threads():
    with pair(threads=2) as two:
        two.control("forward_add", "+i", "corp.", ELSEWHERE)
        # Without locks of their own, up to 1.19, each thread gets the command a moment later.
        lab.wait(lambda: all(word(put(two.local, f"n{n}.corp.")) == word(put(two.plain, f"n{n}.corp.")) and HERE in str(put(two.local, "corp."))
                             for n in range(30)), 10, "all threads forward")
        two.control("forward_remove", "+i", "corp.")
        two.control("flush_zone", "corp.")
        lab.wait(lambda: all(word(put(two.local, f"m{n}.corp.")) == "NXDOMAIN" for n in range(30)), 10, "no thread forwards")
        quiet(two)


with NET:
    NET.nsd("elsewhere", {name: NET.write(f"{name}zone", zone(name)) for name in ("corp.", "com.", "tk.", "inner.net.", "deep.er.corp2.")},
            [ELSEWHERE])
    netns.add_addresses(CLIENTS)
    PREPARE = keep_copy(NET)
    tap.run()
