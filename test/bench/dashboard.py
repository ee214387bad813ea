"""The picture of the dashboard in the README: draws contrib/grafana's dashboard from numbers of a laboratory.

    test/run --lab test/bench/dashboard.py FILE.svg [MINUTES]     10 by default; LR_BUILD, LR_UNBOUND_SRC as for the daemon tests; patched

Two resolvers, of which Debian's Prometheus collects the status files through node_exporter, get questions as a resolver
does: names that do not exist, and names below TLDs. A third is told to forward everything, so that its module declines. The
zone is renewed on the way; then the source of one delivers a zone that was tampered with, and nothing else, until its copy
is past its time (localroot-max-age), and is mended at the end. All of it is real: the counters, the times and the refusals.
"""

import json
import pathlib
import sys
import threading
import time

import lab
import monitoring
import panels
import rootzone

CONTRIB = lab.TOP / "contrib"
FORWARD = 'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.9\n'


class Questions(threading.Thread):
    """Asks a resolver, more and less of it, until told to stop."""

    def __init__(self, resolver, rate):
        super().__init__(daemon=True)
        self.resolver, self.rate, self.ends = resolver, rate, threading.Event()

    def run(self):
        started, number = time.monotonic(), 0
        while not self.ends.is_set():
            number += 1
            name, kind = (("www.shop.far.", "A") if number % 40 == 0 else (f"host{number}.tk.", "A") if number % 7 == 0 else
                          ("com.", "DS") if number % 11 == 0 else (".", "DNSKEY") if number % 13 == 0 else
                          (".", "MX") if number % 17 == 0 else (f"junk{number}.lan{number % 97}.", "A"))
            try:
                self.resolver.ask(name, kind)
            except Exception:  # noqa: BLE001 -- a resolver that forwards to nobody does not answer
                pass
            wave = 1.5 + ((time.monotonic() - started) % 120) / 120
            self.ends.wait(1 / (self.rate * wave))


def tampered(net, root):
    """A zone with a name server more than was signed."""
    return root.edited(net.folder / "tampered", lambda lines: [*lines, "com.\t172800\tIN\tNS\tns.evil.example."])


def main():
    minutes = float(sys.argv[2]) if len(sys.argv) > 2 else 10
    first = rootzone.make(timers=(20, 10, 604800))
    newer = rootzone.make(serial=first.serial + 1, timers=(20, 10, 604800))
    with lab.Lab(first) as net:
        textfiles = [net.folder / f"textfiles-{number}" for number in range(3)]
        for folder in textfiles:
            folder.mkdir()
        files = [f"localroot-status-file: {folder}/localroot.prom" for folder in textfiles]
        good = f"axfr:{net.transfer_addresses[0]}"
        other = net.nsd("other", {".": first.zone}, ["198.51.100.201"])
        resolvers = [net.unbound(localroot=[f"localroot-source: {good}", "localroot-source: axfr:127.0.0.77@1", files[0]]),
                     net.unbound(localroot=["localroot-source: axfr:198.51.100.201", "localroot-max-age: 180", files[1]]),
                     net.unbound(localroot=[f"localroot-source: {good}", files[2]], tail=FORWARD)]
        nodes = [monitoring.NodeExporter(net.folder / f"node-{number}", folder, 9100 + number) for number, folder in enumerate(textfiles)]
        prometheus = monitoring.Prometheus(net.folder / "prometheus", {f"resolver-{number + 1}": node.target for number, node in
                                                                       enumerate(nodes)},
                                           CONTRIB / "prometheus/unbound-localroot.rules.yml", interval="5s")
        asking = [Questions(resolver, rate) for resolver, rate in zip(resolvers, (120, 60, 1))]
        for thread in asking:
            thread.start()
        begin = time.time()

        def until(part):
            time.sleep(max(0, begin + part * minutes * 60 - time.time()))
        until(0.25)
        net.serve_source(newer)
        until(0.4)
        other.stop()
        other = net.nsd("tampered", {".": tampered(net, newer).zone}, ["198.51.100.201"])
        until(0.85)
        other.stop()
        net.nsd("mended", {".": newer.zone}, ["198.51.100.201"])
        until(1)
        for thread in asking:
            thread.ends.set()
        picture = panels.draw(json.loads((CONTRIB / "grafana/unbound-localroot.json").read_text(encoding="utf-8")), prometheus.ask, begin + 20,
                              time.time(), "unbound-localroot: three resolvers of a laboratory")
        pathlib.Path(sys.argv[1]).write_text(picture, encoding="utf-8")
        for daemon in [prometheus, *nodes]:
            daemon.stop()


main()
