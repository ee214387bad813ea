"""contrib/rpm: built by rpmbuild as its first lines say, for the unpatched Unbound of the version under test, which then
serves with the package's library. The packages that it needs are named as Fedora names them, so that nobody looks for
them here (--nodeps)."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import lab
import netns
import tap

SPEC = lab.TOP / "contrib/rpm/unbound-localroot.spec"
STOCK = pathlib.Path(os.environ.get("LR_UNBOUND_PREFIX", "") + "-stock")


def run(*command, **options):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=1200, check=False,
                          **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))}: {done.stdout[-3000:]}")
    return done.stdout


def build(scratch):
    """What the package holds, unpacked in scratch/root."""
    said = run(STOCK / "sbin/unbound", "-V")
    number = said.split()[1]
    options = next(line for line in said.splitlines() if line.startswith("Configure line: ")).split(": ", 1)[1]
    release = next(STOCK.parent.glob(f"unbound_{number}.orig.tar.gz"), None)
    if not release:
        tap.skip_all(f"no release of {number} in {STOCK.parent}")
    (scratch / "SOURCES").mkdir()
    (scratch / f"SOURCES/unbound-{number}.tar.gz").symlink_to(release)
    run("make", "-C", lab.BUILD, "dist-xz")
    shutil.move(lab.BUILD / "unbound-localroot-0.1.0.tar.xz", scratch / "SOURCES")
    run("rpmbuild", "-ba", "--nodeps", SPEC, "--define", f"_topdir {scratch}", "--define", f"unbound_version {number}",
        "--define", f"unbound_options {options}")
    (scratch / "root").mkdir()
    for package in scratch.glob("RPMS/*/unbound-localroot-0*.rpm"):
        run("sh", "-c", f"rpm2archive -n <{package} | tar -x -C {scratch}/root")


@tap.test("the package holds the library at its one place, the command, the manuals and an example")
def holds(root):
    found = sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
    for name in (r"usr/lib/unbound/localroot\.so", "usr/bin/localroot-check", r"usr/share/man/man8/unbound-localroot\.8(\.gz)?",
                 r"usr/share/man/man1/localroot-check\.1(\.gz)?", r"usr/share/doc/unbound-localroot[^/]*/localroot\.conf"):
        tap.equal(len([file for file in found if re.fullmatch(name, file)]), 1, f"{name} among {found}")
    tap.equal([file for file in found if file.endswith(".la")], [])


@tap.test("it is for the Unbound it was built for or a later one, so that no update is kept back")
def updates(root):
    package = next(root.parent.glob("RPMS/*/unbound-localroot-0*.rpm"))
    tap.equal(re.findall(r"^unbound (\S+)", run("rpm", "-qp", "--requires", package), re.MULTILINE), [">="])


@tap.test("an unpatched Unbound of those options serves with it")
def serves(root):
    lab.MODULE = root / "usr/lib/unbound/localroot.so"
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[], installed=STOCK)
        resolver.wait_serving()
        start = len(net.sniffer.queries())
        tap.equal(resolver.ask("junk-of-the-rpm.").rcode(), 3)
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")


if not shutil.which("rpmbuild"):
    tap.skip_all("rpmbuild is not installed (rpm)")
if not (STOCK / "sbin/unbound").exists():
    tap.skip_all("no stock build of this version: run contrib/get-unbound --stock")
netns.enter()
with tempfile.TemporaryDirectory(prefix="lr-rpm-") as folder:
    build(pathlib.Path(folder))
    tap.run(pathlib.Path(folder) / "root")
