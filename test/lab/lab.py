"""The laboratory: real daemons, in the network that test/run has given the test.

    with lab.Lab() as net:                           # or lab.Lab(rootzone.real()), lab.Lab(rootzone.step(1)), ...
        ub = net.unbound(localroot=[])               # Unbound with the module, fetching from net.TRANSFER[0]
        plain = net.unbound()                        # and one without
        ub.wait_serving()                            # until it has a verified copy
        answer = ub.ask("junk.", "A")                # a dns.message, asked with DO
        net.root_queries(ub)                         # what ub has sent to the root servers' addresses

The loopback carries the root servers' addresses (Debian's root hints), ICANN's transfer addresses, and those of the
TLD servers. NSD serves "." on the first two, and TLDs (tlds.py) on the last. What counts as a query to the root: any
DNS query, over UDP or TCP, from the resolver's own outgoing addresses to a root server's address. Nothing but the
root zone is served there (arpa and root-servers.net have other servers here), so no name needs to be left out. The
module's transfers come from other source addresses: see transfers().
"""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

import dns.message
import dns.query
import dns.rcode

import answers
import daemons
import netns
import rootzone
import sniff
import tap
import tlds

wait = daemons.wait

TOP, BUILD = pathlib.Path(os.environ["LR_TOP"]), pathlib.Path(os.environ["LR_BUILD"])
MODULE, CHECK = BUILD / ".libs" / "localroot.so", BUILD / "localroot-check"


def sanitizers(program=MODULE):
    """Those that it is built with: as few as none."""
    octets = program.read_bytes()
    return {mark for mark in (b"__asan_init", b"__tsan_init") if mark in octets}


# TLDs that the real root delegates without DS to servers that its glue names: the lab can stand in for them.
REAL_TLDS = ["tk", "gq", "ck"]


SOURCE = "axfr:192.0.32.132"  # what net.unbound(localroot=[]) asks
ASKING = "aggressive-nsec: no"  # a configuration with which every name that does not exist is asked for


def libcurl():
    """The name that this build loads libcurl by; None where it is without."""
    found = re.search('#define LR_LIBCURL "(.*)"', (BUILD / "lr_config.h").read_text(encoding="utf-8"))
    return found and found[1]


def https():
    return libcurl() is not None


def prefix():
    """Where the Unbound under test is installed."""
    if not os.environ.get("LR_UNBOUND_PREFIX"):
        raise tap.Skip("no Unbound with dynlib here: run contrib/get-unbound")
    return pathlib.Path(os.environ["LR_UNBOUND_PREFIX"])


class Lab:
    TRANSFER = ["192.0.32.132", "2620:0:2d0:202::132", "192.0.47.132", "2620:0:2830:202::132"]

    def __init__(self, root=None, served=None, families=(4, 6)):
        """root: a rootzone.Root for the root servers and the transfer addresses, by default one made here; served: the
        TLDs to stand in for; families: which addresses exist at all."""
        self.zone, self._families = root or rootzone.make(), families
        self.served = served if served is not None else (tlds.SIGNED + tlds.UNSIGNED if self.zone.signed else REAL_TLDS)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="lr-lab-"))
        self.root_addresses = self._family(a for addresses in rootzone.hints().values() for a in addresses)
        self.transfer_addresses = self._family(self.TRANSFER)
        self._daemons, self._resolvers = [], 0
        self.sniffer = self.root_server = self.source = None
        self.running = contextlib.ExitStack()  # what else is to end before the lab does

    def __enter__(self):
        try:
            netns.add_addresses(self.root_addresses + self.transfer_addresses)
            self.sniffer = sniff.Sniffer()
            started = self._start_tlds()
            self.root_server = self.nsd("root", {".": self.zone.zone}, self.root_addresses, ready=False)
            self.source = self.nsd("source", {".": self.zone.zone}, self.transfer_addresses, ready=False)
            for server in started + [self.root_server, self.source]:
                server.wait_ready()
        except BaseException:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, value, trace):
        self.running.close()
        late = []
        for daemon in reversed(self._daemons):
            try:
                daemon.stop()
            except TimeoutError as fault:
                late.append(str(fault))
        if self.sniffer:
            self.sniffer.stop()
        if os.environ.get("LR_KEEP"):
            tap.note(f"kept: {self.folder}")
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if late and kind is None:
            raise TimeoutError("; ".join(late))

    def _family(self, addresses):
        return [a for a in addresses if (6 if ":" in a else 4) in self._families]

    def write(self, name, text):
        """A file in the lab's folder; its path."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="ascii")
        return str(path)

    # Authoritative servers

    def nsd(self, name, zones, addresses, port=53, ready=True):
        """An NSD for zones (name -> file); the addresses are put on the loopback."""
        folder = self.folder / f"nsd-{name}-{len(self._daemons)}"
        netns.add_addresses(addresses)
        server = daemons.Nsd(f"nsd {name}", folder, zones, addresses, port)
        self._daemons.append(server)
        if ready:
            server.wait_ready()
        return server

    def serve_root(self, root):
        """The root servers serve another zone from now on."""
        self.root_server.stop()
        self.root_server = self.nsd("root", {".": root.zone}, self.root_addresses)

    def serve_source(self, root):
        """The transfer addresses serve another zone from now on (None: nothing, connections are refused)."""
        if self.source:
            self.source.stop()
        self.source = self.nsd("source", {".": root.zone}, self.transfer_addresses) if root else None

    def _start_tlds(self):
        zones, leaves, addresses = {}, {}, []
        for place, tld in enumerate(self.served):
            servers = self.zone.delegations[tld]
            for name in servers:
                addresses += self.zone.glue.get(name, tlds.FAR_ADDRESSES)
            zones[f"{tld}."] = self.zone.signed.get(tld) or self.write(
                f"{tld}.zone", tlds.zone(tld, self.served, servers, self.zone.glue))
            after = self.served[(place + 1) % len(self.served)]
            leaves[f"shop.{tld}."] = self.write(f"shop.{tld}.zone", tlds.leaf(tld, f"ns.shop-dns.{after}."))
        leaves["root-servers.net."] = self.write("root-servers.net.zone", tlds.root_servers_net(rootzone.hints()))
        unique = list(dict.fromkeys(self._family(addresses)))
        return [self.nsd("tlds", zones, unique, ready=False),
                self.nsd("leaves", leaves, self._family(tlds.LEAF_ADDRESSES + tlds.RSNET_ADDRESSES), ready=False)]

    # Resolvers

    def unbound(self, localroot=None, config="", tail="", threads=1, wrapper=(), limit=30, anchor=None, folder=None,
                modules="validator iterator", prepare=None, hints=None, checked=True, installed=None):
        """Starts Unbound. localroot: None for one without the module, or its option lines; where they name no source,
        the lab's first transfer address is one. anchor: a file, or "none"; hints: a file. config: lines for server:, tail: further clauses. folder: that of an
        Unbound stopped before, to start on what it left on disk. prepare(folder) may put something there first. checked: unbound-checkconf has to
        accept the configuration. installed: the folder of another Unbound than the one under test."""
        self._resolvers += 1
        number = self._resolvers
        folder = pathlib.Path(folder) if folder else self.folder / f"unbound-{number}"
        sources = self._family([f"10.53.0.{number}", f"fd53::{number:x}"])
        netns.add_addresses(sources)
        port, home = 5300 + number, "127.0.0.1" if 4 in self._families else "::1"
        lines = ["server:", '  username: ""', '  chroot: ""', f'  directory: "{folder}"', f'  pidfile: "{folder}/pid"',
                 "  use-syslog: no", '  logfile: ""', f"  num-threads: {threads}", "  do-not-query-localhost: no",
                 f"  interface: {home}@{port}", *(f"  access-control: {who} allow" for who in ("127.0.0.0/8", "10.53.0.0/16", "::1", "fd53::/64")),
                 "  extended-statistics: yes",
                 f'  root-hints: "{hints or rootzone.HINTS}"',
                 f'  trust-anchor-file: "{anchor or self.zone.anchor}"' if anchor != "none" else "",
                 f"  do-ip4: {'yes' if 4 in self._families else 'no'}", f"  do-ip6: {'yes' if 6 in self._families else 'no'}",
                 '  local-zone: "198.in-addr.arpa." nodefault', "  so-reuseport: no" if threads == 1 else "",
                 *(f"  outgoing-interface: {address}" for address in sources)]
        if self.zone.date:
            lines.append(f'  val-override-date: "{self.zone.date}"')
        lines.append(f'  module-config: "{modules if localroot is None else "dynlib " + modules}"')
        lines += ["  " + line.strip() for line in config.splitlines() if line.strip()]
        lines += ["remote-control:", "  control-enable: yes", "  control-interface: {control}", "  control-use-cert: no"]
        if localroot is not None:
            fetching = self._family([f"10.57.0.{number}", f"fd57::{number:x}"])
            netns.add_addresses(fetching)
            lines += ["dynlib:", *(f'  dynlib-file: "{word}"' for word in self._module_lines(folder, localroot, fetching))]
        lines += tail.splitlines()
        folder.mkdir(parents=True, exist_ok=True)
        if prepare:
            prepare(folder)
        resolver = daemons.Unbound(folder, installed or prefix(), (home, port), sources, "\n".join(lines) + "\n", wrapper, limit, checked)
        self._daemons.append(resolver)
        return resolver

    def _module_lines(self, folder, options, fetching):
        if not MODULE.exists():
            raise FileNotFoundError(f"the module is not built: {MODULE}")
        options = list(options)
        if not any(option.startswith("localroot:") for option in options):
            options.insert(0, "localroot: yes")
        if "localroot-source: builtin" in options:  # the lab's own word: name none
            options.remove("localroot-source: builtin")
        elif not any(option.startswith("localroot-source:") for option in options):
            options.append(f"localroot-source: axfr:{self.transfer_addresses[0]}")
        if not any(option.startswith("localroot-dir:") for option in options):
            options.append(f"localroot-dir: {folder}")
        if not any(option.startswith("localroot-status-file:") for option in options):
            options.append(f"localroot-status-file: {folder}/status")
        if not any(option.startswith("localroot-outgoing-interface:") for option in options):
            options += [f"localroot-outgoing-interface: {address}" for address in fetching]
        return [str(MODULE), *options]

    # What went over the wire

    def root_queries(self, resolver, start=0):
        """Queries that this resolver has sent to a root server. start: leaves that many of all queries out,
        as len(lab.sniffer.queries()) gave it."""
        return [q for q in self.sniffer.queries()[start:]
                if q.source in resolver.sources and q.destination in self.root_addresses]

    def upstream_queries(self, resolver, start=0):
        """All queries that this resolver's iterator has sent."""
        return [q for q in self.sniffer.queries()[start:] if q.source in resolver.sources]

    def transfers(self, start=0):
        """Transfer requests, whoever sent them."""
        return [q for q in self.sniffer.queries()[start:] if q.type in ("AXFR", "IXFR")]

    # What a resolver does

    def serves(self, resolver, label, serial=None):
        """Fails unless it answers from a copy (of that serial): the root servers see nothing."""
        start = len(self.sniffer.queries())
        reply = resolver.ask(f"junk-{time.monotonic_ns()}.", limit=20)
        tap.equal((label, reply.rcode(), answers.secure(reply)), (label, dns.rcode.NXDOMAIN, True))
        if serial:
            tap.equal((label, resolver.ask(".", "SOA").answer[0][0].serial), (label, serial))
        tap.equal((label, self.root_queries(resolver, start)), (label, []), "queries to the root")

    def passes(self, resolver, label):
        """Fails unless it answers as without the module: through the root servers. For one that is ASKING."""
        start = len(self.sniffer.queries())
        reply = resolver.ask(f"junk-{time.monotonic_ns()}.")
        tap.equal((label, reply.rcode(), answers.secure(reply)), (label, dns.rcode.NXDOMAIN, True))
        if not self.root_queries(resolver, start):
            raise AssertionError(f"{label}: served")

    def check(self, source, *options, limit=60, wrapper=()):
        """localroot-check's exit code with this zone's anchor, and what it printed."""
        done = subprocess.run([*wrapper, str(CHECK), "-a", self.zone.anchor, *options, str(source)], capture_output=True, text=True,
                              timeout=limit * daemons.PATIENCE)
        return done.returncode, done.stdout + done.stderr

    def direct(self, name, kind, address, tcp=False):
        """Asks an authoritative server itself."""
        message = dns.message.make_query(name, kind, want_dnssec=True)
        return (dns.query.tcp if tcp else dns.query.udp)(message, address, 5)
