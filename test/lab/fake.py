"""Sources that misbehave: they play a recorded transfer back, changed or slowly."""

import contextlib
import socket
import struct
import threading
import time

import netns


def record(address, port=53):
    """The messages of a zone's transfer, as a server sends them."""
    query = b"\0\1" + b"\0\0" + b"\0\1\0\0\0\0\0\0" + b"\0" + b"\0\xfc" + b"\0\1"
    messages, soas = [], 0
    with socket.create_connection((address, port), 10) as connection:
        connection.sendall(struct.pack("!H", len(query)) + query)
        stream = connection.makefile("rb")
        while soas < 2:
            message = stream.read(struct.unpack("!H", stream.read(2))[0])
            messages.append(message)
            soas += _count_soas(message)
    return messages


def _count_soas(message):
    import dns.message  # late: only who records needs it
    import dns.rdatatype
    parsed = dns.message.from_wire(message, one_rr_per_rrset=True)
    return sum(rrset.rdtype == dns.rdatatype.SOA for rrset in parsed.answer)


class Source:
    """A TCP server on one address. play(send, messages, ending) is called for every request: send(octets) sends them
    as they are, ending is an Event that is set when the source is stopped."""

    def __init__(self, address, messages, play, port=53):
        netns.add_address(address)
        self._messages, self._play = messages, play
        self.requests = 0
        self.asked, self.closed, self.ending = threading.Event(), threading.Event(), threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(16)
        self._listener.settimeout(0.1)
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self._thread.join(5)
        self._listener.close()

    def _accept(self):
        while not self.ending.is_set():
            with contextlib.suppress(TimeoutError):
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            stream = connection.makefile("rb")
            query = stream.read(struct.unpack("!H", stream.read(2))[0])
            self.requests += 1
            self.asked.set()
            messages = [query[:2] + message[2:] for message in self._messages]
            self._play(connection.sendall, messages, self.ending)
        self.closed.set()


def framed(message):
    return struct.pack("!H", len(message)) + message


def slow(send, messages, ending):
    """The first message, then one octet every tenth of a second."""
    send(framed(messages[0]))
    for octet in b"".join(framed(message) for message in messages[1:]):
        if ending.wait(0.1):
            return
        send(bytes([octet]))


def steady(rate):
    """All of it, at so many octets a second."""
    def play(send, messages, ending):
        octets = b"".join(map(framed, messages))
        started, at = time.monotonic(), 0
        while at < len(octets) and not ending.wait(0.2):
            due = int((time.monotonic() - started) * rate)
            send(octets[at:due])
            at = max(at, due)
    return play


def silent(send, messages, ending):
    """Takes the question and says nothing."""
    del send, messages
    ending.wait(60)


def cut(send, messages, ending):
    """Ends the connection in the middle of a message."""
    del ending
    send(b"".join(framed(message) for message in messages)[: sum(map(len, messages)) // 2])
