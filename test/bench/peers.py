"""The resolvers that are compared, each configured as its own documentation has it for a root zone of one's own; what the
laboratory needs (ports, addresses, the trust anchor) is the same for all. A class is all that the bench knows of one.

    peer = Bind(net)
    peer.start()                  # and again after peer.stop(); peer.forget() between them: without a copy on disk
    peer.wait_serving()           # answers from its copy, where it has one
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

import dns.dnssec
import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdata

import daemons
import netns
import rootzone
import servers

START_LIMIT = 60
CONTROL = pathlib.Path(__file__).with_name("control.py")
PROCESSORS = ",".join(map(str, sorted(os.sched_getaffinity(0))))  # before a setting keeps some of them for the resolvers


def anchor(net):
    """The trust anchor's DNSKEY."""
    words = pathlib.Path(net.zone.anchor).read_text(encoding="ascii").split(None, 4)
    return dns.rdata.from_text("IN", "DNSKEY", words[4])


class Peer:
    """.address and .port, where it listens; .sources, what its own questions come from; .process, while it runs.
    primary: the address of the server that it gets the zone from; bare: the same server without the root's copy."""

    has_copy = True  # keeps the root zone
    keeps_copy = True  # on disk, too
    count = 0

    def __init__(self, net, primary=None, bare=False, threads=1, cpus=None):
        Peer.count += 1
        self.net, self.threads, self.bare = net, threads, bare
        self.primary = primary or net.transfer_addresses[0]
        self.wrapper = ["taskset", "-c", cpus or PROCESSORS]
        self.folder = net.folder / f"{self.key}-{Peer.count}"
        self.folder.mkdir()
        self.address, self.port, self.sources = "127.0.0.1", 5500 + Peer.count, [f"10.53.1.{Peer.count}"]
        netns.add_addresses(self.sources)
        self.process, self.published = None, 0

    # To be said by each: title, files (of the configuration), version(), command(), refresh(), has_refreshed(), and what of the folder is kept().

    def start(self):
        self.process = daemons.Daemon(self.key, self.folder, [*self.wrapper, *self.command()])

    def stop(self):
        if self.process:
            self.process.stop(30)
            self.process = None

    def kill(self):
        if self.process and self.process.running:
            self.process.process.kill()
            self.process.process.wait(10)

    def forget(self):
        for path in self.kept():
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def ask(self, name, kind="A", limit=5):
        question = dns.message.make_query(name, kind, use_edns=0, payload=1232, want_dnssec=True)
        return dns.query.udp(question, self.address, limit, self.port)

    def answers(self, limit=0.2):
        """Whether it says, with proof, that a name does not exist."""
        try:
            return self.ask(f"bench-{time.monotonic_ns()}.", limit=limit).rcode() == dns.rcode.NXDOMAIN
        except (OSError, dns.exception.Timeout):
            return False

    def wait_answers(self):
        daemons.wait(lambda: self.answers() or not self.process.running, START_LIMIT, lambda: f"{self.key} answers:\n{self.process.log[-2000:]}")
        if not self.process.running:
            raise RuntimeError(f"{self.key} ended: {self.process.log[-300:]}")

    def wait_serving(self, limit=START_LIMIT):
        """Until it answers, and from its copy where it is one that has a copy to answer from."""
        self.wait_answers()
        if self.has_copy and not self.bare:
            daemons.wait(self.has_refreshed, limit, lambda: f"{self.key} has a copy:\n{self.process.log[-2000:]}")

    def configuration(self):
        """The texts of its files."""
        return [(self.folder / name).read_text(encoding="utf-8") for name in self.files]

    def wait_kept(self):
        """Until the copy lies on disk, where one keeps it there."""
        if self.has_copy and self.keeps_copy:
            daemons.wait(self.kept, START_LIMIT, lambda: f"{self.key} keeps a copy:\n{self.process.log[-2000:]}")
            self.wait_idle()

    def cpu(self):
        """CPU seconds used so far by all of its threads, also those that have ended."""
        return time.clock_gettime(~self.process.process.pid << 3 | 2)  # as clock_getcpuclockid() makes it

    def split_cpu(self):
        """User and system seconds, less exactly."""
        return self.process.cpu()

    def wait_idle(self):
        """Until it has done nothing for a while."""
        def still():
            before = self.cpu()
            time.sleep(0.3)
            return self.cpu() - before < 0.002
        daemons.wait(still, START_LIMIT, lambda: f"{self.key} is idle")

    def memory(self):
        """MiB: what it has written to (private), all that is in memory (rss), and the most of that since forget_peak()."""
        here = pathlib.Path(f"/proc/{self.process.outer_pid()}")
        kib = {name: int(number) for name, number in re.findall(r"^(\w+): +(\d+) kB$", (here / "smaps_rollup").read_text(), re.MULTILINE)}
        peak = re.search(r"^VmHWM:\s+(\d+)", (here / "status").read_text(), re.MULTILINE)[1]
        return {"private": kib["Private_Dirty"] / 1024, "rss": kib["Rss"] / 1024, "peak": int(peak) / 1024}

    def forget_peak(self):
        pathlib.Path(f"/proc/{self.process.outer_pid()}/clear_refs").write_text("5", encoding="ascii")


class Unbound(Peer):
    """As it comes: with aggressive-nsec, which its own documentation turned on by default in 1.15."""

    key, title, files = "unbound", "Unbound, aggressive NSEC", ["unbound.conf"]
    has_copy = False
    localroot, config, tail = None, "", ""
    control = None

    def start(self):
        if hasattr(self, "server"):
            command = [*self.wrapper, str(self.server.prefix / "sbin/unbound"), "-d", "-c", str(self.server.config_file)]
            self.process = daemons.Daemon(self.key, self.folder, command)
            return
        self.process = self.server = self.net.unbound(
            self.localroot if self.bare is False else None, self.config, "" if self.bare else self.tail.format(primary=self.primary),
            folder=self.folder, threads=self.threads, wrapper=self.wrapper, limit=START_LIMIT)
        self.address, self.port, self.sources = self.server.address, self.server.port, self.server.sources

    def command_line(self, line):
        """unbound-control's answer, without starting that program."""
        if not self.control:
            self.control = subprocess.Popen([sys.executable, "-S", CONTROL, str(self.folder / "control")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.control.stdin.write(f"{line}\n".encode())
        self.control.stdin.flush()
        return self.control.stdout.read(int(self.control.stdout.readline())).decode()

    def help(self):
        """The commands that it knows."""
        return subprocess.run([str(self.server.prefix / "sbin/unbound-control"), "-h"], capture_output=True, text=True, timeout=10).stdout

    def kept(self):
        return []

    def version(self):
        return subprocess.run([str(self.server.prefix / "sbin/unbound"), "-V"], capture_output=True, text=True, timeout=10).stdout.split("\n")[0]


class Asking(Unbound):
    """One that asks the root servers for each name that does not exist."""

    key, title = "asking", "Unbound, always asking"
    config = "aggressive-nsec: no"


class Localroot(Unbound):
    """README: one option, and the source."""

    key, title = "localroot", "this module"
    has_copy = True

    @property
    def localroot(self):
        return [f"localroot-source: axfr:{self.primary}"]

    def refresh(self):
        self.command_line("localroot_refresh")

    def has_refreshed(self, serial=None):
        found = self.ask(".", "SOA").answer[0][0].serial
        return found == serial if serial else self.server.metrics().get("serving") == 1

    def kept(self):
        return list(self.folder.glob("localroot.*")) if (self.folder / "localroot.state").exists() else []


class AuthZone(Unbound):
    """RFC 8806, appendix B.1 (the same as the example in unbound.conf(5)), and zonemd-check, so that the zone is verified as far as it can."""

    key, title = "auth-zone", "Unbound auth-zone"
    has_copy = True
    tail = """auth-zone:
  name: "."
  primary: "{primary}"
  fallback-enabled: yes
  for-downstream: no
  for-upstream: yes
  zonefile: "root.zone"
  zonemd-check: yes
"""

    def refresh(self):
        self.command_line("auth_zone_transfer .")

    def has_refreshed(self, serial=None):
        found = re.search(r"serial (\d+)", self.command_line("list_auth_zones"))
        return bool(found) and (not serial or int(found[1]) == serial)

    def kept(self):
        return list(self.folder.glob("root.zone"))


class Bind(Peer):
    """"mirror" in BIND's reference manual."""

    key, title, files = "bind", "BIND mirror", ["named.conf"]
    config = """options {{
  directory "{folder}";
  pid-file none;
  session-keyfile none;
  listen-on port {port} {{ 127.0.0.1; }};
  query-source address {source};
  transfer-source {source};
  interface-interval 0;
  recursion yes;
  dnssec-validation yes;
  notify no;
}};
trust-anchors {{ . static-key {key}; }};
key "bench" {{ algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; }};
controls {{ inet {source} port 953 allow {{ any; }} keys {{ "bench"; }}; }};
"""
    mirror = """zone "." {{
  type mirror;
  primaries {{ {primary}; }};
  file "root.mirror";
}};
"""
    hints = """zone "." {{ type hint; file "{hints}"; }};
"""

    def command(self):
        key = anchor(self.net)
        words = key.to_text().split(None, 3)
        text = (self.config + (self.hints if self.bare else self.mirror)).format(
            folder=self.folder, port=self.port, source=self.sources[0], primary=self.primary, hints=rootzone.HINTS,
            key=f'{" ".join(words[:3])} "{words[3].replace(" ", "")}"')
        (self.folder / "named.conf").write_text(text, encoding="ascii")
        (self.folder / "rndc.conf").write_text('key "bench" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; };\n', encoding="ascii")
        return [servers.need("named"), "-4", "-g", "-n", str(self.threads), "-c", str(self.folder / "named.conf")]

    def refresh(self):
        subprocess.run([servers.need("rndc"), "-k", str(self.folder / "rndc.conf"), "-s", self.sources[0], "refresh", "."], check=True,
                       capture_output=True, timeout=20)

    def has_refreshed(self, serial=None):
        if serial:
            return self.ask(".", "SOA").answer[0][0].serial == serial
        return re.search(r"mirror zone is now in use", self.process.log) is not None

    def kept(self):
        return list(self.folder.glob("root.mirror*"))

    def version(self):
        return subprocess.run([servers.need("named"), "-v"], capture_output=True, text=True, timeout=10).stdout.strip()


class Knot(Peer):
    """"Prefilling cache with root zone" in Knot Resolver's documentation. It fetches once an hour at most, so that no refresh can be
    measured."""

    key, title, files = "knot", "Knot Resolver prefill", ["kresd.conf"]
    web = "192.0.2.80"
    config = """net.listen('127.0.0.1', {port}, {{ kind = 'dns' }})
net.ipv6 = false
net.outgoing_v4('{source}')
trust_anchors.remove('.')
trust_anchors.add_file('{anchor}', true)
modules = {{ 'hints > iterate' }}
cache.size = 100 * MB
log_level('info')
"""
    prefill = """modules.load('prefill')
prefill.config({{ ['.'] = {{ url = 'https://{web}/root.zone', interval = 86400, ca_file = '{bundle}' }} }})
"""

    def command(self):
        if not self.bare:
            self.serve_web()
        text = (self.config + ("" if self.bare else self.prefill)).format(
            port=self.port, source=self.sources[0], anchor=self.net.zone.anchor, web=self.web, bundle=self.net.folder / "web-ca/ca.pem")
        (self.folder / "kresd.conf").write_text(text, encoding="ascii")
        return [servers.need("kresd"), "-n", "-c", str(self.folder / "kresd.conf"), str(self.folder)]

    def serve_web(self):
        """An nginx for all of them."""
        if not hasattr(self.net, "web"):
            authority = servers.Authority(self.net.folder / "web-ca")
            self.net.web = servers.Nginx(self.net.folder / "web", self.web, authority.certificate("web", addresses=[self.web]))
            self.net._daemons.append(self.net.web)
            self.net.web.put("root.zone", self.net.zone.zone)

    def has_refreshed(self):
        return "validating and caching took" in self.process.log

    def kept(self):
        return [path for path in self.folder.iterdir() if path.name in ("root.zone", "data.mdb", "lock.mdb")]

    def version(self):
        return subprocess.run([servers.need("kresd"), "-V"], capture_output=True, text=True, timeout=10).stdout.strip()


class Powerdns(Peer):
    """"Zone to Cache" in PowerDNS Recursor's documentation. It keeps no copy on disk, and fetches by its clock alone,
    so that no refresh can be measured."""

    key, title, files = "powerdns", "PowerDNS ZoneToCache", ["recursor.conf", "recursor.lua"]
    keeps_copy = False
    config = """local-address=127.0.0.1
local-port={port}
query-local-address={source}
# private addresses are the laboratory's Internet
dont-query=
hint-file={hints}
dnssec=validate
threads={threads}
pdns-distributes-queries=no
socket-dir={folder}
daemon=no
security-poll-suffix=
lua-config-file={folder}/recursor.lua
"""
    lua = """clearTA()
addTA('.', '{digest}')
"""
    zone_to_cache = """zoneToCache(".", "axfr", "{primary}", {{ zonemd = "require", dnssec = "require" }})
"""

    def command(self):
        digest = dns.dnssec.make_ds(".", anchor(self.net), "SHA256").to_text()
        (self.folder / "recursor.lua").write_text((self.lua + ("" if self.bare else self.zone_to_cache)).format(
            digest=digest, primary=self.primary), encoding="ascii")
        (self.folder / "recursor.conf").write_text(self.config.format(
            port=self.port, source=self.sources[0], hints=rootzone.HINTS, threads=self.threads, folder=self.folder), encoding="ascii")
        return [servers.need("pdns_recursor"), f"--config-dir={self.folder}"]

    def has_refreshed(self):
        return "into cache" in self.process.log

    def kept(self):
        return []

    def version(self):
        done = subprocess.run([servers.need("pdns_recursor"), "--version"], capture_output=True, text=True, timeout=10)
        return re.search(r"PowerDNS Recursor [\d.]+", done.stdout + done.stderr)[0]


@contextlib.contextmanager
def running(kind, net, limit=START_LIMIT, **how):
    """One that serves, inside of the with."""
    peer = kind(net, **how)
    try:
        peer.start()
        peer.wait_serving(limit)
        peer.wait_idle()
        yield peer
    finally:
        peer.stop()


ALL = [Localroot, AuthZone, Unbound, Bind, Knot, Powerdns, Asking]
