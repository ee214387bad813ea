"""A test prints TAP: @test marks the functions, run() calls them in order of definition; with LR_ONLY=NAME that one."""

import os
import signal
import subprocess
import sys
import time
import traceback

_tests = []


class Skip(Exception):
    """Raised by a test, or by what it calls, with the reason why it cannot run here."""


def test(name):
    def register(function):
        _tests.append((name, function))
        return function
    return register


def skip_all(reason):
    print(f"1..0 # SKIP {reason}", flush=True)
    sys.exit(0)


def note(text):
    for line in str(text).rstrip().splitlines():
        print(f"# {line}", flush=True)


def run(*arguments):
    """Runs the registered tests with these arguments; ends the program."""
    # Process 1 ignores what it does not handle; `timeout` sends SIGTERM.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    only = os.environ.get("LR_ONLY")
    tests = [(name, function) for name, function in _tests if only in (None, name)]
    if not tests:
        sys.exit(f"no test is called {only!r}")
    failed = 0
    print(f"1..{len(tests)}", flush=True)
    for number, (name, function) in enumerate(tests, 1):
        started = time.monotonic()
        try:
            function(*arguments)
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:  # whatever went wrong, it is this test's failure, and the others go on
            failed += 1
            print(f"not ok {number} - {name}", flush=True)
            note(traceback.format_exc())
        if time.monotonic() - started > 5:
            note(f"{time.monotonic() - started:.1f} s")
    sys.exit(1 if failed else 0)


def run_files(*files):
    """Runs other tests, each as one of this one's; ends the program."""
    failed = False
    print(f"1..{len(files)}", flush=True)
    for number, file in enumerate(files, 1):
        with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as program:
            for line in program.stdout:
                print("#", line, end="", flush=True)
        failed |= program.returncode != 0
        print(f"{'not ' if program.returncode else ''}ok {number} - {os.path.basename(file)}", flush=True)
    sys.exit(1 if failed else 0)


def equal(got, wanted, what="value"):
    if got != wanted:
        raise AssertionError(f"{what}: got {got!r}, wanted {wanted!r}")
