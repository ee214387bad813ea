"""Sources that attack a resolver which holds a good copy: the copy stays as it is, the reason is in the log and in the
counters, the next source is asked, and nobody who asks the resolver notices."""

import collections
import contextlib
import itertools
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time

import dns.message
import dns.rcode
import dns.tsig

import answers
import hostile
import lab
import pair
import primaries
from rootzone import calm
import scripted
import servers
import tap

HERE, NAME = "203.0.113.66", "xfr.lab.example"
SIGNED, KEY = "203.0.113.67", primaries.Key("transfer.lab.", "hmac-sha256")  # of whom signatures are wanted
NEWER = 2026010111
Attack = collections.namedtuple("Attack", "name scheme play reason code context")


# What stub resolvers see, from a process of its own: fresh junk names, one after the other, each answer timed.
STUB = """
import json, select, socket, sys, time
sys.path.insert(0, sys.argv[3])
import dns.message
client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
client.connect((sys.argv[1], int(sys.argv[2])))
client.settimeout(10)
seen, number = [], 0
while not select.select([sys.stdin], [], [], 0)[0]:
    number += 1
    query = dns.message.make_query(f"junk-{number}-{time.monotonic_ns()}.", "A", want_dnssec=True).to_wire()
    start = time.monotonic()
    client.send(query)
    try:
        rcode = client.recv(65535)[3] & 15
    except TimeoutError:
        rcode = -1
    seen.append((start, time.monotonic() - start, rcode))
    time.sleep(0.002)
print(json.dumps(seen))
"""


class Stub:
    def __init__(self, resolver):
        self._process = subprocess.Popen(
            [sys.executable, "-c", STUB, resolver.address, str(resolver.port), os.path.dirname(os.path.dirname(dns.__file__))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self):
        """[(when, seconds, rcode), ...]"""
        return json.loads(self._process.communicate("x", timeout=30)[0])


def p99(seconds):
    return sorted(seconds)[int(len(seconds) * 0.99)]


def dns_attacks(newer):
    """newer: a true transfer of a newer zone."""
    def dns_(name, answer, reason, code, scheme="axfr", soa_too=False, serial=NEWER):
        return Attack(name, scheme, scripted.Dns(answer, None if soa_too else serial), reason, code, None)

    def once(make):
        return scripted.once(make)

    m, soa, a = scripted.message, scripted.soa(NEWER), scripted.address
    com_soa = scripted.soa(NEWER, b"\3com\0")
    loop = b"\xc0\x11"  # points to itself: the first record begins at octet 17
    yield dns_("silent to SOA", scripted.silent, "no answer within 10 s", "timeout", soa_too=True)
    yield dns_("wrong id to SOA", once(lambda q, k: m(q, k, [soa], ident=b"\0\0" if q[:2] != b"\0\0" else b"\1\1")),
               "another query", "format", soa_too=True)
    yield dns_("an older serial", once(lambda q, k: m(q, k, [scripted.soa(2025010100)])), "older than", "serial", soa_too=True)
    yield dns_("drips", hostile.dripping(6), "connection closed after", "format")
    yield dns_("wrong id", once(lambda q, k: m(q, k, [soa], ident=bytes(b ^ 255 for b in q[:2]))), "another query", "format")
    yield dns_("wrong question", once(lambda q, k: m(q, k, [soa], asked=scripted.question(k, b"\3com\0"))),
               "another question", "format")
    yield dns_("a question of another type", once(lambda q, k: m(q, k, [soa], asked=scripted.question(6))),
               "another question", "format")
    yield dns_("SOA in the middle", once(lambda q, k: m(q, k, [soa, a(1), soa, a(2)])), "after the closing SOA", "format")
    yield dns_("another SOA at the end", once(lambda q, k: m(q, k, [soa, a(1), scripted.soa(NEWER + 1)])), "closing SOA differs",
               "format")
    yield dns_("no SOA at the end", scripted.raw(lambda q, k: scripted.framed(m(q, k, [soa, a(1)]))), "closed after", "format")
    yield dns_("no SOA at the start", once(lambda q, k: m(q, k, [a(1), soa])), "first record is not the SOA", "format")
    yield dns_("another zone", once(lambda q, k: m(q, k, [com_soa])), "SOA of another zone", "format")
    yield dns_("another class", once(lambda q, k: m(q, k, [soa, a(1, rrclass=3)])), "class 3", "format")
    yield dns_("a compression loop", once(lambda q, k: m(q, k, [loop + a(1)[3:]])), "malformed record", "format")
    yield dns_("TC", once(lambda q, k: m(q, k, [soa], flags=0x8600)), "truncated", "format")
    yield dns_("a message cut short", once(lambda q, k: m(q, k, [soa, a(1)])[:-3]), "runs over the end", "format")
    yield dns_("records that are not there", once(lambda q, k: m(q, k, [soa] + [b""] * 40000)), "malformed record", "format")
    yield dns_("messages without records", once(lambda q, k: [m(q, k, [])] * 30), "without records", "format")
    yield dns_("no message", scripted.raw(lambda q, k: b"\0\3abc"), "no message", "format")
    yield dns_("not a query's answer", once(lambda q, k: q), "not an answer", "format")
    yield dns_("REFUSED", once(scripted.refusal), "REFUSED", "refused")
    yield dns_("a lying serial", once(lambda q, k: scripted.played(newer, q)), "announces serial .* delivers", "serial",
               serial=NEWER + 5)
    yield dns_("a zone without end", hostile.flooding(NEWER), "more than", "limit")
    flipped = [bytes(message[:-9]) + bytes([message[-9] ^ 1]) + message[-8:] if n == 5 else message
               for n, message in enumerate(newer)]
    yield dns_("a flipped bit", once(lambda q, k: scripted.played(flipped, q)), "do not match the ZONEMD digest", "digest")
    total = sum(2 + len(message) for message in newer)
    points = [0, 1, 2, 3, 13, 14, 20, -1, -2, -60] + [total * part // 7 for part in range(1, 7)]
    for number, at in enumerate(points):
        yield dns_(f"ends after {at} octets", scripted.cut(newer, at, number % 2 == 1), "connection (closed|reset) after", None)


def ixfr_attacks(held):
    old = scripted.held_soa(held)
    new = scripted.renumbered(old, NEWER)
    newest = scripted.renumbered(old, NEWER + 1)
    m, a = scripted.message, scripted.address

    def ixfr(name, records, reason, code="refused"):
        def answer(connection, query, kind, server):
            made = m(query, kind, records) if kind == scripted.IXFR else scripted.refusal(query, kind)
            connection.sendall(scripted.framed(made))
            if kind == scripted.IXFR:
                server.ending.wait(60)
        return Attack(name, "ixfr", scripted.Dns(answer, NEWER), reason, code, None)
    yield ixfr("IXFR deletes what is not there", [new, old, a(1, b"\7nothere\0"), new, a(2), new], "deletes a record of nothere")
    yield ixfr("IXFR from another serial", [new, scripted.renumbered(old, 5), new, a(2), new], "differences from serial 5, not")
    yield ixfr("IXFR that goes back", [new, old, scripted.renumbered(old, 5), a(2), new], "differences from serial .* to 5")
    yield ixfr("IXFR that ends elsewhere", [new, old, new, a(2), newest], "closing SOA differs")
    yield ixfr("IXFR of many steps", [newest, old, new, a(2)] + [scripted.renumbered(old, 7)], "differences from serial 7")
    yield ixfr("IXFR of what does not verify", [new, old, new, a(2), new], "the increment is not good")


def tsig_attacks():
    """Messages without end, of which each is signed, or badly, or not at all."""
    secret = dns.tsig.Key(KEY.name, KEY.secret, KEY.algorithm)

    def tsig(name, signs, reason, soa_too=False):
        """signs(number): how that message of the flood is signed, as scripted.sign() has it; False: it is not."""
        def answer(connection, query, kind, server):
            mac, context = dns.message.from_wire(query, keyring={secret.name: secret}).mac, None
            honest = kind == scripted.SOA and not soa_too
            for number in itertools.count():
                wire = scripted.message(query, kind, [scripted.address(1)] * 100 if number else [scripted.soa(NEWER)])
                change = None if honest else signs(number)
                if change is not False:
                    wire, mac, context = scripted.sign(wire, secret, mac, context, change)
                elif context:
                    context.update(wire)
                connection.sendall(scripted.framed(wire))
                if honest or server.ending.is_set():
                    return
        return Attack(name, "tsig", scripted.Dns(answer), reason, "tsig", None)
    yield tsig("TSIG: no answer to SOA is signed", lambda number: False, "TSIG MISSING", True)
    yield tsig("TSIG: wrong answers to SOA", lambda number: scripted.flip_mac, "TSIG BADSIG", True)
    yield tsig("TSIG: no message is signed", lambda number: False, "TSIG MISSING")
    yield tsig("TSIG: none but the first", lambda number: False if number else None, "TSIG UNSIGNED")
    yield tsig("TSIG: all but the first wrong", lambda number: scripted.flip_mac if number else None, "TSIG BADSIG")


def tls_attacks(ca, other):
    right, wrong_name = ca.certificate("right", [NAME], [HERE]), ca.certificate("name", ["another.example"])
    unknown = other.certificate("unknown", [NAME], [HERE])
    late = ca.certificate("late", [NAME], [HERE], expired=True)
    soa_only = scripted.Dns(scripted.once(scripted.refusal), NEWER)

    def xot(name, certificate, reason, code="unreachable", play=soa_only, **more):
        more.setdefault("alpn", "dot")
        return Attack(name, "xot", play, reason, code, scripted.tls(certificate, **more))
    yield xot("XoT from an unknown authority", unknown, "certificate: ")
    yield xot("XoT with another's certificate", wrong_name, "certificate: .*mismatch")
    yield xot("XoT with an expired certificate", late, "certificate has expired")
    yield xot("XoT by TLS 1.2", right, "TLS 1.3", version=ssl.TLSVersion.TLSv1_2)
    yield xot("XoT without ALPN", right, "ALPN", alpn=None)
    yield xot("XoT that refuses", right, "REFUSED", "refused")
    yield xot("XoT that ends", right, "connection (closed|reset)", None,
              scripted.Dns(scripted.raw(lambda q, k: b"\0"), NEWER))
    yield Attack("XoT that is silent", "xot", scripted.Dns(scripted.silent), "no answer within 10 s", "timeout", None)
    yield Attack("XoT without TLS", "xot", lambda c, s: c.sendall(b"\0\x0c" + bytes(12)), "TLS 1.3|reset|ends", None, None)


def http_attacks(ca, other):
    right, wrong_name = ca.certificate("right", [NAME], [HERE]), ca.certificate("name", ["another.example"])
    unknown = other.certificate("unknown", [NAME], [HERE])
    late = ca.certificate("late", [NAME], [HERE], expired=True)

    def https(name, play, reason, code, certificate=right):
        return Attack(name, "https", play, reason, code, scripted.tls(certificate))
    html = hostile.response("200 OK", body=b"<html>It works</html>\n")
    yield https("HTTPS from an unknown authority", html, "certificate", "unreachable", unknown)
    yield https("HTTPS with another's certificate", html, "certificate|name", "unreachable", wrong_name)
    yield https("HTTPS with an expired certificate", html, "certificate", "unreachable", late)
    yield https("HTTPS: no zone", html, "line 1", "format")
    yield https("HTTPS: an empty body", hostile.response("200 OK"), "empty", "format")
    yield https("HTTPS: 404", hostile.response("404 Not Found", body=b"no"), "answered 404", "refused")
    yield https("HTTPS: 304 to who asked for all", hostile.response("304 Not Modified"), "answered 304", "refused")
    yield https("HTTPS: redirects without end", hostile.response("302 Found", ["Location: /again"]), "more than 5 redirects",
                "limit")
    yield https("HTTPS: redirect to http", hostile.response("301 Moved", ["Location: http://lab.example/"]), "not https",
                "refused")
    yield https("HTTPS: a gzip bomb", hostile.response("200 OK", ["Content-Encoding: gzip"], hostile.gzip_bomb(80 << 20)),
                "more than 67108864 octets", "limit")
    yield https("HTTPS: broken gzip", hostile.response("200 OK", ["Content-Encoding: gzip"], b"\x1f\x8bnonsense" * 9), ".", "format")
    yield https("HTTPS: headers without end", hostile.http(hostile.endless_headers), "more than 32768 octets of headers", "limit")
    yield https("HTTPS: a body without end", hostile.http(hostile.endless_body), "more than 67108864 octets", "limit")
    yield https("HTTPS: shorter than it says",
                hostile.response("200 OK", ["Content-Length: 100000"], b". 86400 IN SOA", length=False), ".", None)
    yield https("HTTPS: not HTTP", lambda c, s: c.sendall(b"220 ready\r\n"), ".", "format")
    yield https("HTTPS: silent", hostile.http(lambda c, s: s.ending.wait(60)), "no answer within 10 s", "timeout")


class Good:
    """An honest server that refuses until it is told to open."""

    def __init__(self, messages, serial):
        self.messages, self.serial, self.open = messages, serial, False
        self.play = scripted.Dns(self.answer)

    def answer(self, connection, query, kind, server):
        del server
        if not self.open:
            parts = [scripted.refusal(query, kind)]
        elif kind == scripted.SOA:
            parts = [scripted.message(query, kind, [scripted.soa(self.serial)])]
        else:
            parts = scripted.played(self.messages, query)
        for part in parts:
            connection.sendall(scripted.framed(part))


@contextlib.contextmanager
def attacked(attacks, good):
    """One server a port for all of them, and the good one at last: (sources, servers)."""
    running, sources = [], []
    try:
        for port, attack in enumerate(attacks, 20000):
            running.append(scripted.Server(SIGNED if attack.scheme == "tsig" else HERE, port, attack.play, attack.context))
            uris = {"https": f"https://{NAME}:{port}/z@{HERE}", "xot": f"xot:{HERE}@{port}#{NAME}", "tsig": f"axfr:{SIGNED}@{port}"}
            sources.append(uris.get(attack.scheme, f"{attack.scheme}:{HERE}@{port}"))
        running.append(scripted.Server(HERE, 30000, good.play))
        sources.append(f"axfr:{HERE}@30000")
        yield sources, running
    finally:
        for server in running:
            server.stop()


def withstand(attacks_of):
    """attacks_of(net, held messages, newer messages): a list of Attack, all asked in one round."""
    with lab.Lab(calm()) as net:
        prepare = pair.keep_copy(net)
        held = scripted.recorded(net.transfer_addresses[0])
        net.serve_source(calm(1))
        newer = scripted.recorded(net.transfer_addresses[0])
        net.serve_source(None)
        good = Good(newer, NEWER)
        attacks = attacks_of(net, held, newer)
        with attacked(attacks, good) as (sources, running):
            options = [f"localroot-source: {source}" for source in sources]
            options.append(f"localroot-tsig-keys: {primaries.key_file(net.folder / 'keys', KEY, [SIGNED])}")
            if (net.folder / "ca").exists():
                options.append(f"localroot-ca-bundle: {net.folder}/ca/ca.pem")
            resolver = net.unbound(localroot=options, prepare=prepare, threads=1)
            tap.equal(resolver.wait_serving(), calm().serial, "what is held")
            before = resolver.metrics()
            stub = Stub(resolver)
            time.sleep(3)  # what it is like without attacks
            attack_begins = time.monotonic()
            resolver.control("localroot_refresh")
            after = resolver.wait_metrics(lambda m: m["refresh_failed"] > before["refresh_failed"], 200, "the round's end")
            attack_ends = time.monotonic()
            seen = stub.stop()

            missing = [f"{attack.name}: no line {attack.reason!r} for {source}" for attack, source in zip(attacks, sources)
                       if not re.search(rf"warning: localroot: {re.escape(source)}: .*({attack.reason})", resolver.log)]
            tap.equal(missing, [], f"reasons in the log\n{resolver.log[-8000:]}")
            tap.equal([a.name for a, server in zip(attacks, running) if not server.asked.is_set()], [], "sources not asked")
            codes = collections.Counter(attack.code for attack in attacks if attack.code)
            counted = {code: after[f"failures_{code}"] - before[f"failures_{code}"] for code in codes}
            tap.equal({code: (counted[code], n) for code, n in codes.items() if counted[code] < n}, {}, "failures counted")
            total = sum(after[key] - before[key] for key in after if key.startswith("failures_"))
            if total < len(attacks) + 1:
                raise AssertionError(f"{total} failures counted of {len(attacks) + 1}")

            tap.equal(resolver.ask(".", "SOA").answer[0][0].serial, calm().serial, "the serial served")
            reply = resolver.ask("junk-after.")
            tap.equal((reply.rcode(), answers.secure(reply)), (dns.rcode.NXDOMAIN, True), "an answer")
            tap.equal(after["serial"], calm().serial, "the copy held")
            quiet = [took for when, took, _ in seen if when < attack_begins]
            under = [took for when, took, _ in seen if attack_begins <= when < attack_ends]
            tap.note(f"{len(attacks)} attacks in {attack_ends - attack_begins:.1f} s; p99 {p99(quiet) * 1000:.2f} ms before, "
                     f"{p99(under) * 1000:.2f} ms during, {max(under) * 1000:.1f} ms at most, {len(under)} answers")
            tap.equal({rcode for _, _, rcode in seen}, {3}, "rcodes")
            if p99(under) > max(0.05, 10 * p99(quiet)) or max(under) > 2:
                raise AssertionError("answers were late")

            good.open = True
            resolver.control("localroot_refresh")
            resolver.wait_serving(NEWER, 200)
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("zone transfers: slow, silent, cut, malformed, without end, lying")
def transfers():
    withstand(lambda net, held, newer: list(dns_attacks(newer)))


@tap.test("differences that do not fit, signatures that are wrong or not there, and TLS that is not the right one's")
def differences_tsig_and_tls():
    withstand(lambda net, held, newer: list(ixfr_attacks(held)) + list(tsig_attacks()) + list(
        tls_attacks(servers.Authority(net.folder / "ca"), servers.Authority(net.folder / "other"))))


class Endless:
    """An increment that costs: 900,000 records more, and then as many sequences as a message holds, each of one more."""

    def __init__(self, held):
        self._old, self.sent = scripted.held_soa(held), threading.Event()

    def soa(self, step):
        return scripted.renumbered(self._old, NEWER + step)

    def messages(self, query, kind):
        def message(records):
            return scripted.framed(scripted.message(query, kind, records))
        yield message([self.soa(700), self._old, self.soa(0)])
        for start in range(0, 900000, 2500):
            yield message([scripted.address(1, b"\7%07x\0" % number) for number in range(start, start + 2500)])
        steps = (record for step in range(1, 250) for record in (
            self.soa(step - 1), self.soa(step), scripted.address(2, b"\6%06x\0" % step)))
        yield message(list(steps))

    def __call__(self, connection, query, kind, server):
        if kind != scripted.IXFR:
            connection.sendall(scripted.framed(scripted.refusal(query, kind)))
            return
        for part in self.messages(query, kind):
            connection.sendall(part)
        self.sent.set()
        server.ending.wait(60)


@tap.test("an increment that costs minutes, if it is sorted for each sequence: Unbound answers, and ends in a moment")
def increment_without_end():
    with lab.Lab(calm()) as net:
        prepare = pair.keep_copy(net)
        attack = Endless(scripted.recorded(net.transfer_addresses[0]))
        server = scripted.Server(HERE, 20000, scripted.Dns(attack, NEWER))
        try:
            resolver = net.unbound(localroot=[f"localroot-source: ixfr:{HERE}@20000"], prepare=prepare, threads=1)
            tap.equal(resolver.wait_serving(), calm().serial, "what is held")
            resolver.control("localroot_refresh")
            if not attack.sent.wait(60):
                raise TimeoutError(f"the increment was not taken:\n{resolver.log[-3000:]}")
            tap.equal(resolver.ask("junk-meanwhile.").rcode(), dns.rcode.NXDOMAIN, "an answer meanwhile")
            start = time.monotonic()
            tap.equal(resolver.stop(30), 0, "exit code")
            tap.note(f"ended after {time.monotonic() - start:.2f} s")
            if time.monotonic() - start > 2:
                raise AssertionError(f"{time.monotonic() - start:.1f} s")
        finally:
            server.stop()


@tap.test("HTTPS: bombs, loops, wrong certificates, no end, no beginning")
def https():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    withstand(lambda net, held, newer: list(
        http_attacks(servers.Authority(net.folder / "ca"), servers.Authority(net.folder / "other"))))


tap.run()
