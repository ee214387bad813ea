"""Clients in processes of their own, which ask a resolver one question after the other and write down what it said and when.

    crowd = clients.Crowd(resolver, folder, names, count=4)
    for asked in crowd.stop(): ...        # Asked: sent, received (CLOCK_MONOTONIC), name, kind, times sent, reply (b"": none)
"""

import collections
import contextlib
import itertools
import pathlib
import select
import socket
import struct
import subprocess
import sys
import time

import dns.message
import dns.rdatatype

import daemons
import history
import rootzone

Asked = collections.namedtuple("Asked", "sent received name kind times reply")
_HEAD = struct.Struct("=dd6s255pBH")
LIMIT, PAUSE = 20, 0.005  # seconds; the lab's own name servers are not the fastest on a machine that is busy
APEX = ("SOA", "DNSKEY", "NS")


def question(who, number, names):
    """The name and type that a client asks for the number-th time."""
    name, turn = names[rootzone._number(who, number) % len(names)], number % 8
    if turn in (0, 4):
        return f"w{number}-{who}.{history.MOVING[number // 4 % len(history.MOVING)]}.", "A"
    if turn in (1, 5):
        return f"{name}.", "DS"
    if turn in (2, 6):
        return ".", APEX[number // 4 % len(APEX)]
    if turn == 3:
        return f"x{number}-{who}-{name}.", "A"
    return f"w{number}-{who}.junk-{name}.", "AAAA"


def _reply(client, number):
    """b"": none, for now."""
    with contextlib.suppress(TimeoutError):
        while True:
            reply = client.recv(65535)
            if reply[:2] == number:
                return reply
    return b""


def _ask(who, address, port, names, out):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect((address, port))
        client.settimeout(daemons.AGAIN)
        for number in itertools.count():
            if select.select([sys.stdin], [], [], PAUSE)[0]:
                return
            name, kind = question(who, number, names)
            query = dns.message.make_query(name, kind, use_edns=0, payload=4096, want_dnssec=True)
            wire, reply, sent, times = query.to_wire(), b"", time.monotonic(), 0
            while not reply and time.monotonic() < sent + LIMIT:
                client.send(wire)
                reply, times = _reply(client, wire[:2]), times + 1
            out.write(_HEAD.pack(sent, time.monotonic(), kind.encode(), name.encode(), times, len(reply)) + reply)


class Crowd:
    def __init__(self, resolver, folder, names, count):
        folder = pathlib.Path(folder)
        (folder / "names").write_text("\n".join(names), encoding="ascii")
        self._files = [folder / f"client-{number}" for number in range(count)]
        self._processes = [subprocess.Popen([sys.executable, __file__, str(number), resolver.address, str(resolver.port), str(folder / "names"), str(file)],
                                            stdin=subprocess.PIPE) for number, file in enumerate(self._files)]

    def stop(self):
        """Ends them; all that was asked, each client's in its order."""
        for process in self._processes:
            process.communicate(b"x", timeout=2 * LIMIT)
            if process.returncode:
                raise RuntimeError(f"a client ended ({process.returncode})")
        for file in self._files:
            with open(file, "rb") as records:
                while head := records.read(_HEAD.size):
                    sent, received, kind, name, times, size = _HEAD.unpack(head)
                    yield Asked(sent, received, name.decode(), kind.rstrip(b"\0").decode(), times, records.read(size))


if __name__ == "__main__":
    with open(sys.argv[4], encoding="ascii") as _names, open(sys.argv[5], "wb") as _out:
        _ask(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), _names.read().split(), _out)
