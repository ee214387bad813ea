"""What a figure depends on besides the programs: the machine, and the versions of all that took part."""

import os
import pathlib
import re
import subprocess
import time

import lab


def _first(command, pattern=r"(.+)"):
    """What a program says of itself."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False, cwd=lab.TOP)
    except OSError:
        return "not there"
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1].strip() if found else "unknown"


def _file(path, pattern):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return "unknown"
    return found[1].strip() if found else "unknown"


def facts():
    """[(what, value)]"""
    flags = _file("/proc/cpuinfo", r"^flags\s*:(.*)$")
    return [("date", time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())),
            ("processor", f"{_file('/proc/cpuinfo', r'^model name[^:]*:(.*)$')}, {os.cpu_count()} of them" +
             (", in a virtual machine" if "hypervisor" in flags.split() else "")),
            ("memory", f"{int(_file('/proc/meminfo', r'^MemTotal: *([0-9]+)')) / 1048576:.1f} GiB"),
            ("kernel", f"{os.uname().sysname} {os.uname().release} {os.uname().machine}"),
            ("system", _file("/etc/os-release", r'^PRETTY_NAME="(.*)"')),
            ("load before the run", "%.1f, %.1f, %.1f" % os.getloadavg()),
            ("compiler", _first(["cc", "--version"])),
            ("this module", _first(["git", "-c", "safe.directory=*", "describe", "--always", "--dirty"], r"\A([\w.-]+)\n\Z")),
            ("dnsperf", _first(["dnsperf", "-h"], r"ersion ([\d.]+)")),
            ("valgrind", _first(["valgrind", "--version"])),
            ("ldns-verify-zone", _first(["ldns-verify-zone", "-v"], r"version ([\d.]+)")),
            ("dnssec-verify", _first(["dnssec-verify", "-V"], r"dnssec-verify ([\w.~-]+)")),
            ("kzonecheck", _first(["kzonecheck", "-V"], r"version ([\d.]+)"))]
