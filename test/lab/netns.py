"""A network namespace of the test's own: what it starts cannot reach the machine's network, and ends with it."""

import os
import shutil
import signal
import subprocess
import sys

import tap

_MARK = "LR_LAB_INSIDE"


def enter():
    """Runs this program again inside fresh network and process namespaces. There it is process 1, so that the
    kernel ends every daemon with it. Where the machine does not allow that, the tests are skipped."""
    if os.environ.get(_MARK) == "yes":
        os.environ[_MARK] = "no"  # not for our children
        # Process 1 ignores what it does not handle; `timeout` sends SIGTERM.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
        _run("ip", "link", "set", "lo", "up")
        return
    unshare = ["unshare", "--net", "--pid", "--fork", "--kill-child"]
    if os.geteuid() != 0:
        unshare.insert(1, "--map-root-user")
    for tool in ("unshare", "ip", "nsd"):
        if not find(tool):
            tap.skip_all(f"{tool} is not installed")
    trial = subprocess.run(unshare + [find("ip"), "link", "set", "lo", "up"], capture_output=True, text=True, timeout=20)
    if trial.returncode != 0:
        tap.skip_all("no network namespace to be had here: " + " ".join(trial.stderr.split()))
    os.environ[_MARK] = "yes"
    os.execvp("unshare", unshare + [sys.executable] + sys.argv)


def find(tool):
    """The path of a program, looking also where Debian puts daemons."""
    return shutil.which(tool) or shutil.which(tool, path="/usr/sbin:/sbin:/usr/local/sbin")


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
    subprocess.run([find("ip"), "-batch", "-"], input=lines, check=True, timeout=20, text=True)


def swallow(address):
    """Makes an address that takes packets and never answers: they go to the loopback, and nobody is there."""
    _run("ip", "route", "replace", f"{address}/{128 if ':' in address else 32}", "dev", "lo")


def remove_address(address):
    _run("ip", "addr", "del", f"{address}/{128 if ':' in address else 32}", "dev", "lo")


def _run(tool, *arguments):
    subprocess.run([find(tool), *arguments], check=True, timeout=20)
