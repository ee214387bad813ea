"""The real daemons of the lab: started in the foreground, waited for by condition, ended by process id."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.query

import metrics
import tap

# How many times as long as elsewhere everything may take: LR_PATIENCE, for builds that are slow. Every limit here is multiplied by it.
PATIENCE = float(os.environ.get("LR_PATIENCE", "1"))

# Seconds, after which a question over UDP is sent again, as stub resolvers do: Unbound says nothing to one that has waited longer
# than 1.9 (discard-timeout), on a machine that is busy.
AGAIN = 2


def wait(condition, limit, what):
    """The condition's first true value; TimeoutError with what() or what when the limit (seconds) has passed."""
    limit *= PATIENCE
    end = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"not within {limit} s: {what() if callable(what) else what}")
        time.sleep(0.01)


def patiently(ask, limit):
    """What ask(seconds) gives, which sends a question and is told how long to wait for the answer."""
    end = time.monotonic() + limit
    while True:
        try:
            return ask(min(AGAIN, max(0.01, end - time.monotonic())))
        except dns.exception.Timeout:
            if time.monotonic() >= end:
                raise


class Daemon:
    """A process with a log file of its own."""

    def __init__(self, name, folder, command):
        self.name, self.folder = name, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log_file = self.folder / "log"
        # A second daemon in the same folder goes on in the same file.
        self._before = self.log_file.stat().st_size if self.log_file.exists() else 0
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.folder)

    @property
    def log(self):
        """What this process has logged."""
        return self.log_file.read_bytes()[self._before:].decode("utf-8", "replace")

    @property
    def running(self):
        return self.process.poll() is None

    def wait_log(self, pattern, limit=20, start=0):
        """Waits for a line that matches; start is an offset into the log, as len(daemon.log) gave it before."""
        def look():
            return re.search(pattern, self.log[start:], re.MULTILINE) or not self.running
        found = wait(look, limit, lambda: f"{pattern!r} in the log of {self.name}:\n{self.log[-3000:]}")
        if found is True:
            found = re.search(pattern, self.log[start:], re.MULTILINE)
            if not found:
                raise RuntimeError(f"{self.name} ended ({self.process.returncode}):\n{self.log[-3000:]}")
        return found

    def stop(self, limit=20):
        """Ends the daemon as an operator would; returns its exit code. It must end in time by itself."""
        if self.running:
            self.process.terminate()
        limit *= PATIENCE
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise TimeoutError(f"{self.name} did not stop within {limit} s:\n{self.log[-3000:]}") from None

    def cpu(self):
        """User and system seconds used so far."""
        fields = pathlib.Path(f"/proc/{self.outer_pid()}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) / os.sysconf("SC_CLK_TCK"), int(fields[12]) / os.sysconf("SC_CLK_TCK")

    def outer_pid(self):
        """The process's number in /proc, which is the machine's and not the namespace's."""
        for status in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = re.search(r"^NSpid:\s*(.*)$", status.read_text(), re.MULTILINE).group(1).split()
                if numbers[-1] == str(self.process.pid) and len(numbers) > 1 and \
                        os.readlink(status.parent / "ns/pid") == os.readlink("/proc/self/ns/pid"):
                    return int(numbers[0])
        raise ProcessLookupError(self.process.pid)


class Nsd(Daemon):
    """An authoritative server. zones: name -> file; addresses must be the namespace's."""

    def __init__(self, name, folder, zones, addresses, port=53):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        config = ["server:", "  server-count: 1", "  verbosity: 1", '  username: ""', '  chroot: ""', '  pidfile: ""',
                  '  database: ""', f'  zonesdir: "{folder}"', f'  xfrdfile: "{folder}/xfrd"', f'  xfrdir: "{folder}"',
                  f'  zonelistfile: "{folder}/zonelist"', '  logfile: ""', "  rrl-ratelimit: 0",
                  "  hide-version: yes", f"  port: {port}", "  tcp-count: 50"]
        config += [f"  ip-address: {address}" for address in addresses]
        config += ["remote-control:", "  control-enable: no"]
        for zone, file in zones.items():
            config += ["zone:", f'  name: "{zone}"', f'  zonefile: "{file}"',
                       "  provide-xfr: 0.0.0.0/0 NOKEY", "  provide-xfr: ::0/0 NOKEY"]
        (folder / "nsd.conf").write_text("\n".join(config) + "\n", encoding="ascii")
        self._probe = (next(iter(zones)), addresses[0], port)
        super().__init__(name, folder, ["nsd", "-d", "-c", str(folder / "nsd.conf")])

    def wait_ready(self, limit=60):
        """Answers with authority for its first zone. Asked over TCP, from the loopback's own address."""
        zone, address, port = self._probe

        def answers():
            if not self.running:
                raise RuntimeError(f"{self.name} ended:\n{self.log[-3000:]}")
            try:
                reply = dns.query.tcp(dns.message.make_query(zone, "SOA"), address, 2, port)
            except (OSError, EOFError, dns.exception.Timeout):  # it listens, and reads its zones
                return False
            return bool(reply.answer)
        wait(answers, limit, lambda: f"{self.name} answers for {zone}:\n{self.log[-3000:]}")


class Unbound(Daemon):
    """A resolver on (.address, .port). Every packet that its iterator sends comes from .sources, which are its own;
    what the module's refresher sends does not, so that the two can be told apart."""

    def __init__(self, folder, prefix, home, sources, config, wrapper=(), limit=30, checked=True):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.prefix, self.sources = pathlib.Path(prefix), sources
        self.address, self.port = home
        self.config_file, self._control = folder / "unbound.conf", folder / "control"
        self.config_file.write_text(config.format(folder=folder, control=self._control), encoding="ascii")
        check = self.checkconf()
        if checked and check.returncode != 0:
            raise RuntimeError(f"unbound-checkconf: {check.stdout}{check.stderr}")
        self.limit, self._patched = limit, None
        super().__init__(f"unbound on {self.port}", folder,
                         [*wrapper, str(self._program("unbound")), "-d", "-c", str(self.config_file)])
        try:
            self.wait_log("start of service", limit)
        except TimeoutError:
            self.process.kill()  # or the next one would find its port taken
            raise

    def checkconf(self):
        """What unbound-checkconf says to the configuration as it is now."""
        return subprocess.run([str(self._program("unbound-checkconf")), str(self.config_file)], capture_output=True, text=True,
                              timeout=20 * PATIENCE)

    def _program(self, name):
        path = self.prefix / "sbin" / name
        if not path.exists():
            raise tap.Skip(f"no {name} in {self.prefix}/sbin: run contrib/get-unbound")
        return path

    def query(self, name, kind="A", dnssec=True, cd=False, ad=False, rd=True, edns=True):
        """The message that ask() sends."""
        message = dns.message.make_query(name, kind, use_edns=0 if edns or dnssec else None, payload=1232,
                                         want_dnssec=dnssec)
        message.flags = (dns.flags.RD if rd else 0) | (dns.flags.CD if cd else 0) | (dns.flags.AD if ad else 0)
        return message

    def ask(self, name, kind="A", dnssec=True, cd=False, ad=False, rd=True, edns=True, tcp=False, limit=10):
        """The resolver's answer, over TCP where that over UDP is cut."""
        message = self.query(name, kind, dnssec, cd, ad, rd, edns)
        if tcp:
            return dns.query.tcp(message, self.address, limit * PATIENCE, self.port)
        return patiently(lambda seconds: dns.query.udp_with_fallback(message, self.address, seconds, self.port)[0], limit * PATIENCE)

    def control(self, *command, limit=60, feed=None):
        """unbound-control's answer: a dict where it is key=value lines, else text. feed: its standard input."""
        done = subprocess.run([str(self._program("unbound-control")), "-c", str(self.config_file), *command],
                              capture_output=True, text=True, timeout=limit * PATIENCE, input=feed)
        if done.returncode != 0:
            raise RuntimeError(f"unbound-control {' '.join(command)}: {done.stdout}{done.stderr}")
        lines = done.stdout.splitlines()
        if lines and all("=" in line for line in lines):
            return {key: float(value) for key, value in (line.split("=", 1) for line in lines)}
        return done.stdout

    def status(self):
        """localroot_status; None where this Unbound is not patched for it."""
        try:
            return self.control("localroot_status")
        except RuntimeError:
            return None

    def refresh(self):
        """Asks for a round at once: whether this Unbound can do that. If not, the timers bring one."""
        try:
            self.control("localroot_refresh")
        except RuntimeError:
            return False
        return True

    def reload(self, limit=60):
        """Until it serves again: a question between its old sockets and its new ones is lost."""
        starts = self.log.count("start of service")
        self.control("reload")
        wait(lambda: self.log.count("start of service") > starts or not self.running, limit,
             lambda: f"{self.name} starts again:\n{self.log[-3000:]}")

    def changes_modules(self):
        """Whether it survives a reload that changes module-config. Unbound 1.21 to 1.24 read on behind the old one's end
        (modstack_call_init in services/modstack.c), without the module as well."""
        return not re.search(r"start of service \(unbound 1\.2[1-4]\.", self.log)

    def metrics(self):
        """The module's numbers: {"serving": 1.0, "answers_nxdomain": 2.0, ...}. From unbound-control where Unbound is
        patched for that, at once; else from the localroot-status-file, which is written every few seconds. Empty
        while there is neither."""
        if self._patched is not False:
            numbers = self.control("stats_noreset")
            own = {key.removeprefix("localroot.").replace(".", "_"): value
                   for key, value in numbers.items() if key.startswith("localroot.")}
            self._patched = bool(own)
            if own:
                return own
        families = self.status_file()
        return metrics.as_stats(families) if families else {}

    def status_file(self):
        """What the localroot-status-file has: see metrics.parse(). Empty while there is none."""
        try:
            return metrics.parse((self.folder / "status").read_text(encoding="ascii"))
        except FileNotFoundError:
            return {}

    def wait_metrics(self, condition, limit=20, what="the numbers"):
        """Waits until condition(metrics) is true; returns the metrics."""
        def look():
            if not self.running:
                raise RuntimeError(f"{self.name} ended ({self.process.returncode}):\n{self.log[-3000:]}")
            numbers = self.metrics()
            return numbers if numbers and condition(numbers) else None
        return wait(look, limit, lambda: f"{what}: {self.metrics()}\n{self.log[-3000:]}")

    def wait_serving(self, serial=None, limit=20):
        """Until a copy (of that serial) is published; returns its serial."""
        found = self.wait_metrics(lambda m: m["serving"] == 1 and (serial is None or m["serial"] == serial), limit,
                                  f"serves {serial or 'a copy'}")
        return int(found["serial"])

    def wait_refused(self, source, word, before=0, limit=30):
        """Until what this source gave was refused for this reason: its word (lr_code_word) was counted more than
        BEFORE times, and a warning names the source. The one way to wait for a verdict: no line of success is a
        warning. Returns the warning's text."""
        self.wait_metrics(lambda m: m.get(f"failures_{word}", 0) > before, limit, f"{source} refused: {word}")
        return self.wait_log(rf"warning: localroot: {re.escape(source)}: (.*)$", limit).group(1)

    def wait_stored(self, limit=20):
        """Until the copy that is served lies on disk too. Returns its state file's lines as a dict."""
        serial = self.wait_serving(limit=limit)
        file = self.folder / "localroot.state"

        def state():
            words = dict(line.split(" ", 1) for line in file.read_text().splitlines()) if file.exists() else {}
            return words if words.get("serial") == str(serial) else None
        return wait(state, limit, f"{file} has serial {serial}")

    def hang_up(self):
        """SIGHUP: a reload, as a service manager asks for it."""
        self.process.send_signal(signal.SIGHUP)
