"""Sources that attack: servers that speak just enough DNS, TLS and HTTP to be believed for a while."""

import contextlib
import gzip
import socket
import ssl
import struct
import threading

import dns.message
import dns.rdatatype

import netns

SOA, IXFR, AXFR, A = 6, 251, 252, 1


class Server:
    """Listens on one port of an address, in plain TCP or TLS; play(connection, server) is called for every connection,
    in a thread. .asked is set as soon as there was one; .ending when all is over."""

    def __init__(self, address, port, play, context=None):
        netns.add_address(address)
        self.address, self.port, self.asked, self.ending = address, port, threading.Event(), threading.Event()
        self._play, self._context = play, context
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.create_server((address, port), family=family, backlog=16)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with contextlib.suppress(OSError, EOFError):
            connection.settimeout(60)
            self.asked.set()
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self._play(connection, self)

    def stop(self):
        self.ending.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


# DNS

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


class Dns:
    """Plays DNS: every query goes to answer(send, query, kind, server), until it returns False. An honest SOA with this
    serial is announced first, unless soa_too."""

    def __init__(self, answer, serial, soa_too=False):
        self._answer, self._serial, self._soa_too = answer, serial, soa_too

    def __call__(self, connection, server):
        stream = connection.makefile("rb")
        while True:
            head = stream.read(2)
            if len(head) < 2:
                return
            query = stream.read(struct.unpack("!H", head)[0])
            kind = struct.unpack("!H", query[13:15])[0]
            if kind == SOA and not self._soa_too:
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


def dripping(seconds):
    """The beginning of a zone, then one octet a second for so long."""
    def answer(connection, query, kind, server):
        zone = framed(message(query, kind, [soa(1)])) + framed(message(query, kind, [address(1)] * 100))
        for at in range(60, 60 + seconds):
            connection.sendall(zone[:60] if at == 60 else zone[at:at + 1])
            if server.ending.wait(1):
                break
        return False
    return answer


def flooding(serial):
    """A zone without end."""
    def answer(connection, query, kind, server):
        connection.sendall(framed(message(query, kind, [soa(serial)])))
        part = framed(message(query, kind, [address(1)] * 3000)) * 20
        while not server.ending.is_set():
            connection.sendall(part)
        return False
    return answer


def played(messages, query):
    """A recorded transfer as an answer to this query."""
    return [query[:2] + message[2:] for message in messages]


def cut(messages, at, reset):
    """A true transfer that ends after so many octets."""
    def answer(connection, query, kind, server):
        del kind, server
        stream = b"".join(framed(message) for message in played(messages, query))
        connection.sendall(stream[:at if at >= 0 else len(stream) + at])
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False
    return answer


def held_soa(messages):
    """The SOA record that a recorded transfer begins with, in wire form without compression."""
    first = dns.message.from_wire(messages[0], one_rr_per_rrset=True).answer[0]
    return record(b"\0", dns.rdatatype.SOA, first[0].to_wire(), first.ttl)


def renumbered(record_, serial):
    return record_[:-20] + struct.pack("!I", serial) + record_[-16:]


# HTTP

def tls(certificate, alpn=None, version=ssl.TLSVersion.TLSv1_3):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1_2, version
    context.load_cert_chain(*certificate)
    if alpn:
        context.set_alpn_protocols([alpn])
    return context


def http(respond):
    """Reads a request and lets respond(connection, server) answer."""
    def play(connection, server):
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(65536)
            if not part:
                return
            request += part
        respond(connection, server)
    return play


def answer_http(connection, status, body):
    connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


def response(status, headers=(), body=b"", length=True):
    """Bytes to send, as http() wants them."""
    lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(body)}"] if length else []), "", ""]

    def respond(connection, server):
        del server
        connection.sendall("\r\n".join(lines).encode() + body)
    return http(respond)


def gzip_bomb(octets):
    """A body that is a thousandth of what it unpacks to."""
    return gzip.compress(bytes(octets), 6)


def endless_headers(connection, server):
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.ending.is_set():
        connection.sendall(b"X-More: " + b"x" * 4000 + b"\r\n")


def endless_body(connection, server):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while not server.ending.is_set():
        connection.sendall(b"; nothing\n" * 10000)
