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
        odd(net, resolver.folder / "status.json")


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


def odd(net, file):
    """A file that is old, by either name; one that is no status, deep or with something missing; what unbound-control cannot do."""
    status = json.loads(file.read_text(encoding="ascii"))
    now = int(time.time())

    def of(text):
        net.write("odd.json", text if isinstance(text, str) else json.dumps({**status, "serving": True, **text}))
        return once("--file", net.folder / "odd")
    code, text = of({"time": now, "since": now - 9})
    has(text, r"^SERVING the root zone, for 9 s$")
    tap.equal((code, once("--file", net.folder / "odd.json")), (0, (0, text)), "by either name")
    code, text = of({"time": now - 30 * 86400, "since": now})
    has(text, r"^OLD, written 30 d( \d+ s)? ago: SERVING the root zone, for 0 s$")
    tap.equal(code, 1, "old")
    code, text = of({"time": now + 3600})
    has(text, r"^OLD, written in ")
    tap.equal((code, of({"time": now, "serving": "false"})[0]), (1, 1), "from the future; not true")
    without = {name: value for name, value in status.items() if name != "refreshes"}
    for text in ('{"schema": 1}', '{"schema": 1, "serving": true}', "[" * 100000, json.dumps({**status, "failures": 7}),
                 json.dumps({**status, "time": "x"}), json.dumps({**status, "time": 1e300}), json.dumps(without)):
        code, text = of(text)
        has(text, r"^NOT KNOWN: (not the status of localroot: )?\S")
        tap.equal(code, 1, text)
    code, text = once("--control", "sh -c 'echo Permission denied. >&2; echo more >&2; exit 1'")
    tap.equal((code, text), (1, "unbound-localroot\n\nNOT KNOWN: Permission denied.\n"))
    wrong = subprocess.run([TOP, "--once", "--control", "a 'b"], capture_output=True, text=True, timeout=20)
    tap.equal((wrong.returncode, "Traceback" in wrong.stderr), (2, False), wrong.stderr)
    net.write("good.json", json.dumps({**status, "time": now, "serving": True}))
    read, write = os.pipe()
    os.close(read)  # nobody reads it, as after "| head -1"
    gone = subprocess.run([TOP, "--once", "--file", net.folder / "good"], stdout=write, stderr=subprocess.PIPE, timeout=20)
    os.close(write)
    tap.equal(gone.stderr, b"", "standard error")


tap.run()
