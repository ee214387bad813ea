"""contrib/localroot-top: the status in a terminal, from unbound-control and from the file beside the status file."""

import json
import os
import pty
import re
import subprocess
import time

import lab
import tap

TOP = str(lab.TOP / "contrib/localroot-top")
DEAD = "axfr:127.0.0.77@1"


def once(*options):
    done = subprocess.run([TOP, "--once", *map(str, options)], capture_output=True, text=True, timeout=20)
    tap.equal(done.stderr, "", "standard error")
    return done.returncode, done.stdout


def has(text, *patterns):
    for pattern in patterns:
        if not re.search(pattern, text, re.M):
            raise AssertionError(f"{pattern} is not in\n{text}")


class Terminal:
    """localroot-top on a terminal of its own: .screen() is what it has drawn last."""

    def __init__(self, *options):
        self._terminal, end = pty.openpty()
        self.process = subprocess.Popen([TOP, *options], stdin=end, stdout=end, stderr=end, env={**os.environ, "COLUMNS": "110", "LINES": "40"})
        os.close(end)
        os.set_blocking(self._terminal, False)
        self.text = ""

    def screen(self):
        try:
            self.text += os.read(self._terminal, 1 << 20).decode()
        except BlockingIOError:
            pass
        return self.text.rpartition("\033[H")[2]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        os.close(self._terminal)


@tap.test("what it shows of a resolver that serves: by unbound-control, and by the file; rates while it runs; and when it has ended")
def serving():
    with lab.Lab() as net:
        good = f"axfr:{net.transfer_addresses[0]}"
        resolver = net.unbound(localroot=[f"localroot-source: {DEAD}", f"localroot-source: {good}"])
        resolver.wait_stored()
        if resolver.status() is None:
            raise tap.Skip("unbound-control has no localroot_status")
        control = f"{resolver.prefix}/sbin/unbound-control -c {resolver.config_file}"
        for number in range(50):
            resolver.ask(f"junk{number}.")
        wanted = [r"^SERVING the root zone, for \d+ s$", rf"^serial {net.zone.serial}, confirmed \d+ s ago, renewed \d+ s ago$",
                  r"^\[#{24}\] good for (6 d 23 h|7 d), by soa_expire$", rf"^from {good} at {net.transfer_addresses[0]}@53, key \d+$",
                  rf"^next look in .*; kept in {resolver.folder}, stored \d+ s ago$", r"^nxdomain +- .* 50$", r"failures: unreachable 1$",
                  rf"^ +1  \d+ s ago +in .* {DEAD}: connection refused$", rf"^ +0  \d+ s ago +in .* {good}$"]
        lab.wait(lambda: re.search(wanted[-1], once("--control", control)[1], re.M), 10, "the round is noted")
        code, text = once("--control", control)
        has(text, *wanted)
        tap.equal(code, 0, "exit code")
        with Terminal("--control", control) as terminal:
            ends = time.monotonic() + 20
            while not re.search(r"^nxdomain +[1-9][\d.]* +\[#{24}\]", terminal.screen(), re.M):
                tap.equal((time.monotonic() < ends, terminal.process.poll()), (True, None), terminal.text)
                resolver.ask(f"junk-{time.monotonic_ns()}.")
        resolver.stop()
        code, text = once("--file", resolver.folder / "status.json")
        has(text, r"^NOT SERVING: Unbound has ended", rf"^serial {net.zone.serial}", r"^nxdomain +- .*")
        tap.equal(code, 1, "exit code")
        code, text = once("--control", control)
        has(text, r"^NOT KNOWN: ")
        tap.equal(code, 1, "exit code")
        hostile(net, resolver.folder / "status.json")


def hostile(net, file):
    """What a source sent reaches no terminal; what is no status at all is told."""
    status = json.loads(file.read_text(encoding="ascii"))
    status["sources"][0]["why"] = "\033]0;pwned\007 \u202e é"
    status["copy"]["source"] = "axfr:\033[2J"
    code, text = once("--file", net.write("hostile.json", json.dumps(status)))
    tap.equal((code, [c for c in text if not (" " <= c <= "~" or c == "\n")]), (1, []), "in the output")
    has(text, r"\?\]0;pwned\? \? \?$")
    for words in ("", "[]", "{}", '{"schema": 2}', "\udcff"):
        (net.folder / "bad.json").write_bytes(words.encode("utf-8", "surrogateescape"))
        code, text = once("--file", net.folder / "bad.json")
        has(text, r"^NOT KNOWN: \S")
    has(once("--file", net.folder / "missing.json")[1], r"^NOT KNOWN: .*No such file")


tap.run()
