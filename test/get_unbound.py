"""contrib/get-unbound against an archive made here: which source package it takes, and what it configures with.

The archive is Debian's as apt sees one: signed lists, a pool, and the keyrings of the archive and of the developers, with
keys made here. Its Unbound is one whose configure writes down what it was called with. apt and its configuration are
the machine's own programs on files that only this test sees, and there is no network."""

import contextlib
import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

import lab
import mounts
import netns
import tap

DEVELOPER, STRANGER = "A Developer <developer@debian.example>", "A Stranger <stranger@example>"
CODENAME = next(line.split("=")[1].strip() for line in open("/etc/os-release", encoding="utf-8")
                if line.startswith("VERSION_CODENAME="))
CONFIGURE = """#!/bin/sh
PACKAGE_VERSION='{version}'
printf '%s\\n' "$@" "CFLAGS=$CFLAGS" >called-with
printf 'all:\\ninstall:\\n\\tmkdir -p %s\\n' "${{1#--prefix=}}" >Makefile
"""


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60,
                          check=False, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stdout}")
    return done.stdout


class Archive:
    """An archive below `folder`, and the machine's apt turned to it."""

    def __init__(self, folder):
        self.folder = folder
        self.pool = folder / "archive/pool/main/u/unbound"
        self.pool.mkdir(parents=True)
        (folder / "gnupg").mkdir(mode=0o700)
        for who in (DEVELOPER, STRANGER):
            self._gpg("--passphrase", "", "--quick-gen-key", who, "ed25519", "sign", "never")
        self.keys = folder / "archive-keyring.gpg"
        self._gpg("--output", self.keys, "--export", STRANGER)  # the archive's own is one more key
        self._packages()
        for name, text in (("sources.list", ""), ("debian.list", f"deb [signed-by={self.keys}] "
                                                  f"copy:{folder}/archive {CODENAME} main\n")):
            (folder / "apt/sources").mkdir(parents=True, exist_ok=True)
            (folder / ("apt" if name == "sources.list" else "apt/sources") / name).write_text(text)
        for path, mine in (("/etc/apt/sources.list", "apt/sources.list"), ("/etc/apt/sources.list.d", "apt/sources"),
                           ("/var/lib/apt/lists", "apt/lists"), ("/var/cache/apt", "apt/cache"),
                           ("/usr/share/keyrings/debian-archive-keyring.gpg", "archive-keyring.gpg")):
            if not (folder / mine).exists():
                (folder / mine).mkdir()
            if not pathlib.Path(path).exists():
                pathlib.Path(path).touch()
            run(shutil.which("mount"), "--bind", folder / mine, path)

    def _gpg(self, *arguments):
        run("gpg", "--homedir", self.folder / "gnupg", "--batch", "--yes", "--pinentry-mode", "loopback", *arguments)

    def _packages(self):
        """The binary packages: Unbound's with its changelog, and the developers' keyring."""
        newest_first = "".join(f"unbound ({v}) {CODENAME}; urgency=medium\n\n  * New.\n\n -- {DEVELOPER}  "
                               "Thu, 01 Jan 2026 00:00:00 +0000\n\n" for v in ("1.30.2-1", "1.30.1-1", "1.30.0-1"))
        for name, path, content in (
                ("unbound", "usr/share/doc/unbound/changelog.Debian.gz", gzip.compress(newest_first.encode())),
                ("debian-keyring", "usr/share/keyrings/debian-keyring.gpg", None)):
            tree = self.folder / name
            (tree / path).parent.mkdir(parents=True)
            (tree / "DEBIAN").mkdir()
            (tree / "DEBIAN/control").write_text(f"Package: {name}\nVersion: 1.30.2-1\nArchitecture: all\n"
                                                 f"Maintainer: {DEVELOPER}\nDescription: made here\n")
            if content is None:
                self._gpg("--output", tree / path, "--export", DEVELOPER)
            else:
                (tree / path).write_bytes(content)
            run("dpkg-deb", "--root-owner-group", "-b", tree, self.folder / "archive/pool")

    def add_source(self, version, signed_by=DEVELOPER):
        """A source package of that version in the pool; where it is."""
        work = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        tree = work / f"unbound-{version}"
        make_release(tree, version)
        run("tar", "-czf", work / f"unbound_{version}.orig.tar.gz", "-C", work, tree.name)
        (tree / "debian/source").mkdir(parents=True)
        (tree / "debian/source/format").write_text("3.0 (quilt)\n")
        (tree / "debian/control").write_text(f"Source: unbound\nMaintainer: {DEVELOPER}\n\n"
                                             "Package: unbound\nArchitecture: all\nDescription: made here\n")
        (tree / "debian/changelog").write_text(f"unbound ({version}-1) {CODENAME}; urgency=medium\n\n  * New.\n\n"
                                               f" -- {DEVELOPER}  Thu, 01 Jan 2026 00:00:00 +0000\n")
        run("dpkg-source", "-b", tree.name, cwd=work)
        dsc = work / f"unbound_{version}-1.dsc"
        self._gpg("--local-user", signed_by, "--output", work / "signed", "--clearsign", dsc)
        (work / "signed").rename(dsc)
        for file in work.glob("unbound_*"):
            shutil.copy(file, self.pool)

    def list(self, listed):
        """Writes and signs the lists: that source package alone, which must be in the pool now."""
        top = self.folder / "archive"
        dists = top / "dists" / CODENAME
        shutil.rmtree(dists, ignore_errors=True)
        sums = []
        for path, command, select in (("main/source/Sources", "dpkg-scansources", f"Version: {listed}\n"),
                                      ("main/binary-amd64/Packages", "dpkg-scanpackages", "")):
            text = subprocess.run([command, "pool"], cwd=top, capture_output=True, text=True, timeout=60, check=True).stdout
            text = "\n\n".join(p for p in text.split("\n\n") if select in p + "\n") + "\n"
            (dists / path).parent.mkdir(parents=True)
            (dists / path).write_text(text)
            sums.append(f" {hashlib.sha256(text.encode()).hexdigest()} {len(text.encode())} {path}\n")
        architecture = run("dpkg", "--print-architecture").strip()
        release = (f"Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: {CODENAME}\nComponents: main\n"
                   f"Architectures: {architecture}\nDate: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n" + "".join(sums))
        release = release.replace("binary-amd64", f"binary-{architecture}")
        if architecture != "amd64":
            (dists / "main/binary-amd64").rename(dists / f"main/binary-{architecture}")
        (dists / "Release").write_text(release)
        self._gpg("--local-user", STRANGER, "--output", dists / "InRelease", "--clearsign", dists / "Release")
        run("apt-get", "-q", "update")

    @contextlib.contextmanager
    def without(self, pattern):
        """Those files of the pool are not there."""
        gone = [(file, file.read_bytes()) for file in self.pool.glob(pattern)]
        for file, _ in gone:
            file.unlink()
        yield
        for file, content in gone:
            file.write_bytes(content)


def make_release(tree, version):
    tree.mkdir()
    (tree / "configure").write_text(CONFIGURE.format(version=version))
    (tree / "configure").chmod(0o755)


class Checkout:
    """A copy of contrib/ alone, so that it has a build/ of its own."""

    def __init__(self, folder):
        self.top = pathlib.Path(tempfile.mkdtemp(dir=folder))
        shutil.copytree(lab.TOP / "contrib", self.top / "contrib")
        self.build = self.top / "build"
        self.build.mkdir()

    def get(self, *arguments, command="get-unbound"):
        """Exit status, standard output and standard error."""
        done = subprocess.run([self.top / "contrib" / command, *arguments], capture_output=True, text=True,
                              timeout=200, check=False)
        return done.returncode, done.stdout.strip(), done.stderr

    def called_with(self, name):
        return (self.build / f"unbound-{name}" / "called-with").read_text().splitlines()

    def holds(self, version):
        return any(self.build.glob(f"unbound_{version}*"))


def has(text, part):
    if part not in text:
        raise AssertionError(f"no {part!r} in: {text}")


@tap.test("a source package that is listed and there is taken")
def _(archive):
    checkout = Checkout(archive.folder)
    status, name, told = checkout.get("--stock", CODENAME)
    tap.equal((status, name), (0, "1.30.2-stock"), told)
    has(checkout.called_with("1.30.2-stock"), "--with-dynlibmodule")


@tap.test("one that is listed but not there: the one before, verified by the developers' keyring, and told")
def _(archive):
    checkout = Checkout(archive.folder)
    with archive.without("unbound_1.30.2*"):
        status, name, told = checkout.get("--stock", CODENAME)
        tap.equal((status, name), (0, "1.30.1-stock"), told)
        for part in ("1.30.2-1 is listed, but not there", "unbound 1.30.1-1 is named by no list", DEVELOPER):
            has(told, part)
        # The second time it stands there.
        status, name, told = checkout.get("--stock", CODENAME)
        tap.equal((status, name), (0, "1.30.1-stock"), told)
        has(told, "stands in")
        # By its version it is found too.
        status, name, told = Checkout(archive.folder).get("--stock", "1.30.0")
        tap.equal((status, name), (0, "1.30.0-stock"), told)


@tap.test("where one of its files is missing, what came of it does not stay")
def _(archive):
    checkout = Checkout(archive.folder)
    with archive.without("unbound_1.30.2.orig*"):
        tap.equal(checkout.get("--stock", CODENAME)[:2], (0, "1.30.1-stock"))
        tap.equal(checkout.holds("1.30.2"), False, "files of 1.30.2")


@tap.test("a description that a stranger signed is refused, and the next one taken")
def _(archive):
    archive.add_source("1.30.1", signed_by=STRANGER)
    try:
        checkout = Checkout(archive.folder)
        with archive.without("unbound_1.30.2*"):
            status, name, told = checkout.get("--stock", CODENAME)
        tap.equal((status, name, checkout.holds("1.30.1")), (0, "1.30.0-stock", False), told)
        has(told, "REFUSED: unbound_1.30.1-1.dsc is not signed")
    finally:
        archive.add_source("1.30.1")


@tap.test("one version's description under the name of another is refused")
def _(archive):
    checkout = Checkout(archive.folder)
    with archive.without("unbound_1.30.2*"), archive.without("unbound_1.30.1-1.dsc"):
        shutil.copy(archive.pool / "unbound_1.30.0-1.dsc", archive.pool / "unbound_1.30.1-1.dsc")
        status, name, told = checkout.get("--stock", CODENAME)
    tap.equal((status, name, checkout.holds("1.30.1")), (0, "1.30.0-stock", False), told)
    has(told, "REFUSED: unbound_1.30.1-1.dsc describes another package")


@tap.test("a file that is not as the description says is refused")
def _(archive):
    checkout = Checkout(archive.folder)
    with archive.without("unbound_1.30.2*"), archive.without("unbound_1.30.1.orig.tar.gz"):
        shutil.copy(archive.pool / "unbound_1.30.0.orig.tar.gz", archive.pool / "unbound_1.30.1.orig.tar.gz")
        status, name, told = checkout.get("--stock", CODENAME)
    tap.equal((status, name, checkout.holds("1.30.1")), (0, "1.30.0-stock", False), told)
    has(told, "Hash Sum mismatch")


@tap.test("where nothing is left, the exit status says so")
def _(archive):
    checkout = Checkout(archive.folder)
    with archive.without("unbound_*"):
        tap.equal(checkout.get("--stock", CODENAME)[:2], (3, ""))


@tap.test("the Debian packages are built from the newest that is there, too; or exit status 3")
def _(archive):
    if not shutil.which("dh") or not shutil.which("apt-ftparchive"):
        raise tap.Skip("debhelper or apt-utils is not installed")
    with archive.without("unbound_1.30.2*"):
        told = Checkout(archive.folder).get(command="debian/build")[2]  # these have no packaging to build with
    for part in ("1.30.2-1 is listed, but not there", "unbound 1.30.1-1 is named by no list", "building Unbound 1.30.1-1"):
        has(told, part)
    with archive.without("unbound_*"):
        tap.equal(Checkout(archive.folder).get(command="debian/build")[0], 3)


@tap.test("--source: a release as it was unpacked, of the version that its configure names")
def _(archive):
    checkout = Checkout(archive.folder)
    release = checkout.top / "release"
    make_release(release, "1.29.7")
    status, name, told = checkout.get("--stock", "--source", release)
    tap.equal((status, name), (0, "1.29.7-stock"), told)
    tap.equal([file.name for file in release.iterdir()], ["configure"], "the folder given")
    (release / "config.status").touch()
    tap.equal(checkout.get("--stock", "--source", release)[0], 1, "one that is configured already")


@tap.test("--sanitize: the flags, in a folder of that name")
def _(archive):
    checkout = Checkout(archive.folder)
    release = checkout.top / "release"
    make_release(release, "1.29.7")
    for which, flag in (("address", "-fsanitize=address,undefined"), ("thread", "-fsanitize=thread")):
        status, name, told = checkout.get("--stock", "--sanitize", which, "--source", release)
        tap.equal((status, name), (0, f"1.29.7-stock-{which}"), told)
        has(checkout.called_with(name)[-1].split(), flag)
    tap.equal(checkout.get("--sanitize", "memory", "--source", release)[0], 2, "one that there is not")


@tap.test("--like: the options of that program which decide on layouts, and none of its folders")
def _(archive):
    checkout = Checkout(archive.folder)
    release = checkout.top / "release"
    make_release(release, "1.29.7")
    program = checkout.top / "unbound"
    program.write_text("""#!/bin/sh
echo 'Version 1.29.7

Configure line: --prefix=/usr --sysconfdir=/etc --enable-ipsecmod --with-chroot-dir=/var/lib --with-libevent=/opt/event
--without-pthreads'
""".replace("\n--without", " --with-pyunbound --disable-rpath CFLAGS=-O3 -DX --without-x"))
    program.chmod(0o755)
    status, name, told = checkout.get("--stock", "--like", program, "--source", release)
    tap.equal((status, name), (0, "1.29.7-stock-like"), told)
    options = checkout.called_with(name)
    tap.equal([o for o in options if o.split("=")[0] in ("--enable-ipsecmod", "--with-libevent", "--enable-subnet",
                                                        "--with-pyunbound", "--with-chroot-dir", "--with-dynlibmodule")],
              ["--with-chroot-dir=", "--enable-ipsecmod", "--with-libevent=/opt/event", "--with-dynlibmodule"], "options")
    has(told, "without --with-dynlibmodule")


@tap.test("contrib/setup.sh: no unit that came with a package, whichever that is, is started with the machine")
def _(archive):
    if not shutil.which("deb-systemd-helper"):
        raise tap.Skip("deb-systemd-helper is not installed")
    folder = archive.folder / "services"
    places = {"/etc/systemd/system": folder / "etc", "/usr/lib/systemd/system": folder / "lib",
              "/var/lib/systemd/deb-systemd-helper-enabled": folder / "enabled"}
    for theirs, mine in places.items():
        mine.mkdir(parents=True)
        pathlib.Path(theirs).mkdir(parents=True, exist_ok=True)

    def enable(unit, wanted_by):
        """As its package leaves it."""
        (folder / "lib" / unit).write_text(f"[Install]\nWantedBy={wanted_by}\n")
        run(*mounts.over(places), "env", "DPKG_MAINTSCRIPT_PACKAGE=probe", "deb-systemd-helper", "enable", unit)

    def links():
        return sorted(path.name for path in (folder / "etc").rglob("*") if path.is_symlink())

    def setup(commands):
        return run(*mounts.over(places), "sh", "-euc", f". {lab.TOP}/contrib/setup.sh; build={folder}; {commands}",
                   f"{lab.TOP}/contrib/check")

    enable("old.service", "multi-user.target")
    setup("started_units >$build/units-before")
    enable("probe.service", "multi-user.target\nAlias=other.service")
    enable("probe.socket", "sockets.target")
    enable("probe.timer", "timers.target")
    tap.equal(links(), ["old.service", "other.service", "probe.service", "probe.socket", "probe.timer"])
    has(setup("disable_new_units"), "not to be started with the machine:")
    tap.equal(links(), ["old.service"])


def main():
    for tool in ("apt-get", "gpg", "dpkg-source", "dpkg-scansources", "swig"):
        if not shutil.which(tool):
            tap.skip_all(f"{tool} is not installed")
    if os.geteuid() != 0:
        tap.skip_all("only root can turn apt to another archive")
    netns.enter()
    with tempfile.TemporaryDirectory(prefix="lr-get-") as folder:
        os.chmod(folder, 0o755)  # apt reads as a user of its own
        archive = Archive(pathlib.Path(folder))
        for version in ("1.30.0", "1.30.1", "1.30.2"):
            archive.add_source(version)
        archive.list("1.30.2-1")
        tap.run(archive)


main()
