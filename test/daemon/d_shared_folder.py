"""Two servers that keep their copies in one folder: nobody's files are spoilt, no warning is untrue, and what one has
accepted the other does not take back."""

import fcntl
import os
import re
import signal
import time

import lab
import pair
from rootzone import SERIAL, eager
import tap


def server(net, folder, *more):
    """One of those that share the folder; each asks every ten seconds."""
    return net.unbound(localroot=[f"localroot-dir: {folder}", *more])


def verified(net, folder):
    """The serial of the zone there, which has to be whole."""
    code, said = net.check(folder / "localroot.zone")
    tap.equal(code, 0, said)
    text = (folder / "localroot.zone").read_text(encoding="ascii")
    return int(re.search(r"SOA\s+\S+\s+\S+\s+(\d+)", text).group(1))


def complaints(resolver):
    return re.findall(r"localroot: cannot .*|localroot: .*no copy is kept.*|localroot: .*locked.*", resolver.log)


@tap.test("two that refresh at the same time, killed at any moment: the folder has a whole zone and its state, no complaint")
def at_the_same_time():
    with lab.Lab(eager()) as net:
        folder = net.folder / "shared"
        folder.mkdir()
        servers = [server(net, folder), server(net, folder)]
        for resolver in servers:
            resolver.wait_serving(SERIAL)
        for step in range(1, 7):
            net.serve_source(eager(step))
            # Both are told at the same moment; every other time one of them dies in the midst of it.
            for resolver in servers:
                resolver.hang_up()
            if step % 2 == 0:
                time_over = time.monotonic() + 0.1 * step
                lab.wait(lambda: time.monotonic() > time_over, 5, "a moment")
                victim = servers[step // 2 % 2]
                victim.process.send_signal(signal.SIGKILL)
                victim.process.wait(10)
                tap.equal(complaints(victim), [], "complaints of the one killed")
                servers[step // 2 % 2] = server(net, folder)
            for resolver in servers:
                resolver.wait_serving(SERIAL + step, limit=60)
            lab.wait(lambda: int(pair.state_of(folder)["serial"]) == SERIAL + step, 30, f"serial {SERIAL + step} in the state")
            tap.equal(verified(net, folder), SERIAL + step, "the zone there")
        for resolver in servers:
            tap.equal(complaints(resolver), [], "complaints")
            tap.equal(resolver.stop(), 0, "exit code")
        tap.equal(sorted(os.listdir(folder)), ["localroot.state", "localroot.zone"], "files")


@tap.test("one whose source is behind does not put its older zone or state in place of the other's")
def one_behind():
    with lab.Lab(eager()) as net:
        folder = net.folder / "shared"
        folder.mkdir()
        behind = server(net, folder, f"localroot-source: axfr:{net.root_addresses[0]}")  # which stays as it is
        behind.wait_serving(SERIAL)
        net.serve_source(eager(1))
        ahead = server(net, folder)
        ahead.wait_serving(SERIAL + 1, limit=40)
        lab.wait(lambda: int(pair.state_of(folder)["serial"]) == SERIAL + 1, 20, "the newer state")
        confirmed = behind.metrics()["refresh_current"]
        behind.wait_metrics(lambda m: m["refresh_current"] >= confirmed + 2, 60, "confirms what it has, twice")
        tap.equal(int(pair.state_of(folder)["serial"]), SERIAL + 1, "serial in the state")
        tap.equal(verified(net, folder), SERIAL + 1, "the zone there")
        tap.equal(complaints(behind), [], "complaints")


@tap.test("the folder locked by another program for good: said once, served all the same, and kept when it lets go")
def locked():
    with lab.Lab(eager()) as net:
        folder = net.folder / "shared"
        folder.mkdir()
        holder = os.open(folder, os.O_RDONLY)
        fcntl.flock(holder, fcntl.LOCK_EX)
        resolver = server(net, folder)
        resolver.wait_serving(SERIAL)
        resolver.wait_log(rf"{re.escape(str(folder))} is locked by another program: no copy is kept", 20)
        confirmed = resolver.metrics()["refresh_current"]
        resolver.wait_metrics(lambda m: m["refresh_current"] >= confirmed + 2, 60, "two more rounds")
        tap.equal(len(complaints(resolver)), 1, "complaints")
        tap.equal(resolver.log.count("does not answer"), 0, "hangs")
        os.close(holder)
        resolver.wait_log(r"kept in .* again", 40)
        tap.equal(verified(net, folder), SERIAL, "the zone there")


tap.run()
