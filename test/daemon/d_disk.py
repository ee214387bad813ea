"""The copy on disk, and everything that can happen to it: served or passed, never wrong, never stuck, and the next
refresh heals it."""

import base64
import hashlib
import os
import re
import shutil
import time

import lab
from lab import ASKING, SOURCE
import mounts
import pair
from rootzone import SERIAL, eager
import tap

ADVICE = " (if that is to be taken: localroot_forget, unbound-localroot(8))"


def left_behind(net, **more):
    """The folder of a resolver that was stopped with a good copy on disk."""
    resolver = net.unbound(localroot=[], **more)
    resolver.wait_serving(net.zone.serial)
    lab.wait((resolver.folder / "localroot.state").exists, 10, "the state file")
    tap.equal(resolver.stop(), 0, "exit code")
    tap.equal(int(pair.state_of(resolver.folder)["serial"]), net.zone.serial, "serial on disk")
    return resolver.folder


def copy_of(net, folder, name):
    """A folder with the same copy on disk."""
    to = net.folder / name
    to.mkdir()
    for file in ("localroot.zone", "localroot.state"):
        shutil.copy2(folder / file, to)
    return to


def serves_from_disk(net, folder, label, serial=SERIAL):
    """A resolver that reaches no source serves what is in the folder."""
    resolver = net.unbound(localroot=["localroot-source: axfr:192.0.2.99"], folder=folder, config=ASKING)
    net.serves(resolver, label, serial)
    resolver.stop()


def older(resolver, source, serial, floor, before=0):
    """What this source has was refused, and for nothing but its age."""
    said = resolver.wait_refused(source, "serial", before).removesuffix(ADVICE)
    wanted = (f"has serial {serial}, older than {floor}", f"serial {serial} is older than {floor}, accepted before")
    tap.equal(said in wanted, True, f"{source}: {said}")  # told at the source where a copy is held, else by validate/


@tap.test("a good copy on disk: not one query to a root server, from the first on, and no transfer")
def first_query():
    with lab.Lab() as net:
        folder = left_behind(net)
        transfers = len(net.transfers())
        resolver = net.unbound(localroot=[], folder=folder, config="prefetch: yes")
        for name, kind in (("junk-first.", "A"), ("www.shop.far.", "A"), ("com.", "DS"), (".", "DNSKEY"), ("org.", "NS")):
            resolver.ask(name, kind)
        tap.equal(net.root_queries(resolver), [], "queries to the root")
        tap.equal(len(net.transfers()), transfers, "transfers: its refresh has not come yet")
        tap.equal(resolver.metrics()["rootqueries"], 0, "the module's own count")


@tap.test("a state file cut at any byte: the copy waits for a source, which heals it")
def state_cut():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        whole = (folder / "localroot.state").read_bytes()
        marks = [whole.index(word) for word in (b"confirmed", b"source", b"key", b"checksum")]
        for cut in sorted({0, 1, len(whole) // 2, len(whole) - 2, len(whole) - 1, *marks, *(m + 9 for m in marks)}):
            (folder / "localroot.state").write_bytes(whole[:cut])
            resolver = net.unbound(localroot=[], folder=folder, config=ASKING)
            resolver.wait_log(r"localroot.state is cut or changed", 10)
            resolver.wait_serving(SERIAL)
            net.serves(resolver, f"cut-{cut}")
            lab.wait(lambda: (folder / "localroot.state").stat().st_size > cut, 10, f"a state file after {cut}")
            resolver.stop()
            tap.equal(int(pair.state_of(folder)["serial"]), SERIAL, f"cut at {cut}: healed")
        serves_from_disk(net, folder, "healed")


@tap.test("a state file cut or gone, and no source to be reached: passed until one is")
def state_lost():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        net.serve_source(None)
        for label in ("cut", "gone"):
            place = copy_of(net, folder, label)
            if label == "cut":
                os.truncate(place / "localroot.state", 40)
            else:
                (place / "localroot.state").unlink()
            resolver = net.unbound(localroot=[], folder=place, config=ASKING)
            net.passes(resolver, label)
            resolver.wait_log(r"not known when it was confirmed", 10)
            net.serve_source(net.zone)
            resolver.reload()
            resolver.wait_serving(SERIAL)
            net.serves(resolver, label)
            resolver.stop()
            net.serve_source(None)
            serves_from_disk(net, place, label)


@tap.test("a state file replaced: by another root's, by an older one, by a newer one, by one of another time")
def state_replaced():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        # Another root's, far ahead: its key is no anchor here.
        with open(eager(keys="another").anchor, encoding="ascii") as lines:
            stranger = lines.read().split("DNSKEY", 1)[1].split(None, 3)
        flags, protocol, algorithm, key = stranger
        rdata = int(flags).to_bytes(2, "big") + bytes([int(protocol), int(algorithm)]) + base64.b64decode("".join(key.split(";")[0].split()))
        place = copy_of(net, folder, "stranger")
        pair.edit_state(place, serial=SERIAL + 1000000, key=rdata.hex())
        resolver = net.unbound(localroot=[], folder=place, config=ASKING)
        resolver.wait_log(r"another trust anchor", 10)
        resolver.wait_serving(SERIAL)
        resolver.stop()
        tap.equal(int(pair.state_of(place)["serial"]), SERIAL, "serial after another root's state")
        # An older one of this root: the copy is newer, and that is what counts from now on.
        place = copy_of(net, folder, "older")
        pair.edit_state(place, serial=SERIAL - 5)
        serves_from_disk(net, place, "older")
        # A newer one: what lies there is older than what was accepted, and so is what the source has.
        place = copy_of(net, folder, "newer")
        pair.edit_state(place, serial=SERIAL + 1)
        resolver = net.unbound(localroot=[], folder=place, config=ASKING)
        older(resolver, SOURCE, SERIAL, SERIAL + 1)
        net.passes(resolver, "newer")
        net.serve_source(eager(1))
        if not resolver.refresh():
            resolver.reload()
        resolver.wait_serving(SERIAL + 1)
        resolver.stop()
        net.serve_source(None)
        serves_from_disk(net, place, "newer-healed", SERIAL + 1)
        # Confirmed two days from now, or in 1970: nothing is known of its age.
        for label, confirmed in (("future", int(time.time()) + 2 * 86400), ("past", 86400), ("end", 1 << 40)):
            place = copy_of(net, folder, label)
            pair.edit_state(place, confirmed=confirmed)
            resolver = net.unbound(localroot=["localroot-source: axfr:192.0.2.99"], folder=place, config=ASKING)
            net.passes(resolver, label)
            resolver.stop()
            net.serve_source(eager())
            resolver = net.unbound(localroot=[], folder=place)
            resolver.wait_serving(SERIAL)
            resolver.stop()
            if abs(int(pair.state_of(place)["confirmed"]) - time.time()) > 60:
                raise AssertionError(f"{label}: {pair.state_of(place)}")
            net.serve_source(None)
        # A clock that was a minute ahead is no reason to ask the root.
        place = copy_of(net, folder, "minute")
        pair.edit_state(place, confirmed=int(time.time()) + 60)
        serves_from_disk(net, place, "minute")


@tap.test("a zone file cut, garbled, empty, huge, a folder, a FIFO, a link: not served, and the next refresh heals it")
def zone_faults():
    def cut(path):
        os.truncate(path, path.stat().st_size // 2)

    def cut_at_a_line(path):
        lines = path.read_bytes().splitlines(keepends=True)
        path.write_bytes(b"".join(lines[:-1]))

    def garbled(path):
        octets = bytearray(path.read_bytes())
        at = re.search(rb"\sNS\s", octets).end()
        octets[at] ^= 1
        path.write_bytes(octets)

    def noise(path):
        path.write_bytes(hashlib.sha512(b"noise").digest() * 4096)

    def huge(path):
        os.truncate(path, 5 << 30)

    def folder_there(path):
        path.unlink()
        path.mkdir()

    def fifo(path):
        path.unlink()
        os.mkfifo(path)

    def dangling(path):
        path.unlink()
        path.symlink_to("/nowhere/at/all")

    def device(path):
        path.unlink()
        path.symlink_to("/dev/zero")

    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        empty = lambda path: os.truncate(path, 0)  # noqa: E731
        for spoil in (cut, cut_at_a_line, garbled, noise, empty, huge, folder_there, fifo, dangling, device):
            label = {empty: "empty"}.get(spoil, spoil.__name__)
            place = copy_of(net, folder, label)
            spoil(place / "localroot.zone")
            resolver = net.unbound(localroot=[], folder=place, config=ASKING)
            resolver.wait_serving(SERIAL)
            if "loaded from disk" in resolver.log:
                raise AssertionError(f"{label}: loaded\n{resolver.log}")
            if spoil is not dangling and not re.search(r"warning: localroot: \S*localroot.zone: ", resolver.log):
                raise AssertionError(f"{label}: not a word\n{resolver.log}")
            net.serves(resolver, label)
            if spoil is folder_there:
                resolver.wait_log(r"cannot replace .*localroot.zone.*no copy is kept", 10)
            resolver.stop()
            if spoil is not folder_there:
                serves_from_disk(net, place, label)
        # A link to a good copy is read through, and replaced, not written through.
        place = copy_of(net, folder, "link")
        target = place / "elsewhere"
        os.rename(place / "localroot.zone", target)
        before = target.read_bytes()
        (place / "localroot.zone").symlink_to(target)
        serves_from_disk(net, place, "link")
        net.serve_source(eager(1))
        resolver = net.unbound(localroot=[], folder=place)
        resolver.wait_serving(SERIAL + 1, limit=30)
        resolver.stop()
        tap.equal(target.read_bytes() == before, True, "the link's target is as it was")
        tap.equal((place / "localroot.zone").is_symlink(), False, "a link")


@tap.test("a full disk: served from memory, one line in the log, the highest serial kept; with room again all is well")
def full_disk():
    with lab.Lab(eager()) as net:
        size = os.path.getsize(left_behind(net) / "localroot.zone")
        place = net.folder / "small"
        options = [f"localroot-dir: {place}", "localroot-source: axfr:192.0.32.132"]
        with mounts.Small(place, f"{size // 2048}k") as disk:  # half a zone
            resolver = net.unbound(localroot=options, config=ASKING)
            resolver.wait_serving(SERIAL)
            resolver.wait_log(r"No space left on device: no copy is kept", 10)
            tap.equal(sorted(os.listdir(place)), ["localroot.state"], "what is kept")
            net.serves(resolver, "full")
            # An older serial stays unwelcome, though the zone itself is lost.
            resolver.stop()
            net.serve_source(eager(-5))
            resolver = net.unbound(localroot=options, config=ASKING)
            older(resolver, SOURCE, SERIAL - 5, SERIAL)
            net.passes(resolver, "lost")
            net.serve_source(eager())
            start = len(resolver.log)
            resolver.reload()
            resolver.wait_serving(SERIAL)
            resolver.wait_log(r"No space left on device", 10, start)
            # Room again: the next confirmation writes the zone, though it is no new one.
            disk.remount(f"size={size // 512}k")
            resolver.wait_log(r"kept in .* again", 30)
            tap.equal(resolver.log[start:].count("no copy is kept"), 1, "warnings")
            resolver.stop()
            serves_from_small(net, place, "room", SERIAL)


def serves_from_small(net, place, label, serial):
    resolver = net.unbound(localroot=[f"localroot-dir: {place}", "localroot-source: axfr:192.0.2.99"], config=ASKING)
    net.serves(resolver, label, serial)
    resolver.stop()


@tap.test("a disk that fills up: the older copy on it is not served after a newer one was")
def fills_up():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        size = os.path.getsize(folder / "localroot.zone")
        place = net.folder / "small"
        options = [f"localroot-dir: {place}", "localroot-source: axfr:192.0.32.132"]
        with mounts.Small(place, f"{size * 3 // 2048}k"):  # one zone and a half
            for file in ("localroot.zone", "localroot.state"):
                shutil.copy2(folder / file, place)
            net.serve_source(eager(1))
            resolver = net.unbound(localroot=options, config=ASKING)
            resolver.wait_serving(SERIAL + 1, limit=30)
            resolver.wait_log(r"No space left on device", 10)
            resolver.stop()
            net.serve_source(eager())
            resolver = net.unbound(localroot=options, config=ASKING)
            net.passes(resolver, "filled")
            older(resolver, f"{place}/localroot.zone", SERIAL, SERIAL + 1)
            older(resolver, SOURCE, SERIAL, SERIAL + 1, before=1)


@tap.test("a folder that is missing, a file, or read-only costs the copy's outlasting a restart, and one line in the log")
def not_writable():
    with lab.Lab(eager()) as net:
        file = net.write("a-file", "")
        with mounts.Small(net.folder / "locked", "1m") as locked:
            locked.remount("ro")
            for path, reason in ((f"{net.folder}/none", "No such file or directory"), (f"{file}/below", "Not a directory"),
                                 (str(locked.path), "Read-only file system"), ("/proc/self/task", "")):
                resolver = net.unbound(localroot=[f"localroot-dir: {path}"], config=ASKING)
                resolver.wait_serving(SERIAL)
                resolver.wait_log(rf"cannot (open|write) {re.escape(path)}(/localroot.zone)?: {reason}.*no copy is kept", 10)
                net.serves(resolver, "unwritable")
                for turn in range(3):
                    before = resolver.metrics()["refresh_current"]
                    if not resolver.refresh():
                        break
                    resolver.wait_metrics(lambda m: m["refresh_current"] > before, 15, f"round {turn}")
                tap.equal((path, resolver.log.count("no copy is kept")), (path, 1))
                tap.equal(resolver.stop(), 0, "exit code")


@tap.test("a folder that has become read-only: after a reload nothing older is served than was answered before it, at no moment")
def read_only_reload():
    with lab.Lab(eager()) as net:
        kept = left_behind(net)
        with mounts.Small(net.folder / "locked", "64m") as disk:
            for file in ("localroot.zone", "localroot.state"):
                shutil.copy2(kept / file, disk.path)
            disk.remount("ro")
            resolver = net.unbound(localroot=[f"localroot-dir: {disk.path}", "localroot-source: axfr:192.0.32.132"], config=ASKING)
            net.serves(resolver, "at first")
            net.serve_source(eager(1))
            resolver.wait_serving(SERIAL + 1, limit=30)
            net.serve_source(None)
            for turn in range(2):  # twice: it is handed on
                start = len(resolver.log)
                resolver.reload()
                net.serves(resolver, f"reload {turn}", SERIAL + 1)
                tap.equal((resolver.log[start:].count("kept over the reload"), resolver.log[start:].count("loaded from disk")), (1, 0))
            net.serve_source(eager())  # nor is it taken from a source
            resolver.wait_log(rf"has serial {SERIAL}, older than {SERIAL + 1}", 40)
            disk.remount("rw")
            net.serve_source(eager(2))
            resolver.wait_serving(SERIAL + 2, limit=40)
            lab.wait(lambda: int(pair.state_of(disk.path)["serial"]) == SERIAL + 2, 20, "kept again")
            start = len(resolver.log)
            resolver.reload()
            net.serves(resolver, "with a disk", SERIAL + 2)
            tap.equal((resolver.log[start:].count("kept over the reload"), resolver.log[start:].count("loaded from disk")), (0, 1))
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("a reload with another localroot-dir: what was held is served on and kept there, whether that has an older copy or none")
def other_folder():
    with lab.Lab(eager()) as net:
        older_copy, empty = left_behind(net), net.folder / "empty"
        empty.mkdir()
        resolver = net.unbound(localroot=[f"localroot-dir: {copy_of(net, older_copy, 'first')}"], config=ASKING)
        net.serve_source(eager(1))
        resolver.wait_serving(SERIAL + 1, limit=30)
        net.serve_source(None)
        for folder in (copy_of(net, older_copy, "second"), empty):
            text = resolver.config_file.read_text(encoding="ascii")
            resolver.config_file.write_text(re.sub("localroot-dir: [^\"\n]*", f"localroot-dir: {folder}", text), encoding="ascii")
            resolver.reload()
            net.serves(resolver, folder.name, SERIAL + 1)
            net.serve_source(eager(1))
            lab.wait(lambda: (folder / "localroot.state").exists() and int(pair.state_of(folder)["serial"]) == SERIAL + 1, 30, "kept there")
            net.serve_source(None)
        start = len(resolver.log)
        resolver.reload()
        net.serves(resolver, "again", SERIAL + 1)
        tap.equal((resolver.log[start:].count("kept over the reload"), resolver.log[start:].count("loaded from disk")), (0, 1))
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("a copy older than the source's is served until the newer one is there; one newer than the source's stays")
def against_the_source():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        confirmed = int(pair.state_of(folder)["confirmed"])
        net.serve_source(eager(1))
        resolver = net.unbound(localroot=[], folder=copy_of(net, folder, "old"), config=ASKING)
        resolver.wait_log("loaded from disk", 5)
        resolver.wait_serving(SERIAL + 1, limit=30)
        tap.equal(net.root_queries(resolver), [], "queries to the root")
        lab.wait(lambda: int(pair.state_of(resolver.folder)["serial"]) == SERIAL + 1, 5, "serial on disk")
        net.serve_source(eager(-5))
        place = copy_of(net, folder, "new")
        resolver = net.unbound(localroot=[], folder=place, config=ASKING)
        older(resolver, SOURCE, SERIAL - 5, SERIAL)
        net.serves(resolver, "new")
        # Nobody has confirmed it: its clock still counts from then.
        tap.equal(int(pair.state_of(place)["confirmed"]), confirmed, "confirmed")


@tap.test("a stale copy on disk: passed until a source confirms it, without a new transfer")
def stale():
    with lab.Lab(eager()) as net:
        folder = left_behind(net)
        pair.edit_state(folder, confirmed=int(time.time()) - 604801)
        net.serve_source(None)
        resolver = net.unbound(localroot=[], folder=folder, config=ASKING)
        net.passes(resolver, "stale")
        resolver.wait_log("stale, not served", 5)
        net.serve_source(net.zone)
        resolver.reload()
        resolver.wait_serving(SERIAL)
        net.serves(resolver, "confirmed")


tap.run()
