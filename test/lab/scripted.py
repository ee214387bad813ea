"""Scripted servers: they speak just enough DNS and TLS to do what a test wants of them. One server for all: a play says
what is done with a connection. What attacks is in hostile.py, what is odd in oddities.py."""

import contextlib
import socket
import ssl
import struct
import threading
import time

import dns.message
import dns.rdataclass
import dns.rdatatype
import dns.tsig

import netns

SOA, IXFR, AXFR, A = 6, 251, 252, 1


class Server:
    """Listens on one port of an address, in plain TCP or TLS; play(connection, server) is called for every connection,
    in a thread. datagram(octets): what is answered to one by UDP, or None; without it there is no UDP. .asked is set as
    soon as there was a connection; .ending when all is over."""

    def __init__(self, address, port, play, context=None, datagram=None):
        netns.add_address(address)
        self.address, self.port, self.asked, self.ending = address, port, threading.Event(), threading.Event()
        self._play, self._context, self._datagram = play, context, datagram
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._sockets = [socket.create_server((address, port), family=family, backlog=16)]
        threading.Thread(target=self._accept, args=self._sockets, daemon=True).start()
        if datagram:
            self._sockets.append(socket.socket(family, socket.SOCK_DGRAM))
            self._sockets[1].bind((address, port))
            threading.Thread(target=self._answer, args=self._sockets[1:], daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(listener.accept()[0],), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError, EOFError):
            connection.settimeout(60)
            self.asked.set()
            if not self._context:
                self._play(connection, self)
                return
            with self._context.wrap_socket(connection, server_side=True) as protected:
                self._play(protected, self)

    def _answer(self, receiver):
        with contextlib.suppress(OSError):
            while (came := receiver.recvfrom(65535))[0]:  # nothing: stopped
                octets, who = came
                if reply := self._datagram(octets):
                    receiver.sendto(reply, who)

    def stop(self):
        self.ending.set()
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def tls(certificate, alpn=None, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
    context.load_cert_chain(*certificate)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


# DNS: messages

def framed(message):
    return struct.pack("!H", len(message)) + message


def record(name, kind, rdata, ttl=86400, rrclass=1):
    return name + struct.pack("!HHIH", kind, rrclass, ttl, len(rdata)) + rdata


def soa(serial, name=b"\0"):
    return record(name, SOA, b"\1a\0\1b\0" + struct.pack("!5I", serial, 1800, 900, 604800, 86400))


def address(number, name=b"\1a\0", rrclass=1):
    return record(name, A, struct.pack("!I", number), 172800, rrclass)


def question(kind, name=b"\0"):
    return name + struct.pack("!HH", kind, 1)


def message(query, kind, records, flags=0x8400, ident=None, asked=None):
    """An answer to the query; the others change what only a liar would."""
    ident = query[:2] if ident is None else ident
    return ident + struct.pack("!5H", flags, 1, len(records), 0, 0) + (asked or question(kind)) + b"".join(records)


def refusal(query, kind):
    return message(query, kind, [], 0x8405)


def held_soa(messages):
    """The SOA record that a recorded transfer begins with, in wire form without compression."""
    first = dns.message.from_wire(messages[0], one_rr_per_rrset=True).answer[0]
    return record(b"\0", dns.rdatatype.SOA, first[0].to_wire(), first.ttl)


def renumbered(record_, serial):
    return record_[:-20] + struct.pack("!I", serial) + record_[-16:]


def recorded(address):
    """The messages of a zone's transfer, as the server at the address sends them."""
    query, messages, soas = b"\0\1" + struct.pack("!5H", 0, 1, 0, 0, 0) + question(AXFR), [], 0
    with socket.create_connection((address, 53), 10) as connection:
        connection.sendall(framed(query))
        for part in queries(connection):
            messages.append(part)
            parsed = dns.message.from_wire(part, one_rr_per_rrset=True)
            soas += sum(rrset.rdtype == dns.rdatatype.SOA for rrset in parsed.answer)
            if soas == 2:
                return messages
    raise EOFError(f"the transfer from {address} has no end")


def played(messages, query):
    """A recorded transfer as an answer to this query."""
    return [query[:2] + message[2:] for message in messages]


def sign(wire, key, mac, context, change=None, **more):
    """dnspython's TSIG behind the message. change(rdata) is what is written in its place."""
    tsig = dns.rdtypes.ANY.TSIG.TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, key.algorithm, more.get("when", int(time.time())), more.get("fudge", 300), b"",
        struct.unpack("!H", wire[:2])[0], more.get("error", 0), more.get("other", b""))
    done, context = dns.tsig.sign(wire, key, tsig, tsig.time_signed, mac, context, True)
    rdata = (change or (lambda octets: octets))(done.to_wire())
    name = more.get("name", key.name).to_wire()
    record = name + struct.pack("!HHIH", 250, 255, 0, len(rdata)) + rdata
    return wire[:10] + struct.pack("!H", struct.unpack("!H", wire[10:12])[0] + 1) + wire[12:] + record, done.mac, context


def flip_mac(rdata):
    return rdata[:-20] + bytes([rdata[-20] ^ 1]) + rdata[-19:]


# DNS: plays

def queries(connection):
    """The messages that come, until the client goes."""
    stream = connection.makefile("rb")
    while len(head := stream.read(2)) == 2:
        yield stream.read(struct.unpack("!H", head)[0])


class Dns:
    """Plays DNS: every query goes to answer(connection, query, kind, server), until it returns False. serial: with one,
    an honest SOA that has it is the answer to who asks for the SOA."""

    def __init__(self, answer, serial=None):
        self._answer, self._serial = answer, serial

    def __call__(self, connection, server):
        for query in queries(connection):
            kind = struct.unpack("!H", query[13:15])[0]
            if kind == SOA and self._serial is not None:
                connection.sendall(framed(message(query, SOA, [soa(self._serial)])))
            elif self._answer(connection, query, kind, server) is False:
                return


def once(make):
    """Sends make(query, kind): a message or several."""
    def answer(connection, query, kind, server):
        made = make(query, kind)
        for part in made if isinstance(made, list) else [made]:
            connection.sendall(framed(part))
        server.ending.wait(60)  # the next move is the client's
    return answer


def raw(make):
    """Sends make(query, kind) as it is, and ends the connection."""
    def answer(connection, query, kind, server):
        del server
        connection.sendall(make(query, kind))
        return False
    return answer


def silent(connection, query, kind, server):
    del connection, query, kind
    server.ending.wait(60)
    return False


def slow(messages):
    """The first message of a recorded transfer, then one octet every tenth of a second."""
    def answer(connection, query, kind, server):
        del kind
        first, *rest = played(messages, query)
        connection.sendall(framed(first))
        for octet in b"".join(map(framed, rest)):
            if server.ending.wait(0.1):
                break
            connection.sendall(bytes([octet]))
        return False
    return answer


def steady(messages, rate):
    """All of a recorded transfer, at so many octets a second."""
    def answer(connection, query, kind, server):
        del kind
        octets = b"".join(map(framed, played(messages, query)))
        started, at = time.monotonic(), 0
        while at < len(octets) and not server.ending.wait(0.2):
            due = int((time.monotonic() - started) * rate)
            connection.sendall(octets[at:due])
            at = max(at, due)
        return False
    return answer


def cut(messages, at, reset=False):
    """A recorded transfer that ends after so many octets, from its end where that is negative; None: whole."""
    def answer(connection, query, kind, server):
        del kind, server
        stream = b"".join(map(framed, played(messages, query)))
        connection.sendall(stream[:at])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return answer


def with_expire(messages, seconds):
    """The recorded transfer with EDNS EXPIRE (RFC 7314) in its first message."""
    option = struct.pack("!BHHIHHHI", 0, 41, 1232, 0, 8, 9, 4, seconds)
    first = messages[0][:10] + struct.pack("!H", 1) + messages[0][12:] + option
    return cut([first, *messages[1:]], None)
