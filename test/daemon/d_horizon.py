"""Past the horizon the module steps aside at that second; after the next good refresh it serves again."""

import calendar
import tempfile
import time

import dns.rcode

import answers
import lab
import rootzone
import tap


def until_root_asked(net, resolver, limit):
    """Asks fresh junk names until one goes to the root servers; all must be answered alike. Returns the time."""
    start, number = len(net.sniffer.queries()), 0

    def asked():
        nonlocal number
        number += 1
        reply = resolver.ask(f"junk-{resolver.port}-{start}-{number}.")
        tap.equal((reply.rcode(), answers.secure(reply)), (dns.rcode.NXDOMAIN, True), f"question {number}")
        return net.root_queries(resolver, start) and time.time()
    return lab.wait(asked, limit, "a query to the root")


def confirmed(resolver):
    """When the copy was confirmed, by the state file."""
    return int(resolver.wait_stored()["confirmed"])


@tap.test("localroot-max-age: normal iteration at that second, never SERVFAIL, and said in the log")
def max_age():
    with lab.Lab(rootzone.eager()) as net:
        resolver = net.unbound(localroot=["localroot-max-age: 4"], config=lab.ASKING)
        resolver.wait_serving()
        net.serve_source(None)
        horizon = confirmed(resolver) + 4
        moment = until_root_asked(net, resolver, 15)
        if not horizon - 0.05 <= moment <= horizon + 1.1:
            raise AssertionError(f"passed {moment - horizon:.2f} s after the horizon")
        resolver.wait_log(rf"warning: localroot: the copy with serial {net.zone.serial} is stale since", 20)
        tap.equal(resolver.ask("www.shop.far.").rcode(), 0, "a name under a delegation")
        net.serve_source(net.zone)
        # The source is back: the next round finds it and the copy serves again.
        resolver.wait_serving(limit=40)
        start = len(net.sniffer.queries())
        resolver.ask("junk-after-refresh.")
        tap.equal(net.root_queries(resolver, start), [], "queries to the root after the refresh")


@tap.test("SOA expire bounds it as well")
def soa_expire():
    with lab.Lab(rootzone.make(timers=(1, 1, 5))) as net:
        resolver = net.unbound(localroot=[], config=lab.ASKING)
        resolver.wait_serving()
        net.serve_source(None)
        horizon = confirmed(resolver) + 5
        moment = until_root_asked(net, resolver, 15)
        if not horizon - 0.05 <= moment <= horizon + 1.1:
            raise AssertionError(f"passed {moment - horizon:.2f} s after the horizon")


@tap.test("the clock keeps running across a restart")
def restart():
    with lab.Lab(rootzone.eager()) as net:
        first = net.unbound(localroot=["localroot-max-age: 5"])
        first.wait_stored()
        horizon = confirmed(first) + 5
        first.stop()
        net.serve_source(None)
        resolver = net.unbound(localroot=["localroot-max-age: 5"], folder=first.folder, config=lab.ASKING)
        moment = until_root_asked(net, resolver, 15)
        if moment > horizon + 1.1:
            raise AssertionError(f"served {moment - horizon:.2f} s past the horizon")


@tap.test("a stale copy on disk is not served at all, and its serial still guards against an older one")
def stale_on_disk():
    root = rootzone.eager()
    with lab.Lab(root) as net:
        first = net.unbound(localroot=["localroot-max-age: 2"])
        first.wait_stored()
        horizon = confirmed(first) + 2
        first.stop()
        lab.wait(lambda: time.time() > horizon, 5, "the horizon")
        net.serve_source(rootzone.eager(-5))
        resolver = net.unbound(localroot=["localroot-max-age: 2"], folder=first.folder, config=lab.ASKING)
        resolver.ask("junk-stale.")
        if not net.root_queries(resolver):
            raise AssertionError("the root was not asked")
        resolver.wait_refused(lab.SOURCE, "serial")


def earliest_expiration(root):
    """The field of RRSIG records that ldns-signzone writes as YYYYMMDDHHMMSS (RFC 4034 section 3.2), in seconds since 1970."""
    with open(root.zone, encoding="ascii") as lines:
        ends = {words[8] for words in (line.split() for line in lines) if words[3:4] == ["RRSIG"]}
    return calendar.timegm(time.strptime(min(ends), "%Y%m%d%H%M%S"))


@tap.test("signatures that run out bound it: at that second the root servers are asked, whose own are younger")
def signatures():
    with tempfile.TemporaryDirectory() as place, lab.Lab(rootzone.eager(algorithm="ecdsa")) as net:
        soon = rootzone.eager(algorithm="ecdsa", days=(-1, 30 / 86400), folder=place + "/root")
        net.serve_source(soon)
        resolver = net.unbound(localroot=[], config=lab.ASKING)
        resolver.wait_serving()
        horizon = earliest_expiration(soon)
        moment = until_root_asked(net, resolver, 45)
        if not horizon - 0.05 <= moment <= horizon + 1.1:
            raise AssertionError(f"passed {moment - horizon:.2f} s after the signatures' end")
        resolver.wait_refused(lab.SOURCE, "expired")


@tap.test("a root that expires at once by its SOA is not served, for that reason and no other")
def at_once():
    with lab.Lab(rootzone.make(serial=rootzone.SERIAL, timers=(1800, 900, 0))) as net:
        resolver = net.unbound(localroot=[])
        said = resolver.wait_refused(lab.SOURCE, "stale")
        tap.equal(said, f"serial {rootzone.SERIAL} is its current one, but expires at once by its SOA")


tap.run()
