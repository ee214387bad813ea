"""The Debian packages of contrib/debian: installed over Debian's Unbound in a chroot of this machine's own suite, run
there, removed again, and Debian's Unbound brought back, by the commands of contrib/debian/README.md.

Outside the laboratory the packages are built, if they are older than their sources, and the chroot is made, or taken
from build/. All else happens inside, without a network: what apt needs lies in the chroot's cache by then. There
systemd is started as process 1 of the chroot, and Unbound by its unit and by the packages' scripts alone. Where the
kernel or a container's confinement does not allow that, the test runs the lines of the unit itself, and says so.
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import answers
import lab
import netns
import tap

TOP = lab.TOP
BUILD = TOP / "build"
PACKAGES = BUILD / "deb"
ROOT = BUILD / "chroot-test"
WEEK = 7 * 86400
CONF = "/etc/unbound/unbound.conf.d/localroot.conf"
MODULE = "/usr/lib/unbound/localroot.so"

# Stands before deb-systemd-invoke: notes what is asked of it, and whether Unbound's configuration and the module fit
# together at that moment.
RECORDER = f"""#!/bin/sh
[ ! -e {CONF} ] || [ -e {MODULE} ] && unbound-checkconf >/dev/null 2>&1 && state=sound || state=unsound
echo "$* $state" >>/root/invoked
[ ! -S /run/systemd/private ] || exec /usr/bin/deb-systemd-invoke.debian "$@"
"""

# Makes a machine of the chroot: $1 is its root, $2 the lab's trust anchor, which lies over that of dns-root-data. It
# cannot write to the kernel's settings, nor set the clock. The cgroup is one of its own.
BOOT = """set -e
mount --bind "$1" "$1"
cd "$1"
mount -t cgroup2 cgroup mnt
mkdir -p mnt/lr-deb
echo 0 >mnt/lr-deb/cgroup.procs
umount mnt
mount --bind "$2" usr/share/dns/root.key
mount -t tmpfs tmpfs run
mount -t sysfs -o ro sysfs sys
exec unshare --cgroup --pid --uts --ipc --fork --kill-child sh -c '
	mount -t proc proc proc && mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys &&
	mount -t cgroup2 cgroup sys/fs/cgroup &&
	exec setpriv --bounding-set=-sys_time,-sys_module,-sys_boot,-sys_rawio,-syslog chroot . \\
		env -i container=lab PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=basic.target'
"""
# Its processes take a moment to end.
UNBOOT = """mount -t cgroup2 cgroup "$1/mnt" || exit 0
while [ -e "$1/mnt/lr-deb" ]; do
	find "$1/mnt/lr-deb" -depth -type d -exec rmdir {} + || sleep 0.05
done
"""


def tool(*command, limit=60, **options):
    """Runs a command; what it printed. Its failure is an AssertionError with that."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit,
                          stdin=subprocess.DEVNULL, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


# Outside: packages and chroot

def sources():
    """The files that the packages are made of."""
    for part in ("zone", "validate", "module", "contrib", "Makefile.am", "configure.ac"):
        path = TOP / part
        yield from (p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]


def build_packages():
    oldest = min((p.stat().st_mtime for p in PACKAGES.glob("*.deb")), default=0)
    if not list(PACKAGES.glob("unbound-localroot_*.deb")) or any(p.stat().st_mtime > oldest for p in sources()):
        tap.note("building the packages")
        tool(TOP / "contrib/debian/build", limit=2400)


def make_chroot(codename):
    """The folder with Debian's Unbound installed; what else the tests install lies in its apt cache."""
    base = BUILD / f"chroot-{codename}"
    if not (base / "made").exists() or time.time() - (base / "made").stat().st_mtime > WEEK:
        shutil.rmtree(base, ignore_errors=True)
        archives = tool("apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) main", "Created-By: Packages",
                        "Component: main", "Origin: Debian")
        mirror = re.search(rf"^deb (\S+) {codename} main$", archives, re.MULTILINE)
        if not mirror:
            tap.skip_all(f"apt here knows no archive of {codename}")
        tap.note(f"making a chroot of {codename}")
        try:
            tool(shutil.which("debootstrap"), "--variant=minbase", codename, str(base), mirror.group(1), limit=900)
            # The machine's own ways to the archive, and no daemons started by packages.
            (base / "etc/apt/sources.list").write_text("".join(sorted(set(archives.splitlines(True)))), encoding="ascii")
            (base / "etc/apt/apt.conf.d/90machine").write_text(
                "".join(line + "\n" for line in tool("apt-config", "dump").splitlines() if line.startswith("Acquire::")),
                encoding="utf-8")
            (base / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
            (base / "usr/sbin/policy-rc.d").chmod(0o755)
            inside(base, "apt-get", "-q", "update", limit=300)
            inside(base, *APT, "install", "unbound", "dns-root-data", "apparmor", "procps", "systemd", limit=600)
        except AssertionError as fault:
            tap.note(fault)
            tap.skip_all(f"no chroot of {codename} to be made here (no network?)")
        (base / "made").touch()
    shutil.rmtree(base / "root/deb", ignore_errors=True)
    shutil.copytree(PACKAGES, base / "root/deb")
    inside(base, *APT, "--download-only", "install", *ours(base), limit=300)
    return base


def prepare():
    if os.geteuid() != 0:
        tap.skip_all("chroots want root")
    for name in ("debootstrap", "dpkg-buildpackage", "unshare"):
        if not shutil.which(name):
            tap.skip_all(f"{name} is not installed")
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if release.get("ID") != "debian":
        tap.skip_all("this machine is not Debian")
    BUILD.mkdir(exist_ok=True)
    build_packages()
    base = make_chroot(release["VERSION_CODENAME"])
    tool("rm", "-rf", "--one-file-system", str(ROOT))
    tool("cp", "-a", "--reflink=auto", str(base), str(ROOT), limit=300)


# Inside: commands in the chroot

CLEAN = ("env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends")


def wrapped(root, command, anchor=None):
    """The command in the chroot; the lab's trust anchor lies over that of dns-root-data."""
    script = 'root=$1 anchor=$2; shift 2; mount -t proc proc "$root/proc" || exit 1; '
    if anchor:
        script += 'mount --bind "$anchor" "$root/usr/share/dns/root.key" || exit 1; '
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            script + 'exec chroot "$root" "$@"', "sh", str(root), anchor or "", *CLEAN, *command]


def inside(root, *command, anchor=None, limit=60):
    return tool(*wrapped(root, command, anchor), limit=limit)


def ours(root, *names):
    """The packages' files as the chroot sees them."""
    names = names or ("unbound", "unbound-localroot")
    return ["/root/deb/" + next((root / "root/deb").glob(f"{name}_*.deb")).name for name in names]


def run(*command, limit=120):
    if Machine.leader:
        return tool("nsenter", "--target", str(Machine.leader), "--mount", "--pid", "--uts", "--ipc", "chroot", str(ROOT),
                    *CLEAN, *command, limit=limit)
    return inside(ROOT, *command, limit=limit)


def reset_limit():
    """systemd allows five starts in ten seconds, people rarely make more; the tests do."""
    if Machine.leader:
        run("systemctl", "reset-failed", "unbound.service")


def apt(*words):
    reset_limit()
    return run(*APT, *words)


def version(package):
    return run("dpkg-query", "-W", "-f", "${Version}", package)


def conffile():
    return (ROOT / CONF[1:]).read_text(encoding="ascii")


def turn_on():
    """As an administrator does, once what was wrong is mended."""
    (ROOT / CONF[1:]).write_text(re.sub("localroot: no.*", "localroot: yes", conffile()), encoding="ascii")
    if Machine.leader:
        reset_limit()
        run("systemctl", "restart", "unbound.service")


def invoked():
    """What was asked of systemd since the last call."""
    file = ROOT / "root/invoked"
    lines = file.read_text(encoding="ascii").splitlines() if file.exists() else []
    file.write_text("", encoding="ascii")
    return [line for line in lines if " unbound.service " in line]


class Machine(lab.daemons.Daemon):
    """systemd as process 1 of the chroot."""

    leader = None  # its number in /proc, while it runs

    def __init__(self, net):
        super().__init__("systemd", net.folder / "machine", ["unshare", "--mount", "--propagation", "private",
                                                             "sh", "-c", BOOT, "sh", str(ROOT), net.zone.anchor])

    def boot(self):
        """False where that cannot be done here."""
        try:
            lab.wait(self._is_up, 30, "systemd is up")
        except (AssertionError, TimeoutError) as fault:
            tap.note(f"no systemd in the chroot: {fault} {self.log}")
            self.stop()
            return False
        (ROOT / "usr/sbin/policy-rc.d").unlink()
        run("systemctl", "start", "unbound.service")
        return True

    def _is_up(self):
        if not self.running:
            raise AssertionError("it ended")
        outer = self.outer_pid()
        children = pathlib.Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii").split()
        Machine.leader = int(children[0]) if children else None
        with contextlib.suppress(AssertionError):
            return Machine.leader and run("systemctl", "is-active", "basic.target").strip() == "active"

    def stop(self, limit=20):
        if Machine.leader and self.running:
            with contextlib.suppress(AssertionError):
                run("systemctl", "stop", "unbound.service")
        Machine.leader = None
        self.process.kill()  # and with it all of its namespace
        self.process.wait(limit)
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", UNBOOT, "sh", str(ROOT)],
                           check=False, timeout=10, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Resolver:
    """The chroot's Unbound, as systemd runs it; or, without systemd, started by the lines of its unit."""

    limit = 20
    address, port = "127.0.0.1", 53
    query, ask = lab.daemons.Unbound.query, lab.daemons.Unbound.ask

    def __init__(self, net):
        self._process = None
        if Machine.leader:
            tap.equal(run("systemctl", "is-active", "unbound.service").strip(), "active")
        else:
            unit = (ROOT / "lib/systemd/system/unbound.service").read_text(encoding="ascii")
            for line in re.findall(r"^ExecStartPre=-(.*)$", unit, re.MULTILINE):
                inside(ROOT, *line.split(), anchor=net.zone.anchor)
            start = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE).group(1).replace("$DAEMON_OPTS", "").split()
            self._process = lab.daemons.Daemon("Unbound of the chroot", net.folder / "chroot",
                                               wrapped(ROOT, start, net.zone.anchor))
        lab.wait(self._up, 20, "Unbound runs in the chroot")

    def _up(self):
        if self._process and not self._process.running:
            raise AssertionError(f"Unbound ended: {self._process.log}")
        with contextlib.suppress(AssertionError):
            return "is running" in run("unbound-control", "status")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.stop()

    @staticmethod
    def numbers():
        return dict(line.split("=", 1) for line in run("unbound-control", "stats_noreset").splitlines())

    def wait_serving(self):
        lab.wait(lambda: self.numbers()["localroot.serving"] == "1", 20, lambda: run("unbound-control", "localroot_status"))


def check_resolves(resolver):
    """What every Unbound here must get right, with or without a copy of the root."""
    for name, kind, rcode in (("junk-of-the-packages.", "A", 3), ("com.", "DS", 0), ("www.com.", "A", 0)):
        reply = resolver.ask(name, kind)
        tap.equal((name, kind, reply.rcode(), answers.secure(reply)), (name, kind, rcode, True))
    answers.check_denial(resolver.ask("junk-of-the-packages."), "junk-of-the-packages.")


def check_serves(resolver):
    """And what it must do from its copy."""
    resolver.wait_serving()
    before = resolver.numbers()
    check_resolves(resolver)
    after = resolver.numbers()
    tap.equal(after["localroot.rootqueries"], before["localroot.rootqueries"], "queries to the root")
    for kind in ("nxdomain", "ds"):
        key = f"localroot.answers.{kind}"
        if int(after[key]) <= int(before[key]):
            raise AssertionError(f"{key} stands still at {after[key]}")


@tap.test("Debian's own Unbound resolves in the chroot; it has no dynlib modules")
def debians_own(net):
    net.debian = version("unbound")
    if "localroot" in net.debian:
        raise AssertionError(f"that is not Debian's: {net.debian}")
    with Resolver(net) as resolver:
        check_resolves(resolver)
        tap.equal([key for key in resolver.numbers() if "localroot" in key], [])


@tap.test("apt installs ours over it; systemd is asked to restart a sound configuration")
def install(net):
    apt("install", *ours(ROOT))
    tap.equal(version("unbound"), f"{net.debian}+localroot1")
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
    with Resolver(net) as resolver:
        check_serves(resolver)
        files = [ROOT / f"var/lib/unbound/localroot.{kind}" for kind in ("zone", "state")]
        lab.wait(lambda: all(file.exists() for file in files), 20, "the copy is on disk")
        owners = run("stat", "-c", "%U %n", "/var/lib/unbound/localroot.zone", "/var/lib/unbound/localroot.state")
        tap.equal({line.split()[0] for line in owners.splitlines()}, {"unbound"}, owners)


@tap.test("after a restart it serves the copy on disk, where no source can be reached")
def restarts(net):
    net.serve_source(None)
    try:
        if Machine.leader:
            reset_limit()
            run("systemctl", "restart", "unbound.service")
        with Resolver(net) as resolver:
            check_serves(resolver)
    finally:
        net.serve_source(net.zone)


@tap.test("the module's commands and manual pages are there")
def belongings(_net):
    if "localroot-check " not in run("localroot-check", "--version"):
        raise AssertionError("localroot-check does not run")
    files = run("dpkg", "-L", "unbound-localroot").split()
    for page in ("/usr/share/man/man8/unbound-localroot.8.gz", "/usr/share/man/man1/localroot-check.1.gz"):
        tap.equal(page in files, True, page)


@tap.test("the AppArmor profile is well-formed and lets the module be loaded and write")
def apparmor(_net):
    run("apparmor_parser", "--skip-kernel-load", "--skip-cache", "/etc/apparmor.d/usr.sbin.unbound")
    profile = (ROOT / "etc/apparmor.d/usr.sbin.unbound").read_text(encoding="ascii")
    for rule in ("/usr/lib/unbound/*.so mr,", "owner /{,etc/unbound/}var/lib/unbound/** rw,"):
        tap.equal(rule in profile, True, rule)


@tap.test("systemd finds nothing wrong with the unit")
def unit(_net):
    found = run("systemd-analyze", "verify", "--man=no", "unbound.service")
    tap.equal([line for line in found.splitlines() if "unbound" in line], [])


@tap.test("apt removes the module: the configuration is put aside, and ours without it resolves")
def remove(net):
    with open(ROOT / CONF[1:], "a", encoding="ascii") as file:
        file.write("\t# the administrator's own line\n\tlocalroot-max-age: 90000\n")
    invoked()
    apt("remove", "unbound-localroot")
    tap.equal(invoked(), ["try-restart unbound.service sound"])
    tap.equal([(ROOT / path[1:]).exists() for path in (CONF, CONF + ".removed", MODULE)], [False, True, False])
    with Resolver(net) as resolver:
        check_resolves(resolver)
        tap.equal([key for key in resolver.numbers() if "localroot" in key], [])


@tap.test("installed again, it has the configuration as the administrator left it")
def again(net):
    apt("install", *ours(ROOT, "unbound-localroot"))
    tap.equal(invoked(), ["try-restart unbound.service sound"])
    tap.equal("localroot-max-age: 90000" in conffile(), True, conffile())
    tap.equal((ROOT / (CONF[1:] + ".removed")).exists(), False)
    with Resolver(net) as resolver:
        check_serves(resolver)


@tap.test("with an option that cannot be used the package turns the local root off, says why, and restarts nothing")
def refused(net):
    apt("remove", "unbound-localroot")
    invoked()
    bad = ROOT / "etc/unbound/unbound.conf.d/zz-bad.conf"
    bad.write_text('server:\n\tlocalroot-source: "axfr:192.0.2.1:53"\n', encoding="ascii")
    try:
        said = apt("install", *ours(ROOT, "unbound-localroot"))
        tap.equal(("zz-bad.conf:2: error: localroot-source" in said, "localroot: no # the package turned it off" in conffile()),
                  (True, True), said + conffile())
        tap.equal(invoked(), [], "asked of systemd")
    finally:
        bad.unlink()
    with Resolver(net) as resolver:
        check_resolves(resolver)


@tap.test("where Unbound does not start with the local root, the package turns it off, says why, and starts it again")
def not_answering(net):
    turn_on()
    if not Machine.leader:
        raise tap.Skip("no systemd runs here")
    with Resolver(net) as resolver:
        check_resolves(resolver)
    apt("remove", "unbound-localroot")
    folder = ROOT / "etc/systemd/system/unbound.service.d"
    folder.mkdir(parents=True)
    (folder / "broken.conf").write_text(f"[Service]\nRestart=no\nExecStartPre=/bin/sh -c '! grep -q \"^[[:space:]]*localroot: yes\" {CONF}'\n",
                                        encoding="ascii")
    try:
        run("systemctl", "daemon-reload")
        said = apt("install", *ours(ROOT, "unbound-localroot"))
        tap.equal(("Unbound does not run" in said, "localroot: no # the package turned it off" in conffile()), (True, True),
                  said + conffile())
        with Resolver(net) as resolver:
            check_resolves(resolver)
    finally:
        shutil.rmtree(folder)
        run("systemctl", "daemon-reload")
        turn_on()
    with Resolver(net) as resolver:
        check_serves(resolver)


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
    with Resolver(net) as resolver:
        check_resolves(resolver)
        tap.equal([key for key in resolver.numbers() if "localroot" in key], [])


@tap.test("purged, nothing of it is left")
def purge(_net):
    apt("purge", "unbound-localroot")
    left = run("find", "/etc", "/usr", "/var/lib/unbound", "-name", "*localroot*")
    tap.equal(left, "")


if not netns.inside():
    prepare()
netns.enter()

try:
    invoke = ROOT / "usr/bin/deb-systemd-invoke"
    invoke.rename(invoke.with_suffix(".debian"))
    invoke.write_text(RECORDER, encoding="ascii")
    invoke.chmod(0o755)
    (ROOT / "run/systemd/system").mkdir(parents=True, exist_ok=True)  # for the scripts that look for systemd by it
    with lab.Lab() as net_:
        machine = Machine(net_)
        try:
            if machine.boot():
                tap.note("systemd runs in the chroot")
            tap.run(net_)
        finally:
            machine.stop()
finally:
    if not os.environ.get("LR_KEEP"):
        subprocess.run(["rm", "-rf", "--one-file-system", str(ROOT)], check=False, timeout=120)
