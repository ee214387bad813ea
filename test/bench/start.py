"""From a good copy on disk to the first local answer; the memory of the zones; the CPU time of a verification.

    test/run --lab test/bench/start.py [ROUNDS]              LR_BUILD, LR_UNBOUND_SRC as for the daemon tests

The real root zone. Nothing is reachable at the sources after the first start, so the answer is the disk copy's. The time is that from
the start of the process to a junk name's NXDOMAIN, asked every 2 ms, the same for an Unbound without the module whose own auth-zone "." is
loaded from a file.
"""

import statistics
import subprocess
import sys
import time

import dns.exception
import dns.query
import dns.rcode

import lab
import rootzone


def first_answer(server):
    """Seconds from the start of the process to the first NXDOMAIN; SERVER gives program, configuration and address."""
    question = server.query("junk-of-the-bench.")
    began = time.monotonic()
    process = subprocess.Popen([str(server.prefix / "sbin/unbound"), "-d", "-c", str(server.config_file)],
                               stderr=subprocess.DEVNULL)
    try:
        while time.monotonic() < began + 20:
            try:
                answer = dns.query.udp(question, server.address, 0.05, port=server.port)
                if answer.rcode() == dns.rcode.NXDOMAIN:
                    return time.monotonic() - began
            except (OSError, dns.exception.Timeout):
                time.sleep(0.002)
        raise TimeoutError("no answer within 20 s")
    finally:
        process.terminate()
        process.wait(20)


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with lab.Lab(rootzone.real()) as net:
        first = net.unbound(localroot=[])
        first.wait_serving()
        first.ask("junk.")
        first.ask("tk.", "NS")
        numbers = first.metrics()
        for key in ("verify_usec", "mem_zone", "mem_lent"):
            print(f"{key:12} {numbers[key]:10.0f}")
        own = net.unbound(tail=f'auth-zone:\n  name: "."\n  zonefile: "{net.zone.zone}"\n  for-downstream: no\n  for-upstream: yes\n')
        net.serve_source(None)
        servers = {"disk copy": first, "auth-zone": own}
        times = {name: [] for name in servers}
        for server in servers.values():
            server.stop()
        for _ in range(rounds):
            for name, server in servers.items():
                times[name].append(first_answer(server))
        for name, measured in times.items():
            print(f"{name:12} {statistics.median(measured) * 1000:7.0f} ms to the first answer")


main()
