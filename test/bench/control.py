"""Hands commands to an Unbound, one a line, and prints the length of each answer and the answer. A process of its own: Unbound's
worker reads a command as soon as somebody has connected, and would wait for one who has other threads to look after."""

import socket
import sys

for line in sys.stdin:
    with socket.socket(socket.AF_UNIX) as control:
        control.settimeout(60)
        control.connect(sys.argv[1])
        control.sendall(f"UBCT1 {line}".encode())
        answer = b"".join(iter(lambda: control.recv(65536), b""))
    sys.stdout.buffer.write(b"%d\n%b" % (len(answer), answer))
    sys.stdout.buffer.flush()
