"""Ten faults that an operator meets at night: within a minute localroot_status, the log and the metrics that alerts look at
each name the fault. Prints the table. Each leaves the resolver resolving."""

import re
import time

import dns.rcode

import builds
from jail import Jail
import lab
import metrics
import mounts
import rootzone
import shim
import tap

MINUTE = 60


def name(label, what):
    return metrics.PREFIX + label, tuple(what.items())


def told(net, fault, resolver, status, log, alert, within=MINUTE):
    """The three places, each by what has to stand there: two patterns, and (metric, labels, value)."""
    began, metric = time.monotonic(), name(alert[0], alert[1])

    def shown():
        numbers = resolver.status_file().get(metric[0])
        value = numbers.samples.get(metric[1]) if numbers else None
        found = (re.search(status, resolver.status() or "", re.MULTILINE), re.search(log, resolver.log), value is not None and alert[2](value))
        return found if all(found) else None
    found = lab.wait(shown, within, lambda: f"{fault}:\n{resolver.status()}\n{resolver.status_file().get(metric[0], None)}\n{resolver.log[-2000:]}")
    tap.equal((fault, resolver.ask(f"junk-{time.monotonic_ns()}.").rcode()), (fault, dns.rcode.NXDOMAIN))
    labels = "".join(f'{{{key}="{value}"}}' for key, value in alert[1].items())
    tap.note(f"{fault} | {found[0].group(0)} | {found[1].group(0)} | {alert[0]}{labels} | {time.monotonic() - began:.0f} s")


def patched(resolver):
    if resolver.status() is None:
        raise tap.Skip("unbound-control has no localroot_status")
    return resolver


def yes(value):
    return value == 1


def some(value):
    return value > 0


def none(value):
    return value == 0


def not_serving(reason):
    return "not_serving", {"reason": reason}, yes


def refused(reason):
    return "failures_total", {"reason": reason}, some


@tap.test("no trust anchor")
def no_anchor():
    with lab.Lab() as net:
        told(net, "no anchor", patched(net.unbound(localroot=[], anchor="none")), r'^not serving: no trust anchor for "\."',
             r'localroot: no trust anchor for "\.": not serving', not_serving("no_anchor"))


@tap.test("a clock that is two months ahead")
def clock():
    with lab.Lab() as net:
        # Nothing of the root's servers would be valid either.
        resolver = patched(net.unbound(localroot=[], wrapper=shim.faketime(FAKETIME="+60d"), config="val-permissive-mode: yes"))
        told(net, "wrong clock", resolver, r"^source .*: expired: .*$", r"warning: localroot: axfr:\S+: .*(expired|valid).*", refused("expired"))


@tap.test("a disk that is full")
def full():
    with lab.Lab() as net:
        with mounts.Small(net.folder / "small", "64k") as small:
            resolver = patched(net.unbound(localroot=[f"localroot-dir: {small.path}"]))
            told(net, "disk full", resolver, r"No space left on device", r"warning: localroot: .*No space left on device.*", ("folder_writable", {}, none))
            resolver.stop()


@tap.test("sources that are dead")
def dead():
    with lab.Lab() as net:
        net.serve_source(None)
        told(net, "sources dead", patched(net.unbound(localroot=[])), r"^source .*: unreachable: connection refused", r"localroot: axfr:\S+: connection refused",
             refused("unreachable"))


@tap.test("a zone that is forged")
def forged():
    def edit(lines):
        at = next(n for n, line in enumerate(lines) if line.split()[3:4] == ["DS"])
        lines[at] = lines[at].rstrip()[:-1] + ("0\n" if lines[at].rstrip()[-1] != "0" else "1\n")
    with lab.Lab(rootzone.calm()) as net:
        resolver = patched(net.unbound(localroot=[]))
        resolver.wait_serving()
        net.serve_source(rootzone.calm(1).edited(net.folder / "forged.zone", edit))
        resolver.refresh()
        told(net, "forged zone", resolver, r"^source .*: digest: .*$", r"warning: localroot: axfr:\S+: .*digest.*", refused("digest"))
        tap.equal(resolver.metrics()["serving"], 1, "the good copy stays")


@tap.test("an older serial")
def older():
    with lab.Lab(rootzone.calm(1)) as net:
        resolver = patched(net.unbound(localroot=[]))
        resolver.wait_serving()
        net.serve_source(rootzone.calm())
        resolver.refresh()
        told(net, "older serial", resolver, r"^source .*: serial: .* older than .*$", r"warning: localroot: axfr:\S+: .*older than.*", refused("serial"))


@tap.test("a forward-zone for the root")
def forward():
    with lab.Lab() as net:
        clause = f'forward-zone:\n  name: "."\n  forward-addr: {net.root_addresses[0]}\n'
        told(net, "forward-zone", patched(net.unbound(localroot=[], tail=clause)), r'^not serving: there is a forward-zone: "\.".*$',
             r'localroot: there is a forward-zone: "\.".*: not serving', not_serving("forward_zone"))


@tap.test("an Unbound of another build")
def build():
    """Nothing may be written from one: its file is missing or gets old, which an alert of its own looks at."""
    folder = builds.unbound("minimal")
    if not builds.patched():
        raise tap.Skip("unbound-control has no localroot_status")
    with lab.Lab() as net:
        resolver = net.unbound(installed=folder, config=f'localroot: yes\nlocalroot-module: "{lab.MODULE}"\nlocalroot-source: "{lab.SOURCE}"\n'
                               f'localroot-dir: "{folder}"')
        status, log = resolver.control("localroot_status"), resolver.log
        tap.equal(("--like" in status, "--like" in log, resolver.status_file()), (True, True, {}), status)
        tap.equal(resolver.ask("www.com.").rcode(), dns.rcode.NOERROR)
        tap.note(f"wrong build | {status.strip()} | the same | no file: LocalrootStatusMissing, LocalrootStatusStale | 0 s")


@tap.test("a folder that is not in the chroot, and one that Unbound's user may not write")
def folders():
    with lab.Lab() as net:
        jail = Jail(net)
        (jail.folder / "roots").mkdir(mode=0o700)
        for fault, folder, words in (("outside of the chroot", "/var/lib/elsewhere", "No such file or directory"),
                                     ("no permission", "/roots", "Permission denied")):
            resolver = jail.patched(f"localroot-dir: {folder}", f'localroot-source: "{lab.SOURCE}"', "localroot-status-file: /copy/status")
            (resolver.folder / "status").unlink(missing_ok=True)
            (resolver.folder / "status").symlink_to("copy/status")
            told(net, fault, resolver, rf".*{words}.*", rf"warning: localroot: .*{words}.*", ("folder_writable", {}, none))
            resolver.stop()


tap.run()
