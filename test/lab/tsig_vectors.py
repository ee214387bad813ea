#!/usr/bin/python3
"""Prints test/unit/tsig_vectors.h: messages that dnspython has signed, for test/unit/t_tsig.c."""

import sys

import dns.version
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.tsig

NOW = 1800000000
ALGORITHMS = ["hmac-sha256", "hmac-sha384", "hmac-sha512"]


def key(algorithm):
    return dns.tsig.Key("key.example.", f"secret of {algorithm}".encode(), algorithm)


def record(secret, number, when=NOW, error=0, other=b""):
    """A TSIG that is still to be signed."""
    return dns.rdtypes.ANY.TSIG.TSIG(dns.rdataclass.ANY, dns.rdatatype.TSIG, secret.algorithm, when, 300, b"", number, error, other)


def signed(wire, secret, request_mac=b"", context=None, multi=False, **more):
    """(the message with its TSIG, the MAC, the context for what follows)"""
    tsig = record(secret, int.from_bytes(wire[:2], "big"), **more)
    done, context = dns.tsig.sign(wire, secret, tsig, tsig.time_signed, request_mac, context, multi)
    return appended(wire, secret.name, done), done.mac, context


def appended(wire, name, tsig):
    rdata = tsig.to_wire()
    return (wire[:10] + (int.from_bytes(wire[10:12], "big") + 1).to_bytes(2, "big") + wire[12:] + name.to_wire() +
            bytes([0, 250, 0, 255, 0, 0, 0, 0]) + len(rdata).to_bytes(2, "big") + rdata)


def message(answers=0, flags=0x8400, question=True, kind=252, number=0x1234):
    body = b"\0" + kind.to_bytes(2, "big") + b"\0\1" if question else b""
    head = [number, flags, int(question), answers, 0, 0]
    return b"".join(n.to_bytes(2, "big") for n in head) + body + \
        b"".join(b"\1a\0\0\1\0\1\0\2\xa3\0\0\4" + bytes([192, 0, 2, n]) for n in range(answers))


def show(name, wires):
    print(f"static const char *const {name}[] = {{")
    for wire in wires:
        text = wire.hex()
        print("    " + "\n    ".join(f'"{text[at:at + 84]}"' for at in range(0, len(text), 84)) + ",")
    print("};\n")


def main():
    print("/* tsig_vectors.h -- made by test/lab/tsig_vectors.py: messages signed by dnspython "
          f"{dns.version.version}.\n * In hexadecimal; not by our own code. */\n#ifndef TSIG_VECTORS_H\n#define TSIG_VECTORS_H\n")
    print(f"#define VECTOR_NOW {NOW}\n")
    keys = [key(name) for name in ALGORITHMS]
    requests = [signed(message(flags=0), secret) for secret in keys]
    show("vector_request", [wire for wire, _, _ in requests])
    streams = {name: [] for name in ("first", "second", "last")}
    for secret, (_, mac, _) in zip(keys, requests):
        first, mac, context = signed(message(1), secret, mac, multi=True)
        second, mac, context = signed(message(2, question=False), secret, mac, context, True, when=NOW + 1)
        context.update(message(3, question=False))
        context.update(message(1, question=False))
        last, _, _ = signed(message(4, question=False), secret, mac, context, True, when=NOW + 2)
        for name, wire in (("first", first), ("second", second), ("last", last)):
            streams[name].append(wire)
    for name, wires in streams.items():
        show(f"vector_{name}", wires)
    show("vector_unsigned", [message(3, question=False), message(1, question=False)])
    # After the first message 99 that are not signed, then one that is.
    _, mac, context = signed(message(1), keys[0], requests[0][1], multi=True)
    for _ in range(99):
        context.update(message(1, question=False))
    show("vector_hundredth", [signed(message(1, question=False), keys[0], mac, context, True)[0]])
    # What a server says of a request: the clocks differ; it does not know the key; it could not verify.
    asked = requests[0][1]
    show("vector_badtime", [signed(message(0, 0x8409), keys[0], asked, error=18, other=(NOW + 9999).to_bytes(6, "big"))[0]])
    show("vector_unable", [appended(message(0, 0x8409), keys[0].name, record(keys[0], 0x1234, error=error)) for error in (17, 16)])
    # A NOTIFY and its answers, and the same to a server whose clock is 1000 s ahead, and one that does not know the key.
    notify, answer = message(0, 4 << 11 | 0x400, kind=6), message(0, 0x8000 | 4 << 11 | 0x400, kind=6)
    refusal = message(0, 0x8009 | 4 << 11, kind=6)
    asked, mac, _ = signed(notify, keys[1])
    show("vector_notify", [notify, asked])
    show("vector_notified", [answer, signed(answer, keys[1], mac, when=NOW + 5)[0]])
    show("vector_late", [refusal, signed(refusal, keys[1], mac, error=18, other=(NOW + 1000).to_bytes(6, "big"))[0]])
    print("#endif")
    return 0


sys.exit(main())
