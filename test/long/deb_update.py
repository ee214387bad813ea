"""README.md's way in, line by line on a Debian that has nothing but its own Unbound; then Debian publishes an update, as
contrib/debian/README.md has it: ours makes way, is built again, and comes back by apt upgrade.

In a chroot (see chroot.py). The first line is run there with the machine's network, all else without: Debian's archive is
by then one made here, with Unbound's package once more under a higher version."""

import os
import re
import tempfile
import threading
import time

import chroot
import dns.exception
import dns.query
import lab
import netns
import tap

ROOT = chroot.Chroot(chroot.BUILD / "chroot-new")
CLONE = chroot.CLONE
OURS = "/srv/unbound-localroot"  # as contrib/debian/README.md calls it
CONF = "/etc/unbound/unbound.conf.d/localroot.conf"
ASIDE = "/etc/unbound/localroot.conf.aside"
MINE = "/etc/unbound/unbound.conf.d/zz-mine.conf"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
MOTD = "/etc/update-motd.d/60-unbound-localroot"


def block(document, heading, number=0):
    """The lines of a section's block of commands, without their comments."""
    text = (chroot.TOP / document).read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL).group(1)
    blocks = re.findall(r"(?:^    .*\n)+", section, re.MULTILINE)
    return [line.split("  #")[0].strip() for line in blocks[number].splitlines()]


def prepare():
    built = chroot.make_built()
    install = block("README.md", "Install it on Debian")[1]
    built.sh(install.replace("apt install", "apt-get install -y --download-only"), CLONE, limit=300)
    built.run(*chroot.APT, "install", "gpg", "gpg-agent", limit=300)
    built.copy(ROOT.root.name)


class Debian:
    """Its archive, made here: in the chroot's /srv/debian, and apt there turned to it."""

    def __init__(self, folder):
        self._gpg = ("gpg", "--homedir", folder, "--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "")
        chroot.tool(*self._gpg, "--quick-gen-key", "archive@example", "ed25519", "sign", "never")
        chroot.tool(*self._gpg, "--output", ROOT.path(KEYRING), "--export")
        self.codename = chroot.codename()
        ROOT.path("srv/debian/pool").mkdir(parents=True)
        ROOT.path(chroot.BEFORE).unlink(missing_ok=True)
        ROOT.write("etc/apt/sources.list", f"deb [signed-by={KEYRING}] file:/srv/debian {self.codename} main\n")

    def publish_binary(self, old, new):
        """Unbound's package once more, with another version on it."""
        ROOT.sh(f"""
            dpkg-deb -R /var/cache/apt/archives/unbound_{old}_*.deb new
            sed -i 's/^Version: .*/Version: {new}/' new/DEBIAN/control
            dpkg-deb --root-owner-group -b new /srv/debian/pool""", "$(mktemp -d)")
        self.write()

    def publish(self, old, new):
        """Both packages once more, the source with a line in its changelog."""
        self.publish_binary(old, new)
        ROOT.sh(f"""
            dpkg-source --no-check --skip-patches -x {CLONE}/build/unbound_{old}.dsc source
            printf 'unbound ({new}) {self.codename}-security; urgency=high\\n\\n  * A hole is mended.\\n\\n%s\\n\\n' \\
                ' -- Debian <debian@example>  Thu, 01 Jan 2026 00:00:00 +0000' | cat - source/debian/changelog >changelog
            mv changelog source/debian/changelog
            cp {CLONE}/build/unbound_*.orig.tar.* .
            dpkg-source --before-build source
            dpkg-source -b source
            mv unbound_* /srv/debian/pool""", "$(mktemp -d)", limit=300)
        self.write()

    def add(self, name, control, files):
        """A package made here: files by name, postinst among them."""
        for path, text in {"DEBIAN/control": control, **files}.items():
            ROOT.write(f"root/{name}/{path}", text, 0o755 if path == "DEBIAN/postinst" else 0o644)
        ROOT.run("dpkg-deb", "--root-owner-group", "-b", f"/root/{name}", "/srv/debian/pool")
        self.write()

    def write(self):
        dists = f"dists/{self.codename}"
        ROOT.sh(f"""
            rm -rf dists
            architecture=$(dpkg --print-architecture)
            mkdir -p {dists}/main/source {dists}/main/binary-$architecture
            apt-ftparchive sources pool >{dists}/main/source/Sources
            apt-ftparchive packages pool >{dists}/main/binary-$architecture/Packages
            apt-ftparchive -o APT::FTPArchive::Release::Origin=Debian -o APT::FTPArchive::Release::Label=Debian \\
                -o APT::FTPArchive::Release::Codename={self.codename} -o APT::FTPArchive::Release::Components=main \\
                -o APT::FTPArchive::Release::Architectures=$architecture release {dists} >Release
            mv Release {dists}""", "/srv/debian")
        release = ROOT.path(f"srv/debian/{dists}/Release")
        chroot.tool(*self._gpg, "--output", release.with_name("InRelease"), "--clearsign", release)


class Watch(threading.Thread):
    """Asks all the while; the longest time without an answer, in seconds."""

    def __init__(self, resolver):
        super().__init__(daemon=True)
        self._message = resolver.query("com.", "DS")
        self._over = threading.Event()
        self.longest = 0.0

    def run(self):
        last = time.monotonic()
        while not self._over.wait(0.01):
            try:
                reply = dns.query.udp(self._message, "127.0.0.1", 0.2)
            except (OSError, dns.exception.DNSException):
                continue
            if reply.rcode() == 0:
                self.longest = max(self.longest, time.monotonic() - last)
                last = time.monotonic()
        self.longest = max(self.longest, time.monotonic() - last)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self.join(5)


def has(text, *parts):
    for part in parts:
        if part not in text:
            raise AssertionError(f"no {part!r} in: {text}")


def with_yes(line):
    return f"yes | DEBIAN_FRONTEND=noninteractive {line}"


def after(version):
    """Debian's next version."""
    return re.sub(r"\d+$", lambda number: str(int(number.group()) + 1), version)


@tap.test("README: Debian's own Unbound prints nothing for dynlib")
def debians_own(net):
    net.old = ROOT.version("unbound")
    tap.equal(ROOT.sh("unbound -V | grep dynlib || true"), "")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()


@tap.test("README: its lines bring a served root to the system's own resolver, and no query to the root")
def way_in(net):
    build, install, status, numbers = block("README.md", "Install it on Debian")
    tap.equal(build, chroot.BUILD_PACKAGES, "what it was built by")
    ROOT.reset_limit()
    ROOT.sh(with_yes(install), CLONE)
    with chroot.Resolver(ROOT, net) as resolver:
        lab.wait(lambda: ROOT.sh(status, CLONE).startswith("serving the root zone"), 20, lambda: ROOT.sh(status, CLONE))
        before = ROOT.sh(numbers, CLONE)
        resolver.check_serves()
        tap.equal(ROOT.sh(numbers, CLONE), before, "queries to the root")
    has(ROOT.sh("unbound -V | grep dynlib"), "--with-dynlibmodule")
    brought = set(ROOT.read(f"{CLONE}/build/installed-packages").split())
    purged = ROOT.sh("xargs -a build/installed-packages apt-mark auto && apt-get autopurge --simulate", CLONE)
    gone = set(re.findall(r"^Purg ([^\s:]+)", purged, re.MULTILINE))
    tap.equal((gone & {"libldns-dev", "unbound", "unbound-localroot"}, gone - brought), ({"libldns-dev"}, set()),
              "gone with what it was built with")
    tap.equal(ROOT.sh(MOTD), "", "a notice where all is well")


@tap.test("our version is higher than Debian's, and any update of Debian's is higher than ours")
def versions(net):
    suffix = ROOT.version("unbound").removeprefix(net.old)
    has(suffix, "+~localroot")
    for base, update in ((net.old, after(net.old)), ("1.22.0-2", "1.22.0-2+deb13u1"), ("1.22.0-2+b1", "1.22.0-2+deb13u1"),
                         ("1.22.0-2", "1.22.0-2.1"), ("1.22.0-2", "1.22.1-1"), ("1.22.0-2~bpo12+1", "1.22.0-2")):
        for low, high in ((base, base + suffix), (base + suffix, update), (base + suffix, update + suffix)):
            ROOT.run("dpkg", "--compare-versions", low, "lt", high)


@tap.test("Debian has an update: apt update says so, apt upgrade takes it, and it resolves without the local root")
def makes_way(net):
    ROOT.write(MINE, "server:\n\tlocalroot-max-age: 90000\n\tverbosity: 1\n")
    net.debian, net.new = Debian(net.folder / "gnupg"), after(net.old)
    net.debian.publish(net.old, net.new)
    has(ROOT.run("apt-get", "update"), f"is older than Debian's {net.new}")
    has(ROOT.sh(MOTD), f"is older than Debian's {net.new}")
    said = ROOT.apt("upgrade")
    tap.equal(ROOT.version("unbound"), net.new, said)
    has(said, f"unbound {net.new} is Debian's own: the local root is off", "zz-mine.conf: its localroot options are comments",
        f"the local root is off: unbound {net.new} is Debian's own")
    tap.equal([ROOT.path(path).exists() for path in (CONF, ASIDE)], [False, True])
    has(ROOT.sh(MOTD), "the local root is off")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()
        # Also where the module's package is configured once more.
        ROOT.run("dpkg-reconfigure", "-fnoninteractive", "unbound-localroot")
        resolver.check_plain()


@tap.test("built again unattended, in an archive that apt upgrade takes it from, with no gap longer than a restart's")
def comes_back(net):
    _, copy, enable, build, source = block("contrib/debian/README.md", "When Debian updates Unbound", 1)
    ROOT.sh(copy, CLONE)
    if ROOT.leader:
        ROOT.sh(enable)
        has(ROOT.run("systemctl", "list-timers", "--all"), "localroot-build.timer")
    else:  # what the service does
        build = re.search("^ExecStart=(.*)$", ROOT.read("etc/systemd/system/localroot-build.service"), re.MULTILINE).group(1)
    tap.note(ROOT.sh(build, limit=2400))
    ROOT.sh(source)
    with chroot.Resolver(ROOT, net) as resolver:
        with Watch(resolver) as restart:
            ROOT.restart()
            resolver.check_plain()
        has(ROOT.run("apt-get", "update"), f"{net.new}+~localroot", "apt upgrade takes it")
        with Watch(resolver) as upgrade:
            said = ROOT.apt("upgrade")
            resolver.check_serves()
        has(said, "zz-mine.conf: its localroot options are back")
    tap.equal(ROOT.version("unbound").split("+~")[0], net.new)
    tap.equal([ROOT.path(path).exists() for path in (CONF, ASIDE)], [True, False])
    tap.equal(ROOT.read(MINE), "server:\n\tlocalroot-max-age: 90000\n\tverbosity: 1\n")
    tap.equal(ROOT.sh(MOTD), "", "a notice where all is well")
    tap.note(f"longest time without an answer: restart {restart.longest:.2f} s, upgrade {upgrade.longest:.2f} s")
    if upgrade.longest > max(1.0, 2 * restart.longest):
        raise AssertionError(f"{upgrade.longest:.2f} s without an answer, {restart.longest:.2f} s at a restart")


@tap.test("another run builds nothing; with a key of gpg's the archive is signed")
def signed(_net):
    before = sorted(path.name for path in ROOT.path(OURS).glob("*.deb"))
    build = f"contrib/debian/build --output {OURS}"
    has(ROOT.sh(build, CLONE), "stand in", "stands there too", "nothing is new")
    ROOT.sh("gpg --batch --passphrase '' --quick-gen-key us@example ed25519 sign never")
    ROOT.sh(f"{build} --sign us@example", CLONE)
    ROOT.sh(f"! {build} --sign nobody@example", CLONE)  # what stood there stays
    tap.equal(sorted(path.name for path in ROOT.path(OURS).glob("*.deb")), before)
    ROOT.write("etc/apt/sources.list.d/unbound-localroot.list", f"deb [signed-by={OURS}/key.asc] file:{OURS} ./\n")
    said = ROOT.run("apt-get", "update")
    tap.equal([line for line in said.splitlines() if line[:2] in ("W:", "E:")], [], said)
    has(ROOT.run("apt-cache", "policy", "unbound-localroot"), f"file:{OURS}")


@tap.test("where Debian has a newer Unbound whose source is not there, the build says that apt keeps Debian's")
def behind(net):
    ahead = after(net.new)
    net.debian.publish_binary(net.old, ahead)
    ROOT.run("apt-get", "update")
    has(ROOT.sh(f"contrib/debian/build --output {OURS} --sign us@example", CLONE), f"older than Debian's own {ahead}")


@tap.test("no service of a package that the scripts install runs or is enabled, nor those of what it depends on")
def services(net):
    unit = "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\nAlias=lr-other.service\n"
    postinst = "#!/bin/sh\nset -e\ndeb-systemd-helper enable lr-daemon.service\ndeb-systemd-invoke start lr-daemon.service\n"
    control = "Package: {}\nVersion: 1\nArchitecture: all\nMaintainer: Nobody <nobody@example>\nDescription: made here\n"
    net.debian.add("lr-daemon", control.format("lr-daemon") + "Depends: lr-daemon-common\n", {})
    net.debian.add("lr-daemon-common", control.format("lr-daemon-common"),
                   {"usr/lib/systemd/system/lr-daemon.service": unit, "DEBIAN/postinst": postinst})
    ROOT.write(f"{CLONE}/contrib/some-command", "#!/bin/sh\nset -eu\n. contrib/setup.sh\nneed_packages lr-daemon\n", 0o755)
    said = ROOT.sh("contrib/some-command", CLONE)
    has(said, "not to be started with the machine: lr-daemon.service", "2 packages more on this machine")
    tap.equal(ROOT.sh("systemctl is-enabled lr-daemon.service || true").strip(), "disabled")
    tap.equal(ROOT.sh("systemctl is-active lr-daemon.service || true").strip(), "inactive" if ROOT.leader else "offline")
    tap.equal(ROOT.sh("find /etc/systemd -name 'lr-*'"), "")
    tap.equal(ROOT.path("usr/sbin/policy-rc.d").exists(), not ROOT.leader)


@tap.test("README: undone, Debian's own Unbound is back and nothing is left")
def undone(net):
    for line in block("contrib/debian/README.md", "Turn it off, or remove it", 2):
        if ROOT.leader or not line.startswith("systemctl"):
            ROOT.sh(line)
    ROOT.run("apt-get", "update")
    purge, policy, back = block("README.md", "Install it on Debian", 1)
    ROOT.reset_limit()
    ROOT.sh(with_yes(purge))
    has(ROOT.sh(policy), f"{net.new} 500")
    ROOT.reset_limit()
    ROOT.sh(with_yes(back).replace("VERSION", net.new))
    tap.equal(ROOT.version("unbound"), net.new)
    tap.equal(ROOT.sh("find /etc /usr /srv /var/lib/unbound -name '*localroot*' ! -path '/usr/share/doc/*'"), "")
    has(ROOT.read(MINE), "#aside# localroot-max-age")
    with chroot.Resolver(ROOT, net) as resolver:
        resolver.check_plain()


if not netns.inside():
    prepare()
netns.enter()

try:
    with lab.Lab() as net_, tempfile.TemporaryDirectory(prefix="lr-gpg-") as gnupg:
        net_.folder.joinpath("gnupg").symlink_to(gnupg)  # the path of gpg's socket has to be short
        try:
            ROOT.boot(net_)
            tap.run(net_)
        finally:
            ROOT.stop()
finally:
    if not os.environ.get("LR_KEEP"):
        chroot.remove(ROOT.root)
