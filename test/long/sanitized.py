"""Every test with daemons once more, in an Unbound and a module under ASan and UBSan; the release is LR_UNBOUND_SRC's.

    test/run test/long/sanitized.py [TEST...]

An hour. What a sanitizer reports is a failure, whatever the test says. What needs TSan is in d_threads, which contrib/check
runs under it.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

TOP = pathlib.Path(os.environ["LR_TOP"])
PATIENCE = "4"  # ASan makes everything two to four times as slow
CONFIGURE = ["--enable-werror", "--enable-sanitizers=address,undefined"]


def unbound_version():
    """1.26.1 of .../unbound-1.26.1"""
    return re.sub(r"^unbound-", "", pathlib.Path(os.environ["LR_UNBOUND_SRC"]).name)


def built(folder):
    """Builds both; the environment for test/run."""
    def run(*command, **how):
        return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, stderr=sys.stderr, **how).stdout
    name = run(str(TOP / "contrib/get-unbound"), "--sanitize", "address", unbound_version()).split()[-1]
    source = TOP / "build" / f"unbound-{name}"
    run(str(TOP / "configure"), f"--with-unbound-src={source}", *CONFIGURE, cwd=folder)
    run("make", f"-j{os.cpu_count()}", "check", "TESTS=", cwd=folder)
    return {**os.environ, "LR_PATIENCE": PATIENCE, "LR_BUILD": folder, "LR_UNBOUND_SRC": str(source),
            "LR_UNBOUND_PREFIX": str(TOP / "build" / f"prefix-{name}")}


def tried(test, environment, folder):
    """What the test printed, and what is wrong."""
    reports = pathlib.Path(folder, "reports")
    reports.mkdir()
    reports.chmod(0o1777)  # of whatever user the daemon is
    where = f"log_path={reports}/report"
    told = subprocess.run([str(TOP / "test/run"), str(test)], text=True, stdout=subprocess.PIPE, check=False,
                          env={**environment, "ASAN_OPTIONS": f"detect_leaks=0:verify_asan_link_order=0:{where}",  # libfaketime comes first
                               "UBSAN_OPTIONS": f"print_stacktrace=1:{where}"})
    reported = [file.read_text(errors="replace") for file in sorted(reports.iterdir())]
    for file in reports.iterdir():
        file.unlink()
    reports.rmdir()
    failed = told.returncode != 0 or re.search("^not ok", told.stdout, re.MULTILINE)
    return told.stdout, reported, failed


def main():
    tests = [pathlib.Path(name) for name in sys.argv[1:]] or sorted((TOP / "test/daemon").glob("d_*.py"))
    print(f"1..{len(tests)}", flush=True)
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        environment = built(folder)
        for number, test in enumerate(tests, 1):
            told, reported, failed = tried(test, environment, folder)
            if failed or reported:
                failures += 1
                print("\n".join(f"# {line}" for line in (told + "".join(reported[:3])).splitlines()))
            word = "not ok" if failed or reported else "ok"
            print(f"{word} {number} - {test.stem}: {told.count('ok ') - told.count('not ok ')} tests, {len(reported)} reports", flush=True)
    sys.exit(1 if failures else 0)


main()
