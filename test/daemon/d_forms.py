"""The forms in which the IETF writes sources and lists of them, packed master files, and which source comes first."""

import gzip
import hashlib
import os
import pathlib
import re
import threading
import time

import hostile
import lab
from rootzone import SERIAL, calm
import scripted
import servers
import tap

HERE, NAME = "203.0.113.191", "www.lab.example"


def sources(*words):
    return [f"localroot-source: {word}" for word in words]


def web(port, body, context=None, headers=()):
    return scripted.Server(HERE, port, hostile.response("200 OK", headers, body), context)


@tap.test("axfr:HOST:PORT/. and brackets, beside our own form; another zone than the root is refused with that reason")
def transfers():
    with lab.Lab(calm()) as net:
        net.nsd("loopback", {".": net.zone.zone}, ["127.0.0.1", "::1"], 5399)
        for source in ("axfr:192.0.32.132/.", "ixfr:[2620:0:2d0:202::132]/.", "axfr:127.0.0.1:5399/.", "axfr:[::1]:5399/.",
                       "axfr:localhost:5399/.", "axfr:::1@5399"):
            code, text = net.check(source)
            tap.equal(code, 0, f"{source}: {text}")
        for source, reason in (("axfr:192.0.32.132/example.", "another zone than the root"), ("xot:ns.zone.example:8853/zone.example.", "another zone")):
            code, text = net.check(source)
            tap.equal((code != 0, reason in text), (True, True), f"{source}: {text}")
        resolver = net.unbound(localroot=sources("axfr:[::1]:5399/."))
        resolver.wait_serving(SERIAL)
        resolver.wait_log(r"localroot: axfr:\[::1\]:5399/\.: serial", 5)


@tap.test("a packed master file: by file:, http: and https:, with and without Content-Encoding, and verified all the same")
def packed():
    with lab.Lab(calm()) as net:
        zone = pathlib.Path(net.zone.zone).read_bytes()
        (net.folder / "root.zone.gz").write_bytes(gzip.compress(zone))
        (net.folder / "cut.gz").write_bytes(gzip.compress(zone)[:-100])
        code, text = net.check(f"file:{net.folder}/root.zone.gz")
        tap.equal(code, 0, text)
        code, text = net.check(f"file:{net.folder}/cut.gz")
        tap.equal((code != 0, "the gzip data ends too early" in text), (True, True), text)
        resolver = net.unbound(localroot=sources(f"file:{net.folder}/root.zone.gz"))
        resolver.wait_serving(SERIAL)
        if not lab.https():
            return
        ca = servers.Authority(net.folder / "ca")
        tls = scripted.tls(ca.certificate("web", [NAME], [HERE]))
        encoded = ["Content-Encoding: gzip"]
        running = [web(8001, zone), web(8002, gzip.compress(zone)), web(8003, gzip.compress(zone), None, encoded),
                   web(8004, gzip.compress(gzip.compress(zone)), None, encoded), web(8443, gzip.compress(zone), tls),
                   scripted.Server(HERE, 8005, hostile.response("302 Found", [f"Location: http://{HERE}:8002/root.zone.gz"])),
                   scripted.Server(HERE, 8006, hostile.response("302 Found", [f"Location: https://{HERE}:8443/root.zone.gz"])),
                   scripted.Server(HERE, 8007, hostile.response("302 Found", ["Location: file:///etc/passwd"]))]
        for port in (8001, 8002, 8003, 8004, 8005, 8006):
            code, text = net.check(f"http://{HERE}:{port}/root.zone.gz", "-c", ca.bundle)
            tap.equal(code, 0, f"http, port {port}: {text}")
        code, text = net.check(f"https://{NAME}:8443/root.zone.gz@{HERE}", "-c", ca.bundle)
        tap.equal(code, 0, f"https: {text}")
        code, text = net.check(f"http://{HERE}:8007/x")
        tap.equal((code != 0, "redirected to" in text or "rotocol" in text), (True, True), text)
        resolver = net.unbound(localroot=sources(f"http://{HERE}:8002/root.zone.gz"))
        resolver.wait_serving(SERIAL)
        for server in running:
            server.stop()


@tap.test("what comes by http: is verified: a zone that was changed on the way is not taken, and the next source is asked")
def in_the_clear():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(calm()) as net:
        zone = pathlib.Path(net.zone.zone).read_text(encoding="ascii")
        other = re.sub(r"(?m)^(com\.\s.*\sNS\s+).*$", r"\1ns.evil.example.", zone, count=1)
        tap.equal(other != zone, True, "changed")
        server = web(8001, other.encode())
        resolver = net.unbound(localroot=sources(f"http://{HERE}:8001/root.zone", "axfr:192.0.32.132/."))
        resolver.wait_serving(SERIAL)
        resolver.wait_log(rf"warning: localroot: http://{HERE}:8001/root.zone: ", 5)
        server.stop()


def checked_list(*lines):
    text = "".join(f"{line}\n" for line in lines)
    return f"{text}----\nSHA256 {hashlib.sha256(text.encode()).hexdigest()}\n"


@tap.test("a list in the form of the draft: schemes of others are passed over quietly; the digest has to be right; none left: regular DNS")
def lists():
    with lab.Lab(calm()) as net:
        lines = ["# publication points", "quic-xfr:a.example/.", "  ftp://a.example/root.zone ", "axfr:192.0.32.132/."]
        good = net.write("good", checked_list(*lines))
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {good}"])
        resolver.wait_serving(SERIAL)
        tap.equal([word for word in ("passed over", "quic", "ftp") if word in resolver.log], [], resolver.log)
        wrong = net.write("wrong", checked_list(*lines).replace("192.0.32.132", "192.0.47.132"))
        foreign = net.write("foreign", checked_list(*lines[:-1]))
        for file, reason in ((wrong, "its SHA256 is another"), (foreign, "no usable source in it: there is no local root, but regular DNS")):
            start = len(net.sniffer.queries())
            resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {file}"], checked=False)
            resolver.wait_log(re.escape(f"localroot: {file}: {reason}"), 10)
            resolver.wait_log("no source that was named can be used, and no other is asked", 5)
            resolver.ask("shop.com.", "A")
            tap.equal(len(net.transfers(start)), 0, "transfers")
            tap.equal(len(net.root_queries(resolver, start)) > 0, True, "regular DNS")
            resolver.stop()


class ListServer:
    """A list of sources by HTTP; .asked counts."""

    def __init__(self, port, text):
        self.asked, self.text, self._lock = 0, text, threading.Lock()
        self._server = scripted.Server(HERE, port, hostile.http(self._respond))
        self.stop = self._server.stop

    def _respond(self, connection, server):
        with self._lock:
            self.asked += 1
        hostile.answer_http(connection, "200 OK", self.text.encode())


@tap.test("a list that is a URL: had once a week, kept on disk, its sources asked; and without it those of the one before")
def list_by_url():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(calm()) as net:
        text = checked_list("quic-xfr:a.example/.", f"file:{net.zone.zone}", "axfr:203.0.113.250/.", "axfr:192.0.32.132/.")
        server = ListServer(8010, text)
        url = f"http://{HERE}:8010/sources"
        options = ["localroot-source: builtin", f"localroot-source-list: {url}"]
        resolver = net.unbound(localroot=options)
        resolver.wait_serving(SERIAL)
        kept = resolver.folder / "localroot.sources"
        tap.equal(kept.read_text(), text, "on disk")
        for turn in range(3):
            before = resolver.metrics()["refresh_current"]
            resolver.control("localroot_refresh")
            resolver.wait_metrics(lambda m: m["refresh_current"] > before, 30, "confirmed")
        tap.equal((server.asked, len(net.transfers())), (1, 1), "the list was asked for, and whole zones")
        resolver.stop()

        def again(age_days, asked):
            when = time.time() - age_days * 86400
            os.utime(kept, (when, when))
            resolver = net.unbound(localroot=options, folder=kept.parent)
            before = server.asked
            resolver.control("localroot_refresh")
            resolver.wait_metrics(lambda m: m["refresh_current"] > 0, 30, "confirmed")
            tap.equal(server.asked - before, asked, f"the list, {age_days} days old, was asked for")
            resolver.stop()
        again(6, 0)
        left_over = kept.with_name("localroot.sources.tmp-q3Xy9a")
        left_over.write_text("half of a li")
        again(8, 1)
        tap.equal(time.time() - kept.stat().st_mtime < 60, True, "kept anew")
        tap.equal(left_over.exists(), False, "what a process that died has left")
        server.stop()
        again(8, 0)  # nobody gives a newer one
        server = ListServer(8011, checked_list(f"file:{net.zone.zone}", "quic-xfr:a.example/."))
        start = len(net.sniffer.queries())
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: http://{HERE}:8011/sources"])
        resolver.wait_refused(f"http://{HERE}:8011/sources", "format")
        resolver.wait_log("the list has nobody to ask in it", 5)
        resolver.ask("shop.com.", "A")
        tap.equal((len(net.transfers(start)), len(net.root_queries(resolver, start)) > 0), (0, True), "regular DNS")
        server.stop()


@tap.test("the built-in list: addresses first while nothing is held, https first once a copy serves")
def built_in():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(calm()) as net:
        resolver = net.unbound(localroot=["localroot-source: builtin"])
        resolver.wait_serving(SERIAL)
        tap.equal("internic" in resolver.log, False, f"asked before it was served: {resolver.log[-2000:]}")
        resolver.control("localroot_refresh")  # nobody is to be found by that name here
        resolver.wait_log("localroot: https://www.internic.net/domain/root.zone: ", 30)
        resolver.wait_metrics(lambda m: m["refresh_current"] >= 1, 30, "confirmed by another")


tap.run()
