"""What went wrong at the peers, row by row: each is a test here, named for it, that holds that the test which shows it is still there
under its name, in a file that the suite runs."""

import os
import pathlib

import tap

TOP = pathlib.Path(os.environ["LR_TOP"])
DAEMON, UNIT = "test/daemon/d_{}.py", "test/unit/t_{}.c"


def daemon(name, *tests):
    return [(DAEMON.format(name), f'"{test}"') for test in tests]


def unit(name, *tests):
    return [(UNIT.format(name), f"TEST({test})") for test in tests]


def oddities(*rows):
    """Rows of the table that d_oddities plays."""
    return [("test/lab/oddities.py", row) for row in rows] + daemon(
        "oddities", "who takes the zone from which server: the module, and an auth-zone of the same Unbound")


ROWS = {
    "unbound#292: a root auth-zone answers NXDOMAIN for a local TLD": daemon(
        "precedence", "forward-zone, stub-zone and auth-zone: for a denied name, a TLD that exists, and one below a TLD"),
    "unbound#233: an expired zone stays expired after transfer or reload": daemon(
        "peers", "unbound#233: a zone that has expired is served again after a reload, and after a transfer"),
    "unbound#557: requiring ZONEMD blocks the first load": daemon(
        "leak", "after a first transfer: silent from then on"),
    "unbound#1448: a failed AXFR leaves part of a new zone live": daemon(
        "hostile", "zone transfers: slow, silent, cut, malformed, without end, lying"),
    "unbound: a bad transfer clears the good copy before verification": daemon(
        "refuse", "a good copy stays when the next zone has any fault, or is older, or the source is gone"),
    "unbound: the expiry clock restarts at each start": daemon(
        "horizon", "the clock keeps running across a restart"),
    "unbound: any serial is accepted once expired": daemon(
        "horizon", "a stale copy on disk is not served at all, and its serial still guards against an older one"),
    "unbound#998: loading blocks answering": daemon(
        "hostile", "an increment that costs minutes, if it is sorted for each sequence: Unbound answers, and ends in a moment"),
    "unbound#35: stuck on dead IPv6, no IPv4 tried": daemon(
        "versions", "a dead family costs a time-out and no more: the other one is tried"),
    "unbound#662: host-name sources cannot bootstrap": daemon(
        "peers", "unbound#662: a source by its host name, where this very Unbound is the machine's resolver and holds nothing"),
    "unbound#321, #1153: failures are silent at the default log level": daemon(
        "refuse", "no source answers: normal iteration, and each source is named in the log"),
    "unbound#1138: root queries in the clear at start-up": daemon(
        "leak", "cold start with a copy on disk: silent from the first query on, {what}"),
    'unbound#1281: forward-zone "." conflicts': daemon(
        "overridden", r'forward-zone \".\": by address, forward-first, and to what does not answer'),
    'pdns#9227: a forwarded "." bypasses the cache': daemon(
        "peers", r'pdns#9227: what a forwarder of \".\" has answered comes from the cache the second time'),
    "pdns#11724: ZONEMD in the generic form fails to load": unit("zonemd", "generic_form"),
    "PowerDNS CVE-2026-33612, -42390, -42387, -33601: poisoning through the zone, ZONEMD falsely passing, crashes": daemon(
        "peers", "PowerDNS CVE-2026-33612, -42390, -42387, -33601: more than is signed, digests that are none, signatures cut short: "
        "refused, and all goes on"),
    "BIND CVE-2019-6475: mirror data wrongly marked valid": daemon(
        "refuse", "an anchor that does not match the root: not served, and no different from a resolver without the module"),
    "Knot !1285: several idle instances lock up": daemon(
        "shared_folder", "two that refresh at the same time, killed at any moment: the folder has a whole zone and its state, no complaint"),
    "Knot #474: crash on an empty file": daemon(
        "disk", "a zone file cut, garbled, empty, huge, a folder, a FIFO, a link: not served, and the next refresh heals it"),
    "opnsense#8424: people want one check-box": daemon(
        "control", "the options in server: alone: a reload turns the module off and on"),
    "OpenNIC: an alternate root with its own anchor and sources": daemon(
        "anchors", "another root, with its own hints, anchor and source"),
    "nsd#479, Technitium#1884: IXFR fails (SERVFAIL, NOTAUTH, reset, silence, half an answer), AXFR has to follow": oddities(
        '("SERVFAIL", SERVFAIL)', '("NOTAUTH", NOTAUTH)', '"resets on IXFR"', '"silent to IXFR"', '"half an answer to IXFR, then closes"'),
    "zdns#617, dns-violations#58, #59: FORMERR or NOTIMP to EDNS: ask again without": oddities(
        '"FORMERR to EDNS"', '"NOTIMP to EDNS"'),
    "zdns#522: a server that closes after each answer": oddities('"closes after each answer"'),
    "nsd PR#315: SOA refused or not authoritative, AXFR allowed": oddities('"REFUSED to SOA"', '"no authority for the SOA"'),
    "unbound#1230, opnsense/core#6188: the checker passes what the reload then dies of": daemon(
        "config", "what both checkers refuse the module passes over, at the start and over a reload; what they accept it takes"),
    "haproxy#671, wolfi-dev/os#5302: libgcc_s missing where a thread ends by pthread_exit": daemon(
        "names", "a machine without libgcc_s, which glibc loads where a thread exits: a name is looked up all the same"),
    "gvisor#450, unbound-docker-rpi#23: clock_gettime fails": daemon(
        "clock", "a machine that refuses clocks: the rounds come when they are due, and the copy ages as it should"),
    "unbound#1131, #1178: two servers in one folder, names of temporary files": daemon(
        "shared_folder", "two that refresh at the same time, killed at any moment: the folder has a whole zone and its state, no complaint",
        "one whose source is behind does not put its older zone or state in place of the other's"),
    "unbound#307, #338, pdns#12919: transfers ignore outgoing address, do-ip6, proxies": daemon(
        "network", "do-ip6: no and do-ip4: no: the built-in list is asked by the other family, a source that was named is refused",
        "outgoing-interface: transfers and https: come from there; a family without one is not used; ours wins",
        "localroot-proxy: https goes through it, and the proxy looks the name up; the environment's is not used"),
    "unbound#1373, #1504: a python module in front no longer sees the queries": daemon(
        "modules", "localroot: yes with a script in front: the script is asked, and junk is answered from the copy"),
    "prometheus#1042: one fault, one log line every ten seconds for ever": daemon(
        "refresh", "every source fails, again and again: the log has each reason once, then every so often"),
    "Fedora, RHEL: a local root by default that outranked forward zones": daemon(
        "precedence", "forward-zone, stub-zone and auth-zone: for a denied name, a TLD that exists, and one below a TLD",
        "a single one of them, asked for before the iterator has seen the copy at all"),
}


def check(shown_by):
    suite = (TOP / "Makefile.am").read_text(encoding="ascii")
    for file, words in shown_by:
        text = (TOP / file).read_text(encoding="utf-8")
        if words not in text:
            raise AssertionError(f"{file} has no {words} any more")
        if file.removesuffix(".c") not in suite:
            raise AssertionError(f"{file} is not run")


for name, shown_by in ROWS.items():
    tap.test(name)(lambda shown_by=shown_by: check(shown_by))
tap.run()
