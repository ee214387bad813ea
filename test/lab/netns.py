"""The network of a test: test/run has given it one of its own, with nothing but a loopback."""

import os
import subprocess
import sys

RUN = os.path.join(os.environ["LR_TOP"], "test", "run")


def inside():
    """Whether this program runs in namespaces of its own."""
    return os.environ.get("LR_INSIDE") == "yes"


def enter():
    """Runs this program again in namespaces of its own, if it is not there yet: for one that has something to do on
    the machine first. test/run does it for every d_*.py."""
    if not inside():
        os.execv(RUN, [RUN, "--lab", *sys.argv])


def add_address(address):
    """Gives the loopback an address, at once usable (no duplicate address detection)."""
    if ":" in address:
        _run("ip", "-6", "addr", "replace", address + "/128", "dev", "lo", "nodad")
    else:
        _run("ip", "addr", "replace", address + "/32", "dev", "lo")


def add_addresses(addresses):
    """Many at once: one run of `ip -batch`."""
    lines = "".join(f"addr replace {a}/128 dev lo nodad\n" if ":" in a else f"addr replace {a}/32 dev lo\n"
                    for a in addresses)
    subprocess.run(["ip", "-batch", "-"], input=lines, check=True, timeout=20, text=True)


def swallow(address):
    """Makes an address that takes packets and never answers: they go to the loopback, and nobody is there."""
    _run("ip", "route", "replace", f"{address}/{128 if ':' in address else 32}", "dev", "lo")


def remove_address(address):
    _run("ip", "addr", "del", f"{address}/{128 if ':' in address else 32}", "dev", "lo")


def _run(tool, *arguments):
    subprocess.run([tool, *arguments], check=True, timeout=20)
