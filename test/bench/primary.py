"""A server of the root zone that always has a newer one: three zones go round, each newer than the one before (RFC 1982)."""

import fcntl
import itertools
import struct
import termios
import time

import daemons
import rootzone
import scripted

DIGEST = 0.05  # seconds


def recordings(net):
    """[(serial, its SOA record, the messages of its transfer)]"""
    made = []
    for step in range(3):
        zone, address = rootzone.lifelike(step), f"198.51.100.{220 + step}"
        server = net.nsd(f"step-{step}", {".": zone.zone}, [address])
        messages = scripted.recorded(address)
        server.stop()
        made.append((zone.serial, scripted.held_soa(messages), messages))
    return made


class Primary(scripted.Server):
    """.ended: when the last octet of the last transfer was sent. pausing: the last message comes when all others have been read and a
    moment has passed for them to be looked at."""

    def __init__(self, address, made):
        self._round = itertools.cycle(made)
        self.pausing, self.ended = False, None
        self.advance()
        super().__init__(address, 53, scripted.Dns(self._transfer), datagram=self._soa)

    def advance(self):
        """Has the next zone; its serial."""
        self._serial, self._record, self._messages = next(self._round)
        return self._serial

    def _soa(self, query):
        return scripted.message(query[:12] + query[12:17], scripted.SOA, [self._record])

    def _transfer(self, connection, query, kind, server):
        del server
        if kind == scripted.SOA:
            connection.sendall(scripted.framed(self._soa(query)))
            return
        # A transfer is answered as it was asked for, AXFR or IXFR, where the question is repeated.
        parts = [scripted.framed(part[:12] + query[12:17] + part[17:] if part[4:6] == b"\0\1" else part)
                 for part in scripted.played(self._messages, query)]
        connection.sendall(b"".join(parts[:-1]))
        if self.pausing:
            daemons.wait(lambda: struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, bytes(4)))[0] == 0, 20, "the transfer is read")
            time.sleep(DIGEST)
        connection.sendall(parts[-1])
        self.ended = time.monotonic()


def refresh(peer, primary, every=0.0003, limit=30):
    """Has the peer take the next zone; seconds from the last octet to its publication, looked for so often."""
    serial, primary.ended = primary.advance(), None
    peer.refresh()
    end = time.monotonic() + limit
    while not (primary.ended and peer.has_refreshed(serial)):
        if time.monotonic() > end:
            raise TimeoutError(f"{peer.key} has not taken serial {serial} within {limit} s: {peer.process.log[-600:]}")
        time.sleep(every)
    return time.monotonic() - primary.ended
