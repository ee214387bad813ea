"""Transfers that are signed (TSIG, RFC 8945), from NSD, BIND and Knot that answer nobody without the key, and from a server
that signs wrongly in one way at a time; and transfers by TLS from one that asks for our certificate."""

import contextlib
import pathlib
import struct
import subprocess
import tempfile
import time

import dns.message
import dns.tsig

import lab
import primaries
from rootzone import eager
import scripted
import servers
import tap

ADDRESS, BAD = {"nsd": "203.0.113.21", "bind": "203.0.113.22", "knot": "203.0.113.23"}, "203.0.113.24"
KEY = primaries.Key("transfer.lab.", "hmac-sha256")


def good(net, source, *options):
    code, text = net.check(source, *options)
    tap.equal((code, f"serial       {net.zone.serial}" in text), (0, True), f"{source}: {text}")


def bad(net, source, reason, *options):
    code, text = net.check(source, *options)
    if code != 2 or reason not in text:
        raise AssertionError(f"{source}: {code}, not {reason!r}: {text}")


@contextlib.contextmanager
def primary(net, kind, key=KEY, **more):
    folder = tempfile.mkdtemp(prefix=f"{kind}-", dir=net.folder)  # of its own: a journal is not for the next one
    running = primaries.KINDS[kind](folder, net.zone.zone, ADDRESS[kind], key, **more)
    try:
        yield running
    finally:
        running.stop()


@tap.test("NSD, BIND and Knot that demand a key: the zone comes with it, by each algorithm, and not without or with another")
def every_primary():
    with lab.Lab(eager()) as net:
        for kind, address in ADDRESS.items():
            for algorithm in ("hmac-sha256", "hmac-sha384", "hmac-sha512"):
                key = primaries.Key("Transfer.Lab.", algorithm, b"0123456789abcdef" * 4)
                keys = primaries.key_file(net.folder / "keys", key, ["192.0.2.1", address])
                with primary(net, kind, key):
                    good(net, f"axfr:{address}", "-k", keys)
                    if algorithm != "hmac-sha256":
                        continue
                    code, text = net.check(f"axfr:{address}")
                    tap.equal((code, "refused" in text), (2, True), f"{kind} without a key: {text}")
                    other = primaries.Key("transfer.lab.", algorithm, b"another secret")
                    other = primaries.key_file(net.folder / "other", other, [address])
                    bad(net, f"axfr:{address}", "TSIG BADSIG: says the server (tsig)", "-k", other)
                    unknown = primaries.key_file(net.folder / "unknown", primaries.Key("x.lab.", algorithm), [address])
                    bad(net, f"axfr:{address}", "TSIG BADKEY: says the server (tsig)", "-k", unknown)


@tap.test("a clock that is off: the server says so, and the log has both times")
def clocks():
    with lab.Lab(eager()) as net:
        for kind, address in ADDRESS.items():
            keys = primaries.key_file(net.folder / "keys", KEY, [address])
            with primary(net, kind):
                done = subprocess.run([servers.need("faketime"), "-f", "-1h", str(lab.CHECK), "-a", net.zone.anchor, "-k", keys, f"axfr:{address}"],
                                      capture_output=True, text=True, timeout=60)
                if done.returncode != 2 or "TSIG BADTIME: says the server, whose clock has" not in done.stderr:
                    raise AssertionError(f"{kind}: {done.returncode}: {done.stdout}{done.stderr}")


@tap.test("the module: SOA, AXFR and IXFR are signed; new zones come, as differences where the server has them")
def module():
    for kind, address in ADDRESS.items():
        with lab.Lab(eager()) as net:
            keys = primaries.key_file(net.folder / "keys", KEY, [address])
            for scheme in ("axfr", "ixfr"):
                with primary(net, kind) as server:
                    resolver = net.unbound(localroot=[f"localroot-source: {scheme}:{address}", f"localroot-tsig-keys: {keys}"])
                    resolver.wait_serving(net.zone.serial)
                    start = len(net.sniffer.queries())
                    server.serve(eager(1).zone, eager(1).serial)
                    with contextlib.suppress(RuntimeError):  # an Unbound that is not patched looks by itself
                        resolver.control("localroot_refresh")
                    resolver.wait_serving(eager(1).serial, 40)
                    asked = {q.type for q in net.sniffer.queries()[start:] if q.destination == address}
                    tap.equal((asked >= {"SOA", "AXFR"}, "IXFR" in asked), (scheme == "axfr", scheme == "ixfr"), f"{kind}: {asked}")
                    tap.equal(resolver.metrics()["failures_tsig"], 0, "refused signatures")
                    resolver.stop()


# A server that signs wrongly.

def signing(net, plan, recorded):
    """Plays the recorded zone to a signed AXFR: plan(messages, key, mac) gives the messages that are sent."""
    secret = dns.tsig.Key(KEY.name, KEY.secret, KEY.algorithm)

    def answer(connection, query, kind, server):
        parsed = dns.message.from_wire(query, keyring={secret.name: secret})
        del kind
        for message in plan(scripted.played(recorded, query), secret, parsed.mac):
            connection.sendall(scripted.framed(message))
        server.ending.wait(60)
        return False
    return scripted.Dns(answer)


def stream(every=1, change=None, at=None, last=True, wrap=None, **more):
    """Signs the first message, each so many further on, and the last; the one AT that place is signed otherwise."""
    def plan(messages, key, mac):
        made, context = [], None
        if wrap:
            messages = wrap(messages)
        for number, message in enumerate(messages):
            final = number == len(messages) - 1
            if number % every and not (final and last):
                context.update(message)
                made.append(message)
                continue
            odd = at is None or at == number
            if not last and final:
                made.append(message)
                continue
            signed, mac, context = scripted.sign(message, key, mac, context, change if odd else None, **(more if odd else {}))
            made.append(signed)
        return made
    return plan


def cut_mac(octets):
    """RDATA: the algorithm's name, 10 octets, the MAC, 6 octets."""
    def change(rdata):
        at = rdata.index(b"\0") + 1 + 10
        return rdata[:at - 2] + struct.pack("!H", octets) + rdata[at:at + octets] + rdata[-6:]
    return change


def unsigned(messages, key, mac):
    del key, mac
    return messages


def split(messages):
    """At least 250 messages: one record each, for as long as there are enough."""
    first = dns.message.from_wire(messages[0], one_rr_per_rrset=True).answer
    head = messages[0][:2] + struct.pack("!5H", 0x8400, 1, 1, 0, 0) + scripted.question(252)
    made = [(head if number == 0 else messages[0][:2] + struct.pack("!5H", 0x8400, 0, 1, 0, 0)) +
            scripted.record(r.name.to_wire(), r.rdtype, r[0].to_wire(), r.ttl) for number, r in enumerate(first[:250])]
    rest = [scripted.record(r.name.to_wire(), r.rdtype, r[0].to_wire(), r.ttl)
            for message in [messages[0]] for r in dns.message.from_wire(message, one_rr_per_rrset=True).answer[250:]]
    later = [part[:6] + part[6:] for part in messages[1:]]
    return made + [messages[0][:2] + struct.pack("!5H", 0x8400, 0, len(rest), 0, 0) + b"".join(rest)] * bool(rest) + later


def shuffled(messages, key, mac):
    made = stream()(messages, key, mac)
    return [made[0], made[2], made[1], *made[3:]]


def left_out(messages, key, mac):
    made = stream()(messages, key, mac)
    return [made[0], *made[2:]]


TABLE = [  # what it does, how, and the word of the refusal; None: it is taken
    ("signs every message", stream(), None),
    ("signs each hundredth message", stream(every=100, wrap=split), None),
    ("99 messages without", stream(every=100, wrap=split), None),
    ("100 messages without", stream(every=101, wrap=split), "TSIG UNSIGNED"),
    ("signs none", unsigned, "TSIG MISSING"),
    ("does not sign the last", stream(every=3, last=False), "TSIG MISSING"),
    ("a wrong MAC in the first", stream(change=scripted.flip_mac, at=0), "TSIG BADSIG"),
    ("a wrong MAC in the third", stream(change=scripted.flip_mac, at=2), "TSIG BADSIG"),
    ("messages that change places", shuffled, "TSIG BADSIG"),
    ("a message left out", left_out, "TSIG BADSIG"),
    ("a MAC of half its length", stream(change=cut_mac(16), at=0), "TSIG BADTRUNC"),
    ("a MAC of a tenth", stream(change=cut_mac(3), at=1), "TSIG BADSIG"),
    ("a MAC of no octets", stream(change=cut_mac(0), at=0), "TSIG BADSIG"),
    ("by another key", stream(name=dns.name.from_text("other.lab.")), "TSIG BADKEY"),
    ("ten minutes ago", stream(when=int(time.time()) - 600), "TSIG BADTIME"),
    ("in ten minutes", stream(when=int(time.time()) + 600), "TSIG BADTIME"),
    ("the third ten minutes ago", stream(at=2, when=int(time.time()) - 600), "TSIG BADTIME"),
    ("says BADTIME", stream(error=18, other=(1).to_bytes(6, "big")), "TSIG BADTIME: says the server, whose clock has 1 "),
    ("says something unknown", stream(error=1234), "TSIG error 1234: says the server"),
]


@tap.test("a server that signs wrongly: each way is refused with its word, and what is signed rightly is taken")
def wrong_signatures():
    with lab.Lab(eager()) as net:
        keys = primaries.key_file(net.folder / "keys", KEY, [BAD])
        recorded = scripted.recorded(net.transfer_addresses[0])
        for port, (name, plan, word) in enumerate(TABLE, 5400):
            server = scripted.Server(BAD, port, signing(net, plan, recorded))
            try:
                code, text = net.check(f"axfr:{BAD}@{port}", "-k", keys)
                if word is None:
                    tap.equal(code, 0, f"{name}: {text}")
                elif code != 2 or word not in text or "(tsig)" not in text:
                    raise AssertionError(f"{name}: {code}, not {word!r}: {text}")
            finally:
                server.stop()


@tap.test("the module keeps its copy from a server that signs wrongly, says why once, and counts it")
def module_refuses():
    with lab.Lab(eager()) as net:
        keys = primaries.key_file(net.folder / "keys", KEY, [BAD])
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{net.transfer_addresses[0]}", f"localroot-source: axfr:{BAD}",
                                          f"localroot-tsig-keys: {keys}"])
        resolver.wait_serving(net.zone.serial)
        server = scripted.Server(BAD, 53, signing(net, stream(change=scripted.flip_mac, at=1), scripted.recorded(net.transfer_addresses[0])))
        try:
            net.serve_source(None)
            text = resolver.wait_refused(f"axfr:{BAD}", "tsig", limit=60)
            tap.equal("TSIG BADSIG: the MAC is wrong" in text or "SOA" in text, True, text)
            tap.equal(resolver.wait_serving(), net.zone.serial, "the copy")
        finally:
            server.stop()


@tap.test("a file of keys that others can read is refused, and then no transfer is asked for without")
def private_keys():
    with lab.Lab(eager()) as net:
        keys = primaries.key_file(net.folder / "keys", KEY, [ADDRESS["nsd"]], 0o644)
        bad(net, f"axfr:{net.transfer_addresses[0]}", "others can read it", "-k", keys)
        start = len(net.transfers())
        resolver = net.unbound(localroot=[f"localroot-tsig-keys: {keys}", f"localroot-source: axfr:{net.transfer_addresses[0]}",
                                          f"localroot-source: file:{net.zone.zone}"], checked=False)
        resolver.wait_serving(net.zone.serial)
        resolver.wait_log(f'localroot-tsig-keys: "{keys}": others can read it: keys have to be private: passed over', 5)
        resolver.wait_log("there are no localroot-tsig-keys to sign with: passed over", 5)
        tap.equal(net.transfers()[start:], [], "transfers")


@tap.test("xot: a server that asks for a certificate gets ours, and has nothing for who has none or another's")
def client_certificate():
    name, address = "xfr.lab.example", ADDRESS["bind"]
    with lab.Lab(eager()) as net:
        ca, others = servers.Authority(net.folder / "ca"), servers.Authority(net.folder / "others", "Another lab")
        own, foreign = net.folder / "own.pem", net.folder / "foreign.pem"
        for authority, path in ((ca, own), (others, foreign)):
            path.write_text("".join(pathlib.Path(part).read_text() for part in authority.certificate("resolver", ["resolver.lab.example"])),
                            encoding="ascii")
            path.chmod(0o600)
        keys = primaries.key_file(net.folder / "keys", KEY, [address])
        certificate = ca.certificate("server", [name], [address])
        with primary(net, "bind", certificate=certificate, clients=ca.bundle):
            source, trust = f"xot:{address}#{name}", ("-c", ca.bundle, "-k", keys)
            good(net, source, *trust, "-C", str(own))
            for more in ((), ("-C", str(foreign))):
                code, text = net.check(source, *trust, *more)
                if code == 0 or not any(word in text for word in ("certificate required", "unknown ca", "closed after 0 messages")):
                    raise AssertionError(f"{more}: {code}: {text}")
            bad(net, source, "no certificate with its key in", *trust, "-C", str(ca.bundle))
            resolver = net.unbound(localroot=[f"localroot-source: {source}", f"localroot-ca-bundle: {ca.bundle}",
                                              f"localroot-tsig-keys: {keys}", f"localroot-client-certificate: {own}"])
            resolver.wait_serving(net.zone.serial)


tap.run()
