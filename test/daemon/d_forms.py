#!/usr/bin/python3
"""The forms in which the IETF writes sources and lists of them, packed master files, and which source comes first."""

import gzip
import hashlib
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab  # noqa: E402
import tap  # noqa: E402

lab.enter()

import hostile  # noqa: E402
import servers  # noqa: E402
from lab import rootzone  # noqa: E402

SERIAL, HERE, NAME = 2026010110, "203.0.113.191", "www.lab.example"
CHECK = pathlib.Path(lab.BUILD) / "localroot-check"
HTTPS = "#define HAVE_LIBCURL" in (pathlib.Path(lab.BUILD) / "lr_config.h").read_text(encoding="utf-8")


def root(step=0):
    return rootzone.make(timers=(3600, 3600, 604800), serial=SERIAL + step)


def check(net, source, *more):
    done = subprocess.run([str(CHECK), "-a", net.zone.anchor, *more, source], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def sources(*words):
    return [f"localroot-source: {word}" for word in words]


def web(port, body, context=None, headers=()):
    return hostile.Server(HERE, port, hostile.response("200 OK", headers, body), context)


@tap.test("axfr:HOST:PORT/. and brackets, beside our own form; another zone than the root is refused with that reason")
def transfers():
    with lab.Lab(root()) as net:
        net.nsd("loopback", {".": net.zone.zone}, ["127.0.0.1", "::1"], 5399)
        for source in ("axfr:192.0.32.132/.", "ixfr:[2620:0:2d0:202::132]/.", "axfr:127.0.0.1:5399/.", "axfr:[::1]:5399/.",
                       "axfr:localhost:5399/.", "axfr:::1@5399"):
            code, text = check(net, source)
            tap.equal(code, 0, f"{source}: {text}")
        for source, reason in (("axfr:192.0.32.132/example.", "another zone than the root"), ("xot:ns.zone.example:8853/zone.example.", "another zone")):
            code, text = check(net, source)
            tap.equal((code != 0, reason in text), (True, True), f"{source}: {text}")
        resolver = net.unbound(localroot=sources("axfr:[::1]:5399/."))
        resolver.wait_serving(SERIAL)
        resolver.wait_log(r"localroot: axfr:\[::1\]:5399/\.: serial", 5)


@tap.test("a packed master file: by file:, http: and https:, with and without Content-Encoding, and verified all the same")
def packed():
    with lab.Lab(root()) as net:
        zone = pathlib.Path(net.zone.zone).read_bytes()
        (net.folder / "root.zone.gz").write_bytes(gzip.compress(zone))
        (net.folder / "cut.gz").write_bytes(gzip.compress(zone)[:-100])
        code, text = check(net, f"file:{net.folder}/root.zone.gz")
        tap.equal(code, 0, text)
        code, text = check(net, f"file:{net.folder}/cut.gz")
        tap.equal((code != 0, "the gzip data ends too early" in text), (True, True), text)
        resolver = net.unbound(localroot=sources(f"file:{net.folder}/root.zone.gz"))
        resolver.wait_serving(SERIAL)
        if not HTTPS:
            return
        ca = servers.Authority(net.folder / "ca")
        tls = hostile.tls(ca.certificate("web", [NAME], [HERE]))
        encoded = ["Content-Encoding: gzip"]
        running = [web(8001, zone), web(8002, gzip.compress(zone)), web(8003, gzip.compress(zone), None, encoded),
                   web(8004, gzip.compress(gzip.compress(zone)), None, encoded), web(8443, gzip.compress(zone), tls),
                   hostile.Server(HERE, 8005, hostile.response("302 Found", [f"Location: http://{HERE}:8002/root.zone.gz"])),
                   hostile.Server(HERE, 8006, hostile.response("302 Found", [f"Location: https://{HERE}:8443/root.zone.gz"])),
                   hostile.Server(HERE, 8007, hostile.response("302 Found", ["Location: file:///etc/passwd"]))]
        for port in (8001, 8002, 8003, 8004, 8005, 8006):
            code, text = check(net, f"http://{HERE}:{port}/root.zone.gz", "-c", ca.bundle)
            tap.equal(code, 0, f"http, port {port}: {text}")
        code, text = check(net, f"https://{NAME}:8443/root.zone.gz@{HERE}", "-c", ca.bundle)
        tap.equal(code, 0, f"https: {text}")
        code, text = check(net, f"http://{HERE}:8007/x")
        tap.equal((code != 0, "redirected to" in text or "rotocol" in text), (True, True), text)
        resolver = net.unbound(localroot=sources(f"http://{HERE}:8002/root.zone.gz"))
        resolver.wait_serving(SERIAL)
        for server in running:
            server.stop()


@tap.test("what comes by http: is verified: a zone that was changed on the way is not taken, and the next source is asked")
def in_the_clear():
    if not HTTPS:
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(root()) as net:
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
    with lab.Lab(root()) as net:
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


@tap.test("the built-in list: addresses first while nothing is held, https first once a copy serves")
def built_in():
    if not HTTPS:
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(root()) as net:
        resolver = net.unbound(localroot=["localroot-source: builtin"])
        resolver.wait_serving(SERIAL)
        tap.equal("internic" in resolver.log, False, f"asked before it was served: {resolver.log[-2000:]}")
        resolver.control("localroot_refresh")  # nobody is to be found by that name here
        resolver.wait_log("localroot: https://www.internic.net/domain/root.zone: ", 30)
        resolver.wait_metrics(lambda m: m["refresh_current"] >= 1, 30, "confirmed by another")


tap.run()
