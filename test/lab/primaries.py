"""NSD, BIND and Knot as primaries of "." that people run: transfers with a TSIG key alone, NOTIFY to one who listens.

    key = primaries.Key("transfer.lab.", "hmac-sha256")
    primary = primaries.KINDS["knot"](folder, zone, address, key, notify=("127.0.0.1", 5399))
    primary.serve(newer, serial)      # publishes, and says so to whom it was told
"""

import base64
import os
import pathlib
import signal
import subprocess
import time

import dns.message
import dns.query

import daemons
import netns
from servers import need


class Key:
    """A TSIG key, as named.conf and everybody else has it; file() is a file of it for these servers."""

    def __init__(self, name, algorithm, secret=b"the secret that both sides know"):
        self.name, self.algorithm, self.secret = name, algorithm, base64.b64encode(secret).decode()

    def statement(self):
        return f'key "{self.name}" {{ algorithm {self.algorithm}; secret "{self.secret}"; }};\n'

    def server(self, address):
        return f'server {address} {{ keys "{self.name}"; }};\n'


def key_file(path, key, addresses, mode=0o600):
    """What localroot-tsig-keys takes."""
    path = pathlib.Path(path)
    path.write_text(key.statement() + "".join(key.server(address) for address in addresses), encoding="ascii")
    path.chmod(mode)
    return str(path)


class Primary(daemons.Daemon):
    """One that was told of a key and of whom to notify; either may be None."""

    def __init__(self, folder, zone, address, key=None, notify=None, certificate=None, clients=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        netns.add_address(address)
        self.address, self.key, self.zone_file = address, key, folder / "root.zone"
        self._notify, self._certificate, self._clients = notify, certificate, clients
        self._put(zone)
        super().__init__(self.program, folder, self._command(folder))
        self.wait_log(self.ready, 30)

    def _put(self, zone):
        """In one step, and with a time of its own."""
        scratch = self.zone_file.with_name("scratch")
        scratch.write_bytes(pathlib.Path(zone).read_bytes())
        os.utime(scratch, (time.time(), time.time() + 2 * getattr(self, "_puts", 0)))
        self._puts = getattr(self, "_puts", 0) + 1
        scratch.rename(self.zone_file)

    def serve(self, zone, serial):
        """Publishes that zone; returns as soon as the primary has it."""
        def published():
            answer = dns.query.udp(dns.message.make_query(".", "SOA"), self.address, 5)
            return answer.answer and answer.answer[0][0].serial == serial
        self._put(zone)
        self._reload()
        daemons.wait(published, 20, lambda: f"{self.name} has serial {serial}:\n{self.log[-3000:]}")


class Nsd(Primary):
    program, ready = "nsd", r"nsd started|NSD.*started"

    def _command(self, folder):
        key = self.key.name if self.key else "NOKEY"
        lines = ["server:", "  server-count: 1", "  verbosity: 2", '  username: ""', '  chroot: ""', '  pidfile: ""', '  database: ""',
                 f'  zonesdir: "{folder}"', f'  xfrdfile: "{folder}/xfrd"', f'  xfrdir: "{folder}"',
                 f'  zonelistfile: "{folder}/zonelist"', '  logfile: ""', "  rrl-ratelimit: 0", f"  ip-address: {self.address}",
                 "remote-control:", "  control-enable: no"]
        if self.key:
            lines += ["key:", f"  name: {self.key.name}", f"  algorithm: {self.key.algorithm}", f"  secret: {self.key.secret}"]
        lines += ["zone:", '  name: "."', f'  zonefile: "{self.zone_file}"', f"  provide-xfr: 0.0.0.0/0 {key}",
                  f"  provide-xfr: ::0/0 {key}", f"  outgoing-interface: {self.address}", "  notify-retry: 2"]
        if self._notify:
            lines.append(f"  notify: {self._notify[0]}@{self._notify[1]} {key}")
        (folder / "nsd.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
        return [need("nsd"), "-d", "-c", str(folder / "nsd.conf")]

    def _reload(self):
        self.process.send_signal(signal.SIGHUP)


class Bind(Primary):
    program, ready = "named", "all zones loaded"

    def _command(self, folder):
        key, own = f'key "{self.key.name}"' if self.key else "", "listen-on-v6" if ":" in self.address else "listen-on"
        notify = ""
        if self._notify:
            notify = f"  notify explicit;\n  also-notify {{ {self._notify[0]} port {self._notify[1]} {key}; }};\n"
        tls, over_tls = "", ""
        if self._certificate:
            trust = f' ca-file "{self._clients}";' if self._clients else ""
            tls = f'tls lab {{ cert-file "{self._certificate[0]}"; key-file "{self._certificate[1]}";{trust} }};\n'
            over_tls = f"  {own} port 853 tls lab {{ {self.address}; }};\n"
        (folder / "named.conf").write_text(
            f'{self.key.statement() if self.key else ""}{tls}options {{\n  directory "{folder}";\n  pid-file none;\n'
            f"  session-keyfile none;\n  recursion no;\n  {own} {{ {self.address}; }};\n{over_tls}"
            f"  {'listen-on' if ':' in self.address else 'listen-on-v6'} {{ none; }};\n"
            f"  allow-transfer {{ {key or 'any'}; }};\n{notify or '  notify no;' + chr(10)}  notify-delay 0;\n"
            f"  notify-source{'-v6' if ':' in self.address else ''} {self.address};\n  dnssec-validation no;\n"
            "  minimal-responses no;\n  interface-interval 0;\n  max-ixfr-ratio unlimited;\n  max-journal-size unlimited;\n};\n"
            'key "rndc" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; };\n'
            f'controls {{ inet {self.address} port 953 allow {{ any; }} keys {{ rndc; }}; }};\n'
            f'zone "." {{ type primary; file "{self.zone_file}"; ixfr-from-differences yes; check-names ignore; }};\n',
            encoding="ascii")
        (folder / "rndc.key").write_text('key "rndc" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; };\n',
                                         encoding="ascii")
        self._rndc = [need("rndc"), "-k", str(folder / "rndc.key"), "-s", self.address]
        return [need("named"), "-g", "-n", "1", "-c", str(folder / "named.conf")]

    def _reload(self):
        subprocess.run([*self._rndc, "reload", "."], check=True, capture_output=True, timeout=30)


class Knot(Primary):
    program, ready = "knotd", r"zone file loaded|loaded, serial"

    def _command(self, folder):
        key = [f"    key: {self.key.name}"] if self.key else []
        lines = ["server:", f'    rundir: "{folder}"', f"    listen: {self.address}@53", "    tcp-workers: 1", "    udp-workers: 1",
                 "    background-workers: 1", "database:", f'    storage: "{folder}"', "log:", "  - target: stderr", "    any: info"]
        if self.key:
            lines += ["key:", f"  - id: {self.key.name}", f"    algorithm: {self.key.algorithm}", f"    secret: {self.key.secret}"]
        if self._notify:
            lines += ["remote:", "  - id: resolver", f"    address: {self._notify[0]}@{self._notify[1]}",
                      f"    via: {self.address}", *key]
        lines += ["acl:", "  - id: transfers", "    action: transfer", *key, "zone:", '  - domain: "."',
                  f'    storage: "{folder}"', f'    file: "{self.zone_file}"', "    acl: transfers", "    zonefile-sync: -1",
                  "    zonefile-load: difference", "    semantic-checks: off", "    journal-content: changes"]
        if self._notify:
            lines.append("    notify: resolver")
        (folder / "knot.conf").write_text("\n".join(lines) + "\n", encoding="ascii")
        self._knotc = [need("knotc"), "-s", str(folder / "knot.sock")]
        return [need("knotd"), "-c", str(folder / "knot.conf"), "-s", str(folder / "knot.sock")]

    def _reload(self):
        subprocess.run([*self._knotc, "zone-reload", "."], check=True, capture_output=True, timeout=30)


KINDS = {"nsd": Nsd, "bind": Bind, "knot": Knot}
