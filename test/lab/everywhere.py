"""The rest of the Internet: one small server that answers at every address that is not the lab's own.

    with lab.Lab(root) as net, everywhere.Everywhere():
        ...                     # what no NSD of the lab serves is served here, under every TLD alike

It runs in a network namespace behind the lab's (a veth pair and a default route), in which all addresses are local.
Its answers depend on the question alone: each name has an A, an AAAA and a TXT record, but for those whose first
label begins with "nx", which do not exist, and "alias", which is a CNAME to a TLD that does not exist; a TLD itself has
SOA, NS, A and TXT. The root servers' names have their own addresses, as resolvers heed what they are told of those. Nothing is signed, so that a TLD with a
DS is bogus to who validates.
"""

import contextlib
import os
import selectors
import signal
import socket
import struct
import subprocess
import sys
import time

_NEAR, _FAR = ("10.54.0.1", "fd54::1"), ("10.54.0.2", "fd54::2")
_RESOLVERS = ("10.53.0.0/16", "fd53::/16")
HINTS = "/usr/share/dns/root.hints"
_A, _NS, _CNAME, _SOA, _TXT, _AAAA, _OPT = 1, 2, 5, 6, 16, 28, 41
_TTL, _NEGATIVE_TTL = 3600, 300
_IP_PKTINFO, _IP_TRANSPARENT, _IPV6_TRANSPARENT = 8, 19, 75


class Everywhere:
    def __enter__(self):
        import netns  # not needed by the server
        self._process = subprocess.Popen(["unshare", "--net", sys.executable, __file__], stdin=subprocess.PIPE,
                                         stdout=subprocess.PIPE, text=True)
        try:
            self._expect("unshared")
            self._ip(netns, f"link add far type veth peer name near netns {self._process.pid}\n"
                            f"addr add {_NEAR[0]}/30 dev far\naddr add {_NEAR[1]}/64 dev far nodad\nlink set far up\n")
            self._process.stdin.write("connected\n")
            self._process.stdin.flush()
            self._expect("serving")
            self._ip(netns, f"route add default via {_FAR[0]}\n-6 route add default via {_FAR[1]}\n")
            for address in ("198.18.0.1", "2001:db8::1"):
                _wait_answer(address)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait(10)
        self._process.stdin.close()
        self._process.stdout.close()

    def _expect(self, word):
        if self._process.stdout.readline().strip() != word:
            raise RuntimeError(f"the server for everywhere is not {word}")

    @staticmethod
    def _ip(netns, lines):
        _batch("ip", lines)


def _wait_answer(address, limit=20):
    """A fresh link takes a moment until its first packet gets through."""
    end = time.monotonic() + limit
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as asker:
        asker.settimeout(0.1)
        while time.monotonic() < end:
            asker.sendto(b"\0\1\1\0\0\1" + bytes(6) + b"\1x\0\0\1\0\1", (address, 53))
            with contextlib.suppress(TimeoutError):
                return asker.recv(512)
    raise TimeoutError(f"{address} does not answer")


def _batch(tool, lines):
    for line in lines.splitlines():
        subprocess.run([tool, *line.split()], check=True, timeout=20)


def _record(owner, kind, ttl, data):
    return owner + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def _hints():
    """(name in wire form, type) -> address in wire form"""
    found = {}
    with open(HINTS, encoding="ascii") as lines:
        for words in (line.lower().split() for line in lines):
            if len(words) == 4 and words[2] in ("a", "aaaa"):
                labels = [label.encode() for label in words[0].rstrip(".").split(".")]
                family, kind = (socket.AF_INET, _A) if words[2] == "a" else (socket.AF_INET6, _AAAA)
                name = b"".join(bytes((len(label),)) + label for label in labels) + b"\0"
                found[name, kind] = socket.inet_pton(family, words[3])
    return found


def answer(query, hints):
    """The answer to a query in wire form; None for what is none."""
    if len(query) < 17 or query[2] & 0x80 or query[4:6] != b"\0\1":
        return None
    at, labels = 12, []
    while query[at]:
        labels.append(at)
        at += 1 + query[at]
    kind = struct.unpack_from("!H", query, at + 1)[0]
    question, more = query[12:at + 5], query[10:12] != b"\0\0"
    here, tld = b"\xc0\x0c", struct.pack("!H", 0xC000 | (labels[-1] if labels else at))
    exists = len(labels) < 2 or query[labels[0] + 1:labels[0] + 3].lower() != b"nx"
    data = None
    if len(labels) > 1 and query[labels[0]:labels[0] + 6].lower() == b"\5alias":
        kind, data = _CNAME, b"\x0dto-no-such-of" + bytes(1)
    elif (query[12:at + 1].lower(), kind) in hints:
        data = hints[query[12:at + 1].lower(), kind]
    elif kind == _A:
        data = bytes((203, 0, 113, 7))
    elif kind == _TXT:
        data = b"\x0aeverywhere"
    elif kind == _AAAA and len(labels) > 1:
        data = socket.inet_pton(socket.AF_INET6, "2001:db8:e::7")
    elif kind == _NS and len(labels) == 1:
        data = b"\2ns\3nic" + tld
    soa = b"\2ns\3nic" + tld + b"\4host" + tld + struct.pack("!5I", 1, 3600, 900, 604800, _NEGATIVE_TTL)
    if kind == _SOA and len(labels) == 1:
        data = soa
    if data and exists:
        counts, records = (1, 1, 0, more), _record(here, kind, _TTL, data)
    else:
        counts, records = (1, 0, 1, more), _record(tld, _SOA, _TTL, soa)
    if more:
        records += b"\0" + struct.pack("!HHIH", _OPT, 1232, 0x8000, 0)
    flags = 0x8400 | (query[2] & 1) << 8 | (query[3] & 0x10) | (0 if exists else 3)
    return query[:2] + struct.pack("!5H", flags, *counts) + question + records


def _socket(family, level, transparent, ask_where):
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    server.setsockopt(level, transparent, 1)
    server.setsockopt(level, ask_where, 1)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    server.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 53))
    return server


def _reply(server, hints):
    """Answers one query from the address that it was sent to."""
    query, where, _, sender = server.recvmsg(4096, 256)
    reply = answer(query, hints)
    if reply:
        level, kind, info = where[0]
        if level == socket.IPPROTO_IP:  # struct in_pktinfo: interface, own address, the packet's address
            info = struct.pack("i", 0) + info[8:12] + bytes(4)
        else:
            info = info[:16] + struct.pack("i", 0)
        server.sendmsg([reply], [(level, kind, info)], 0, sender)


def _serve():
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    hints = _hints()
    print("unshared", flush=True)
    if sys.stdin.readline() != "connected\n":
        return
    _batch("ip", "link set lo up\n"
                 f"addr add {_FAR[0]}/30 dev near\naddr add {_FAR[1]}/64 dev near nodad\nlink set near up\n"
                 f"route add {_RESOLVERS[0]} via {_NEAR[0]}\n-6 route add {_RESOLVERS[1]} via {_NEAR[1]}\n"
                 "route add local default dev lo table main\n-6 route add local default dev lo table main\n")
    chooser = selectors.DefaultSelector()
    for server in (_socket(socket.AF_INET, socket.IPPROTO_IP, _IP_TRANSPARENT, _IP_PKTINFO),
                   _socket(socket.AF_INET6, socket.IPPROTO_IPV6, _IPV6_TRANSPARENT, socket.IPV6_RECVPKTINFO)):
        chooser.register(server, selectors.EVENT_READ)
    print("serving", flush=True)
    while True:
        for key, _ in chooser.select():
            try:
                _reply(key.fileobj, hints)
            except (OSError, IndexError, struct.error) as fault:
                print(f"everywhere: {fault!r}", file=sys.stderr)


if __name__ == "__main__":
    _serve()
