"""Unbound's instructions for a question, counted by valgrind's callgrind: nearly the same number each time.

    resolver = callgrind.unbound(net, localroot=[])
    callgrind.count(resolver, ["one.", "two."], "DS")     # {"all": …, "operate": …}, for one question

What is counted is what Unbound does from a packet's arrival to its answer, receiving and sending included up to the system
calls; "operate" is the module's part of it.
"""

import pathlib
import re
import subprocess

import servers

# All that an arriving packet makes Unbound do, and what `unbound-control get_option` calls: then the counts are written to a
# file, and begin again.
HANDLER, MARK = "comm_point_udp_callback", "config_get_option"


def unbound(net, **how):
    """As net.unbound(), some fifty times as slow."""
    return net.unbound(wrapper=[servers.need("valgrind"), "--tool=callgrind", f"--toggle-collect={HANDLER}", f"--dump-before={MARK}",
                                "--callgrind-out-file=callgrind.out"], limit=60, **how)


def _written(resolver):
    """The file with what was counted since the last call."""
    resolver.control("get_option", "port")
    files = pathlib.Path(resolver.folder).glob("callgrind.out.*")
    return max(files, key=lambda file: int(file.suffix[1:]))


def count(resolver, names, kind="A", dnssec=True):
    _written(resolver)
    for name in names:
        resolver.ask(name, kind, dnssec)
    shown = subprocess.run([servers.need("callgrind_annotate"), "--inclusive=yes", "--threshold=100", str(_written(resolver))],
                           capture_output=True, text=True, check=True, timeout=60).stdout

    def instructions(function):
        found = re.findall(rf"^\s*([\d,]+) .*:{function}(?: \[.*)?$", shown, re.MULTILINE)  # itself, and stubs that call it
        return max((int(number.replace(",", "")) for number in found), default=0) / len(names)
    return {"all": instructions(HANDLER), "operate": instructions("operate")}
