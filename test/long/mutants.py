"""Breaks the code in one place after the other, as mutants_table.py lists them, and shows for each that a named test
turns red. Prints TAP, a line for each.

The tree is copied. One text is replaced in the copy, what the named tests need is made anew, they are run, and the
text is put back. Before that, each of those tests has to be green on the code as it is. A text that does not occur
exactly once in its file is a failure.

    test/run test/long/mutants.py                  all of them: LR_BUILD, LR_UNBOUND_SRC, LR_TEST_LIMIT as for any test
    test/run test/long/mutants.py zone/draft.c     those whose file or description contains one of the words
    test/run test/long/mutants.py --texts          looks after the texts only
"""

import collections
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import mutants_table
import tap

TOP, BUILT = pathlib.Path(os.environ["LR_TOP"]).resolve(), pathlib.Path(os.environ["LR_BUILD"]).resolve()
UNIT_LIMIT, DAEMON_LIMIT, MAKE_LIMIT = 120, 150, 900  # seconds
NEVER_COPIED = ("build", "build-shared", ".git", "lab-cache", "autom4te.cache", ".libs", ".deps", "*.o", "*.lo", "*.la",
                "config.status", "__pycache__")
CONFIGURED = {
    "plain": [],
    "address": ["--enable-sanitizers=address,undefined"],
    "thread": ["--enable-sanitizers=thread"],
}


class Broken(Exception):
    """The copy does not build, or a text is not where the table says."""


def run(command, limit, **more):
    """Exit code, or None past the limit, and what was printed. Whatever the command started ends with it."""
    with tempfile.TemporaryFile("w+", errors="replace") as out, \
            subprocess.Popen([str(word) for word in command], stdout=out, stderr=subprocess.STDOUT,
                             stdin=subprocess.DEVNULL, start_new_session=True, **more) as process:
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        out.seek(0)
        return code, out.read()


class Tree:
    """A copy of the sources, and the builds of it that were asked for."""

    def __init__(self, folder):
        self.source, self._folder, self._builds = folder / "source", folder, set()
        self._scratch = folder / "tmp"  # for what a test that had to be killed leaves
        self._scratch.mkdir()
        shutil.copytree(TOP, self.source, ignore=shutil.ignore_patterns(*NEVER_COPIED), symlinks=True)
        # The made root zones are the same as those of the tree that was copied.
        (self.source / "build").mkdir()
        zones = TOP / "build/lab" if (TOP / "build").is_dir() else BUILT / "lab-cache"
        zones.mkdir(parents=True, exist_ok=True)
        (self.source / "build/lab").symlink_to(zones)

    def _configure(self, name):
        folder = self._folder / name
        if name not in self._builds:
            folder.mkdir()
            code, text = run([self.source / "configure", f"--with-unbound-src={os.environ['LR_UNBOUND_SRC']}",
                              *CONFIGURED[name], "CFLAGS=-O1 -g"], MAKE_LIMIT, cwd=folder)
            if code != 0:
                raise Broken(f"configure {name}: {text[-2000:]}")
            self._builds.add(name)
        return folder

    def make(self, name, tests):
        """Brings up to date what the tests need."""
        folder = self._configure(name)
        targets = {target for test in tests for target in
                   ([f"test/unit/{test}"] if is_unit(test) else ["localroot.la", "localroot-check"])}
        code, text = run(["make", "-j2", *sorted(targets)], MAKE_LIMIT, cwd=folder)
        if code != 0:
            raise Broken(f"make {' '.join(targets)}: {text[-2000:]}")

    def run(self, name, test):
        """Whether the test fails, and what it printed."""
        folder = self._folder / name
        environment = {**os.environ, "LR_TOP": str(self.source), "LR_BUILD": str(folder), "TMPDIR": str(self._scratch),
                       "CMOCKA_MESSAGE_OUTPUT": "TAP"}
        if is_unit(test):
            command, limit = [folder / "test/unit" / test], UNIT_LIMIT
        else:
            file, environment["LR_ONLY"] = test.split(": ", 1)
            command, limit = [self.source / "test/run", self.source / "test/daemon" / f"{file}.py"], DAEMON_LIMIT
        code, text = run(command, limit, cwd=folder, env=environment)
        return code != 0, text if code is not None else f"{text}\nno end within {limit} s"


def is_unit(test):
    return test.startswith("t_")


def broken(mutant, source):
    """The file's text with the mutant in it."""
    try:
        text = (source / mutant.file).read_text(encoding="utf-8")
    except OSError as fault:
        raise Broken(str(fault)) from None
    if text.count(mutant.old) != 1:
        raise Broken(f"{mutant.old!r} occurs {text.count(mutant.old)} times in {mutant.file}")
    return text.replace(mutant.old, mutant.new)


def survives(tree, mutant):
    """The tests that stay green though they are to turn red."""
    file = tree.source / mutant.file
    text = broken(mutant, tree.source)
    whole = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        tree.make(mutant.build, mutant.tests)
        return [test for test in mutant.tests if not tree.run(mutant.build, test)[0]]
    finally:
        file.write_text(whole, encoding="utf-8")


class Report:
    def __init__(self, count):
        self._number, self.failed = 0, 0
        print(f"1..{count}", flush=True)

    def line(self, fault, text, skipped=""):
        """fault: what went wrong; None or empty where nothing did."""
        self._number += 1
        self.failed += bool(fault)
        print(f"{'not ' if fault else ''}ok {self._number} - {text}{' # SKIP ' * bool(skipped)}{skipped}", flush=True)
        tap.note(fault or "")


def untouched(tree, mutants, report):
    """What each (build, test) says of the code as it is: "green", "red" or "skipped". Only a green one can tell."""
    said, faults = {}, []
    wanted = sorted({(mutant.build, test) for mutant in mutants for test in mutant.tests})
    for build in sorted({build for build, _ in wanted}):
        tree.make(build, [test for name, test in wanted if name == build])
    for build, test in wanted:
        red, text = tree.run(build, test)
        said[build, test] = "red" if red else "skipped" if " # SKIP" in text and not is_unit(test) else "green"
        if red:
            faults.append(f"{test} ({build}):\n{text[-2000:]}")
    report.line("\n".join(faults), f"{len(wanted)} tests are green on the code as it is")
    return said


def tried(tree, mutant):
    """None where the mutant is killed by each of its tests, else why it is not."""
    try:
        green = survives(tree, mutant)
    except Broken as what:
        return str(what)
    return f"survives {', '.join(green)}" if green else None


def texts_only(mutants):
    faults = []
    for mutant in mutants:
        try:
            broken(mutant, TOP)
        except Broken as what:
            faults.append(str(what))
    Report(1).line("\n".join(faults), f"{len(mutants)} texts occur once")
    return 1 if faults else 0


def main(words):
    mutants = mutants_table.TABLE
    if words == ["--texts"]:
        return texts_only(mutants)
    if words:
        mutants = [mutant for mutant in mutants if any(word in f"{mutant.file} {mutant.what}" for word in words)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    start, killed = time.monotonic(), collections.Counter()
    report = Report(1 + len(mutants))
    with tempfile.TemporaryDirectory(prefix="lr-mutants-") as folder:
        tree = Tree(pathlib.Path(folder))
        said = untouched(tree, mutants, report)
        tap.note(f"{time.monotonic() - start:.0f} s")
        for mutant in mutants:
            begun = time.monotonic()
            before = {said[mutant.build, test]: test for test in mutant.tests}
            skipped = f"{before['skipped']} is skipped here" if "skipped" in before else ""
            fault = None if skipped else f"{before['red']} is red without it" if "red" in before else tried(tree, mutant)
            killed[mutant.kind] += not fault and not skipped
            report.line(fault, f"{mutant.file}: {mutant.kind}: {mutant.what}: {', '.join(mutant.tests)}", skipped)
            tap.note(f"{time.monotonic() - begun:.0f} s")
    kinds = collections.Counter(mutant.kind for mutant in mutants)
    for kind, count in kinds.most_common():
        tap.note(f"{kind}: {killed[kind]} of {count} killed")
    tap.note(f"{sum(killed.values())} of {len(mutants)} killed in {time.monotonic() - start:.0f} s")
    return 1 if report.failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Broken as unbuilt:
        print(f"Bail out! {unbuilt}", flush=True)
        sys.exit(1)
