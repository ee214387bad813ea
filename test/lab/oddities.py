"""Servers that are odd in one way each: a table that is easy to add to, and the server that plays a row of it.

A row is Oddity(name, scheme, held, answer): the scheme that we are told, whether the resolver holds the zone before,
and what the server does with a query: a function of it that gives what is to be done. honest(query) is what a good
server does, and when(condition, action) is that but for some queries. We take the newer zone from it,
unless the row says taken=False.
"""

import collections
import socket
import struct

import dns.message

import scripted
from scripted import AXFR, IXFR, SOA

Oddity = collections.namedtuple("Oddity", "name scheme held answer taken")
Query = collections.namedtuple("Query", "octets kind edns number udp zone")
# number: how many came before on the connection; zone: what the server has, a Zone

FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED, NOTAUTH, BADVERS = 1, 2, 3, 4, 5, 9, 16
QR, AA, TC = 0x8000, 0x0400, 0x0200


class Zone:
    """A recorded transfer, and the one before it."""

    def __init__(self, newer, before):
        self.newer, self.before = newer, before
        self.soa, self.old_soa = scripted.held_soa(newer), scripted.held_soa(before)
        self._records = []

    def records(self):
        """Its records in wire form without compression, in the order of the transfer."""
        if not self._records:
            for message in self.newer:
                for rrset in dns.message.from_wire(message, one_rr_per_rrset=True).answer:
                    self._records.append(
                        scripted.record(rrset.name.to_wire(), rrset.rdtype, rrset[0].to_wire(), rrset.ttl))
        return self._records


# What to do with a query: called with the connection and the server, False ends the connection.

def send(*messages):
    def act(connection, server):
        del server
        connection.sendall(b"".join(map(scripted.framed, messages)))
    act.messages = messages
    return act


def close(connection, server):
    del connection, server
    return False


def reset(connection, server):
    del server
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def silence(connection, server):
    del connection
    server.ending.wait(120)
    return False


def then(first, second):
    def act(connection, server):
        return first(connection, server) is not False and second(connection, server)
    return act


# Answers: functions of a query that give what to do.

def honest(query):
    if query.kind == SOA:
        return send(scripted.message(query.octets, SOA, [query.zone.soa]))
    return send(*transfer(query))


def when(condition, answer):
    return lambda query: (answer if condition(query) else honest)(query)


def rcode(number):
    def answer(query):
        opt = b"\0" + struct.pack("!HHBBHH", 41, 1232, number >> 4, 0, 0, 0) if number > 15 else b""
        made = scripted.message(query.octets, query.kind, [], QR | number & 15)
        return send(made[:10] + struct.pack("!H", 1 if opt else 0) + made[12:] + opt)
    return answer


def does(action):
    return lambda query: action


def transfer(query, zone=None):
    """The whole zone, as an answer to this query."""
    messages = [query.octets[:2] + message[2:] for message in zone or query.zone.newer]
    return [m[:13] + struct.pack("!H", query.kind) + m[15:] if m[4:6] == b"\0\1" else m for m in messages]


def changed(change):
    """A transfer with each message changed: change(message, number)."""
    return lambda query: send(*(change(message, number) for number, message in enumerate(transfer(query))))


def half(action):
    def answer(query):
        messages = transfer(query)
        return then(send(*messages[:len(messages) // 2]), action)
    return answer


def records(*make):
    """One message of these records: functions of the zone."""
    return lambda query: send(scripted.message(query.octets, query.kind, [one(query.zone) for one in make]))


def new(zone):
    return zone.soa


def old(zone):
    return zone.old_soa


def nowhere(zone):
    del zone
    return scripted.address(1, b"\7nowhere\0")


# Conditions

def ixfr(query):
    return query.kind == IXFR


def axfr(query):
    return query.kind == AXFR


def soa(query):
    return query.kind == SOA


def edns(query):
    return query.edns


def second(query):
    return query.number > 0


# Changes of a message

def flags(value):
    return lambda message, number: message[:2] + struct.pack("!H", value) + message[4:]


def authority(message, number):
    del number
    ns = scripted.record(b"\0", 2, b"\1a\0", 518400)
    return message[:8] + struct.pack("!H", 1) + message[10:] + ns


def tail(message, number):
    del number
    return message + b"tail"


def additional(message, number):
    """A record that nobody asked for."""
    del number
    return message[:10] + struct.pack("!H", 1) + message[12:] + scripted.address(1, b"\7nowhere\0")


def unasked(query):
    """Uncompressed messages of fifty records, the first without a question."""
    return send(*rebuilt(query, question=lambda number: False))


def asked_again(query):
    return send(*rebuilt(query, question=lambda number: True))


def single(query):
    """The SOA alone in the first message and in the last, as some write it."""
    return send(*rebuilt(query, question=lambda number: number == 0, first=1))


def rebuilt(query, question, first=50):
    """The transfer in other messages."""
    rest, made = query.zone.records(), []
    while rest:
        part, rest = rest[:first if not made else 50], rest[first if not made else 50:]
        asks = question(len(made))
        made.append(query.octets[:2] + struct.pack("!5H", QR | AA, int(asks), len(part), 0, 0) +
                    (scripted.question(query.kind) if asks else b"") + b"".join(part))
    return made


def row(name, scheme, held, answer, taken=True):
    return Oddity(name, scheme, held, answer, taken)


FIRST, HELD = False, True
TABLE = [
    row("nothing odd", "axfr", FIRST, honest),
    row("nothing odd, and a zone is held", "axfr", HELD, honest),
    row("nothing odd, IXFR with the whole zone", "ixfr", HELD, honest),
    # EDNS
    row("FORMERR to EDNS", "axfr", FIRST, when(edns, rcode(FORMERR))),
    row("FORMERR to EDNS, and a zone is held", "ixfr", HELD, when(edns, rcode(FORMERR))),
    row("NOTIMP to EDNS", "axfr", HELD, when(edns, rcode(NOTIMP))),
    row("BADVERS to EDNS", "axfr", HELD, when(edns, rcode(BADVERS))),
    row("SERVFAIL to EDNS", "axfr", FIRST, when(edns, rcode(SERVFAIL))),
    row("REFUSED to EDNS", "axfr", HELD, when(edns, rcode(REFUSED))),
    row("silent to EDNS", "axfr", FIRST, when(edns, does(silence))),
    row("closes on EDNS", "axfr", FIRST, when(edns, does(close))),
    row("resets on EDNS", "axfr", HELD, when(edns, does(reset))),
    # SOA
    row("REFUSED to SOA", "axfr", HELD, when(soa, rcode(REFUSED))),
    row("NOTAUTH to SOA", "axfr", HELD, when(soa, rcode(NOTAUTH))),
    row("SERVFAIL to SOA", "axfr", HELD, when(soa, rcode(SERVFAIL))),
    row("no authority for the SOA", "axfr", HELD,
        when(soa, lambda query: send(scripted.message(query.octets, SOA, [query.zone.soa], QR)))),
    row("a SOA answer without SOA", "axfr", HELD, when(soa, records())),
    row("silent to SOA", "axfr", HELD, when(soa, does(silence))),
    row("closes on SOA", "axfr", HELD, when(soa, does(close))),
    # Connections
    row("closes after each answer", "axfr", HELD, lambda query: then(honest(query), close)),
    row("resets at the second question", "axfr", HELD, when(second, does(reset))),
    row("REFUSED at the second question", "axfr", HELD, when(second, rcode(REFUSED))),
    row("says nothing to the second question", "axfr", HELD, when(second, does(silence))),
    # IXFR
    *(row(f"{name} to IXFR", "ixfr", HELD, when(ixfr, rcode(number))) for name, number in (
        ("FORMERR", FORMERR), ("SERVFAIL", SERVFAIL), ("NXDOMAIN", NXDOMAIN), ("NOTIMP", NOTIMP), ("REFUSED", REFUSED),
        ("NOTAUTH", NOTAUTH))),
    row("silent to IXFR", "ixfr", HELD, when(ixfr, does(silence))),
    row("closes on IXFR", "ixfr", HELD, when(ixfr, does(close))),
    row("resets on IXFR", "ixfr", HELD, when(ixfr, does(reset))),
    row("half an answer to IXFR, then closes", "ixfr", HELD, when(ixfr, half(close))),
    row("half an answer to IXFR, then resets", "ixfr", HELD, when(ixfr, half(reset))),
    row("half an answer to IXFR, then silence", "ixfr", HELD, when(ixfr, half(silence))),
    row("only its newer SOA to IXFR", "ixfr", HELD, when(ixfr, records(new))),
    row("only the old SOA to IXFR", "ixfr", HELD, when(ixfr, records(old)), taken=False),
    row("differences that delete what is not there", "ixfr", HELD, when(ixfr, records(new, old, nowhere, new, new))),
    row("differences that do not verify", "ixfr", HELD, when(ixfr, records(new, old, new, nowhere, new))),
    row("an answer to another question to IXFR", "ixfr", HELD,
        when(ixfr, lambda query: send(scripted.message(query.octets, AXFR, [query.zone.soa])))),
    row("TC to IXFR", "ixfr", HELD, when(ixfr, lambda query: send(scripted.message(query.octets, IXFR, [], QR | AA | TC)))),
    # Messages of a transfer
    row("no question in the first message", "axfr", FIRST, when(axfr, unasked)),
    row("the question in every message", "axfr", FIRST, when(axfr, asked_again)),
    row("the SOA alone in the first message", "axfr", FIRST, when(axfr, single)),
    row("neither AA nor anything else", "axfr", FIRST, when(axfr, changed(flags(QR)))),
    row("all flags but TC", "axfr", FIRST, when(axfr, changed(flags(0x85f0)))),
    row("servers in the authority section", "axfr", FIRST, when(axfr, changed(authority))),
    row("records in the additional section", "axfr", FIRST, when(axfr, changed(additional))),
    row("octets behind each message", "axfr", FIRST, when(axfr, changed(tail))),
    row("a message behind the last", "axfr", FIRST,
        when(axfr, lambda query: then(honest(query), send(query.octets[:2] + b"\x84\0" + bytes(8))))),
    # What is not to be taken
    row("the zone before the one held", "axfr", HELD,
        lambda query: send(scripted.message(query.octets, SOA, [scripted.renumbered(query.zone.soa, 2025010100)])), taken=False),
    row("another id", "axfr", FIRST, when(axfr, changed(lambda message, number: b"\0\0" + message[2:])), taken=False),
    row("TC in a transfer", "axfr", FIRST, when(axfr, changed(flags(QR | AA | TC))), taken=False),
    row("half the zone, each time", "axfr", FIRST, when(axfr, half(close)), taken=False),
]


def player(address, port, oddity, zone):
    """The server that plays a row, by TCP and UDP on the port of the address."""
    def action(octets, number, udp):
        return oddity.answer(Query(octets, struct.unpack("!H", octets[13:15])[0], octets[10:12] != b"\0\0", number, udp, zone))

    def play(connection, server):
        for number, octets in enumerate(scripted.queries(connection)):
            if action(octets, number, False)(connection, server) is False:
                return

    def datagram(octets):
        messages = getattr(action(octets, 0, True), "messages", ())  # silence and the like have none
        return messages[0] if messages else None
    return scripted.Server(address, port, play, datagram=datagram)
