"""More authoritative servers than NSD: BIND for IXFR and for transfers over TLS, nginx for HTTPS, and the lab's own
certification authority."""

import datetime
import os
import pathlib
import shutil
import subprocess
import time

import daemons
import netns
import tap


def need(tool):
    path = shutil.which(tool)
    if not path:
        raise tap.Skip(f"{tool} is not installed")
    return path


class Authority:
    """A certification authority with certificates for servers. .bundle is what a client is to trust."""

    def __init__(self, folder, name="The lab"):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.bundle = str(self.folder / "ca.pem")
        self._run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30",
                  "-subj", f"/CN={name}", "-keyout", "ca.key", "-out", "ca.pem",
                  "-addext", "basicConstraints=critical,CA:TRUE")

    def _run(self, *arguments):
        done = subprocess.run([need("openssl"), *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr}")

    def certificate(self, label, names=(), addresses=(), expired=False):
        """(certificate file, key file) for these DNS names and IP addresses."""
        cert, key = self.folder / f"{label}.pem", self.folder / f"{label}.key"
        if cert.exists():
            return str(cert), str(key)
        alternatives = ",".join([f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses])
        (self.folder / f"{label}.ext").write_text(f"subjectAltName={alternatives}\n", encoding="ascii")
        self._run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=server",
                  "-keyout", key.name, "-out", f"{label}.csr")
        if not expired:
            self._run("x509", "-req", "-in", f"{label}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                      "-days", "10", "-extfile", f"{label}.ext", "-out", cert.name)
            return str(cert), str(key)
        # `openssl ca` alone takes dates that are past.
        (self.folder / "index.txt").write_text("", encoding="ascii")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\ncertificate=ca.pem\nprivate_key=ca.key\n"
            "default_md=sha256\nrand_serial=yes\npolicy=p\n[p]\ncommonName=supplied\n", encoding="ascii")
        past = [(datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=d)).strftime("%y%m%d%H%M%SZ")
                for d in (20, 10)]
        self._run("ca", "-batch", "-config", "ca.cnf", "-in", f"{label}.csr", "-out", cert.name, "-notext",
                  "-startdate", past[0], "-enddate", past[1], "-extfile", f"{label}.ext")
        return str(cert), str(key)


class Bind(daemons.Daemon):
    """BIND as a primary of "." on the address: port 53, and with a certificate 853 by TLS. It makes increments of what
    changes in the zone file."""

    def __init__(self, folder, zone, address, certificate=None):
        folder = pathlib.Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.zone_file = folder / "root.zone"
        self.zone_file.write_bytes(pathlib.Path(zone).read_bytes())
        netns.add_address(address)
        family, other = ("-v6", "listen-on") if ":" in address else ("", "listen-on-v6")
        listen = f"listen-on{family}"
        tls = f'tls lab {{ cert-file "{certificate[0]}"; key-file "{certificate[1]}"; }};\n' if certificate else ""
        over_tls = f"  {listen} port 853 tls lab {{ {address}; }};\n" if certificate else ""
        (folder / "named.conf").write_text(
            f'{tls}options {{\n  directory "{folder}";\n  pid-file none;\n  session-keyfile none;\n  recursion no;\n'
            f"  {listen} {{ {address}; }};\n  {other} {{ none; }};\n{over_tls}"
            "  allow-transfer { any; };\n  notify no;\n  dnssec-validation no;\n  minimal-responses no;\n"
            # All signatures are new in the lab's next zone: the differences are larger than the zone.
            "  interface-interval 0;\n  max-ixfr-ratio unlimited;\n  max-journal-size unlimited;\n};\n"
            f'include "{folder}/key";\ncontrols {{ inet {address} port 953 allow {{ any; }} keys {{ lab; }}; }};\n'
            f'zone "." {{ type primary; file "{self.zone_file}"; ixfr-from-differences yes; check-names ignore; }};\n',
            encoding="ascii")
        (folder / "key").write_text('key "lab" { algorithm hmac-sha256; secret "c2VjcmV0c2VjcmV0c2VjcmV0"; };\n', encoding="ascii")
        self._rndc = [need("rndc"), "-k", str(folder / "key"), "-s", address]
        super().__init__("named", folder, [need("named"), "-g", "-n", "1", "-c", str(folder / "named.conf")])
        self.wait_log("all zones loaded", 30)

    def serve(self, zone, serial):
        """From now on it serves that file's contents."""
        start = len(self.log)
        self.zone_file.write_bytes(pathlib.Path(zone).read_bytes())
        subprocess.run([*self._rndc, "reload", "."], check=True, capture_output=True, timeout=30)
        self.wait_log(rf"zone \./IN: loaded serial {serial}", 30, start)


class Nginx(daemons.Daemon):
    """An HTTPS server on the address, port 443, for the files in .root; .requests() are those it has had."""

    def __init__(self, folder, address, certificate, more="", formats=""):
        folder = pathlib.Path(folder)
        self.root = folder / "files"
        self.root.mkdir(parents=True, exist_ok=True)
        self._puts = 0
        self._access = folder / "access.log"
        netns.add_address(address)
        listen = f"[{address}]" if ":" in address else address
        (folder / "nginx.conf").write_text(
            "daemon off;\nworker_processes 1;\nuser root;\n"
            f'error_log stderr;\npid "{folder}/nginx.pid";\nevents {{ }}\nhttp {{\n'
            f'  client_body_temp_path "{folder}/t1"; proxy_temp_path "{folder}/t2"; fastcgi_temp_path "{folder}/t3";\n'
            f'  uwsgi_temp_path "{folder}/t4"; scgi_temp_path "{folder}/t5";\n'
            "  log_format short '$status $body_bytes_sent $http_accept_encoding | $request';\n" + formats +
            f'  access_log "{self._access}" short;\n  gzip on; gzip_types *; gzip_min_length 1;\n  etag on;\n'
            f'  server {{\n    listen {listen}:443 ssl;\n    ssl_certificate "{certificate[0]}";\n'
            f'    ssl_certificate_key "{certificate[1]}";\n    root "{self.root}";\n{more}  }}\n}}\n', encoding="ascii")
        super().__init__("nginx", folder, [need("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder), "-e", "stderr"])
        daemons.wait(lambda: (folder / "nginx.pid").exists() or not self.running, 20, lambda: f"nginx runs:\n{self.log}")

    def put(self, name, zone):
        """A new file there, in one step."""
        scratch = self.root / f".{name}"
        scratch.write_bytes(pathlib.Path(zone).read_bytes())
        # nginx' ETag is time and size: a second is too coarse for tests.
        self._puts += 1
        os.utime(scratch, (time.time(), time.time() - 100000 + self._puts * 10))
        scratch.rename(self.root / name)

    def requests(self):
        """[(status, octets of body), ...]"""
        if not self._access.exists():
            return []
        return [(int(line.split()[0]), int(line.split()[1])) for line in self._access.read_text().splitlines()]
