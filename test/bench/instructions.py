"""Unbound's instructions for a question, and the module's own among them (callgrind): the same in each round, so that there is one."""

import callgrind
import loads
import peers
from results import Row

ASKED = 100


def count(setting, net, kind):
    peer = kind(net)
    peer.server = peer.process = callgrind.unbound(net, localroot=peer.localroot, config=peer.config, folder=peer.folder,
                                                   tail=peer.tail.format(primary=peer.primary))
    peer.address, peer.port = peer.server.address, peer.server.port
    try:
        peer.wait_serving()
        loads.warm(peer, net)
        for key, title, names, how in (("junk", "a name that does not exist, DO", list(loads.junk(ASKED)), "A"), ("ds", "a TLD's DS, DO", ["com."] * ASKED, "DS"),
                                       ("hit", "a cached answer", loads.HITS[:1] * ASKED, "A")):
            counts = callgrind.count(peer.server, names, how)
            setting.results.add(Row(f"instructions-{key}", f"instructions: {title}", "", 0, short=key == "junk"), kind.key, counts["all"])
            if counts["operate"]:
                setting.results.add(Row(f"operate-{key}", "of which the module's", "", 0, short=key == "junk"), kind.key, counts["operate"])
            setting.results.say(f"instructions: {title}: {kind.key} {counts['all']:.0f}, the module's {counts['operate']:.0f}")
    finally:
        peer.stop()


def measure(setting):
    with setting.lab() as net:
        for kind in setting.kinds:
            if kind in (peers.Localroot, peers.AuthZone, peers.Unbound):
                with setting.results.guard("instructions", kind.key):
                    count(setting, net, kind)
