"""Every kind of source against the servers that people run: NSD, BIND, nginx. What is held and has not changed costs one
small request; what has changed comes as differences where the server has them; certificates are checked."""

import contextlib
import os
import pathlib
import re
import ssl
import subprocess
import time

import dns.rcode

import lab
import mounts
import netns
from rootzone import eager
import scripted
import servers
import tap

BIND, WEB, WEB6 = "203.0.113.153", "203.0.113.180", "2001:db8:113::180"
NAME = "xfr.lab.example"


@contextlib.contextmanager
def everything(with_https=True):
    """The lab with BIND and nginx, and the authority that both have their certificates from."""
    if with_https and not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(eager()) as net, contextlib.ExitStack() as running:
        ca = servers.Authority(net.folder / "ca")
        certificate = ca.certificate("server", [NAME], [BIND, WEB])
        bind = servers.Bind(net.folder / "bind", net.zone.zone, BIND, certificate)
        running.callback(bind.stop)
        web = None
        if with_https:
            web = servers.Nginx(net.folder / "nginx", WEB, certificate,
                                "    location = /moved { return 302 /root.zone; }\n"
                                "    location = /loop { return 302 /loop; }\n"
                                "    location = /plain { return 302 http://lab.example/root.zone; }\n")
            running.callback(web.stop)
            web.put("root.zone", net.zone.zone)
        yield net, ca, bind, web


def trusting(bundle):
    return ["-c", bundle] if bundle else []


def good(net, source, bundle=None, serial=None):
    code, text = net.check(source, *trusting(bundle))
    if code != 0 or f"serial       {serial or net.zone.serial}" not in text:
        raise AssertionError(f"{source}: {code}: {text}")


def bad(net, source, reason, bundle=None, code=None):
    got, text = net.check(source, *trusting(bundle))
    if got == 0 or not re.search(reason, text) or (code and f"({code})" not in text):
        raise AssertionError(f"{source}: {got}, not {reason!r} ({code}): {text}")


def refresh(resolver):
    """Asks for a round at once, where this Unbound can; else the timers do it in ten seconds."""
    with contextlib.suppress(RuntimeError):
        resolver.control("localroot_refresh")


@tap.test("localroot-check takes the zone from NSD, BIND and nginx, by every scheme")
def every_scheme():
    with everything() as (net, ca, _, _):
        net.nsd("loopback", {".": net.zone.zone}, ["127.0.0.1"], 5399)
        for source in (f"file:{net.zone.zone}", "axfr:192.0.32.132", "axfr:2620:0:2d0:202::132", "ixfr:192.0.32.132",
                       f"axfr:{BIND}", f"ixfr:{BIND}", "axfr:localhost@5399"):
            good(net, source)
        for source in (f"xot:{BIND}#{NAME}", f"xot:{BIND}@853", f"https://{WEB}/root.zone",
                       f"https://{NAME}/root.zone@{WEB}", f"https://{NAME}/moved@{WEB}"):
            good(net, source, ca.bundle)


@tap.test("https: an IPv6 address as host, as the address to connect to, and where a redirect leads")
def https_ipv6():
    with everything() as (net, ca, _, _):
        certificate = ca.certificate("six", [NAME], [WEB6, WEB])
        web = servers.Nginx(net.folder / "nginx6", WEB6, certificate,
                            f"    location = /moved {{ return 302 https://[{WEB6}]/root.zone; }}\n")
        try:
            web.put("root.zone", net.zone.zone)
            for source in (f"https://[{WEB6}]/root.zone", f"https://[{WEB6}]:443/moved", f"https://{NAME}/root.zone@{WEB6}",
                           f"https://{NAME}/moved@{WEB6}", f"https://[2001:db8::feed]/root.zone@{WEB6}"):
                if "feed" in source:  # connects to the address after @, whose certificate is not for the host
                    bad(net, source, "certificate|name", ca.bundle, "unreachable")
                else:
                    good(net, source, ca.bundle)
            bad(net, f"https://[{WEB6}]:444/root.zone", "refused|connect", ca.bundle, "unreachable")
        finally:
            web.stop()


@tap.test("a bundle of certificates is all that is trusted: not the system's file, nor its folder")
def bundle_alone():
    with everything() as (net, ca, _, _):
        # Under another name: else OpenSSL finds the wrong one of the two and looks no further.
        other = servers.Authority(net.folder / "other", "Another lab")
        system = net.folder / "certs"  # as the machine's: the lab's authority is among those it trusts
        system.mkdir()
        (system / "ca-certificates.crt").write_bytes(pathlib.Path(ca.bundle).read_bytes())
        subprocess.run([servers.need("openssl"), "rehash", str(system)], check=True, timeout=60)
        for source in (f"https://{WEB}/root.zone", f"xot:{BIND}#{NAME}"):
            code, text, _ = check_where(net, {"/etc/ssl/certs": system}, source)
            tap.equal(code, 0, f"{source} with the system's certificates: {text}")
            code, text, _ = check_where(net, {"/etc/ssl/certs": system}, source, other.bundle)
            if code == 0 or "certificate" not in text:
                raise AssertionError(f"{source} with another's: {code}: {text}")


@tap.test("certificates and names: each fault is told, and nothing is taken")
def certificates():
    with everything() as (net, ca, _, _):
        other = servers.Authority(net.folder / "other")
        bad(net, f"xot:{BIND}#{NAME}", "unable to get local issuer certificate", code="unreachable")
        bad(net, f"xot:{BIND}#{NAME}", "certificate", other.bundle, code="unreachable")
        bad(net, f"xot:{BIND}#another.example", "[Hh]ostname mismatch", ca.bundle, code="unreachable")
        bad(net, f"xot:{BIND}#{NAME}", "no certificates in", "/dev/null", code="io")
        bad(net, f"https://{WEB}/root.zone", "certificate", code="unreachable")
        bad(net, f"https://{WEB}/root.zone", "certificate", other.bundle, code="unreachable")
        bad(net, f"https://another.example/root.zone@{WEB}", "certificate|name", ca.bundle, code="unreachable")
        bad(net, f"https://{WEB}/nothing", "answered 404", ca.bundle, code="refused")
        bad(net, f"https://{WEB}/loop", "more than 5 redirects", ca.bundle, code="limit")
        bad(net, f"https://{WEB}/plain", "not https", ca.bundle, code="refused")


def tls_server(address, certificate, alpn="dot", version=ssl.TLSVersion.TLSv1_3):
    """Ends the connection once TLS stands, or fails."""
    return scripted.Server(address, 853, lambda connection, server: None, scripted.tls(certificate, alpn, version))


def plain_server(address, port):
    """Speaks DNS without TLS."""
    def play(connection, server):
        del server
        connection.sendall(b"\0\x0c" + bytes(12))
        connection.recv(65535)
    return scripted.Server(address, port, play)


@tap.test("xot: an expired certificate, TLS 1.2, no ALPN, and no TLS at all are refused with the reason")
def tls_faults():
    address = "203.0.113.185"
    with lab.Lab(eager()) as net:
        ca = servers.Authority(net.folder / "ca")
        right = ca.certificate("right", [], [address])
        with tls_server(address, ca.certificate("late", [], [address], expired=True)):
            bad(net, f"xot:{address}", "certificate has expired", ca.bundle, "unreachable")
        with tls_server(address, right, version=ssl.TLSVersion.TLSv1_2):
            bad(net, f"xot:{address}", "TLS 1.3: .*(version|protocol)", ca.bundle, "unreachable")
        for alpn in (None, "h2"):
            with tls_server(address, right, alpn):
                bad(net, f"xot:{address}", "ALPN|no application protocol", ca.bundle, "unreachable")
        with tls_server(address, right):  # all in order, but no answer
            bad(net, f"xot:{address}", "(closed|reset) after 0 messages", ca.bundle)
        with plain_server(address, 853):
            bad(net, f"xot:{address}", "TLS 1.3: ", ca.bundle, "unreachable")


@tap.test("axfr: what is held and current costs a SOA query; what is newer comes over")
def axfr_soa_first():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=["localroot-source: axfr:192.0.32.132"])
        resolver.wait_serving(net.zone.serial)
        before = len(net.transfers())
        rounds = resolver.metrics()["refresh_current"]
        refresh(resolver)
        resolver.wait_metrics(lambda m: m["refresh_current"] > rounds, 20, "a round that confirms")
        tap.equal(len(net.transfers()), before, "transfers of an unchanged zone")
        net.serve_source(eager(1))
        refresh(resolver)
        resolver.wait_serving(eager(1).serial, 30)
        tap.equal(len(net.transfers()), before + 1, "transfers of a changed zone")


@tap.test("ixfr: BIND's differences are applied and verified; no whole transfer is asked for")
def ixfr_differences():
    with everything(with_https=False) as (net, _, bind, _):
        resolver = net.unbound(localroot=[f"localroot-source: ixfr:{BIND}"], config="verbosity: 1")
        resolver.wait_serving(net.zone.serial)
        start = len(net.sniffer.queries())
        for step in (1, 2):
            bind.serve(eager(step).zone, eager(step).serial)
            refresh(resolver)
            resolver.wait_serving(eager(step).serial, 30)
            bind.wait_log(rf"IXFR started.*serial {eager(step - 1).serial} -> {eager(step).serial}")
        # Two steps at once, for one that was away.
        kept = resolver.folder
        resolver.stop()
        for step in (3, 4):
            bind.serve(eager(step).zone, eager(step).serial)
        resolver = net.unbound(localroot=[f"localroot-source: ixfr:{BIND}"], folder=kept)
        refresh(resolver)
        resolver.wait_serving(eager(4).serial, 30)
        bind.wait_log(rf"IXFR started.*serial {eager(2).serial} -> {eager(4).serial}")
        tap.equal({q.type for q in net.sniffer.queries()[start:] if q.destination == BIND}, {"IXFR"}, "what was asked")
        tap.equal(re.findall("AXFR-style", bind.log), [], "whole zones in answer to IXFR")


@tap.test("ixfr: from an NSD without differences the whole zone comes")
def ixfr_whole():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=["localroot-source: ixfr:192.0.32.132"])
        resolver.wait_serving(net.zone.serial)
        net.serve_source(eager(1))
        refresh(resolver)
        resolver.wait_serving(eager(1).serial, 30)


@tap.test("xot: the module fetches, confirms and renews over TLS; nothing is asked in the clear")
def over_tls():
    with everything(with_https=False) as (net, ca, bind, _):
        resolver = net.unbound(localroot=[f"localroot-source: xot:{BIND}#{NAME}", f"localroot-ca-bundle: {ca.bundle}"])
        resolver.wait_serving(net.zone.serial)
        rounds = resolver.metrics()["refresh_current"]
        refresh(resolver)
        resolver.wait_metrics(lambda m: m["refresh_current"] > rounds, 20, "a round that confirms")
        bind.serve(eager(1).zone, eager(1).serial)
        refresh(resolver)
        resolver.wait_serving(eager(1).serial, 30)
        tap.equal([q for q in net.sniffer.queries() if q.destination == BIND], [], "queries in the clear")


@tap.test("https: gzip; what is held and current costs one small answer; what is newer comes over; reloads")
def over_https():
    with everything() as (net, ca, _, web):
        resolver = net.unbound(localroot=[f"localroot-source: https://{NAME}/root.zone@{WEB}",
                                          f"localroot-ca-bundle: {ca.bundle}"])
        resolver.wait_serving(net.zone.serial)
        status, octets = web.requests()[-1]
        size = os.path.getsize(net.zone.zone)
        if status != 200 or octets > size * 0.8:
            raise AssertionError(f"{status}, {octets} octets for a file of {size}")
        refresh(resolver)
        lab.wait(lambda: len(web.requests()) > 1, 30, "a second request")
        tap.equal(web.requests()[-1], (304, 0), "an unchanged zone")
        web.put("root.zone", eager(1).zone)
        refresh(resolver)
        resolver.wait_serving(eager(1).serial, 30)
        for _ in range(5):  # libcurl comes and goes with the module
            resolver.reload()
            tap.equal(resolver.ask("junk-reload.").rcode(), dns.rcode.NXDOMAIN, "junk")
        tap.equal(resolver.stop(), 0, "exit code")


def check_with(net, hosts, source, resolv="", bundle=None):
    """check_where() with these in /etc/hosts and /etc/resolv.conf."""
    files = {"/etc/hosts": net.write("hosts", hosts), "/etc/resolv.conf": net.write("resolv.conf", resolv)}
    return check_where(net, files, source, bundle)


def check_where(net, files, source, bundle=None):
    """net.check() where these files or folders of the machine are others (theirs -> mine), and how long it took."""
    started = time.monotonic()
    code, text = net.check(source, *trusting(bundle), wrapper=mounts.over(files))
    return code, text, time.monotonic() - started


@tap.test("a name's addresses are tried beside each other, a silent one for a quarter of a second alone; no more than eight")
def addresses_in_turn():
    silent, nobody = "2001:db8:dead::1", "203.0.113.99"
    with everything() as (net, ca, _, _):
        netns.swallow(silent)
        netns.add_address(nobody)
        for good_one, source, bundle in ((BIND, "axfr:many.example", None), (BIND, f"xot:many.example@853#{NAME}", ca.bundle),
                                         (WEB, f"https://{NAME}/root.zone", ca.bundle)):
            names = f"many.example {NAME}"
            code, text, took = check_with(net, "".join(f"{a} {names}\n" for a in (silent, nobody, good_one)), source, "", bundle)
            if code != 0 or took > 3:
                raise AssertionError(f"{source}: {code}, {took:.1f} s: {text}")
        refusing = "".join(f"{nobody[:-2]}{number} many.example\n" for number in range(101, 109))
        for number in range(101, 109):
            netns.add_address(f"{nobody[:-2]}{number}")
        code, text, _ = check_with(net, refusing[:-len(refusing) // 8] + f"{BIND} many.example\n", "axfr:many.example")
        tap.equal(code, 0, f"the eighth address: {text}")
        code, text, _ = check_with(net, refusing + f"{BIND} many.example\n", "axfr:many.example")
        if code == 0 or "connection refused" not in text:
            raise AssertionError(f"the ninth address was tried: {text}")


@tap.test("one dead family costs little: seven addresses that are silent, and then the good one")
def dead_family():
    with lab.Lab(eager()) as net:
        names = []
        for number in range(7):  # of the good one's family, else that would be the second to be tried
            netns.swallow(f"198.51.100.{number + 1}")
            names.append(f"198.51.100.{number + 1} slow.example\n")
        code, text, took = check_with(net, "".join(names) + f"{net.transfer_addresses[0]} slow.example\n", "axfr:slow.example")
        tap.note(f"{took:.2f} s")
        if code != 0 or took > 3.5:
            raise AssertionError(f"{code}, {took:.1f} s: {text}")


@tap.test("a server that gives nothing is not all of a name: the next address is asked")
def next_address():
    broken = "2001:db8:113::66"
    with everything(with_https=False) as (net, ca, _, _):
        for port, play, context in ((53, scripted.Dns(scripted.once(scripted.refusal)), None),
                                    (853, lambda c, s: c.sendall(b"220 no TLS\r\n"), None)):
            server = scripted.Server(broken, port, play, context)
            source = "axfr:both.example" if port == 53 else f"xot:both.example#{NAME}"
            code, text, _ = check_with(net, f"{broken} both.example\n{BIND} both.example\n", source, "", ca.bundle)
            tap.equal((code, server.asked.wait(5)), (0, True), f"{source}: {text}")
            server.stop()


@tap.test("stopping in the middle of TLS or HTTPS takes no longer than a moment")
def stop_in_the_middle():
    address = "203.0.113.186"
    with lab.Lab(eager()) as net:
        ca = servers.Authority(net.folder / "ca")
        right = ca.certificate("right", [NAME], [address])

        def hang(connection, server):
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n. ")
            server.ending.wait(60)
        cases = [(8001, f"xot:{address}@8001#{NAME}", scripted.Dns(scripted.silent), None),
                 (8002, f"xot:{address}@8002#{NAME}", scripted.Dns(scripted.silent), scripted.tls(right, "dot"))]
        if lab.https():
            cases += [(8003, f"https://{NAME}:8003/z@{address}", lambda c, s: s.ending.wait(60), None),
                      (8004, f"https://{NAME}:8004/z@{address}", hang, scripted.tls(right))]
        for port, source, play, context in cases:
            server = scripted.Server(address, port, play, context)
            resolver = net.unbound(localroot=[f"localroot-source: {source}", f"localroot-ca-bundle: {ca.bundle}"])
            if not server.asked.wait(20):
                raise TimeoutError(f"{source} was not asked:\n{resolver.log}")
            started = time.monotonic()
            tap.equal(resolver.stop(10), 0, f"{source}: exit code")
            if time.monotonic() - started > 3:
                raise AssertionError(f"{source}: {time.monotonic() - started:.1f} s")
            server.stop()


tap.run()
