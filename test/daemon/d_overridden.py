"""What takes the root away from the module: it declines, says so once, and resolution goes on as without it. And
response policy zones, some triggers of which do that as well."""

import re

import lab
import netns
from pair import Pair, keep_copy
import tap
import tlds

NAMES = ("junk.", "a.junk.", "com.", "www.com.", "tk.", "www.tk.", "www.shop.far.", ".")
CLIENT = "10.53.0.203"
MODULES = {"modules": "respip validator iterator"}
NET = lab.Lab()


def a(what):
    return f"an {what}" if what[0] in "aR" else f"a {what}"


def clause(kind, *lines, name="."):
    return f'{kind}:\n  name: "{name}"\n' + "".join(f"  {line}\n" for line in lines)


def declines(what, tail="", config="", names=NAMES, wanted=None, at_start=True, **more):
    """With that, everything is as without the module, which says once that it does not serve."""
    with Pair(NET, PREPARE, config, tail, **more) as two:
        line = f"there is {a(what)}, which decides instead: not serving"
        tap.equal(two.local.log.count(line), 1 if at_start else 0, f"{line!r} at the start:\n{two.local.log}")
        for name in names:
            for kind in ("A", "DS", "NS", "SOA"):
                two.same(name, kind, wanted)
        two.same("later.", "A", wanted)
        tap.equal(two.root_asked()[0], two.root_asked()[1], f"{what}: whether the root was asked")
        tap.equal(two.local.log.count(line), 1, f"{line!r}:\n{two.local.log}")
        numbers = two.local.metrics()
        tap.equal((numbers.get("serving", 0), numbers.get("remaining", 0)), (0, 0), f"{what}: the gauges")
        check_status(two.local, f"there is {a(what)}")
        if at_start:
            tap.equal(two.local.log.count("serving the root zone"), 0, two.local.log)


def check_status(resolver, wanted):
    try:
        status = resolver.control("localroot_status")
    except RuntimeError:  # a stock Unbound
        return
    lines = status.splitlines()
    tap.equal(lines[0], f"not serving: {wanted}, which decides instead")
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \([^)]*\)"
    tap.equal("next look" in status, False, status)
    try:
        resolver.control("localroot_refresh")
    except RuntimeError as error:
        tap.equal(f"error not serving: {wanted}, which decides instead: no source is asked" in str(error), True, str(error))
    else:
        raise AssertionError("localroot_refresh is not refused")
    held = rf"held: serial {NET.zone.serial}, confirmed {time}, renewed {time}, good until {time} by [^,]*, from axfr:\S+( at \S+)?, signed with .*"
    tap.equal((re.fullmatch(held, lines[2]) is not None, "\ngood until" in status), (True, False), status)


@tap.test("forward-zone \".\": by address, forward-first, and to what does not answer")
def forwarded():
    judge = NET.unbound()
    addr = f"forward-addr: {judge.address}@{judge.port}"
    declines('forward-zone: "."', clause("forward-zone", addr))
    declines('forward-zone: "."', clause("forward-zone", addr, "forward-first: yes"))
    declines('forward-zone: "."', clause("forward-zone", "forward-addr: 127.0.0.1@9", "forward-tls-upstream: yes"), names=("junk.",),
             wanted="SERVFAIL")
    # It refuses everything but its own zones, so that the root servers are asked after all.
    declines('forward-zone: "."', clause("forward-zone", f"forward-addr: {tlds.LEAF_ADDRESSES[0]}", "forward-first: yes"))
    # Below a forwarded root, a stub-zone is no hole for the copy to come in by.
    declines('forward-zone: "."', clause("forward-zone", addr) + clause("stub-zone", "stub-addr: 127.0.0.1@9", name="corp."))
    judge.stop()


@tap.test("stub-zone \".\"")
def stubbed():
    for more in ([], ["stub-prime: yes"], ["stub-first: yes"]):
        declines('stub-zone: "."', clause("stub-zone", f"stub-addr: {NET.root_addresses[0]}", *more))


@tap.test("a user's auth-zone \".\": zonefile or primary, upstream or downstream, with fallback and without")
def auth_zone():
    file, primary = f'zonefile: "{NET.zone.zone}"', f"primary: {NET.transfer_addresses[0]}"
    for more in ([file, "for-downstream: no", "for-upstream: yes"], [file, "for-downstream: yes", "for-upstream: no"],
                 [file, "for-downstream: no", "for-upstream: no"], [file, "for-downstream: no", "fallback-enabled: yes"],
                 ["primary: 127.0.0.1@9", "for-downstream: no", "fallback-enabled: yes"]):
        declines('auth-zone: "."', clause("auth-zone", *more))
    with Pair(NET, PREPARE, "", clause("auth-zone", primary, "for-downstream: no", "fallback-enabled: yes")) as two:
        for resolver in (two.local, two.plain):
            lab.wait(lambda: f"{NET.zone.serial}" in resolver.control("list_auth_zones"), 15, "the zone")
        for name in NAMES:
            two.same(name, "A")
        tap.equal(two.root_asked(), (False, False))


@tap.test("unbound-control: forward_add, forward, stub_add at \".\", and their removals")
def at_run_time():
    judge = NET.unbound()
    address = f"{judge.address}@{judge.port}"
    with Pair(NET, PREPARE) as two:
        for what, add, remove in (("forward-zone", ["forward_add", ".", address], ["forward_remove", "."]),
                                  ("forward-zone", ["forward", address], ["forward", "off"])):
            start, seen = len(two.local.log), len(NET.sniffer.queries())
            two.control(*add)
            tap.equal(two.local.control("list_forwards").split()[:3], [".", "IN", "forward"], "list_forwards")
            for name in (f"{add[0].replace('_', '-')}.junk.", *NAMES):  # the first is in no cache
                for kind in ("A", "DS"):
                    two.same(name, kind)
            # Not of everything: addresses of name servers may still be on their way from before.
            tap.equal([q for q in NET.upstream_queries(two.local, seen) if q.name.endswith("junk.")], [], "not forwarded")
            tap.equal(two.local.log[start:].count(f'localroot: there is a {what}: "."'), 1, two.local.log[start:])
            check_status(two.local, f'there is a {what}: "."')
            two.control(*remove)
            for name in (*NAMES, "more.", "far."):
                two.same(name, "A")
            tap.equal(two.local.log[start:].count('nothing else decides for "." any more'), 1, two.local.log[start:])
        tap.equal(NET.root_queries(two.local), [], "queries to the root")
        two.fast()
        # A stub in the place of the root hints: no root server is asked without it, until one is needed.
        start = len(two.local.log)
        two.control("stub_add", ".", NET.root_addresses[0])

        def seen():  # within a second
            two.local.ask("junk-meanwhile.")
            return 'there is a stub-zone: "."' in two.local.log[start:]
        lab.wait(seen, 5, "the stub-zone is seen")
        two.same("unknown-so-far.", "A", "NXDOMAIN")
        tap.equal(two.local.log[start:].count('localroot: there is a stub-zone: "."'), 1, two.local.log[start:])
        tap.equal({q.destination for q in NET.root_queries(two.local)}, {NET.root_addresses[0]}, "asked")
    judge.stop()


def policy(lines, name="policy.", *options):
    file = NET.write(f"{name}{abs(hash(tuple(lines)))}.zone", f"$ORIGIN {name}\n$TTL 60\n@ SOA ns.{name} h.{name} 1 3600 900 604800 60\n@ NS ns.{name}\n"
                     + "".join(line + "\n" for line in lines))
    return f'rpz:\n  name: "{name}"\n  zonefile: "{file}"\n' + "".join(f"  {option}\n" for option in options)


ACTIONS = {"nxdomain": "CNAME .", "nodata": "CNAME *.", "passthru": "CNAME rpz-passthru.", "drop": "CNAME rpz-drop.",
           "tcp": "CNAME rpz-tcp-only.", "data": "A 192.0.2.53", "cname": "CNAME www.tk."}


@tap.test("RPZ: triggers on names and on answers' addresses, with every action, for denied and delegated names")
def rpz_names():
    lines, names = [], []
    delegated = [tld for tld in sorted(NET.zone.delegations) if tld and tld not in NET.served]
    for place, (label, action) in enumerate(ACTIONS.items()):
        tld = "com" if label == "passthru" else delegated[place]
        for name in (f"denied-{label}", tld):
            lines += [f"{name} {action}", f"*.{name} {action}"]
            names.append((label, name))
    # The names themselves, which the validator asks for the DS of as well.
    lines += ["net A 192.0.2.56", "org CNAME .", "info CNAME *.", "far CNAME .", "32.90.113.0.203.rpz-ip CNAME .", "a.ns.gq.rpz-nsdname A 192.0.2.54", "ns.shop-dns.org.rpz-nsdname CNAME *.",
              f"32.{'.'.join(reversed(CLIENT.split('.')))}.rpz-client-ip CNAME *."]
    with Pair(NET, PREPARE, "", policy(lines), **MODULES) as two:
        tap.equal("192.0.2.54" in str(two.same("www.gq.", "A")), True, "a TLD's name server")
        for label, name in names:
            for kind in ("A", "TXT", "DS"):
                for front in ("", "x."):
                    two.same(f"{front}{name}.", kind, limit=0.3 if label == "drop" else 8)
            two.same(f"y.{name}.", "A", tcp=True, limit=0.3 if label == "drop" else 8)
            two.same(f"y.{name}.", "A", source=CLIENT)
        for name in ("www.shop.tk.", "www.gq.", "gq.", "www.shop.info.", "www.shop.com.", "www.tk.", "junk.", "to-gq.com.", "chain.com.",
                     "www.net.", "www.org.", "www.info.", "net.", "org.", "www.far."):
            for kind in ("A", "DS", "NS"):
                two.same(name, kind)
                two.same(name, kind, source=CLIENT)
        two.same("www.shop.tk.", "A", "SERVFAIL")
        two.same("www.shop.com.", "A")  # among so many triggers it depends on the version which one acts
        two.same("denied-nodata.", "A", "NOERROR")
        two.same("denied-nxdomain.", "DS", "NXDOMAIN")
        two.same("denied-drop.", "A", "no answer", limit=0.3)
        tap.equal("192.0.2.53" in str(two.same("denied-data.", "A")), True)
        two.fast()
        tap.equal(two.root_asked(), (False, True), "queries to the root")
    with Pair(NET, PREPARE, "", policy(["32.90.113.0.203.rpz-ip CNAME ."]), **MODULES) as two:
        two.same("www.shop.com.", "A", "NXDOMAIN")


@tap.test("RPZ: triggers on the root servers' names and addresses act on what the root would be asked")
def rpz_on_root():
    address = ".".join(reversed(NET.root_addresses[0].split(".")))
    for trigger in ("a.root-servers.net.rpz-nsdname", "*.root-servers.net.rpz-nsdname", f"24.0.{address.split('.', 1)[1]}.rpz-nsip"):
        for action, wanted in (("CNAME .", "NXDOMAIN"), ("A 192.0.2.55", "NOERROR")):
            declines("RPZ with a trigger on the root servers", policy([f"{trigger} {action}"]), names=("junk.", "www.com."),
                     at_start=False, **MODULES)


@tap.test("RPZ: what does not act on the root servers does not take the root away")
def rpz_not_on_root():
    passing = "*.root-servers.net.rpz-nsdname CNAME rpz-passthru."
    blocking = "*.root-servers.net.rpz-nsdname CNAME ."
    for tail in (policy([passing]), policy([passing]) + policy([blocking], "second."),
                 policy([blocking], "policy.", "rpz-action-override: passthru"),
                 policy([blocking], "policy.", "rpz-action-override: disabled"), policy(["b.ns.gq.rpz-nsdname CNAME ."])):
        with Pair(NET, PREPARE, "", tail, **MODULES) as two:
            for name in NAMES[:-1]:
                two.same(name, "A")
            two.fast()
            tap.equal(two.root_asked(), (False, True), "queries to the root")


with NET:
    netns.add_addresses([CLIENT])
    PREPARE = keep_copy(NET)
    tap.run()
