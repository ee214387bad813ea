"""One verdict: of a root zone, localroot-check says what the module makes of it, in the same words."""

import os
import pathlib
import re
import time

import lab
import rootzone
from rootzone import SERIAL
import tap

LOC = "loc. 86400 IN LOC 52 22 23.000 N 4 53 32.000 E -2.00m 0.00m 10000m 10m"
# The same as RFC 1876 section 2 has it: version, size, precisions; thousandths of arc seconds from 2^31; centimetres from -100 km.
LOC_GENERIC = r"loc. 86400 IN TYPE29 \# 16 00001613 8B3CF018 810CBCE0 009895B8"


def small(folder, name, *more):
    return rootzone.small(pathlib.Path(folder, f"{name}.zone"), SERIAL + 1, *more)


def changed(folder, name, edit, *more):
    path = pathlib.Path(folder) / f"{name}.zone"
    rootzone.Root(small(folder, f"{name}-before", *more), rootzone.make().anchor, SERIAL + 1).edited(path, edit)
    return path


def without(kind):
    return lambda lines: [line for line in lines if f"\t{kind}\t" not in line]


def refused(folder):
    """(the word, the file) of zones that are not to be taken. Behind "update" an older serial would be the reason."""
    yield "expired", pathlib.Path(rootzone.make(days=(-20, -5)).zone)
    yield "anchor", pathlib.Path(rootzone.make(keys="other", serial=SERIAL).zone)
    yield "unsupported", small(folder, "ldns-alone-reads-it", LOC)
    yield "update", small(folder, "unknown-type", r"new-type. 86400 IN TYPE65280 \# 4 C0000201")
    yield "update", small(folder, "unknown-algorithm", ". 172800 IN DNSKEY 256 3 99 bm90IGEga2V5")
    yield "format", small(folder, "two-ttls", "x. 60 IN NS ns.x.", "ns.x. 60 IN A 192.0.2.1", "ns.x. 61 IN A 192.0.2.2")
    yield "format", small(folder, "cname", "x. 60 IN CNAME y.", "x. 60 IN TXT z")
    yield "format", changed(folder, "no-soa", without("SOA"))
    yield "nozonemd", changed(folder, "no-digest", without("ZONEMD"))
    yield "digest", changed(folder, "one-less", lambda lines: lines[:-1])
    yield "limit", small(folder, "large", rf"x. 60 IN TYPE65280 \# 20000 {'00' * 20000}")
    yield "format", pathlib.Path(folder, "nothing.zone")
    pathlib.Path(folder, "nothing.zone").write_bytes(b"")


def said_by(check):
    return re.search(r"not verified: (.*) \((\w+)\)$", check, re.MULTILINE).groups()


@tap.test("zones that the module refuses: localroot-check ends with 1, and both give the same reason")
def refusals():
    with lab.Lab(rootzone.calm()) as net:
        zones = list(refused(net.folder))
        resolver = net.unbound(localroot=[f"localroot-source: file:{path}" for _, path in zones])
        resolver.wait_metrics(lambda m: m["refresh_failed"] > 0, 30, "all of them asked")
        for word, path in zones:
            code, said = net.check(path)
            tap.equal((path.name, code), (path.name, 1), said)
            text, name = said_by(said)
            tap.equal((path.name, name), (path.name, word), said)
            if word != "update":  # of those the log tells once, in words of its own
                tap.equal((path.name, f"localroot: file:{path}: {text}\n" in resolver.log), (path.name, True), f"{text}\n{resolver.log}")
            tap.equal((word, resolver.metrics()[f"failures_{word}"]), (word, sum(word == other for other, _ in zones)))


@tap.test("zones that localroot-check verifies: the module serves them")
def taken():
    with lab.Lab(rootzone.calm()) as net:
        generic = changed(net.folder, "generic", lambda lines: [LOC_GENERIC if "\tLOC\t" in line else line for line in lines], LOC)
        for path in (generic, pathlib.Path(rootzone.make(zonemd="sha512").zone),
                     pathlib.Path(rootzone.make("ed25519").zone)):
            anchor = path.with_name("root.key") if path.with_name("root.key").exists() else net.zone.anchor
            code, said = net.check(path, "-a", str(anchor))
            tap.equal((path.name, code), (path.name, 0), said)
            resolver = net.unbound(localroot=[f"localroot-source: file:{path}"], anchor=anchor)
            resolver.wait_serving()
            resolver.stop()


@tap.test("a file that has not changed for longer than SOA expire: verified, and both say that it is too old to be served")
def too_old():
    with lab.Lab(rootzone.calm()) as net:
        path = small(net.folder, "old")
        eight_days_ago = time.time() - 8 * 86400  # SOA expire is seven
        os.utime(path, (eight_days_ago, eight_days_ago))
        code, said = net.check(path)
        tap.equal((code, bool(re.search(r"^good until +\d{14} \(SOA expire\): too old to be served$", said, re.MULTILINE))), (0, True), said)
        resolver = net.unbound(localroot=[f"localroot-source: file:{path}"])
        resolver.wait_refused(f"file:{path}", "stale")


tap.run()
