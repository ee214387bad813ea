"""Servers that are odd in one way each (lab/oddities.py): who takes the zone from them, the module, and beside it an
auth-zone of the same Unbound, in a table."""

import os
import re
import shutil
import time

import lab
import oddities
import pair
import rootzone
import scripted
import tap

HERE, BEFORE, NEWER = "203.0.113.66", rootzone.SERIAL, rootzone.SERIAL + 1
AT_ONCE = 12  # rows, each with two resolvers
PATIENCE = 20  # seconds for an auth-zone, which does not say that it has given up


class Trial:
    """One row: the server, a resolver with the module, and one with an auth-zone."""

    def __init__(self, net, oddity, port, zones, keep):
        self.oddity = oddity
        self.source = f"{oddity.scheme}:{HERE}@{port}"
        self._player = oddities.player(HERE, port, oddity, zones)
        self._ours = net.unbound(localroot=[f"localroot-source: {self.source}"], prepare=keep if oddity.held else None)
        held = ""
        if oddity.held:
            shutil.copy(rootzone.eager().zone, net.folder / f"held-{port}")  # an auth-zone looks when that is over
            held = f'  zonefile: "{net.folder}/held-{port}"\n'
        self._stock = net.unbound(tail=f'auth-zone:\n  name: "."\n  primary: {HERE}@{port}\n  for-downstream: no\n{held}',
                                  checked=False)
        self._before = None

    def begin(self):
        """One that holds the zone before is told to look; the other does by itself."""
        if self.oddity.held:
            tap.equal(self._ours.wait_serving(), BEFORE, "what is held")
            self._before = self._ours.metrics()
            self._ours.control("localroot_refresh")

    def ended(self, limit=120):
        """Whether the module has taken it."""
        failed = self._before["refresh_failed"] if self._before else 0
        numbers = self._ours.wait_metrics(
            lambda m: m.get("serial") == NEWER or m["refresh_failed"] > failed or m["refresh_current"] > 0, limit, self.oddity.name)
        return numbers.get("serial") == NEWER

    def again(self):
        self._before = self._ours.metrics()
        self._ours.control("localroot_refresh")

    def confirmed(self, limit=120):
        numbers = self._ours.wait_metrics(lambda m: m["refresh_current"] > self._before["refresh_current"] or
                                          m["refresh_failed"] > self._before["refresh_failed"], limit, f"{self.oddity.name}, again")
        return numbers["refresh_failed"] == self._before["refresh_failed"]

    def reason(self):
        said = re.findall(rf"localroot: {re.escape(self.source)}: (.*)", self._ours.log)
        return said[-1] if said else "nothing in the log"

    def auth_zone_took(self):
        return f"serial {NEWER}" in str(self._stock.control("list_auth_zones"))

    def auth_zone_takes(self, until):
        while not self.auth_zone_took() and time.monotonic() < until:
            time.sleep(0.05)
        return self.auth_zone_took()

    def stop(self):
        self._player.stop()
        codes = self._ours.stop(), self._stock.stop()
        tap.equal(codes[0], 0, f"{self.oddity.name}: exit code")


def try_out(net, rows, port, zones, keep):
    """[(row, the module takes it, an auth-zone takes it, the module's reason, confirmed later), ...]"""
    trials = [Trial(net, oddity, port + number, zones, keep) for number, oddity in enumerate(rows)]
    try:
        for trial in trials:
            trial.begin()
        until = time.monotonic() + PATIENCE
        taken = [trial.ended() for trial in trials]
        reasons = [trial.reason() for trial in trials]
        for trial, good in zip(trials, taken):
            if good:
                trial.again()
        confirmed = [good and trial.confirmed() for trial, good in zip(trials, taken)]
        theirs = [trial.auth_zone_takes(until) for trial in trials]
        return list(zip(rows, taken, theirs, reasons, confirmed))
    finally:
        for trial in trials:
            trial.stop()


@tap.test("who takes the zone from which server: the module, and an auth-zone of the same Unbound")
def table():
    wanted = [oddity for oddity in oddities.TABLE if re.search(os.environ.get("LR_ODDITY", ""), oddity.name)]
    with lab.Lab(rootzone.calm()) as net:
        keep = pair.keep_copy(net)
        before = scripted.recorded(net.transfer_addresses[0])
        net.serve_source(rootzone.calm(1))
        zones = oddities.Zone(scripted.recorded(net.transfer_addresses[0]), before)
        net.serve_source(None)
        results = []
        for start in range(0, len(wanted), AT_ONCE):
            results += try_out(net, wanted[start:start + AT_ONCE], 20000 + start, zones, keep)
    width = max(len(oddity.name) for oddity in wanted)
    tap.note(f"{'':{width}}  held  ours  auth-zone")
    for oddity, ours, theirs, reason, _ in results:
        words = ["yes" if what else "no" for what in (oddity.held, ours, theirs)]
        tap.note(f"{oddity.name:{width}}  {words[0]:4}  {words[1]:4}  {words[2]:4}" + ("" if ours else f"      {reason}"))
    tap.note(f"of {len(results)}: ours {sum(r[1] for r in results)}, auth-zone {sum(r[2] for r in results)}")
    wrong = [(oddity.name, reason) for oddity, ours, _, reason, _ in results if ours != oddity.taken]
    tap.equal(wrong, [], "not as expected")
    tap.equal([r[0].name for r in results if r[1] and not r[4]], [], "taken once, and not confirmed later")


tap.run()
