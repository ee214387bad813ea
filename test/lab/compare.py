"""Two resolvers, asked the same at the same time, and in what their answers differ.

Both get each question in one moment, with the same id, and the next one only when both have answered: their caches
have then seen the same, at the same age. Answers that are the same octet for octet need no second look. Others are
compared by rcode, flags, question, EDNS and, as sets, the sections; TTLs may differ by the age of what a cache holds.
"""

import contextlib
import re
import select
import socket
import time

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

import daemons

# Unbound is silent when it has sent a hundred errors within a second of the clock, each of the two by itself: fewer are
# asked for. Which of its errors count depends on the reason as well; more are counted here.
_ERRORS, _ERRORS_MAX = (dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.REFUSED), 80


class Silence(Exception):
    """No answer came."""


class Asker:
    """One resolver's UDP socket and TCP connection."""

    def __init__(self, resolver):
        self.resolver, self._home = resolver, (resolver.address, resolver.port)
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.connect(self._home)
        self._tcp = self._stream = None
        self.again = 0  # how often a question was sent again

    def close(self):
        self._udp.close()
        if self._tcp:
            self._stream.close()
            self._tcp.close()
            self._tcp = None

    def send(self, wire, tcp):
        if not tcp:
            self._udp.send(wire)
            return
        if self._tcp and select.select([self._tcp], [], [], 0)[0]:  # the other side has had enough of it
            self._stream.close()
            self._tcp.close()
            self._tcp = None
        if not self._tcp:
            self._tcp = socket.create_connection(self._home, 10)
            self._tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._stream = self._tcp.makefile("rb")
        self._tcp.sendall(len(wire).to_bytes(2, "big") + wire)

    def receive(self, wire, tcp, limit):
        """The answer to what was sent."""
        end = time.monotonic() + limit
        while True:
            source, left = self._tcp if tcp else self._udp, end - time.monotonic()
            if not select.select([source], [], [], max(0, left if tcp else min(left, daemons.AGAIN)))[0]:
                if tcp or time.monotonic() >= end:
                    raise Silence(self.resolver.name)
                self._udp.send(wire)
                self.again += 1
                continue
            if tcp:
                reply = self._stream.read(int.from_bytes(self._stream.read(2), "big"))
                if not reply:
                    raise Silence(f"{self.resolver.name} closed the connection")
            else:
                reply = self._udp.recv(65535)
            if reply[:2] == wire[:2]:
                return reply


class Pair:
    """Two resolvers; the first is the one that is right."""

    def __init__(self, right, tried, limit=10):
        self._askers, self._limit = (Asker(right), Asker(tried)), limit
        self.number = self.same = 0
        self._second = self._errors = 0
        self.started = time.time()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for asker in self._askers:
            asker.close()

    def again(self):
        """How often each of the two did not answer before the question was sent again."""
        return [asker.again for asker in self._askers]

    def refresh(self):
        """Caches are empty from now on."""
        for asker in self._askers:
            flush(asker.resolver)
        self.started = time.time()

    def ask(self, question):
        """The two answers, in wire form; None where none came."""
        self._keep_pace()
        self.number += 1
        wire, tcp = question.wire(self.number), question.way.tcp
        for asker in self._askers:
            asker.send(wire, tcp)
        replies = []
        for asker in self._askers:
            try:
                replies.append(asker.receive(wire, tcp, self._limit))
            except Silence:
                replies.append(None)
        self._errors += any(reply and reply[3] & 15 in _ERRORS for reply in replies)
        return replies

    def _keep_pace(self):
        now = time.time()
        if self._errors >= _ERRORS_MAX and int(now) == self._second:
            time.sleep(self._second + 1 - now)
            now = time.time()
        if int(now) != self._second:
            self._second, self._errors = int(now), 0

    def differences(self, question, exact=False):
        """In what the answers to a question differ: lines of text, none where they do not. exact: TTLs as well, to
        the second."""
        right, tried = self.ask(question)
        if right == tried:
            self.same += right is not None
            return [] if right else ["neither answers"]
        if not right or not tried:
            return ["the tried one does not answer" if right else "only the tried one answers"]
        return list(differ(right, tried, 0 if exact else time.time() - self.started + 1))


def tell(resolver, command):
    """What unbound-control says to a command, at once."""
    with contextlib.closing(socket.socket(socket.AF_UNIX)) as control:
        control.settimeout(20)
        control.connect(str(resolver.folder / "control"))
        control.sendall(f"UBCT1 {command}\n".encode())
        told = b""
        while chunk := control.recv(4096):
            told += chunk
    return told.decode()


def flush(resolver):
    """Empties a resolver's cache of everything."""
    told = tell(resolver, "flush_zone .")
    if not told.startswith("ok"):
        raise RuntimeError(f"flush_zone: {told!r}")


def _sections(message):
    """(section, owner, type, covered) -> (rdata as a set, TTL)"""
    found = {}
    for section, rrsets in (("answer", message.answer), ("authority", message.authority), ("additional", message.additional)):
        for rrset in rrsets:
            key = (section, rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), dns.rdatatype.to_text(rrset.covers),
                   rrset.rdclass)
            found[key] = ({rdata.to_digestable(dns.name.root) for rdata in rrset}, rrset.ttl)
    return found


def _option(option):
    """An EDNS option without the name server's address in it, by which an extended error is told."""
    return int(option.otype), re.sub(rb" from [0-9a-f.:]+", b" from a server", option.to_wire())


def differ(right, tried, age):
    """The differences between two answers in wire form, one text each. age: how much TTLs may differ by."""
    try:
        first, second = (dns.message.from_wire(wire, ignore_trailing=False) for wire in (right, tried))
    except dns.exception.DNSException as fault:
        yield f"cannot be read: {fault!r}"
        return
    if first.rcode() != second.rcode():
        yield f"rcode {dns.rcode.to_text(second.rcode())} for {dns.rcode.to_text(first.rcode())}"
    if first.flags != second.flags:
        yield f"flags {dns.flags.to_text(second.flags)!r} for {dns.flags.to_text(first.flags)!r}"
    if first.question != second.question:
        yield f"question {second.question} for {first.question}"
    edns = [(m.edns, m.ednsflags & 0xFFFF, m.payload, [_option(option) for option in m.options]) for m in (first, second)]
    if edns[0] != edns[1]:
        yield f"EDNS {edns[1]} for {edns[0]}"
    if first.flags & second.flags & dns.flags.TC:
        return  # what a cut answer still holds depends on the order that a server has chosen; TCP follows
    wanted, got = _sections(first), _sections(second)
    for key in sorted(wanted.keys() - got.keys()):
        yield "without " + " ".join(key[:4])
    for key in sorted(got.keys() - wanted.keys()):
        yield "with " + " ".join(key[:4])
    for key in sorted(got.keys() & wanted.keys()):
        if got[key][0] != wanted[key][0]:
            yield "other records in " + " ".join(key[:4])
        if abs(got[key][1] - wanted[key][1]) > age:
            yield f"TTL {got[key][1]} for {wanted[key][1]} in " + " ".join(key[:4])
