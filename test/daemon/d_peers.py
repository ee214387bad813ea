"""What went wrong at other resolvers, each named for the report: those that no test of another name shows. test/peers.py has all of
them."""

import base64
import pathlib

import dns.rcode

import lab
import mounts
import netns
import rootzone
from rootzone import SERIAL
import tap

ITSELF = "127.0.0.54"  # where a resolver is the machine's own


@tap.test("unbound#233: a zone that has expired is served again after a reload, and after a transfer")
def expired():
    with lab.Lab(rootzone.eager()) as net:
        resolver = net.unbound(localroot=["localroot-max-age: 3"], config=lab.ASKING)
        for back in (resolver.reload, lambda: None):
            resolver.wait_serving(limit=40)
            net.serve_source(None)
            resolver.wait_metrics(lambda m: m["serving"] == 0, 20, "expired")
            net.serve_source(net.zone)
            back()
        resolver.wait_serving(limit=40)
        net.serves(resolver, "after a transfer")


@tap.test("unbound#662: a source by its host name, where this very Unbound is the machine's resolver and holds nothing")
def bootstrap():
    with lab.Lab(rootzone.calm()) as net:
        netns.add_address(ITSELF)
        files = {"/etc/resolv.conf": net.write("resolv.conf", f"nameserver {ITSELF}\n"), "/etc/hosts": net.write("hosts", ""),
                 "/etc/nsswitch.conf": net.write("nsswitch.conf", "hosts: dns\n")}
        resolver = net.unbound(localroot=["localroot-source: axfr:b.root-servers.net"], config=f"interface: {ITSELF}@53",
                               wrapper=mounts.over(files))
        resolver.wait_serving(limit=40)
        net.serves(resolver, "by its name")


@tap.test("pdns#9227: what a forwarder of \".\" has answered comes from the cache the second time")
def forwarded():
    with lab.Lab() as net:
        forwarder = net.unbound()
        resolver = net.unbound(localroot=[], tail=f'forward-zone:\n  name: "."\n  forward-addr: {forwarder.address}@{forwarder.port}\n',
                               config="do-not-query-localhost: no")
        for name in ("www.com.", "junk."):
            first = resolver.ask(name)
            asked = forwarder.control("stats_noreset")["total.num.queries"]
            again = resolver.ask(name)
            tap.equal((name, again.rcode(), forwarder.control("stats_noreset")["total.num.queries"]), (name, first.rcode(), asked))


def fields(lines, kind, covers=None):
    """Where the first record of that type stands, and its words."""
    return next((at, line.split()) for at, line in enumerate(lines)
                if line.split()[3] == kind and (not covers or line.split()[4] == covers))


def wrong(folder):
    """(the word of the refusal, a name, lines) of what PowerDNS took, or fell over."""
    lines = rootzone.small(pathlib.Path(folder, "right.zone"), SERIAL).read_text(encoding="ascii").splitlines()
    yield "digest", "more-than-is-signed", [*lines, "www.com. 60 IN A 192.0.2.66"]
    yield "digest", "another-glue", [line.replace("170.247.170.2", "192.0.2.66") for line in lines]
    at, words = fields(lines, "ZONEMD")
    short = f"{int(words[4]):08x}" + "0101" + words[7][:24]  # twelve octets, the least that RFC 8976 section 2.2.4 allows
    for name, rdata in (("twelve-octets", short), ("eleven-octets", short[:-2]), ("no-digest", short[:12]), ("nothing", ""),
                        ("no-hash", short[:10]), ("no-scheme", short[:8]), ("half-a-serial", short[:4])):
        changed = f". 86400 IN TYPE63 \\# {len(rdata) // 2} {rdata}"
        yield ("nozonemd" if len(rdata) >= 12 else "format"), name, lines[:at] + [changed] + lines[at + 1:]
    number, words = fields(lines, "RRSIG", "ZONEMD")
    del words  # the digest is right, and nobody has signed it
    yield "bogus", "unsigned-digest", lines[:number] + lines[number + 1:]
    number, words = fields(lines, "RRSIG", "SOA")
    rdata = bytes([0, 6, 8, 0]) + bytes(14) + b"\0" + base64.b64decode("".join(words[12:]))
    for length in (0, 1, 2, 17, 18, 19):
        bad = f". 86400 IN TYPE46 \\# {length} {rdata[:length].hex()}"
        yield "format", f"signature-of-{length}", lines[:number] + [bad] + lines[number + 1:]


@tap.test("PowerDNS CVE-2026-33612, -42390, -42387, -33601: more than is signed, digests that are none, signatures cut short: refused, and all goes on")
def powerdns():
    with lab.Lab(rootzone.calm()) as net:
        files = [(word, net.write(f"{name}.zone", "\n".join(lines) + "\n")) for word, name, lines in wrong(net.folder)]
        resolver = net.unbound(localroot=[f"localroot-source: file:{file}" for _, file in files], config=lab.ASKING)
        resolver.wait_metrics(lambda m: m["refresh_failed"] > 0, 30, "all of them asked")
        numbers = resolver.metrics()
        for word in sorted({word for word, _ in files}):
            tap.equal((word, numbers[f"failures_{word}"]), (word, sum(word == other for other, _ in files)), resolver.log)
        tap.equal(resolver.ask("www.com.").rcode(), dns.rcode.NOERROR)
        net.passes(resolver, "after them")
        # And the one that they were made of is taken.
        good = net.unbound(localroot=[f"localroot-source: file:{net.folder}/right.zone"])
        good.wait_serving()


tap.run()
