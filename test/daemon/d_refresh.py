"""The refresher: its options, the order and the times in which it asks, and a network that is down and comes up."""

import calendar
import contextlib
import pathlib
import re
import shutil
import time

import lab
import netns
from rootzone import SERIAL, eager
import rootzone
import scripted
import shim
import tap

SLOW = "198.51.100.201"


def asked(resolver):
    """The sources that a round has asked, in the order of the log."""
    return re.findall(r"localroot: ((?:axfr|file):\S+): (?!fetched)", resolver.log)


def status(resolver):
    """localroot_status; Skip where Unbound is not patched for it."""
    text = resolver.status()
    if text is None:
        raise tap.Skip("unbound-control has no localroot_status")
    return text


def refresh(resolver):
    if not resolver.refresh():
        raise tap.Skip("unbound-control has no localroot_refresh")


@tap.test("of two values the last counts")
def values():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=["localroot-refresh: 999999", "localroot-refresh: 30", "localroot-dir: /nowhere",
                                          f"localroot-dir: {net.folder}"])
        resolver.wait_serving(SERIAL)
        lab.wait((net.folder / "localroot.state").exists, 10, "the copy in the folder named last")


@tap.test("an https: source that this build cannot ask, or this machine's libcurl, is passed over and told once, with the reason; others serve")
def unsupported():
    with lab.Lab(eager()) as net:
        for reason, wrapper in (shim.libcurls(net) if lab.https() else {"this build is without libcurl": []}).items():
            code, text = net.check("https://192.0.2.2/root.zone", wrapper=wrapper)
            tap.equal((code, bool(re.search(reason, text))), (2, True), text)
        listed = net.write("list", "https://192.0.2.1/root.zone\naxfr:192.0.32.132\n")
        named = ["localroot-source: https://192.0.2.2/root.zone", f"localroot-source-list: {listed}"]
        places = ['localroot-source: "https://192.0.2.2/root.zone": ', f'{listed}: "https://192.0.2.1/root.zone": ']
        builtin = ['localroot-source: "https://www.internic.net/domain/root.zone": '] if lab.https() else []
        for options, told in ((named, places), (["localroot-source: builtin"], builtin)):
            resolver = net.unbound(localroot=options, wrapper=wrapper)
            resolver.wait_serving(SERIAL)
            lines = [f"{place}{reason}" for place in told]
            for line in lines:
                tap.equal(len(re.findall(f"error: localroot: {line}: passed over$", resolver.log, re.MULTILINE)), 1, resolver.log)
            tap.equal(resolver.log.count("libcurl"), len(lines), resolver.log)
            for line in lines:
                tap.equal(len(re.findall(f"^passed over: {line}$", status(resolver), re.MULTILINE)), 1, status(resolver))


@tap.test("localroot-source-list: comments, blank lines, unknown schemes; with nothing usable in it nobody is asked")
def source_list():
    with lab.Lab(eager()) as net:
        good = net.write("good", "# where from\n\n  axfr:192.0.32.132   # the first of ICANN's\r\ngopher://example.com/root\n"
                                 "axfr:1.2.3\naxfr:192.0.2.1@99999\n")
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {good}"])
        resolver.wait_serving(SERIAL)
        tap.equal("gopher" in resolver.log, False, "a word about another program's scheme")
        for line, text in ((5, "axfr:1.2.3"), (6, "axfr:192.0.2.1@99999")):
            resolver.wait_log(rf"{re.escape(good)} line {line}: \"{re.escape(text)}\": .*: passed over", 5)
        tap.equal(set(asked(resolver)), {"axfr:192.0.32.132"}, "who was asked")
        for label, text, reason in (("none", "gopher://example.com/\n# no more\n", "no usable source in it"),
                                    ("binary", "axfr:192.0.2.1\n\0", "not a text file"),
                                    ("long", "\n" * 65537, "larger than")):
            path = net.write(label, text)
            resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {path}"])
            resolver.wait_log(rf"{re.escape(path)}: {reason}", 5)
            resolver.wait_log("no source that was named can be used, and no other is asked", 5)
            tap.equal(asked(resolver), [], "who was asked")
        # Named sources come first, and are enough.
        resolver = net.unbound(localroot=["localroot-source: axfr:192.0.47.132", f"localroot-source-list: {good}"])
        resolver.wait_serving(SERIAL)
        tap.equal(set(asked(resolver)), {"axfr:192.0.47.132"}, "who was asked")


@tap.test("named sources are asked in their order; those of a list begin at a random one")
def order():
    with lab.Lab(eager()) as net:
        names = [f"file:/nowhere/{number}" for number in range(8)]
        named = net.unbound(localroot=[f"localroot-source: {name}" for name in names])
        named.wait_log("no source gave a usable zone", 10)
        tap.equal(asked(named), names, "order")
        listed = net.write("list", "\n".join(names) + "\n")
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {listed}"])
        first = set()
        for turn in range(12):  # twelve times the same one of eight: once in ten thousand million runs
            start = len(resolver.log) if turn else 0
            if turn:
                resolver.reload()
            resolver.wait_log("no source gave a usable zone", 10, start)
            order_now = re.findall(r"localroot: (file:/nowhere/\d): ", resolver.log[start:])
            at = names.index(order_now[0])
            tap.equal(order_now, names[at:] + names[:at], "each once, in turn")
            first.add(order_now[0])
        if len(first) < 2:
            raise AssertionError(f"always the same first: {first}")


def until_next_look(resolver):
    """Seconds, or None while it is now."""
    when = re.search(r"^next look (\S+) \(in ", status(resolver), re.MULTILINE)
    return when and calendar.timegm(time.strptime(when.group(1), "%Y-%m-%dT%H:%M:%SZ")) - time.time()


@tap.test("localroot-refresh is a floor, the SOA's refresh the least; half of what is left comes before both")
def floor():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        for options, least, most in (([], 1620, 1980), (["localroot-refresh: 600"], 1620, 1980),
                                     (["localroot-refresh: 40000"], 36000, 44000),
                                     (["localroot-refresh: 40000", "localroot-max-age: 1000"], 450, 550)):
            resolver = net.unbound(localroot=options)
            resolver.wait_serving(SERIAL)
            seconds = lab.wait(lambda: until_next_look(resolver), 10, "the next look")
            if not least - 10 <= seconds <= most:
                raise AssertionError(f"{options}: {seconds} s, not {least} to {most}")
            resolver.stop()


def source_that(answer):
    return scripted.Server(SLOW, 53, scripted.Dns(answer))


def good_until(net):
    """What localroot-check says of a source: for how many seconds from now the zone is good, and what bounds it."""
    code, text = net.check(f"axfr:{SLOW}")
    tap.equal(code, 0, text)
    until, bound = re.search(r"^good until +(\d{14}) (\(.*)$", text, re.MULTILINE).groups()
    return calendar.timegm(time.strptime(until, "%Y%m%d%H%M%S")) - time.time(), bound


@tap.test("EDNS EXPIRE bounds the copy and brings the next look nearer; a source whose own copy has expired is passed over")
def edns_expire():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        messages = scripted.recorded(net.root_addresses[0])
        tap.equal(messages[0][10:12], b"\0\0", "the recording has no EDNS")
        with source_that(scripted.with_expire(messages, 400)):
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}"])
            resolver.wait_log("serving the root zone", 20)
            if not 380 <= resolver.metrics()["remaining"] <= 400:
                raise AssertionError(f"remaining {resolver.metrics()['remaining']}")
            seconds = until_next_look(resolver)
            if not 170 <= seconds <= 220:
                raise AssertionError(f"next look in {seconds} s, not at half of 400")
            seconds, bound = good_until(net)
            tap.equal((380 <= seconds <= 400, bound), (True, "(EDNS EXPIRE)"), f"localroot-check: {seconds} s")
        with source_that(scripted.with_expire(messages, 0)):
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}", "localroot-source: axfr:192.0.32.132"])
            resolver.wait_log(rf"axfr:{SLOW}: its own copy has expired", 20)
            resolver.wait_serving(SERIAL)
            seconds, bound = good_until(net)  # RFC 7314 section 4: it is none to serve, the zone itself is good
            tap.equal((seconds <= 0, bound), (True, "(EDNS EXPIRE): too old to be served"), f"localroot-check: {seconds} s")


def answering(messages, seconds):
    """A server of the recorded transfer and of its SOA, with as EDNS EXPIRE what the list holds last."""
    def answer(connection, query, kind, server):
        made = [scripted.message(query, kind, [scripted.held_soa(messages)])] if kind == scripted.SOA else messages
        return scripted.with_expire(made, seconds[-1])(connection, query, kind, server)
    return answer


@tap.test("a source with an older copy of its own takes no time away; one whose copy is about to expire is passed over, and the next is asked")
def expire_of_another():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        seconds = [400]
        answer = answering(scripted.recorded(net.root_addresses[0]), seconds)
        with source_that(answer):
            resolver = net.unbound(localroot=["localroot-source: axfr:192.0.32.132", f"localroot-source: axfr:{SLOW}"])
            resolver.wait_serving(SERIAL)
            net.serve_source(None)
            refresh(resolver)
            resolver.wait_metrics(lambda m: m["refresh_current"] > 0, 20, "confirmed")
            # RFC 7314 section 4: the later of the two, which is a week less the time that this test takes.
            tap.equal(resolver.metrics()["remaining"] > 604000, True, f"remaining: {resolver.metrics()['remaining']}")
            seconds.append(9)
            refresh(resolver)
            said = resolver.wait_refused(f"axfr:{SLOW}", "stale")
            tap.equal(said, "its own copy is about to expire (EDNS EXPIRE 9)")
            tap.equal(resolver.metrics()["remaining"] > 604000, True, f"remaining: {resolver.metrics()['remaining']}")
        with source_that(answer):
            net.serve_source(rootzone.make(serial=SERIAL))
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}", "localroot-source: axfr:192.0.32.132"])
            resolver.wait_serving(SERIAL)
            tap.equal(resolver.metrics()["remaining"] > 604000, True, f"remaining: {resolver.metrics()['remaining']}")


@tap.test("a transfer that breaks off is not EDNS' fault: what comes without is taken, and EXPIRE is asked for the next time")
def broken_off():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        messages, asked_for = scripted.recorded(net.root_addresses[0]), []
        whole, broken = answering(messages, [400]), scripted.cut(messages, 4000)

        def answer(*question):
            asked_for.append((question[2], question[1][10:12] != b"\0\0"))
            return (whole if len(asked_for) > 1 else broken)(*question)
        with source_that(answer):
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}"])
            resolver.wait_serving(SERIAL)
            refresh(resolver)
            resolver.wait_metrics(lambda m: m["refresh_current"] > 0, 20, "confirmed")
        tap.equal(asked_for, [(scripted.AXFR, True), (scripted.AXFR, False), (scripted.SOA, True)], "asked for, and whether with EDNS")


@tap.test("a copy with little time is renewed no more often than every ten seconds")
def nuisance():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=["localroot-max-age: 2"])
        resolver.wait_log("serving the root zone", 20)
        start, begun = len(net.sniffer.queries()), time.monotonic()
        resolver.wait_log("is stale since", 10)
        lab.wait(lambda: net.transfers(start), 20, "the next transfer")
        took = time.monotonic() - begun
        tap.note(f"{took:.1f} s after the first")
        tap.equal(took > 8, True, f"{took:.1f} s after the first")


@tap.test("an increment from a source whose own copy has expired: a failure of that kind alone, and the next one is asked for")
def expired_increment():
    with lab.Lab(eager()) as net:
        messages, kinds = scripted.recorded(net.root_addresses[0]), []
        old = scripted.held_soa(messages)
        new = scripted.renumbered(old, SERIAL + 1)

        def answer(connection, query, kind, server):
            kinds.append(kind)
            made = messages
            if kind == scripted.IXFR:
                made = [scripted.message(query, kind, [new, old, new, scripted.address(2), new])]
            return scripted.with_expire(made, 0 if kind == scripted.IXFR else 400)(connection, query, kind, server)
        with source_that(answer):
            resolver = net.unbound(localroot=[f"localroot-source: ixfr:{SLOW}"])
            resolver.wait_serving(SERIAL)
            for failed in range(2):
                refresh(resolver)
                resolver.wait_refused(f"ixfr:{SLOW}", "stale", failed)
            tap.equal(kinds[:3], [scripted.AXFR, scripted.IXFR, scripted.IXFR], "what was asked for")
            failures = {key: n for key, n in resolver.metrics().items() if key.startswith("failures_") and n}
            tap.equal(list(failures), ["failures_stale"], "kinds of failures")
            tap.equal("the increment is not good" in resolver.log, False, "a word against the increment")


@tap.test("the network is down at the start and comes up: nothing is served before, asking then heals it")
def interface():
    with lab.Lab(eager()) as net:
        everywhere = net.root_addresses + net.transfer_addresses
        for address in everywhere:
            netns.remove_address(address)
        resolver = net.unbound(localroot=["localroot-source: builtin"], config=lab.ASKING)
        resolver.wait_log("no source gave a usable zone; next try in (\\d+) s", 60)
        tap.equal(len(asked(resolver)), 18, "lines of sources")
        netns.add_addresses(everywhere)
        lines = resolver.log.count("\n")
        refresh(resolver)
        resolver.wait_serving(SERIAL)
        start = len(net.sniffer.queries())
        resolver.ask("junk-up.")
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")
        tap.note(f"{resolver.log.count(chr(10)) - lines} lines since")


@tap.test("the network is down for a while: the copy goes on serving, and the next round finds it again by itself")
def down_for_a_while():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=[])
        resolver.wait_serving(SERIAL)
        netns.remove_address(net.transfer_addresses[0])
        resolver.wait_refused(f"axfr:{net.transfer_addresses[0]}", "unreachable")
        before = resolver.metrics()
        resolver.ask("junk-down.")
        tap.equal(net.root_queries(resolver), [], "queries to the root")
        netns.add_address(net.transfer_addresses[0])
        resolver.wait_metrics(lambda m: m["refresh_current"] > before["refresh_current"], 40, "confirmed again")


@tap.test("options that change are picked up by a reload, and so is the list")
def reload():
    with lab.Lab(eager()) as net:
        listed = pathlib.Path(net.write("list", f"axfr:{net.transfer_addresses[0]}\n"))
        newer = net.folder / "newer.zone"
        shutil.copy(eager(1).zone, newer)
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {listed}"])
        resolver.wait_serving(SERIAL)
        listed.write_text(f"file:{newer}\n", encoding="ascii")
        resolver.reload()
        resolver.wait_serving(SERIAL + 1, limit=30)
        config = resolver.config_file.read_text(encoding="ascii")
        resolver.config_file.write_text(config.replace(f"localroot-source-list: {listed}", "localroot-max-age: 5"), encoding="ascii")
        resolver.reload()
        numbers = resolver.wait_metrics(lambda m: m["remaining"] <= 5, 15, "localroot-max-age")
        tap.equal(numbers["remaining"] <= 5, True, "remaining")
        resolver.config_file.write_text(config.replace("localroot: yes", "localroot: no"), encoding="ascii")
        resolver.reload()
        resolver.wait_log("localroot: not enabled", 10)


@tap.test("while a source is being asked and says nothing: the copy's end is told at once, and no command waits")
def looks_meanwhile():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        first = net.unbound(localroot=[])
        first.wait_stored()
        first.stop()
        with source_that(scripted.silent) as source:
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}", "localroot-max-age: 14"], folder=first.folder)
            resolver.wait_log("serving the root zone", 5)
            if not source.asked.wait(20):
                raise TimeoutError(f"not asked:\n{resolver.log}")
            resolver.wait_log(r"stale since [012] s", 20)
            started = time.monotonic()
            with contextlib.suppress(tap.Skip):
                refresh(resolver)
                status(resolver)
            if time.monotonic() - started > 3:
                raise AssertionError(f"commands: {time.monotonic() - started:.1f} s")
            tap.equal(re.findall(rf"localroot: axfr:{SLOW}: .*", resolver.log), [], "what came of it so far")


@tap.test("nothing is held and the first sources are slow: the next has its turn beside them after 15 s each")
def beside():
    with lab.Lab(eager()) as net:
        with source_that(scripted.slow(scripted.recorded(net.root_addresses[0]))):
            words = [f"localroot-source: axfr:{SLOW}", f"localroot-source: ixfr:{SLOW}", f"localroot-source: axfr:{net.transfer_addresses[0]}"]
            resolver = net.unbound(localroot=words)
            started = time.monotonic()
            resolver.wait_log("serving the root zone", 60)
            took = time.monotonic() - started
            tap.note(f"served after {took:.1f} s")
            if not 25 < took < 45:
                raise AssertionError(f"{took:.1f} s")


@tap.test("slow sources: one alone comes to its end after more than two minutes; three of them make room for a fourth")
def slow_sources():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        messages = scripted.recorded(net.transfer_addresses[0])
        octets = sum(2 + len(message) for message in messages)
        with source_that(scripted.steady(messages, octets / 135)):
            started = time.monotonic()
            alone = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}"])
            words = [f"localroot-source: {scheme}:{SLOW}{port}" for scheme, port in (("axfr", ""), ("ixfr", ""), ("axfr", "@53"))]
            beside = net.unbound(localroot=words + [f"localroot-source: axfr:{net.transfer_addresses[0]}"])
            beside.wait_log("serving the root zone", 140)
            tap.note(f"beside three slow ones: {time.monotonic() - started:.1f} s")
            beside.wait_log(rf"axfr:{SLOW}: not finished within 120 s, and others wait", 1)
            alone.wait_log("serving the root zone", 60)
            tap.note(f"alone: {time.monotonic() - started:.1f} s")
            if time.monotonic() - started < 125:
                raise AssertionError("that was not slow")


@tap.test("limits that are options: the time of a transfer, and its least rate")
def transfer_limits():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        with source_that(scripted.steady(scripted.recorded(net.transfer_addresses[0]), 5000)):
            for option, reason in (("localroot-max-transfer-time: 3", "not finished within 3 s"),
                                   ("localroot-min-transfer-rate: 8000", "less than 8000 octets a second")):
                resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}", option])
                resolver.wait_log(rf"axfr:{SLOW}: .*{reason}", 90)
                resolver.stop()


@tap.test("what is stale is asked for as if nothing were held; and nothing older is taken")
def stale():
    with lab.Lab(rootzone.make(serial=SERIAL)) as net:
        resolver = net.unbound(localroot=["localroot-max-age: 6"])
        resolver.wait_serving(SERIAL)
        source = net.transfer_addresses[0]
        net.serve_source(None)
        resolver.wait_log("is stale since", 30)
        net.serve_source(rootzone.make(serial=SERIAL))
        start = len(net.sniffer.queries())
        refresh(resolver)
        resolver.wait_serving(SERIAL)
        tap.equal([q.type for q in net.sniffer.queries()[start:] if q.destination == source], ["AXFR"], "what it was asked")
        net.serve_source(None)
        resolver.wait_log("is stale since", 30, len(resolver.log))
        older = resolver.metrics().get("failures_serial", 0)
        net.serve_source(rootzone.make(serial=SERIAL - 1))
        refresh(resolver)
        resolver.wait_refused(f"axfr:{source}", "serial", older)
        tap.equal(resolver.metrics()["serving"], 0, "serving")


@tap.test("where something else decides for \".\", and where there is no anchor, nobody is asked")
def declined():
    with lab.Lab(eager()) as net:
        forward = f'forward-zone:\n  name: "."\n  forward-addr: {net.root_addresses[0]}\n'
        for more in ({"tail": forward}, {"anchor": "none"}):
            start = len(net.sniffer.queries())
            resolver = net.unbound(localroot=[], **more)
            lab.wait((resolver.folder / "status").exists, 20, "the first look")
            tap.equal(net.transfers(start), [], "transfers")
            sources = [q for q in net.sniffer.queries()[start:] if q.destination in net.transfer_addresses]
            tap.equal(sources, [], "questions to the sources")
            resolver.stop()


@tap.test("SIGTERM during a slow transfer, and during one that says nothing: ended within two seconds")
def terminate():
    with lab.Lab(eager()) as net:
        slow = scripted.slow(scripted.recorded(net.root_addresses[0]))
        for label, answer in (("slow", slow), ("silent", scripted.silent)):
            with source_that(answer) as source:
                resolver = net.unbound(localroot=[f"localroot-source: axfr:{SLOW}"])
                if not source.asked.wait(20):
                    raise TimeoutError(f"not asked:\n{resolver.log}")
                started = time.monotonic()
                tap.equal(resolver.stop(10), 0, "exit code")
                took = time.monotonic() - started
                tap.note(f"{label}: {took:.2f} s")
                if took > 2:
                    raise AssertionError(f"{label}: {took:.1f} s")


@tap.test("every source fails, again and again: the log has each reason once, then every so often")
def quiet():
    with lab.Lab(eager()) as net:
        resolver = net.unbound(localroot=["localroot-source: file:/nowhere/a", "localroot-source: file:/nowhere/b"])
        resolver.wait_log("no source gave a usable zone", 10)
        for turn in range(19):
            failed = resolver.metrics()["refresh_failed"]
            refresh(resolver)
            resolver.wait_metrics(lambda m: m["refresh_failed"] > failed, 10, f"round {turn}")
        # twenty rounds: 1, 2, 4, 8 and 16
        for source in ("a", "b"):
            tap.equal((source, resolver.log.count(f"file:/nowhere/{source}: ")), (source, 5))
        tap.equal(resolver.log.count("no source gave"), 5, "rounds in the log")
        found = re.search(r"source file:/nowhere/a: failed (\d+) times, \d+ s ago, next try [^:]*: io: .*No such file", status(resolver))
        tap.equal(int(found.group(1)), 20, "failures in the status")


tap.run()
