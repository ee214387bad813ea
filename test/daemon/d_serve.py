"""With a verified copy the module answers what the root zone decides, as a validating resolver would."""

import pathlib
import re
import subprocess
import sys

import dns.dnssec
import dns.rcode
import dns.rdata
import dns.rdatatype

import answers
import lab
import rootzone
import tap

NXDOMAIN, NOERROR = dns.rcode.NXDOMAIN, dns.rcode.NOERROR


class Scene:
    """One lab with a resolver that serves a copy, another without the module, and one that asks the first."""

    def __init__(self, root):
        self.net = lab.Lab(root)
        self.root = root

    def __enter__(self):
        net = self.net.__enter__()
        try:
            self.local = net.unbound(localroot=[])
            self.serial = self.local.wait_serving()
            self.plain = net.unbound()
            self.judge = net.unbound(config=lab.ASKING, tail=f'forward-zone:\n  name: "."\n  forward-addr: {self.local.address}@{self.local.port}\n')
        except BaseException:
            net.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, *what):
        return self.net.__exit__(*what)


def on_both_roots(name):
    """Registers the test once for the made root and once for the real one."""
    def register(function):
        def with_root(get_root):
            def run():
                with Scene(get_root()) as scene:
                    function(scene)
            return run
        tap.test(f"{name}, made root")(with_root(rootzone.make))
        tap.test(f"{name}, real root")(with_root(rootzone.real))
        return function
    return register


@on_both_roots("junk: NXDOMAIN with AD, SOA and both NSEC proofs")
def junk(scene):
    for name in ("junk-of-the-lab.", "a.b.c.junk-of-the-lab.", "zzzzzzzzz.", "0.", "*.junk-of-the-lab.", "com0."):
        reply = scene.local.ask(name)
        tap.equal((name, reply.rcode(), answers.secure(reply), answers.authoritative(reply)), (name, NXDOMAIN, True, False))
        answers.check_denial(reply, name)
    reply = scene.local.ask("JUNK-of-the-LAB.", dnssec=False, ad=True)
    tap.equal((reply.rcode(), answers.secure(reply), len(reply.authority)), (NXDOMAIN, True, 1), "without DO, with AD")


@on_both_roots("the proofs convince an Unbound without the module")
def judged(scene):
    for name, kind, rcode in (("junk-of-the-lab.", "A", NXDOMAIN), ("x.y.junk2-of-the-lab.", "AAAA", NXDOMAIN),
                              ("com.", "DS", NOERROR), ("tk.", "DS", NOERROR), (".", "SOA", NOERROR), (".", "NS", NOERROR),
                              (".", "MX", NOERROR), (".", "DNSKEY", NOERROR)):
        reply = scene.judge.ask(name, kind)
        tap.equal((name, kind, reply.rcode(), answers.secure(reply)), (name, kind, rcode, True))
    answered = scene.local.control("stats_noreset")["total.num.queries"]
    if answered < 8:
        raise AssertionError("the judge did not ask the resolver under test")


@tap.test("delv accepts a denial, a DS and the SOA, made root")
def delv():
    with Scene(rootzone.make()) as scene:
        key = pathlib.Path(scene.root.anchor).read_text().split("DNSKEY", 1)[1].split()
        anchors = scene.net.write("delv.anchors", f'trust-anchors {{ . static-key {" ".join(key[:3])} "{"".join(key[3:])}"; }};\n')
        for name, kind, wanted in (("junk-of-the-lab.", "A", "negative response, fully validated"),
                                   ("com.", "DS", "fully validated"), (".", "SOA", "fully validated")):
            done = subprocess.run(["delv", "-a", anchors, f"@{scene.local.address}", "-p", str(scene.local.port), name, kind],
                                  capture_output=True, text=True, timeout=30)
            if wanted not in done.stdout:
                raise AssertionError(f"{name} {kind}: {done.stdout}{done.stderr}")


@on_both_roots("DS at a delegation is secure, or proven absent")
def ds(scene):
    reply = scene.local.ask("com.", "DS")
    tap.equal((reply.rcode(), answers.secure(reply)), (NOERROR, True), "com. DS")
    answers.find(reply.answer, "com.", dns.rdatatype.DS)
    reply = scene.local.ask("tk.", "DS")
    tap.equal((reply.rcode(), answers.secure(reply), reply.answer), (NOERROR, True, []), "tk. DS")
    answers.find(reply.authority, "tk.", dns.rdatatype.NSEC)
    answers.find(reply.authority, ".", dns.rdatatype.SOA)


@on_both_roots("the apex: each type it has, and NODATA for others")
def apex(scene):
    for kind in ("SOA", "NS", "DNSKEY", "NSEC", "ZONEMD"):
        reply = scene.local.ask(".", kind)
        tap.equal((kind, reply.rcode(), answers.secure(reply), answers.authoritative(reply)), (kind, NOERROR, True, False))
        answers.find(reply.answer, ".", dns.rdatatype.from_text(kind))
    tap.equal(scene.local.ask(".", "SOA").answer[0][0].serial, scene.root.serial, "serial")
    for kind in ("A", "MX", "TXT", "DS", "CNAME", "HTTPS"):
        reply = scene.local.ask(".", kind)
        tap.equal((kind, reply.rcode(), answers.secure(reply), reply.answer), (kind, NOERROR, True, []))
        answers.find(reply.authority, ".", dns.rdatatype.NSEC)


@on_both_roots("names under delegations resolve through their servers")
def delegated(scene):
    for tld in scene.net.served:
        start = len(scene.net.sniffer.queries())
        for name in (f"www.{tld}.", f"chain.{tld}.", f"www.shop.{tld}."):
            reply = scene.local.ask(name)
            tap.equal((name, reply.rcode(), any(r.rdtype == dns.rdatatype.A for r in reply.answer)), (name, NOERROR, True))
        if not scene.net.upstream_queries(scene.local, start):
            raise AssertionError(f"nothing was asked of {tld}'s servers")
    if scene.root.signed:
        tap.equal(answers.secure(scene.local.ask("txt.com.", "TXT")), True, "secure below com")


@on_both_roots("the same answers as an Unbound without the module")
def same(scene):
    tlds = sorted(scene.root.delegations)[1:]
    questions = [(f"{tld}.", "DS") for tld in tlds[::97]] + [(f"{tld}-x.", "A") for tld in tlds[::131]]
    questions += [(f"www.{tld}.", kind) for tld in scene.net.served for kind in ("A", "AAAA", "MX")]
    questions += [(f"nothing.{tld}.", "A") for tld in scene.net.served]
    questions += [(".", kind) for kind in ("SOA", "NS", "DNSKEY", "MX")] + [("a.b.junk.", "A"), ("local-junk.", "SOA")]
    for name, kind in questions:
        for how in ({}, {"dnssec": False}, {"cd": True}):
            got, wanted = scene.local.ask(name, kind, **how), scene.plain.ask(name, kind, **how)
            tap.equal(answers.summary(got), answers.summary(wanted), f"{name} {kind} {how}")


@on_both_roots("the log tells serial, source and how it was verified; Unbound shows the upstream auth zone")
def visible(scene):
    log = scene.local.log
    verified = re.search(rf"info: localroot: axfr:192\.0\.32\.132: serial {scene.serial} verified: ZONEMD SHA-384, (\d+) signatures, "
                         r"key tag (\d+); \d+ records, \d+ delegations$", log, re.MULTILINE)
    if not verified:
        raise AssertionError(f"not said that it was verified:\n{log}")
    with open(scene.root.zone, encoding="ascii") as lines:
        records = [line.split(None, 4) for line in lines]
    keys = [dns.rdata.from_text("IN", "DNSKEY", words[4]) for words in records if words[3] == "DNSKEY"]
    tags = [dns.dnssec.key_id(key) for key in keys if key.flags == 257]
    tap.equal(verified.groups(), (str(sum(words[3] == "RRSIG" for words in records)), str(tags[0])), f"signatures, tag of {tags}")
    scene.local.ask(f"www.{scene.net.served[0]}.")
    tap.equal(re.findall(r"^\.\s+serial (\d+)", scene.local.control("list_auth_zones"), re.MULTILINE), [str(scene.serial)],
              "list_auth_zones")


@on_both_roots("the copy on disk is a master file that ldns, BIND and NSD accept")
def disk(scene):
    scene.local.wait_stored()
    date = ["-t", scene.root.date] if scene.root.date else []
    for command in (["ldns-verify-zone", "-k", scene.root.anchor, *date, "-ZZ"], ["ldns-read-zone"],
                    ["named-checkzone", "-i", "none", "."], ["nsd-checkzone", "."]):
        subprocess.run([*command, str(scene.local.folder / "localroot.zone")], check=True, capture_output=True, timeout=60)


tap.run()
