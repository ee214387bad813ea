"""A chroot with Debian's Unbound in it, and systemd as its process 1: what the tests of the packages share. It is of this
machine's own suite, or of the one in LR_SUITE ("trixie"). It is made by debootstrap outside the laboratory, or taken from build/,
and run inside, without a network: what apt needs lies in the chroot's cache by then. Where the kernel or a container's
confinement does not allow systemd, the tests run the lines of Unbound's unit themselves, and say so."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import time

import answers
import lab
import tap

TOP = lab.TOP
BUILD = TOP / "build"
WEEK = 7 * 86400
CLONE = "/usr/local/src/unbound-localroot"  # where the chroot that builds has it
BUILD_PACKAGES = "contrib/debian/build"
# Where Debian's own Unbound is taken back to the one before: see take_back().
PIN = "etc/apt/preferences.d/before"
BEFORE = "etc/apt/sources.list.d/before.list"

# Makes a machine of the chroot: $1 is its root, $2 the lab's trust anchor, which lies over that of dns-root-data. It
# cannot write to the kernel's settings, nor set the clock. The cgroup $3 is one of its own.
BOOT = """set -e
mount --bind "$1" "$1"
cd "$1"
mount -t cgroup2 cgroup mnt
mkdir -p "mnt/$3"
echo 0 >"mnt/$3/cgroup.procs"
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
while [ -e "$1/mnt/$2" ]; do
	find "$1/mnt/$2" -depth -type d -exec rmdir {} + || sleep 0.05
done
"""

CLEAN = ("env", "-i", "HOME=/root", "PATH=/usr/sbin:/usr/bin:/sbin:/bin")
APT = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "--no-install-recommends")
PRIVATE = ("unshare", "--mount", "--propagation", "private", "sh", "-c")


def tool(*command, limit=60, **options):
    """Runs a command; what it printed. Its failure is an AssertionError with that."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=limit,
                          stdin=subprocess.DEVNULL, check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: exit code {done.returncode}\n{done.stdout[-3000:]}")
    return done.stdout


def machines_own():
    """This machine's Debian, or the test is skipped."""
    if os.geteuid() != 0:
        tap.skip_all("chroots want root")
    for name in ("debootstrap", "dpkg-buildpackage", "unshare"):
        if not shutil.which(name):
            tap.skip_all(f"{name} is not installed")
    release = dict(line.split("=", 1) for line in pathlib.Path("/etc/os-release").read_text().splitlines() if "=" in line)
    if release.get("ID") != "debian":
        tap.skip_all("this machine is not Debian")
    BUILD.mkdir(exist_ok=True)
    return release["VERSION_CODENAME"]


def codename():
    """The chroot's Debian."""
    return os.environ.get("LR_SUITE") or machines_own()


def remove(path):
    subprocess.run(["rm", "-rf", "--one-file-system", str(path)], check=False, timeout=300)


def make_base():
    """A chroot with Debian's Unbound installed, to be copied; made anew each week."""
    own, name = machines_own(), codename()
    base = Chroot(BUILD / f"chroot-{name}")
    made = base.root / "made"
    if made.exists() and time.time() - made.stat().st_mtime < WEEK:
        return base
    shutil.rmtree(base.root, ignore_errors=True)
    archives = tool("apt-get", "indextargets", "--format", "deb $(REPO_URI) $(RELEASE) main", "Created-By: Packages",
                    "Component: main", "Origin: Debian")
    archives = re.sub(rf" {own}(?=[- ])", f" {name}", archives)
    mirror = re.search(rf"^deb (\S+) {name} main$", archives, re.MULTILINE)
    if not mirror:
        tap.skip_all(f"apt here knows no archive of {name}")
    tap.note(f"making a chroot of {name}")
    try:
        tool(shutil.which("debootstrap"), "--variant=minbase", name, str(base.root), mirror.group(1), limit=900)
        # The machine's own ways to the archive, and no daemons started by packages.
        base.write("etc/apt/sources.list", "".join(sorted(set(archives.splitlines(True)))))
        base.write("etc/apt/apt.conf.d/90machine", "".join(
            line + "\n" for line in tool("apt-config", "dump").splitlines() if line.startswith("Acquire::")))
        base.write("usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755)
        base.run("apt-get", "-q", "update", limit=300)
        base.run(*APT, "install", "unbound", "dns-root-data", "apparmor", "procps", "systemd", limit=600)
    except AssertionError as fault:
        tap.note(fault)
        tap.skip_all(f"no chroot of {name} to be made here (no network?)")
    made.touch()
    return base


def make_built():
    """The chroot in which the packages were built, with the machine's network: from a clone of this tree whose build/ stays
    from the last time."""
    base = make_base()
    built = Chroot(BUILD / f"chroot-built-{codename()}")
    if not built.path("made").exists() or built.path("made").stat().st_mtime < base.path("made").stat().st_mtime:
        built = base.copy(built.root.name)
    files = tool("git", "-c", f"safe.directory={TOP}", "-C", str(TOP), "ls-files", "--cached", "--others",
                 "--exclude-standard").splitlines()
    remove(built.path("clone"))
    for name in files:
        if (TOP / name).is_file():
            built.path(f"clone/{name}").parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, built.path(f"clone/{name}"))
    built.sh(f"mkdir -p {CLONE}; cd {CLONE}; find . -mindepth 1 -maxdepth 1 ! -name build -exec rm -rf {{}} +; "
             f"cp -a /clone/. .; rm -rf /clone")
    built.path(PIN).unlink(missing_ok=True)
    tap.note(built.sh(BUILD_PACKAGES, CLONE, limit=2400))
    take_back(base, built)
    return built


def take_back(base, built):
    """Where the archive's list is ahead of its sources, the build took the source package before: then Debian's own Unbound
    is to be that one too, out of the pool, and the newest as if Debian had not published it yet."""
    newest = re.search("Candidate: (.*)", built.run("apt-cache", "policy", "unbound")).group(1)
    wanted = next(built.path(f"{CLONE}/build/deb").glob("unbound_*.deb")).name.split("_")[1].split("+~")[0]
    if wanted == newest:
        return
    tap.note(f"Debian's Unbound here is {wanted}, as the source of {newest} is not to be had")
    for root in (base, built):
        root.write(PIN, f"Package: unbound*\nPin: version {newest}\nPin-Priority: -1\n")
        root.write(BEFORE, "deb [trusted=yes] file:/srv/before ./\n")
    built.sh(f"""
        helper='/usr/lib/apt/apt-helper -o APT::Sandbox::User=root'
        apt-get indextargets --format '$(REPO_URI) $(FILENAME)' 'Created-By: Packages' | while read -r uri list; do
            $helper cat-file "$list" | sed -n "s|^Filename: \\(.*/unbound_\\){newest}_|$uri\\1{wanted}_|p"
        done | sort -u | while read -r file; do
            ! $helper download-file "$file" "$PWD/${{file##*/}}" || break
        done
        apt-ftparchive packages . >Packages""", "$(mkdir -p /srv/before; echo /srv/before)", limit=300)
    tool("cp", "-a", str(built.path("srv/before")), str(base.path("srv")))
    for root in (base, built):
        root.sh("cp /srv/before/*.deb /var/cache/apt/archives; apt-get -q update", limit=300)
        root.run(*APT, "install", "--allow-downgrades", f"unbound={wanted}", limit=300)


class Chroot:
    """The folder, and commands in it: in its own mounts, or in the machine that runs there after boot()."""

    def __init__(self, root):
        self.root = pathlib.Path(root)
        self.leader = None  # systemd's number in /proc, while it runs
        self.machine = None

    def copy(self, name):
        """A copy of it, build/NAME."""
        made = Chroot(BUILD / name)
        remove(made.root)
        tool("cp", "-a", "--reflink=auto", str(self.root), str(made.root), limit=300)
        return made

    def path(self, path):
        return self.root / path.lstrip("/")

    def read(self, path):
        return self.path(path).read_text(encoding="utf-8")

    def write(self, path, text, mode=0o644):
        self.path(path).parent.mkdir(parents=True, exist_ok=True)
        self.path(path).write_text(text, encoding="utf-8")
        self.path(path).chmod(mode)

    def wrapped(self, command, anchor=None):
        """The command in the chroot; the lab's trust anchor lies over that of dns-root-data."""
        script = 'root=$1 anchor=$2; shift 2; mount -t proc proc "$root/proc" || exit 1; '
        if anchor:
            script += 'mount --bind "$anchor" "$root/usr/share/dns/root.key" || exit 1; '
        return [*PRIVATE, script + 'exec chroot "$root" "$@"', "sh", str(self.root), anchor or "", *CLEAN, *command]

    def inside(self, *command):
        if self.leader:
            return ["nsenter", "--target", str(self.leader), "--mount", "--pid", "--uts", "--ipc", "chroot", str(self.root),
                    *CLEAN, *command]
        return self.wrapped(command)

    def run(self, *command, limit=120):
        return tool(*self.inside(*command), limit=limit)

    def sh(self, line, folder="/", limit=120):
        return self.run("sh", "-ec", f"cd {folder}; {line}", limit=limit)

    def reset_limit(self):
        """systemd allows five starts in ten seconds, people rarely make more; the tests do."""
        if self.leader:
            self.run("systemctl", "reset-failed", "unbound.service")

    def restart(self):
        if self.leader:
            self.reset_limit()
            self.run("systemctl", "restart", "unbound.service")

    def apt(self, *words):
        self.reset_limit()
        return self.run(*APT, *words)

    def version(self, package):
        return self.run("dpkg-query", "-W", "-f", "${Version}", package)

    def boot(self, net):
        """systemd as process 1 of the chroot, and Unbound by it; False where that cannot be done here."""
        cgroup = f"lr-{self.root.name}"
        self.machine = lab.daemons.Daemon("systemd", net.folder / "machine", [*PRIVATE, BOOT, "sh", str(self.root),
                                                                             net.zone.anchor, cgroup])
        try:
            lab.wait(self._is_up, 30, "systemd is up")
        except (AssertionError, TimeoutError) as fault:
            tap.note(f"no systemd in the chroot: {fault} {self.machine.log}")
            self.stop()
            return False
        self.path("usr/sbin/policy-rc.d").unlink()
        self.run("systemctl", "start", "unbound.service")
        tap.note("systemd runs in the chroot")
        return True

    def _is_up(self):
        if not self.machine.running:
            raise AssertionError("it ended")
        outer = self.machine.outer_pid()
        children = pathlib.Path(f"/proc/{outer}/task/{outer}/children").read_text(encoding="ascii").split()
        self.leader = int(children[0]) if children else None
        with contextlib.suppress(AssertionError):
            return self.leader and self.run("systemctl", "is-active", "basic.target").strip() == "active"

    def stop(self, limit=20):
        if not self.machine:
            return
        if self.leader and self.machine.running:
            with contextlib.suppress(AssertionError):
                self.run("systemctl", "stop", "unbound.service")
        self.leader = None
        self.machine.process.kill()  # and with it all of its namespace
        self.machine.process.wait(limit)
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run([*PRIVATE, UNBOOT, "sh", str(self.root), f"lr-{self.root.name}"], check=False, timeout=10,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Resolver:
    """The chroot's Unbound, as systemd runs it; or, without systemd, started by the lines of its unit."""

    limit = 20
    address, port = "127.0.0.1", 53
    query, ask = lab.daemons.Unbound.query, lab.daemons.Unbound.ask

    def __init__(self, chroot, net):
        self._chroot = chroot
        self._process = None
        if chroot.leader:
            tap.equal(chroot.run("systemctl", "is-active", "unbound.service").strip(), "active")
        else:
            unit = chroot.read("lib/systemd/system/unbound.service")
            for line in re.findall(r"^ExecStartPre=-(.*)$", unit, re.MULTILINE):
                tool(*chroot.wrapped(line.split(), net.zone.anchor))
            start = re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE).group(1).replace("$DAEMON_OPTS", "").split()
            self._process = lab.daemons.Daemon("Unbound of the chroot", net.folder / "chroot",
                                               chroot.wrapped(start, net.zone.anchor))
        lab.wait(self._up, 20, "Unbound runs in the chroot")

    def _up(self):
        if self._process and not self._process.running:
            raise AssertionError(f"Unbound ended: {self._process.log}")
        with contextlib.suppress(AssertionError):
            return "is running" in self._chroot.run("unbound-control", "status")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process:
            self._process.stop()

    def numbers(self):
        return dict(line.split("=", 1) for line in self._chroot.run("unbound-control", "stats_noreset").splitlines())

    def wait_serving(self):
        lab.wait(lambda: self.numbers().get("localroot.serving") == "1", 20,
                 lambda: self._chroot.run("unbound-control", "localroot_status"))

    def check_resolves(self):
        """What every Unbound here must get right, with or without a copy of the root."""
        for name, kind, rcode in (("junk-of-the-packages.", "A", 3), ("com.", "DS", 0), ("www.com.", "A", 0)):
            reply = self.ask(name, kind)
            tap.equal((name, kind, reply.rcode(), answers.secure(reply)), (name, kind, rcode, True))
        answers.check_denial(self.ask("junk-of-the-packages."), "junk-of-the-packages.")

    def check_plain(self):
        """It resolves, and has nothing of ours."""
        self.check_resolves()
        tap.equal([key for key in self.numbers() if "localroot" in key], [])

    def check_serves(self):
        """It resolves from its copy."""
        self.wait_serving()
        before = self.numbers()
        self.check_resolves()
        after = self.numbers()
        tap.equal(after["localroot.rootqueries"], before["localroot.rootqueries"], "queries to the root")
        for kind in ("nxdomain", "ds"):
            key = f"localroot.answers.{kind}"
            if int(after[key]) <= int(before[key]):
                raise AssertionError(f"{key} stands still at {after[key]}")
