"""CPU time per unique junk query, DO set: this module against Unbound's own auth-zone "." and a cache hit.

    test/run --lab test/bench/junk.py [ROUNDS [QUERIES]]     needs dnsperf; LR_BUILD, LR_UNBOUND_SRC as for the daemon tests

The servers are measured in turn within each round, each with names that nobody has asked before; the figures are
medians over the rounds of the server's own CPU time from /proc/PID/stat.
"""

import statistics
import subprocess
import sys

import lab
import rootzone

def load(server, names):
    before = server.cpu()
    subprocess.run(["timeout", "120", "dnsperf", "-s", server.address, "-p", str(server.port), "-d", names, "-D", "-c", "4",
                    "-q", "60", "-O", "suppress=timeouts"], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = server.cpu()
    return after[0] - before[0], after[1] - before[1]


def main():
    rounds, count = (list(map(int, sys.argv[1:])) + [5, 100000][len(sys.argv) - 1:])[:2]
    with lab.Lab(rootzone.real()) as net:
        own = f'auth-zone:\n  name: "."\n  zonefile: "{net.zone.zone}"\n  for-downstream: no\n  for-upstream: yes\n  fallback-enabled: yes\n'
        servers = {"localroot": net.unbound(localroot=[]), "auth-zone": net.unbound(tail=own),
                   "cache hit": net.unbound(localroot=[])}
        servers["localroot"].wait_serving()
        times = {name: [] for name in servers}
        for turn in range(rounds):
            for place, (name, server) in enumerate(servers.items()):
                if name == "cache hit":
                    names = ["shop.tk A\n"] * count
                else:
                    names = [f"w{turn}-{place}-{i:x}.junk{i * 7919 % 999983:x}{place}{turn} A\n" for i in range(count)]
                times[name].append(load(server, net.write("names", "".join(names))))
        base = statistics.median(user for user, _ in times["auth-zone"])
        for name, measured in times.items():
            user = statistics.median(u for u, _ in measured)
            both = statistics.median(u + s for u, s in measured)
            print(f"{name:10} {user / count * 1e6:6.2f} us user, {both / count * 1e6:6.2f} us in all, a query; "
                  f"user {user / base:.2f} of auth-zone")
        for key, value in sorted(servers["localroot"].metrics().items()):
            print(f"{key} {value:g}")


main()
