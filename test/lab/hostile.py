"""Sources that attack, by DNS and by HTTP: plays for a scripted server."""

import gzip

from scripted import address, framed, message, soa


# DNS

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


# HTTP

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
