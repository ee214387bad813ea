"""One thread and two; sources reached over IPv4 alone, IPv6 alone, and past a dead family. The Unbound under test is the
one that was built against; contrib/check runs all this for each version."""

import concurrent.futures

import dns.rcode

import answers
import lab
import netns
import tap


def check(net, resolver, label):
    start = len(net.sniffer.queries())

    def junk(number):
        reply = resolver.ask(f"junk-{label}-{number}.")
        return reply.rcode() == dns.rcode.NXDOMAIN and answers.secure(reply)
    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        tap.equal(list(clients.map(junk, range(400))).count(False), 0, f"{label}: wrong answers")
    for name in ("www.com.", "chain.net.", "www.shop.far."):
        tap.equal((label, name, resolver.ask(name).rcode()), (label, name, 0))
    tap.equal(net.root_queries(resolver, start), [], f"{label}: queries to the root")


@tap.test("threads 1, 2 and 4 serve, count every answer and end well")
def threads():
    with lab.Lab() as net:
        for number in (1, 2, 4):
            resolver = net.unbound(localroot=[], threads=number)
            resolver.wait_serving()
            before = resolver.metrics()["answers_nxdomain"]
            check(net, resolver, f"threads-{number}")
            resolver.wait_metrics(lambda m: m["answers_nxdomain"] - before >= 400, what="400 answers counted")
            resolver.reload()
            resolver.wait_serving()
            check(net, resolver, f"again-{number}")
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("sources over IPv4 alone and over IPv6 alone")
def families():
    for family in (4, 6):
        with lab.Lab(families=(family,)) as net:
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{address}" for address in net.TRANSFER])
            resolver.wait_serving(limit=30)
            check(net, resolver, f"ipv{family}")


@tap.test("the built-in list needs no configuration, over either family")
def builtin():
    for family in (4, 6):
        with lab.Lab(families=(family,)) as net:
            resolver = net.unbound(localroot=["localroot-source: builtin"])
            resolver.wait_serving(limit=60)
            check(net, resolver, f"builtin-{family}")


@tap.test("a dead family costs a time-out and no more: the other one is tried")
def dead_family():
    with lab.Lab(families=(4, 6)) as net:
        for address in net.transfer_addresses:
            if ":" in address:
                netns.remove_address(address)
                netns.swallow(address)
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{a}" for a in (net.TRANSFER[1], net.TRANSFER[0])])
        tap.equal(resolver.ask("junk-meanwhile.").rcode(), dns.rcode.NXDOMAIN, "an answer meanwhile")
        resolver.wait_serving(limit=45)
        check(net, resolver, "dead-ipv6")


tap.run()
