"""The trust anchors are Unbound's own, in every form it reads them; they follow RFC 5011 while the copy is served, and
the copy is served only as long as it verifies with them."""

import pathlib
import re
import shutil

import answers
import lab
from pair import put, word
import roll
import rootzone
import tap

NET = None  # the lab of the test that runs
TICK = 15  # seconds within which the module looks at the anchors, and some more


def in_lab(function):
    def run():
        global NET
        with lab.Lab() as NET:
            function()
    return run


def ds_of(anchor):
    return [line for line in rootzone._tool(".", "ldns-key2ds", "-n", "-2", anchor).splitlines() if "DS" in line][0]


def other_anchor():
    return rootzone.make("ecdsa", keys="another").anchor


def serves(resolver, net=None, below="www.com."):
    """Answers are the copy's, with AD, and nothing goes to the root."""
    net = net or NET
    resolver.wait_serving()
    start = len(net.sniffer.queries())
    net.serves(resolver, "junk")
    tap.equal(word(put(resolver, below)), "NOERROR", below)
    tap.equal(net.root_queries(resolver, start), [], "queries to the root")


def declines(resolver, line, secure=False):
    """Said once; the root servers are asked, and nothing fails but what fails without the module as well."""
    resolver.wait_log(line)
    reply = resolver.ask("junk-without-anchor.")
    tap.equal((word(answers.summary(reply)), answers.secure(reply)), ("NXDOMAIN", secure), "junk")
    if not NET.root_queries(resolver):
        raise AssertionError("the root was not asked")
    tap.equal(len(re.findall(line, resolver.log)), 1, f"{line!r} in the log:\n{resolver.log}")
    tap.equal(resolver.metrics().get("serving", 0), 0, "serving")


@tap.test("anchors as DS and as DNSKEY, in the configuration and in files, alone and beside others")
@in_lab
def forms():
    good, other = NET.zone.anchor, other_anchor()
    key = roll.key_of(good).split(None, 4)[4].split(None, 3)
    bind = NET.write("keys.bind", f'trusted-keys {{\n"." {key[0]} {key[1]} {key[2]} "{"".join(key[3].split())}";\n}};\n')
    auto = NET.write("auto.key", roll.key_of(good) + "\n")
    for config in (f'trust-anchor: "{ds_of(good)}"', f'trust-anchor: "{roll.key_of(good)}"', f'trusted-keys-file: "{bind}"',
                   f'trust-anchor-file: "{NET.write("ds.key", ds_of(good) + chr(10))}"', f'auto-trust-anchor-file: "{auto}"',
                   f'trust-anchor: "{ds_of(other)}"\ntrust-anchor: "{ds_of(good)}"', f'trust-anchor: "{roll.key_of(other)}"\ntrust-anchor-file: "{good}"',
                   f'trust-anchor: "{ds_of(good)}"\ntrust-anchor: "com. DS 1 8 2 {"00" * 32}"\ndomain-insecure: "org."',
                   # The anchor stands, whatever is called insecure: as in Unbound itself.
                   f'trust-anchor-file: "{good}"\ndomain-insecure: "."'):
        resolver = NET.unbound(localroot=[], anchor="none", config=config)
        try:
            serves(resolver, below="www.tk." if "com. DS" in config else "www.com.")
            resolver.stop()
            # Now with a copy from the start: neither the first probe nor anything else goes to the root.
            start = len(NET.sniffer.queries())
            again = NET.unbound(localroot=[], anchor="none", config=config, folder=resolver.folder)
            serves(again, below="www.tk.")
            tap.equal([q for q in NET.root_queries(again, start)], [], "queries to the root")
            again.stop()
        except (AssertionError, TimeoutError) as fault:
            raise AssertionError(f"{config}:\n{fault}") from fault


@tap.test("no anchor for \".\", insecure \".\", an anchor for a TLD only, no validator: declines, says why once and in the status")
@in_lab
def none():
    for config, modules in (("", "validator iterator"), ('domain-insecure: "."', "validator iterator"),
                            (f'trust-anchor: "com. DS 1 8 2 {"00" * 32}"', "validator iterator"),
                            (f'trust-anchor-file: "{NET.zone.anchor}"', "iterator")):
        resolver = NET.unbound(localroot=[], anchor="none", config=config, modules=modules)
        reason = 'no trust anchor for "."' if "validator" in modules else \
            "there is no validator among the modules, and so no trust anchor"
        declines(resolver, re.escape(f"localroot: {reason}: not serving"))
        try:
            status = resolver.control("localroot_status")
        except RuntimeError:  # a stock Unbound
            status = f"not serving: {reason}\n"
        tap.equal(status.splitlines()[0], f"not serving: {reason}", "the status")
        resolver.stop()


@tap.test("an anchor that the zone does not hang from: refused, and so is a copy on disk after a reload with it")
@in_lab
def wrong():
    file = NET.folder / "changing.key"
    shutil.copy(NET.zone.anchor, file)
    resolver = NET.unbound(localroot=[], anchor=str(file))
    serves(resolver)
    shutil.copy(other_anchor(), file)
    resolver.reload()
    resolver.wait_refused(str(resolver.folder / "localroot.zone"), "anchor")
    # Without the module it would be as bogus.
    tap.equal(word(put(resolver, "junk-bogus.")), "SERVFAIL", "with another root's anchor")
    tap.equal(resolver.metrics().get("serving", 0), 0, "serving")
    shutil.copy(NET.zone.anchor, file)
    resolver.reload()
    serves(resolver)


@tap.test("roots signed with ECDSA P-256 and with Ed25519")
def algorithms():
    for algorithm in ("ecdsa", "ed25519"):
        with lab.Lab(rootzone.make(algorithm)) as net:
            resolver = net.unbound(localroot=[])
            serves(resolver, net)
            plain = net.unbound()
            for name, kind in (("junk.", "A"), (".", "DNSKEY"), ("com.", "DS"), ("tk.", "DS"), ("www.com.", "A"), (".", "SOA")):
                tap.equal(put(resolver, name, kind), put(plain, name, kind), f"{algorithm}: {name} {kind}")
            tap.equal(net.root_queries(resolver), [], "queries to the root")


@tap.test("another root, with its own hints, anchor and source")
@in_lab
def alternate():
    address = "198.51.100.77"
    other = rootzone.make("ecdsa", keys="another")
    server = NET.nsd("alternate", {".": other.zone}, [address])
    hints = NET.write("alternate.hints", f". 3600000 NS ns.alternate.\nns.alternate. 3600000 A {address}\n")
    resolver = NET.unbound(localroot=[f"localroot-source: axfr:{address}"], anchor=other.anchor, hints=hints)
    resolver.wait_serving()
    reply = resolver.ask("junk.")
    tap.equal((word(answers.summary(reply)), answers.secure(reply)), ("NXDOMAIN", True), "junk")
    tap.equal(answers.secure(resolver.ask(".", "DNSKEY")), True, "its keys")
    tap.equal([q for q in NET.upstream_queries(resolver) if q.destination in (address, *NET.root_addresses)], [], "queries to a root")
    server.stop()


@tap.test("anchors that change so that the copy does not verify any more: it is dropped within moments")
def dropped():
    with roll.rolling("old", "new", "zsk") as (steps, net):
        auto = pathlib.Path(net.write("auto.key", roll.key_of(net.zone.anchor) + "\n"))
        resolver = net.unbound(localroot=[], anchor="none", config=f"""
            auto-trust-anchor-file: "{auto}"
            permit-small-holddown: yes
            add-holddown: 1
            del-holddown: 1
            keep-missing: 1""")
        resolver.wait_serving(steps.serial)
        lab.wait(lambda: auto.read_text(encoding="ascii").count("VALID") == 2, 30, "both keys are trusted")
        resolver.wait_log(rf"localroot: the trust anchors changed: serial {steps.serial} verified again", TICK)
        # A copy signed by the old key alone, then the old key revoked by the root servers, asked past the copy.
        net.serve_source(steps.step(("old", "zsk")))
        resolver.wait_serving(steps.serial, 30)
        net.serve_source(None)
        net.serve_root(steps.step(("revoked", "new", "zsk")))
        resolver.control("forward_add", ".", *net.root_addresses[:1])
        lab.wait(lambda: "REVOKED" in auto.read_text(encoding="ascii"), 30, lambda: auto.read_text(encoding="ascii"))
        resolver.control("forward_remove", ".")
        resolver.wait_log(r"localroot: the trust anchors changed: serial \d+ is not served any more", TICK)
        tap.equal(resolver.metrics().get("serving", 0), 0, "serving")
        resolver.control("flush_zone", ".")
        tap.equal(word(put(resolver, "junk-from-the-root.")), "NXDOMAIN", "junk")
        if not net.root_queries(resolver):
            raise AssertionError("the root was not asked")


tap.run()
