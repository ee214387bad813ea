#!/usr/bin/python3
"""Unbound follows a key roll (RFC 5011) by the copy alone, and the copy is verified with the anchors of the moment."""

import os
import pathlib
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import lab  # noqa: E402
import tap  # noqa: E402

lab.enter()

import answers  # noqa: E402
from pair import put, word  # noqa: E402
from roll import key_of, rolling  # noqa: E402

TICK = 15  # seconds within which the module looks at the anchors, and some more


@tap.test("a key roll by RFC 5011, from the copy alone: add, hold, revoke, remove")
def key_roll():
    with rolling("roll-1") as (steps, net):
        auto = pathlib.Path(net.write("auto.key", key_of(net.zone.anchor) + "\n"))
        resolver = net.unbound(localroot=[], anchor="none", config=f"""
            auto-trust-anchor-file: "{auto}"
            permit-small-holddown: yes
            add-holddown: 3
            del-holddown: 3
            keep-missing: 3""")
        resolver.wait_serving(steps.serial)
        begin, counted = len(net.sniffer.queries()), resolver.metrics()["rootqueries"]

        def states():
            return sorted(re.findall(r";;state=\d \[ *(\w+) *\]", auto.read_text(encoding="ascii")))

        def until(wanted, what):
            def look():
                tap.equal((word(put(resolver, f"junk-{time.monotonic()}.")), word(put(resolver, "tk.", "NS"))), ("NXDOMAIN", "NOERROR"), what)
                return states() == wanted
            lab.wait(look, 30, lambda: f"{what}: {states()}, not {wanted}\n{resolver.log[-1500:]}")

        def publish(*labels):
            net.serve_source(steps.step(*labels))
            resolver.wait_serving(steps.serial, 30)
        until(["VALID"], "one key")
        publish("roll-1", "roll-2")
        until(["ADDPEND", "VALID"], "the new key is seen")
        until(["VALID", "VALID"], "the new key is held long enough")
        resolver.wait_log(rf"localroot: the trust anchors changed: serial {steps.serial} verified again", TICK)
        start = len(resolver.log)
        publish("revoked", "roll-2")
        until(["REVOKED", "VALID"], "the old key is revoked")
        resolver.wait_log(rf"localroot: the trust anchors changed: serial {steps.serial} verified again", TICK, start)
        publish("roll-2")
        until(["VALID"], "the old key is gone")
        reply = resolver.ask("junk-at-last.")
        tap.equal((word(answers.summary(reply)), answers.secure(reply)), ("NXDOMAIN", True), "junk")
        tap.equal(net.root_queries(resolver, begin), [], "queries to the root in all the roll")
        tap.equal(resolver.metrics()["rootqueries"], counted, "the leak counter")


tap.run()
