"""Sources that stand still: they confirm what they have for ever, and the root has long changed."""

import os
import re
import shutil
import time

import lab
import pair
from rootzone import SERIAL, calm
import tap

HOUR, DAY = 3600, 86400
FROZEN, BEHIND, CURRENT = "203.0.113.71", "203.0.113.72", "203.0.113.73"


def round_over(resolver):
    """Asks for a round and waits for its end."""
    before = resolver.metrics()
    resolver.control("localroot_refresh")
    keys = ("refresh_current", "refresh_renewed", "refresh_failed")
    resolver.wait_metrics(lambda m: sum(m[key] for key in keys) > sum(before[key] for key in keys), 30, "a round's end")


def held_since(net, hours):
    """What a resolver has on disk, that holds the same serial for so many hours."""
    keep = pair.keep_copy(net)

    def prepare(folder):
        keep(folder)
        pair.edit_state(folder, renewed=int(time.time()) - hours * HOUR)
    return prepare


@tap.test("a serial that has not changed for 30 hours: all are asked and the newest is taken; before, the first is enough")
def still():
    with lab.Lab(calm()) as net:
        prepare = held_since(net, 31)
        for address, step in ((FROZEN, 0), (BEHIND, 1), (CURRENT, 2)):
            net.nsd(f"step-{step}", {".": calm(step).zone}, [address])
        words = [f"localroot-source: axfr:{address}" for address in (FROZEN, BEHIND, CURRENT)]
        resolver = net.unbound(localroot=words, prepare=prepare)
        tap.equal(resolver.wait_serving(), SERIAL, "what is held")
        resolver.control("localroot_refresh")
        resolver.wait_serving(SERIAL + 2, 30)
        status = resolver.control("localroot_status")
        tap.equal(len(re.findall(r"(confirmed|renewed) 20\d\d-\d\d-\d\dT", status)), 2, f"times in {status}")
        tap.equal(resolver.metrics().get("failures_serial", 0), 0, "serials refused in that round")
        round_over(resolver)  # and from now on the one that stands still is behind
        tap.equal(resolver.metrics()["failures_serial"] > 0, True, "the frozen one refused")

        resolver = net.unbound(localroot=words, prepare=pair_with(prepare, 29))
        tap.equal(resolver.wait_serving(), SERIAL, "what is held")
        start = len(net.sniffer.queries())
        round_over(resolver)
        tap.equal(resolver.metrics()["serial"], SERIAL, "after 29 hours")
        asked = {q.destination for q in net.sniffer.queries()[start:]} & {FROZEN, BEHIND, CURRENT}
        tap.equal(asked, {FROZEN}, "asked after 29 hours")


def pair_with(prepare, hours):
    def again(folder):
        prepare(folder)
        pair.edit_state(folder, renewed=int(time.time()) - hours * HOUR)
    return again


@tap.test("the root itself stands still: all say so, and the copy is confirmed; its time of renewal stays, over a restart too")
def all_still():
    with lab.Lab(calm()) as net:
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{a}" for a in net.transfer_addresses[:2]],
                               prepare=held_since(net, 40))
        tap.equal(resolver.wait_serving(), SERIAL, "what is held")
        since = re.search(r"renewed (\S+Z) ", resolver.control("localroot_status")).group(1)
        start = len(net.sniffer.queries())
        before = resolver.metrics()
        resolver.control("localroot_refresh")
        resolver.wait_metrics(lambda m: m["refresh_current"] >= before["refresh_current"] + 2, 30, "both confirm")
        asked = {q.destination for q in net.sniffer.queries()[start:]}
        tap.equal(asked >= set(net.transfer_addresses[:2]), True, f"asked: {asked}")
        tap.equal(resolver.metrics()["age"] < 5, True, "confirmed just now")
        resolver.stop()
        resolver = net.unbound(localroot=[], folder=resolver.folder)
        tap.equal(re.search(r"renewed (\S+Z) ", resolver.control("localroot_status")).group(1), since, "renewed")


@tap.test("a file confirms no more than its time of change: that of the copy is its age, and past its expire it is refused")
def file_source():
    with lab.Lab(calm()) as net:
        file = net.folder / "root.copy"
        shutil.copy(calm().zone, file)
        now = int(time.time())
        os.utime(file, (now, now - 2 * DAY))
        resolver = net.unbound(localroot=[f"localroot-source: file:{file}"])
        resolver.wait_serving(SERIAL)
        for turn in range(2):
            numbers = resolver.metrics()
            if not 2 * DAY <= numbers["age"] <= 2 * DAY + 60:
                raise AssertionError(f"age {numbers['age']} in turn {turn}")
            round_over(resolver)
        os.utime(file, (now, now - DAY))
        round_over(resolver)
        tap.equal(resolver.metrics()["age"] < DAY + 60, True, "a file that was written anew")
        os.utime(file, (now, now - 3 * DAY))
        round_over(resolver)
        tap.equal(resolver.metrics()["age"] < DAY + 60, True, "one that is older again")
        resolver.stop()
        os.utime(file, (now, now - 8 * DAY))
        resolver = net.unbound(localroot=[f"localroot-source: file:{file}"])
        reason = resolver.wait_refused(f"file:{file}", "stale")
        tap.equal(re.match(rf"serial {SERIAL} is of a file that has not changed for 6912\d\d s", reason) is not None, True, reason)
        tap.equal(resolver.metrics()["serving"], 0, "serving")


tap.run()
