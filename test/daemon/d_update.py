"""Stepping aside: a root zone that verifies and that this build does not understand takes the copy away, whatever else
comes; and a serial that goes back on purpose is taken after localroot_forget."""

import pathlib
import re
import shutil

import lab
from lab import ASKING, SOURCE
import mounts
import rootzone
from rootzone import SERIAL
import shown
import tap

PLEASE = "please update this software"
REASON = f"not serving: the root zone has what this version does not understand: {PLEASE}"

NEW_TYPE = r"new-type. 86400 IN TYPE65280 \# 4 C0000201"
NEW_ALGORITHM = ". 172800 IN DNSKEY 256 3 99 bm90IGEga2V5IHRoYXQgYW55Ym9keSBrbm93cw=="


def small(folder, step, *more):
    path = rootzone.small(pathlib.Path(folder, f"small-{step}-{len(more)}.zone"), SERIAL + step, *more, timers=(1, 1, 604800))
    return rootzone.Root(path, rootzone.make().anchor, SERIAL + step)


def made():
    return lab.Lab(rootzone.eager())


def serves(net, resolver, label, serial):
    resolver.wait_serving(serial)
    net.serves(resolver, label, serial)


def wait_aside(resolver, serial, what):
    """Until it has stepped aside for that serial; the log says so once, as an error."""
    resolver.wait_metrics(lambda m: m.get("failures_update", 0) > 0 and m["serving"] == 0, 30, "steps aside")
    said = re.findall(r"error: localroot: (.*)", resolver.log)
    tap.equal(len(said), 1, f"errors in the log: {said}")
    tap.equal((f"serial {serial} " in said[0], what in said[0], said[0].endswith(PLEASE)), (True, True, True), said[0])
    lab.wait(lambda: f"serial {serial}\n" in (resolver.folder / "localroot.state").read_text(encoding="ascii"), 10, "the floor on disk")


def flipped(line_of, old, new):
    """The zone with a bit of what these lines say changed, and so not as it was signed."""
    def edit(lines):
        places = [at for at, line in enumerate(lines) if line_of in line]
        if not places or old not in lines[places[0]]:
            raise AssertionError(f"no {line_of} with {old}")
        lines[places[0]] = lines[places[0]].replace(old, new)
    return edit


for label, record, what in (("type", NEW_TYPE, "new-type. TYPE65280: a type unknown here"),
                            ("algorithm", NEW_ALGORITHM, ". DNSKEY: an algorithm unknown here")):
    def aside(label=label, record=record, what=what):
        with made() as net:
            new = small(net.folder, 1, record)
            resolver = net.unbound(localroot=[], config=ASKING)
            serves(net, resolver, "before", SERIAL)
            resolver.wait_stored()
            net.serve_source(new)
            net.serve_root(new)
            wait_aside(resolver, SERIAL + 1, what)
            tap.equal((resolver.status() or REASON).splitlines()[0], REASON, "localroot_status")
            if resolver.status():
                tap.equal(shown.state(resolver)["reason"], "update")
                shown.says(shown.CRITICAL, REASON, *shown.asking(resolver))
            net.passes(resolver, "aside")
            failed = resolver.metrics()["failures_update"]
            resolver.wait_metrics(lambda m: m["failures_update"] > failed or m["refresh_failed"] > 0, 30, "a round after that")

            # What was held lies on disk still, and the source is back at it: nobody is served that.
            net.serve_source(net.zone)
            tap.equal(resolver.stop(), 0, "exit code")
            again = net.unbound(localroot=[], folder=resolver.folder, config=ASKING)
            again.wait_refused(SOURCE, "serial", 1)
            tap.equal(again.metrics()["serving"], 0, "serves what is older, after a restart")
            net.passes(again, "restart")

            good = small(net.folder, 2)
            net.serve_source(good)
            net.serve_root(good)
            again.reload()
            serves(net, again, "after", SERIAL + 2)
    tap.test(f"an unknown {label}, verified: the copy is withdrawn at once and over a restart, until one that is understood comes")(aside)


@tap.test("a folder that has become read-only: what was withdrawn does not come back over a reload")
def read_only():
    with made() as net:
        new = small(net.folder, 1, NEW_TYPE)
        first = net.unbound(localroot=[], config=ASKING)
        first.wait_stored()
        first.stop()
        with mounts.Small(net.folder / "locked", "64m") as disk:
            for file in ("localroot.zone", "localroot.state"):
                shutil.copy2(first.folder / file, disk.path)
            disk.remount("ro")
            resolver = net.unbound(localroot=[f"localroot-dir: {disk.path}"], config=ASKING)
            serves(net, resolver, "before", SERIAL)
            net.serve_source(new)
            net.serve_root(new)
            resolver.wait_metrics(lambda m: m["failures_update"] > 0 and m["serving"] == 0, 30, "steps aside")
            net.serve_source(net.zone)
            resolver.reload()
            net.passes(resolver, "reload")
            resolver.wait_refused(SOURCE, "serial")
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("forged ones cannot do it: an unknown type without a signature, or with the digest or a signature that is not theirs")
def forged():
    with made() as net:
        new = small(net.folder, 1, NEW_TYPE)
        variants = {
            "added": (small(net.folder, 1).edited(net.folder / "added.zone", lambda lines: lines.append(NEW_TYPE)), "digest"),
            "changed": (new.edited(net.folder / "changed.zone", flipped("TYPE65280\t\\#", "c0000201", "c0000202")), "digest"),
        }
        stranger = rootzone.make(keys="other", serial=SERIAL)
        resolver = net.unbound(localroot=[], config=ASKING)
        serves(net, resolver, "before", SERIAL)
        for label, (zone, word) in variants.items():
            net.serve_source(zone)
            before = resolver.metrics().get(f"failures_{word}", 0)
            resolver.wait_refused(SOURCE, word, before)
            tap.equal((label, resolver.metrics()["failures_update"]), (label, 0), "counted")
            serves(net, resolver, label, SERIAL)
        resolver.stop()
        # Signed as it should be, by somebody else.
        net.serve_source(new)
        other = net.unbound(localroot=[], config=ASKING, anchor=stranger.anchor)
        other.wait_refused(SOURCE, "anchor")
        tap.equal(other.metrics()["failures_update"], 0, "another root's, counted")
        tap.equal(PLEASE in resolver.log + other.log, False, "the log asks for an update")


@tap.test("a copy on disk that this build does not understand, of one that was newer: the same at the start")
def downgraded():
    with made() as net:
        new = small(net.folder, 1, NEW_TYPE)
        first = net.unbound(localroot=[], config=ASKING)
        first.wait_stored()
        first.stop()
        (first.folder / "localroot.zone").write_text(pathlib.Path(new.zone).read_text(encoding="ascii"), encoding="ascii")
        resolver = net.unbound(localroot=[], folder=first.folder, config=ASKING)
        resolver.wait_refused(SOURCE, "serial")  # it has the one before
        tap.equal(resolver.metrics()["failures_update"], 1, "counted")
        said = re.findall(r"(?:error|warning): localroot: .*localroot\.zone: (.*)", resolver.log)
        tap.equal((len(said), said[0].endswith(PLEASE)), (1, True), f"said of the copy: {said}")
        tap.equal((resolver.status() or REASON).splitlines()[0], REASON, "localroot_status")
        net.passes(resolver, "downgraded")


@tap.test("localroot-check says the same of such a zone, and exits with 1")
def checker():
    with made() as net:
        for record, what in ((NEW_TYPE, "TYPE65280"), (NEW_ALGORITHM, "DNSKEY")):
            new = small(net.folder, 1, record)
            code, said = net.check(new.zone)
            tap.equal((code, PLEASE in said, what in said), (1, True, True), said)


def gone_back(net):
    """A resolver that has the newer one, and whose source has gone back; its refusal is logged with what to do."""
    newer = small(net.folder, 1)
    net.serve_source(newer)
    net.serve_root(newer)
    resolver = net.unbound(localroot=[], config=ASKING)
    serves(net, resolver, "newer", SERIAL + 1)
    resolver.wait_stored()
    net.serve_source(net.zone)
    net.serve_root(net.zone)
    said = resolver.wait_refused(SOURCE, "serial")
    tap.equal("localroot_forget, unbound-localroot(8)" in said, True, said)
    tap.equal(resolver.metrics()["serial"], SERIAL + 1, "held")
    return resolver


def stays_back(net, resolver):
    """It serves the older one, and after a restart without a source as well."""
    serves(net, resolver, "older", SERIAL)
    tap.equal(resolver.wait_stored()["serial"], str(SERIAL), "on disk")
    tap.equal(resolver.stop(), 0, "exit code")
    again = net.unbound(localroot=["localroot-source: axfr:192.0.2.99"], folder=resolver.folder, config=ASKING)
    serves(net, again, "restart", SERIAL)


@tap.test("a serial that went back: refused, and taken after localroot_forget, also over a restart")
def forget():
    with made() as net:
        resolver = gone_back(net)
        try:
            tap.equal(resolver.control("localroot_forget"), "started: localroot_status tells what comes of it\n")
        except RuntimeError as fault:
            if "unknown command" not in str(fault):
                raise
            raise tap.Skip("unbound-control has no localroot_forget") from None
        stays_back(net, resolver)


@tap.test("without that command: stopped, the two files removed, and started")
def forget_by_hand():
    with made() as net:
        resolver = gone_back(net)
        resolver.stop()
        for name in ("localroot.zone", "localroot.state"):
            (resolver.folder / name).unlink()
        stays_back(net, net.unbound(localroot=[], folder=resolver.folder, config=ASKING))


@tap.test("localroot_forget while the source is silent: nothing older, and nothing newer either, comes back from the disk")
def forget_without_source():
    with made() as net:
        resolver = net.unbound(localroot=[], config=ASKING)
        serves(net, resolver, "before", SERIAL)
        resolver.wait_stored()
        net.serve_source(None)
        try:
            resolver.control("localroot_forget")
        except RuntimeError as fault:
            raise tap.Skip(str(fault)) from None
        resolver.wait_metrics(lambda m: m["serving"] == 0, 20, "forgotten")
        net.passes(resolver, "forgotten")
        lab.wait(lambda: not list(resolver.folder.glob("localroot.zone")) + list(resolver.folder.glob("localroot.state")), 10,
                 "both files removed")
        tap.equal(resolver.stop(), 0, "exit code")
        again = net.unbound(localroot=["localroot-source: axfr:192.0.2.99"], folder=resolver.folder, config=ASKING)
        net.passes(again, "restart")


tap.run()
