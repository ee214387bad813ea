"""What is not verified is never served: the reason is logged, resolution goes on as without the module, and a good
copy already held stays."""

import os
import re
import shutil

import answers
import lab
import rootzone
from rootzone import SERIAL, eager
import tap

SECRET = {"keys": "another"}  # a zone in perfect order, but for who signed it


def flipped(kind, place):
    """One octet changed in the data of the middle record of this type: place counts in its text, from the end where
    it is negative."""
    def edit(lines):
        found = [n for n, line in enumerate(lines) if line.split()[3:4] == [kind]]
        number = found[len(found) // 2]
        text = lines[number].rstrip()
        at = re.search(rf"\t{kind}\t", text).end() + place if place >= 0 else len(text) + place
        lines[number] = text[:at] + {"1": "2", "A": "B", "a": "b"}.get(text[at], "1" if text[at].isdigit() else "A") + text[at + 1:]
    return edit


def without_last(kind):
    def edit(lines):
        del lines[[n for n, line in enumerate(lines) if line.split()[3:4] == [kind]][-1]]
    return edit


def bad_zones(net):
    """name -> (file, the word of its refusal: see zone/lr_error.h). What changes the contents fails at the digest, which
    is looked at before any signature."""
    base = eager(1)
    zones = {}
    edits = {"flipped-glue": (flipped("A", -1), "digest"), "flipped-aaaa": (flipped("AAAA", -1), "digest"),
             "flipped-ns": (flipped("NS", -3), "digest"), "flipped-ds": (flipped("DS", -1), "digest"),
             "flipped-nsec": (flipped("NSEC", 0), "digest"),
             "flipped-signature": (flipped("RRSIG", -20), "digest"),
             "missing-glue": (without_last("AAAA"), "digest"), "missing-soa-signature": (_drop_soa_signature, "digest")}
    for name, (edit, reason) in edits.items():
        zones[name] = (base.edited(net.folder / f"{name}.zone", edit).zone, reason)
    zones["no-zonemd"] = (eager(1, zonemd="none").zone, "nozonemd")
    zones["expired"] = (eager(1, days=(-30, -1)).zone, "expired")
    zones["not-yet"] = (eager(1, days=(5, 30)).zone, "expired")
    zones["other-anchor"] = (eager(1, **SECRET).zone, "anchor")
    zones["empty"] = (net.write("empty.zone", ""), "format")
    with open(base.zone, encoding="ascii") as whole:
        half = "".join(whole.readlines()[:12000])
    zones["cut"] = (net.write("cut.zone", half), "digest")
    zones["torn"] = (net.write("torn.zone", half + "com.\t1728"), "format")
    zones["text"] = (net.write("text.zone", "<html>Not found</html>\n"), "format")
    return zones


def _drop_soa_signature(lines):
    lines[:] = [line for line in lines if not line.startswith(".") or line.split()[3:5] != ["RRSIG", "SOA"]]


def normal(net, resolver, plain, label):
    """Resolution is that of a resolver without the module: through the root servers, with the same answers."""
    start = len(net.sniffer.queries())
    for name, kind in ((f"junk-{label}.", "A"), ("www.com.", "A"), ("www.shop.far.", "A"), ("org.", "DS"), ("tk.", "DS"), (".", "SOA")):
        got, wanted = resolver.ask(name, kind), plain.ask(name, kind)
        tap.equal(answers.summary(got), answers.summary(wanted), f"{label}: {name} {kind}")
    if not net.root_queries(resolver, start):
        raise AssertionError(f"{label}: nothing was asked of the root servers")


@tap.test("a first zone with any fault is not served; the reason is logged and the root servers are asked")
def never_served():
    with lab.Lab(eager()) as net:
        plain = net.unbound()
        for name, (file, word) in bad_zones(net).items():
            resolver = net.unbound(localroot=[f"localroot-source: file:{file}"])
            try:
                resolver.wait_refused(f"file:{file}", word)
            except TimeoutError as late:
                raise AssertionError(f"{name}: {late}") from None
            normal(net, resolver, plain, name)
            tap.equal((name, resolver.metrics().get("serving", 0)), (name, 0), "serving")
            if (resolver.folder / "localroot.zone").exists():
                raise AssertionError(f"{name}: it was stored")
            resolver.stop()


@tap.test("a good copy stays when the next zone has any fault, or is older, or the source is gone")
def good_stays():
    with lab.Lab(eager()) as net:
        faults = bad_zones(net)
        faults["older"] = (eager(-5).zone, "serial")
        faults["gone"] = (None, "io")
        held = {}
        for name in faults:
            source = net.write(f"{name}.source", open(eager().zone, encoding="ascii").read())
            held[name] = (net.unbound(localroot=[f"localroot-source: file:{source}"]), source)
        for name, (resolver, source) in held.items():
            tap.equal(resolver.wait_serving(), SERIAL, name)
            file, _ = faults[name]
            if file:
                shutil.copy(file, source + ".new")
                os.rename(source + ".new", source)
            else:
                os.unlink(source)
        for name, (resolver, source) in held.items():
            try:
                resolver.wait_refused(f"file:{source}", faults[name][1])
            except TimeoutError as late:
                raise AssertionError(f"{name}: {late}") from None
            net.serves(resolver, name, SERIAL)


@tap.test("no source answers: normal iteration, and each source is named in the log")
def no_source():
    with lab.Lab(eager()) as net:
        net.serve_source(None)
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{address}" for address in net.transfer_addresses])
        for address in net.transfer_addresses:
            resolver.wait_refused(f"axfr:{address}", "unreachable")
        normal(net, resolver, net.unbound(), "no-source")


@tap.test("the second source is used when the first serves a bad zone")
def next_source():
    with lab.Lab(eager()) as net:
        bad = eager(1).edited(net.folder / "bad.zone", flipped("A", -1))
        resolver = net.unbound(localroot=[f"localroot-source: file:{bad.zone}", "localroot-source: axfr:192.0.32.132"])
        tap.equal(resolver.wait_serving(), SERIAL)
        resolver.wait_refused(f"file:{bad.zone}", "digest")


@tap.test("a copy on disk is verified again: one flipped byte, and it is not served")
def disk_copy_flipped():
    with lab.Lab(eager()) as net:
        first = net.unbound(localroot=[])
        first.wait_stored()
        first.stop()
        net.serve_source(None)
        copy = first.folder / "localroot.zone"
        lines = copy.read_text(encoding="ascii").splitlines()
        flipped("A", -1)(lines)
        copy.write_text("\n".join(lines) + "\n", encoding="ascii")
        resolver = net.unbound(localroot=[], folder=first.folder)
        resolver.wait_refused(str(copy), "digest")
        normal(net, resolver, net.unbound(), "disk")


@tap.test("a restart does not make an older serial welcome")
def older_after_restart():
    with lab.Lab(eager()) as net:
        first = net.unbound(localroot=[])
        first.wait_stored()
        first.stop()
        net.serve_source(eager(-5))
        resolver = net.unbound(localroot=[], folder=first.folder)
        # The timers of the zone let ten seconds pass before the source is asked.
        resolver.wait_refused(lab.SOURCE, "serial")
        tap.equal(resolver.ask(".", "SOA").answer[0][0].serial, SERIAL, "serial served")


@tap.test("an anchor that does not match the root: not served, and no different from a resolver without the module")
def anchor_mismatch():
    with lab.Lab(eager()) as net:
        anchor = eager(1, **SECRET).anchor
        resolver, plain = net.unbound(localroot=[], anchor=anchor), net.unbound(anchor=anchor)
        resolver.wait_refused(lab.SOURCE, "anchor")
        for name, kind in (("junk-x.", "A"), ("www.com.", "A"), (".", "SOA")):
            tap.equal(resolver.ask(name, kind).rcode(), plain.ask(name, kind).rcode(), f"{name} {kind}")
            tap.equal(answers.summary(resolver.ask(name, kind, cd=True)), answers.summary(plain.ask(name, kind, cd=True)), name)


@tap.test("the real root: one flipped byte, and it is not served")
def real_flipped():
    root = rootzone.real()
    with lab.Lab(root) as net:
        plain = net.unbound()
        for kind, place in (("A", -1), ("DS", -1), ("RRSIG", -20)):
            bad = root.edited(net.folder / "bad.zone", flipped(kind, place))
            resolver = net.unbound(localroot=[f"localroot-source: file:{bad.zone}"])
            resolver.wait_refused(f"file:{bad.zone}", "digest")
            tap.equal(answers.summary(resolver.ask("junk-x.")), answers.summary(plain.ask("junk-x.")), "junk")
            if not net.root_queries(resolver):
                raise AssertionError("nothing was asked of the root servers")


tap.run()
