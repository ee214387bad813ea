"""The Debian packages of contrib/debian: installed over Debian's Unbound in a chroot (see chroot.py), run there, removed again,
and Debian's Unbound brought back, by the commands of contrib/debian/README.md.

Outside the laboratory the packages are built, in another chroot, so that this one has nothing but what they ask for. All
else happens inside, where Unbound is started by its unit and by the packages' scripts alone.
"""

import os
import re
import shutil

import chroot
import lab
import netns
import tap

ROOT = chroot.Chroot(chroot.BUILD / "chroot-test")
run, apt, version = ROOT.run, ROOT.apt, ROOT.version
CONF = "/etc/unbound/unbound.conf.d/localroot.conf"
ASIDE = "/etc/unbound/localroot.conf.aside"
MODULE = "/usr/lib/unbound/localroot.so"

# Stands before deb-systemd-invoke: notes what is asked of it, and whether Unbound's configuration and the module fit
# together at that moment.
RECORDER = f"""#!/bin/sh
[ ! -e {CONF} ] || [ -e {MODULE} ] && unbound-checkconf >/dev/null 2>&1 && state=sound || state=unsound
echo "$* $state" >>/root/invoked
[ ! -S /run/systemd/private ] || exec /usr/bin/deb-systemd-invoke.debian "$@"
"""


# Outside: packages and chroot

def ours(root, *names):
    """The packages' files as the chroot sees them."""
    names = names or ("unbound", "unbound-localroot")
    return ["/root/deb/" + next(root.path("root/deb").glob(f"{name}_*.deb")).name for name in names]


def prepare():
    packages = chroot.make_built().path(f"{chroot.CLONE}/build/deb")
    root = chroot.make_base().copy(ROOT.root.name)
    shutil.copytree(packages, root.path("root/deb"))
    root.run(*chroot.APT, "--download-only", "install", *ours(root), limit=300)


# Inside: commands in the chroot

def conffile():
    return ROOT.read(CONF)


def turn_on():
    """As an administrator does, once what was wrong is mended."""
    ROOT.write(CONF, re.sub("localroot: no.*", "localroot: yes", conffile()))
    ROOT.restart()


def invoked():
    """What was asked of systemd since the last call."""
    file = ROOT.path("root/invoked")
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    file.write_text("", encoding="ascii")
    return [line for line in lines if " unbound.service " in line]


@tap.test("Debian's own Unbound resolves in the chroot; it has no dynlib modules")
def debians_own(net):
    net.debian = version("unbound")
    if "localroot" in net.debian:
        raise AssertionError(f"that is not Debian's: {net.debian}")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()


@tap.test("apt installs ours over it; systemd is asked to restart a sound configuration")
def install(net):
    apt("install", *ours(ROOT))
    tap.equal(version("unbound").split("+~")[0], net.debian, version("unbound"))
    requests = invoked()
    if not requests or requests[-1] != "try-restart unbound.service sound" or any("unsound" in line for line in requests):
        raise AssertionError(f"asked of systemd: {requests}")
    tap.equal(run("dpkg", "--audit"), "")
    run("apt-get", "check")


@tap.test("the configuration says localroot: yes, and nothing else")
def one_line(_net):
    active = [line.strip() for line in conffile().splitlines() if line.strip() and line.strip()[0] != "#"]
    tap.equal(active, ["server:", "localroot: yes"])
    tap.equal(run("unbound-checkconf", "-o", "localroot").strip(), "yes")
    tap.equal(run("unbound-checkconf", "-o", "dynlib-file").split("\n")[0], MODULE)


@tap.test("it serves the root from a verified copy, and nothing goes to the root servers")
def serves(net):
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_serves()
        files = [ROOT.path(f"var/lib/unbound/localroot.{kind}") for kind in ("zone", "state")]
        lab.wait(lambda: all(file.exists() for file in files), 20, "the copy is on disk")
        owners = run("stat", "-c", "%U %n", "/var/lib/unbound/localroot.zone", "/var/lib/unbound/localroot.state")
        tap.equal({line.split()[0] for line in owners.splitlines()}, {"unbound"}, owners)


@tap.test("after a restart it serves the copy on disk, where no source can be reached")
def restarts(net):
    net.serve_source(None)
    try:
        ROOT.restart()
        with chroot.Resolver(ROOT, net) as resolver:
            resolver.check_serves()
    finally:
        net.serve_source(net.zone)


@tap.test("the module's commands and manual pages are there")
def belongings(_net):
    if "localroot-check " not in run("localroot-check", "--version"):
        raise AssertionError("localroot-check does not run")
    files = run("dpkg", "-L", "unbound-localroot").split()
    for page in ("/usr/share/man/man8/unbound-localroot.8.gz", "/usr/share/man/man1/localroot-check.1.gz"):
        tap.equal(page in files, True, page)


@tap.test("the AppArmor profile is well-formed and lets the module be loaded, write, and lock its folder")
def apparmor(_net):
    run("apparmor_parser", "--skip-kernel-load", "--skip-cache", "/etc/apparmor.d/usr.sbin.unbound")
    profile = ROOT.read("etc/apparmor.d/usr.sbin.unbound")
    for rule in ("/usr/lib/unbound/*.so mr,", "owner /{,etc/unbound/}var/lib/unbound/** rw,", " /{,etc/unbound/}var/lib/unbound/ rwk,"):
        tap.equal(rule in profile, True, rule)


@tap.test("systemd finds nothing wrong with the unit")
def unit(_net):
    found = run("systemd-analyze", "verify", "--man=no", "unbound.service")
    tap.equal([line for line in found.splitlines() if "unbound" in line], [])


@tap.test("under contrib/systemd's hardening it serves, and stores its copy")
def hardened(net):
    if not ROOT.leader:
        raise tap.Skip("no systemd runs here")
    folder = ROOT.path("etc/systemd/system/unbound.service.d")
    shutil.copytree(chroot.TOP / "contrib/systemd/unbound.service.d", folder)
    files = [ROOT.path(f"var/lib/unbound/localroot.{kind}") for kind in ("zone", "state")]
    try:
        run("systemctl", "daemon-reload")
        run("systemctl", "stop", "unbound.service")
        for file in files:
            file.unlink()
        ROOT.restart()
        process = run("systemctl", "show", "-P", "MainPID", "unbound.service").strip()
        tap.equal("NoNewPrivs:\t1" in run("cat", f"/proc/{process}/status"), True, "the sandbox")
        tap.equal(run("nsenter", "--target", process, "--mount", "--root", "--wd", "sh", "-c", "test -w /usr || echo read-only").strip(), "read-only")
        with chroot.Resolver(ROOT, net) as resolver:
            resolver.check_serves()
            lab.wait(lambda: all(file.exists() for file in files), 20, "the copy is on disk")
    finally:
        shutil.rmtree(folder)
        run("systemctl", "daemon-reload")
        ROOT.restart()


@tap.test("apt removes the module: the configuration is put aside, and ours without it resolves")
def remove(net):
    with open(ROOT.path(CONF), "a", encoding="ascii") as file:
        file.write("\t# the administrator's own line\n\tlocalroot-max-age: 90000\n")
    invoked()
    apt("remove", "unbound-localroot")
    tap.equal(invoked(), ["try-restart unbound.service sound"])
    tap.equal([ROOT.path(path).exists() for path in (CONF, ASIDE, MODULE)], [False, True, False])
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()


@tap.test("installed again, it has the configuration as the administrator left it")
def again(net):
    apt("install", *ours(ROOT, "unbound-localroot"))
    tap.equal(invoked(), ["try-restart unbound.service sound"])
    tap.equal("localroot-max-age: 90000" in conffile(), True, conffile())
    tap.equal(ROOT.path(ASIDE).exists(), False)
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_serves()


@tap.test("with an option that cannot be used the package turns the local root off, says why, and restarts nothing")
def refused(net):
    apt("remove", "unbound-localroot")
    invoked()
    bad = ROOT.path("etc/unbound/unbound.conf.d/zz-bad.conf")
    bad.write_text('server:\n\tlocalroot-source: "axfr:192.0.2.1:53"\n', encoding="ascii")
    try:
        said = apt("install", *ours(ROOT, "unbound-localroot"))
        tap.equal(("zz-bad.conf:2: error: localroot-source" in said, "localroot: no # the package turned it off" in conffile()),
                  (True, True), said + conffile())
        tap.equal(invoked(), [], "asked of systemd")
    finally:
        bad.unlink()
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_resolves()


@tap.test("where Unbound does not start with the local root, the package turns it off, says why, and starts it again")
def not_answering(net):
    turn_on()
    if not ROOT.leader:
        raise tap.Skip("no systemd runs here")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_resolves()
    apt("remove", "unbound-localroot")
    folder = ROOT.path("etc/systemd/system/unbound.service.d")
    folder.mkdir(parents=True)
    (folder / "broken.conf").write_text(f"[Service]\nRestart=no\nExecStartPre=/bin/sh -c '! grep -q \"^[[:space:]]*localroot: yes\" {CONF}'\n",
                                        encoding="ascii")
    try:
        run("systemctl", "daemon-reload")
        said = apt("install", *ours(ROOT, "unbound-localroot"))
        tap.equal(("Unbound does not run" in said, "localroot: no # the package turned it off" in conffile()), (True, True),
                  said + conffile())
        with chroot.Resolver(ROOT, net) as resolver:
            resolver.check_resolves()
    finally:
        shutil.rmtree(folder)
        run("systemctl", "daemon-reload")
        turn_on()
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_serves()


@tap.test("Debian's Unbound comes back, and apt removes the module for it")
def back(net):
    apt("install", "--allow-downgrades", f"unbound={net.debian}")
    tap.equal(version("unbound"), net.debian)
    requests = invoked()
    if not requests or any("unsound" in line for line in requests):
        raise AssertionError(f"asked of systemd: {requests}")
    tap.equal(run("dpkg-query", "-W", "-f", "${db:Status-Status}", "unbound-localroot"), "config-files")
    tap.equal(run("dpkg", "--audit"), "")
    tap.equal(run("dpkg", "--verify", "unbound"), "", "what differs from Debian's package")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()


@tap.test("purged, nothing of it is left")
def purge(_net):
    for file in ("sources", "prom", "prom.json"):  # the module writes them where it is told to
        ROOT.write(f"/var/lib/unbound/localroot.{file}", "")
    apt("purge", "unbound-localroot")
    left = run("find", "/etc", "/usr", "/var/lib/unbound", "-name", "*localroot*")
    tap.equal(left, "")


if not netns.inside():
    prepare()
netns.enter()

try:
    invoke = ROOT.path("usr/bin/deb-systemd-invoke")
    invoke.rename(invoke.with_suffix(".debian"))
    invoke.write_text(RECORDER, encoding="ascii")
    invoke.chmod(0o755)
    ROOT.path("run/systemd/system").mkdir(parents=True, exist_ok=True)  # for the scripts that look for systemd by it
    with lab.Lab() as net_:
        try:
            ROOT.boot(net_)
            tap.run(net_)
        finally:
            ROOT.stop()
finally:
    if not os.environ.get("LR_KEEP"):
        chroot.remove(ROOT.root)
