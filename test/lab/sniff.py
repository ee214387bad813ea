"""Sees every DNS query that crosses the namespace's loopback, whoever sent it.

A packet socket on `lo` with a kernel filter for destination port 53. Queries are read off the packets, UDP and TCP,
so that the count owes nothing to the daemons or to the module under test. Nothing is missed silently: sync() sends a
packet of its own after whatever happened before and waits until it comes by, and a dropped packet is an error.
"""

import collections
import ctypes
import socket
import struct
import threading

import dns.rdatatype

Query = collections.namedtuple("Query", "source port destination tcp name type")
# source, destination: addresses as text; name: lower case with a final dot; type: text

_ETH_P_ALL = 3
_SO_ATTACH_FILTER = 26
_SO_RCVBUFFORCE = 33
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_OUTGOING = 4  # lo shows each packet twice, going out and coming in


def _filter():
    """Outgoing, IPv4 or IPv6, UDP or TCP, destination port 53. On the cooked socket offset 0 is the IP header."""
    ld_byte, ld_half_x, ldx_header, jeq, and_, ret = 0x30, 0x48, 0xB1, 0x15, 0x54, 0x06
    load_half = 0x28
    program = [
        (ld_byte, 0, 0, 0xFFFFF000 + 4),  # 0 the packet's type
        (jeq, 0, 16, _OUTGOING),          # 1
        (ld_byte, 0, 0, 0),               # 2
        (and_, 0, 0, 0xF0),               # 3
        (jeq, 0, 6, 0x40),                # 4 IPv4, or on to 11
        (ld_byte, 0, 0, 9),               # 5
        (jeq, 1, 0, 17),                  # 6
        (jeq, 0, 10, 6),                  # 7
        (ldx_header, 0, 0, 0),            # 8
        (ld_half_x, 0, 0, 2),             # 9
        (jeq, 6, 7, 53),                  # 10
        (jeq, 0, 6, 0x60),                # 11 IPv6
        (ld_byte, 0, 0, 6),               # 12
        (jeq, 1, 0, 17),                  # 13
        (jeq, 0, 3, 6),                   # 14
        (load_half, 0, 0, 42),            # 15
        (jeq, 0, 1, 53),                  # 16
        (ret, 0, 0, 0x40000),             # 17
        (ret, 0, 0, 0),                   # 18
    ]
    code = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(code)
    return buffer, struct.pack("HL", len(program), ctypes.addressof(buffer))


class Sniffer:
    def __init__(self):
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        buffer, program = _filter()
        self._socket.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)
        del buffer
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        except PermissionError:  # in a user namespace the machine's limit holds
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 64 << 20)
        self._socket.bind(("lo", 0))
        self._socket.settimeout(0.2)
        self._seen = []
        self._streams = {}
        self._marks = 0
        self._sent = 0
        self._arrived = threading.Condition()
        self._ending = False
        self._fault = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._ending = True
        self._thread.join(5)
        self._socket.close()

    def sync(self, limit=20):
        """Returns when everything sent before the call has been read."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mark, self._arrived:
            self._sent += 1
            mark.sendto(b"mark", ("127.0.0.1", 53))
            if not self._arrived.wait_for(lambda: self._marks >= self._sent or self._fault, limit):
                raise TimeoutError("the sniffer does not keep up")
        _, dropped = struct.unpack("II", self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
        if dropped or self._fault:
            raise RuntimeError(f"the sniffer lost {dropped} packets; {self._fault}")

    def queries(self):
        """All queries so far, in order."""
        self.sync()
        with self._arrived:
            return list(self._seen)

    def _run(self):
        while not self._ending:
            try:
                self._packet(self._socket.recv(0x10000 + 64))
            except TimeoutError:
                continue
            except Exception as fault:  # told by the next sync(), in the test's own thread
                self._fault = repr(fault)
                with self._arrived:
                    self._arrived.notify_all()

    def _packet(self, data):
        if data[0] >> 4 == 4:
            header = (data[0] & 15) * 4
            protocol, length = data[9], struct.unpack_from("!H", data, 2)[0]
            ends = (socket.inet_ntop(socket.AF_INET, data[12:16]), socket.inet_ntop(socket.AF_INET, data[16:20]))
            data = data[:length] if length else data
        else:
            header, protocol = 40, data[6]
            ends = (socket.inet_ntop(socket.AF_INET6, data[8:24]), socket.inet_ntop(socket.AF_INET6, data[24:40]))
        port = struct.unpack_from("!H", data, header)[0]
        if protocol == 17:
            payload = data[header + 8:]
            if payload == b"mark":
                with self._arrived:
                    self._marks += 1
                    self._arrived.notify_all()
            else:
                self._message(ends, port, False, payload)
            return
        sequence, flags = struct.unpack_from("!I", data, header + 4)[0], data[header + 13]
        payload = data[header + (data[header + 12] >> 4) * 4:]
        self._segment((ends, port), sequence, flags, payload)

    def _segment(self, flow, sequence, flags, payload):
        """TCP: puts the stream together and takes whole messages off it."""
        if flags & 2:  # SYN
            self._streams[flow] = [sequence + 1 & 0xFFFFFFFF, b""]
            payload = b""
        stream = self._streams.get(flow)
        if stream is None:
            return
        behind = stream[0] - sequence & 0xFFFFFFFF
        if payload and behind < len(payload):  # what is new of it; the rest was sent before
            stream[0] = sequence + len(payload) & 0xFFFFFFFF
            stream[1] += payload[behind:]
        while len(stream[1]) >= 2:
            size = struct.unpack_from("!H", stream[1])[0]
            if len(stream[1]) < 2 + size:
                break
            self._message(flow[0], flow[1], True, stream[1][2:2 + size])
            stream[1] = stream[1][2 + size:]
        if flags & 5:  # FIN, RST
            del self._streams[flow]

    def _message(self, ends, port, tcp, message):
        if len(message) < 17 or message[2] & 0x80 or message[4:6] != b"\0\1":
            return
        at, name = 12, ""
        while message[at]:
            label = message[at + 1:at + 1 + message[at]].lower()
            name += "".join(chr(c) if 33 <= c < 127 and c not in b'."\\' else f"\\{c:03d}" for c in label) + "."
            at += 1 + message[at]
        kind = dns.rdatatype.to_text(struct.unpack_from("!H", message, at + 1)[0])
        with self._arrived:
            self._seen.append(Query(ends[0], port, ends[1], tcp, name or ".", kind))
