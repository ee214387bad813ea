"""Disks that do not answer, the copy's and a source's: start, reload and end go on within seconds, so does serving, and
the log has one line."""

import functools
import os
import re
import time

import dns.rcode

import lab
from lab import ASKING
from rootzone import SERIAL, eager
import shim
import tap

LIMIT = 10  # seconds; the module's own limits add up to six, the rest is the machine's load


class Timed:
    """with Timed("reload"): … no longer than the limit"""

    def __init__(self, label, limit=LIMIT):
        self._label, self._limit = label, limit

    def __enter__(self):
        self._started = time.monotonic()

    def __exit__(self, kind, *_):
        took = time.monotonic() - self._started
        tap.note(f"{self._label}: {took:.2f} s")
        if kind is None and took > self._limit * lab.daemons.PATIENCE:
            raise AssertionError(f"{self._label}: {took:.1f} s")


def stored(disk, serial, limit=20):
    file = disk.path / "localroot.state"
    lab.wait(lambda: file.exists() and f"serial {serial}\n" in file.read_text(), limit, f"serial {serial} in {file}")


def stopped(resolver, label):
    with Timed(f"{label}: SIGTERM"):
        tap.equal((label, resolver.stop(30)), (label, 0), "exit code")


def lines(resolver, disk, start=0):
    return re.findall(rf"localroot: .*{re.escape(str(disk.path))}.* does not answer.*", resolver.log[start:])


def threads(resolver):
    return len(os.listdir(f"/proc/{resolver.outer_pid()}/task"))


def options(disk):
    return [f"localroot-dir: {disk.path}"]


def each(name, calls=("open", "read", "fsync")):
    """A test for each call that hangs."""
    def register(function):
        for call in calls:
            tap.test(f"{name} ({call})")(functools.partial(function, call))
        return function
    return register


@each("the disk hangs at the start: started without it, served from a source; stored when it is back")
def start(calls):
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", calls)
        with disk.hangs():
            with Timed("start"):
                resolver = net.unbound(localroot=options(disk), wrapper=disk.wrapper, config=ASKING)
            resolver.wait_log("serving the root zone", 20)
            net.serves(resolver, "hanging", SERIAL)
            resolver.wait_log("does not answer", 40)
            net.serve_source(eager(1))
            resolver.wait_serving(SERIAL + 1, limit=30)
            tap.equal(len(lines(resolver, disk)), 1, "lines")
        stored(disk, SERIAL + 1)
        resolver.wait_log("answers again", 40)
        net.serves(resolver, "back", SERIAL + 1)
        stopped(resolver, "back")


@tap.test("the disk with the copy hangs at the start, and no source is to be reached: served as soon as it is back")
def start_from_disk():
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", "open")
        first = net.unbound(localroot=options(disk))
        first.wait_serving(SERIAL)
        stored(disk, SERIAL)
        first.stop()
        net.serve_source(None)
        with disk.hangs():
            with Timed("start"):
                resolver = net.unbound(localroot=options(disk), wrapper=disk.wrapper, config=ASKING)
            tap.equal(resolver.ask("junk-before.").rcode(), dns.rcode.NXDOMAIN, "passed")
            if not net.root_queries(resolver):
                raise AssertionError("served")
        resolver.wait_log("loaded from disk", 10)
        resolver.wait_log("serving the root zone", 10)
        net.serves(resolver, "back", SERIAL)
        stopped(resolver, "back")


@each("the disk hangs while a newer zone comes: served, once said, stored when it is back")
def renewal(calls):
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", calls)
        resolver = net.unbound(localroot=options(disk), wrapper=disk.wrapper, config=ASKING)
        resolver.wait_serving(SERIAL)
        stored(disk, SERIAL)
        with disk.hangs():
            for step in (1, 2):
                net.serve_source(eager(step))
                resolver.wait_serving(SERIAL + step, limit=40)
                net.serves(resolver, f"step-{step}", SERIAL + step)
            resolver.wait_log("does not answer", 20)
            tap.equal(len(lines(resolver, disk)), 1, "lines")
        stored(disk, SERIAL + 2)
        resolver.wait_log("answers again", 40)
        stopped(resolver, "back")


@each("reload and SIGTERM while the disk hangs: done in seconds, and serving goes on")
def reload(calls):
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", calls)
        resolver = net.unbound(localroot=options(disk), wrapper=disk.wrapper, config=ASKING)
        resolver.wait_serving(SERIAL)
        stored(disk, SERIAL)
        with disk.hangs():
            net.serve_source(eager(1))
            resolver.wait_serving(SERIAL + 1, limit=40)
            for turn in range(2):
                begun = len(resolver.log)
                with Timed(f"reload {turn}"):
                    resolver.reload()
                    lab.wait(lambda: resolver.ask(f"junk-reload-{turn}.", limit=20).rcode() == dns.rcode.NXDOMAIN, 20, "an answer")
                resolver.wait_log("serving the root zone", 20, begun)
                net.serves(resolver, f"reload-{turn}")
        # What was left behind comes back into a library that the host has closed twice.
        stored(disk, SERIAL + 1)
        resolver.wait_serving(SERIAL + 1, limit=30)  # after the reload it had what the disk had kept in time
        net.serves(resolver, "back", SERIAL + 1)
        resolver.reload()
        net.serves(resolver, "once more", SERIAL + 1)
        with disk.hangs():
            net.serve_source(eager(2))
            resolver.wait_serving(SERIAL + 2, limit=40)
            stopped(resolver, "hanging")


@tap.test("fast_reload while the disk hangs")
def fast_reload():
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", "fsync")
        resolver = net.unbound(localroot=options(disk), wrapper=disk.wrapper, config=ASKING)
        resolver.wait_serving(SERIAL)
        stored(disk, SERIAL)
        with disk.hangs():
            net.serve_source(eager(1))
            resolver.wait_serving(SERIAL + 1, limit=40)
            with Timed("fast_reload"):
                try:
                    resolver.control("fast_reload")
                except RuntimeError as fault:
                    raise tap.Skip(f"this Unbound has no fast_reload: {fault}") from None
            net.serves(resolver, "fast_reload", SERIAL + 1)
        stored(disk, SERIAL + 1)


@each("a file: source that hangs: the next source gets its turn, reload and SIGTERM take seconds, one line each time", ("open", "read"))
def source(calls):
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "nfs", calls)
        (disk.path / "root.zone").write_bytes(open(net.zone.zone, "rb").read())
        words = [f"localroot-source: file:{disk.path}/root.zone", f"localroot-source: axfr:{net.transfer_addresses[0]}"]
        with disk.hangs():
            resolver = net.unbound(localroot=words, wrapper=disk.wrapper, config=ASKING)
            with Timed("the next one's turn", 30):
                resolver.wait_log("serving the root zone", 40)
            net.serves(resolver, "beside", SERIAL)
            with Timed("reload"):
                resolver.reload()
                net.serves(resolver, "reloaded", SERIAL)
            lab.wait(lambda: f"file:{disk.path}/root.zone: hangs, and is left alone" in resolver.log, 5, "the line")
            idle = threads(resolver)
            lab.wait(lambda: threads(resolver) > idle, 40, "a thread that has asked anew")
            stopped(resolver, "source")
        tap.equal(resolver.log.count("is left alone"), 2, "lines")


@tap.test("a status file that hangs, and one that cannot be written: said once, and once when it is over")
def status_file():
    with lab.Lab(eager()) as net:
        disk = shim.Hanging(net, net.folder / "disk", "open")
        path = disk.path / "deep" / "status"
        resolver = net.unbound(localroot=[f"localroot-status-file: {path}"], wrapper=disk.wrapper)
        resolver.wait_log("serving the root zone", 20)
        resolver.wait_log(rf"cannot open {re.escape(str(path.parent))}: No such file.*not up to date", 15)
        time_over = time.monotonic() + 22  # two more times that it is due
        lab.wait(lambda: time.monotonic() > time_over, 30, "two more times")
        tap.equal(resolver.log.count("not up to date"), 1, "lines")
        path.parent.mkdir()
        resolver.wait_log(rf"{re.escape(str(path))} is written again", 15)
        with disk.hangs():
            resolver.wait_log(rf"{re.escape(str(path))} cannot be written: its disk does not answer", 30)
            stopped(resolver, "status file")
            with Timed("a start that declines"):
                net.unbound(localroot=["localroot: no", f"localroot-status-file: {path}"], wrapper=disk.wrapper)
        tap.equal(resolver.log.count("not up to date"), 2, "lines")


tap.run()
