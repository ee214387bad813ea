"""Root servers that are far away: in front of the laboratory's own, at the same addresses, each answer takes its time."""

import contextlib
import heapq
import itertools
import selectors
import socket
import struct
import threading
import time

import scripted

BEHIND = "198.51.100.240"
PATIENCE = 5  # seconds


class FarRoot:
    """.milliseconds may be changed at any time."""

    def __init__(self, net, milliseconds=0):
        self.milliseconds, self._due, self._number = milliseconds, [], itertools.count()
        net.root_server.stop()
        net.root_server = net.nsd("root-behind", {".": net.zone.zone}, [BEHIND])
        self._streams = [scripted.Server(address, 53, self._stream) for address in net.root_addresses]
        self._chooser, self._ending = selectors.DefaultSelector(), threading.Event()
        for address in net.root_addresses:
            server = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            server.bind((address, 53))
            self._chooser.register(server, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self):
        self._ending.set()
        self._thread.join(PATIENCE)
        for key in list(self._chooser.get_map().values()):
            key.fileobj.close()
        for server in self._streams:
            server.stop()

    def _wait(self):
        time.sleep(self.milliseconds / 1000)

    def _stream(self, connection, server):
        """TCP: a round trip for the handshake, and one for each question."""
        del server
        self._wait()
        with socket.create_connection((BEHIND, 53), PATIENCE) as behind:
            answers = scripted.queries(behind)
            for query in scripted.queries(connection):
                behind.sendall(scripted.framed(query))
                self._wait()
                connection.sendall(scripted.framed(next(answers)))

    def _run(self):
        """UDP: the real server's answer, kept back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as behind:
            behind.settimeout(PATIENCE)
            while not self._ending.is_set():
                soon = max(0, self._due[0][0] - time.monotonic()) if self._due else 0.1
                for key, _ in self._chooser.select(soon):
                    query, who = key.fileobj.recvfrom(65535)
                    with contextlib.suppress(OSError, struct.error):
                        behind.sendto(query, (BEHIND, 53))
                        answer = behind.recv(65535)
                        heapq.heappush(self._due, (time.monotonic() + self.milliseconds / 1000, next(self._number), key.fileobj, answer, who))
                while self._due and self._due[0][0] <= time.monotonic():
                    _, _, server, answer, who = heapq.heappop(self._due)
                    server.sendto(answer, who)
