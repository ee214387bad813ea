"""unbound-control with the module: statistics, localroot_status, localroot_refresh; and the status file of any Unbound."""

import pathlib
import re

import lab
import rootzone
import tap

MANUAL = lab.TOP / "module/unbound-localroot.8"


def patched(net, options=()):
    resolver = net.unbound(localroot=list(options))
    resolver.wait_serving()
    if not any(key.startswith("localroot.") for key in resolver.control("stats_noreset")):
        raise tap.Skip("this Unbound is not patched: unbound-control knows nothing of the module")
    return resolver


def in_server_clause(net, *options):
    """An Unbound whose configuration has these options in server:, and nothing else about the module."""
    lines = ["localroot: yes", f"localroot-module: {lab.MODULE}", f"localroot-source: axfr:{net.transfer_addresses[0]}", *options]
    try:
        return net.unbound(config="\n".join(lines))
    except RuntimeError as refused:
        if "unknown keyword 'localroot'" in str(refused):
            raise tap.Skip("this Unbound is not patched: its server clause has no localroot options") from None
        raise


def change(resolver, old, new):
    """Puts another line into the configuration and has it reloaded."""
    text = resolver.config_file.read_text(encoding="ascii")
    tap.equal(text.count(old), 1, old)
    resolver.config_file.write_text(text.replace(old, new), encoding="ascii")
    starts = resolver.log.count("start of service")
    resolver.reload()
    lab.wait(lambda: resolver.log.count("start of service") > starts, 20, "another start")


def own(resolver, command):
    return {k: v for k, v in resolver.control(command).items() if k.startswith("localroot.")}


@tap.test("every number is documented, and every documented number is there")
def documented():
    manual = MANUAL.read_text(encoding="utf-8")
    section = re.search(r"^\.Sh STATISTICS\n(.*?)^\.S[sh] ", manual, re.M | re.S).group(1)
    named = set(re.findall(r"localroot\.[a-z.]*[a-z]", section)) - {"localroot.failures"}
    reasons = set(re.findall(r"[a-z]+", " ".join(re.findall(r"^\.Li (.*)$", section[section.index("failures."):
                                                                                     section.index("verify.usec")], re.M))))
    with lab.Lab() as net:
        there = set(own(patched(net), "stats_noreset"))
        tap.equal({k for k in there if ".failures." not in k}, named, "keys")
        tap.equal({k.removeprefix("localroot.failures.") for k in there if ".failures." in k}, reasons, "reasons")


@tap.test("answers are counted by kind; stats resets the counters, stats_noreset does not, gauges stay")
def counted():
    with lab.Lab() as net:
        resolver = patched(net)
        own(resolver, "stats")
        for name, kind, times in (("junk", "A", 3), (".", "MX", 2), ("com.", "DS", 4), ("tk.", "DS", 1), (".", "SOA", 6)):
            for number in range(times):
                resolver.ask(f"{name}{number}." if name == "junk" else name, kind)
        resolver.ask("www.shop.far.")
        wanted = {"nxdomain": 3, "nodata": 2, "ds": 5, "apex": 6}
        for command in ("stats_noreset", "stats_noreset", "stats"):
            numbers = own(resolver, command)
            # The validator asks too: DS on its way down, and a `_ta-` name that the root denies.
            for kind, count in wanted.items():
                if not count <= numbers[f"localroot.answers.{kind}"] <= count + 4:
                    raise AssertionError(f"{command}: {kind}: {numbers}")
            if numbers["localroot.referrals"] < 1 or numbers["localroot.rootqueries"] != 0:
                raise AssertionError(f"{command}: {numbers}")
        after = own(resolver, "stats_noreset")
        tap.equal({k: v for k, v in after.items() if "answers" in k and v}, {}, "counters after stats")
        tap.equal([after["localroot.serving"], after["localroot.serial"]], [1, net.zone.serial], "gauges after stats")
        # 1,442 delegations and their glue, as the real root has them, and the iterator's view of them. Unbound's own auth-zone
        # takes 5.4 MiB for these (test/bench/memory.py).
        zone, lent = after["localroot.mem.zone"], after["localroot.mem.lent"]
        if zone < 1.5e6 or lent < 0.5e6 or zone + lent > 5.4 * 2**20:
            raise AssertionError(f"memory: {after}")
        if resolver.control("stats_noreset")["mem.mod.dynlibmod"] < after["localroot.mem.zone"]:
            raise AssertionError("mem.mod.dynlibmod lacks the zone")


@tap.test("with two threads the counts of both add up")
def threads():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[], threads=2)
        resolver.wait_serving()
        before = resolver.metrics()["answers_nxdomain"]
        for number in range(200):
            resolver.ask(f"junk{number}.")
        resolver.wait_metrics(lambda m: 200 <= m["answers_nxdomain"] - before <= 202, what="200 denials")


@tap.test("localroot_status says what is served, from where, and why a source was refused")
def status():
    with lab.Lab() as net:
        dead = "axfr:127.0.0.77@1"
        good = f"axfr:{net.transfer_addresses[0]}"
        resolver = patched(net, [f"localroot-source: {dead}", f"localroot-source: {good}"])
        server, time = net.transfer_addresses[0], r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
        past, future = rf"{time} \(\d+ s ago\)", rf"{time} \(in \d+ [a-z]+( \d+ [a-z]+)?\)"
        # The dead one is left alone for 54 s after its first failure, that is for 60 less a tenth: with the round after that.
        wanted = (r"^serving the root zone$", rf"^since {past}$", rf"^serial {net.zone.serial}$", rf"^confirmed {past}$",
                  rf"^renewed {past}$", rf"^good until {future} by the SOA's expire$", rf"^from {good} at {server}@53$",
                  r"^signed with key \d+; the trust anchors vouch for key \d+$", rf"^next look {future}$",
                  rf"^unbound-localroot \S+ for Unbound (\S+), in Unbound \1, started {past}$",
                  rf"^folder \S+: writable, last stored {past}$",
                  rf"^source {dead}: failed, \d+ s ago at 127\.0\.0\.77@1, next try in \d+ [^:]*: unreachable: connection refused$",
                  rf"^source {good}: good, \d+ s ago at {server}@53, next try in \d+ [^:]*$",
                  rf"^last refusal: {dead}: connection refused$")

        def missing():
            text = resolver.control("localroot_status")
            return [pattern for pattern in wanted if not re.search(pattern, text, re.MULTILINE)]
        # The copy is published a moment before its round ends and is noted.
        lab.wait(lambda: not missing(), 10, lambda: f"{missing()} in:\n{resolver.control('localroot_status')}")


@tap.test("a long text is printed to its end")
def long_text():
    with lab.Lab() as net:
        sources = [f"axfr:127.0.0.77@{port}" for port in range(10000, 11000)]
        resolver = patched(net, [f"localroot-source: {source}" for source in [f"axfr:{net.transfer_addresses[0]}", *sources]])
        text = resolver.control("localroot_status")
        tap.equal((len(text) > 40000, text[-1]), (True, "\n"), len(text))
        tap.equal([source for source in sources if f"\nsource {source}: " not in text], [], "sources that are not told")


@tap.test("localroot_refresh asks the sources now, and a newer zone is served")
def refresh():
    with lab.Lab() as net:
        resolver = patched(net)
        newer = rootzone.make(serial=net.zone.serial + 1)
        net.serve_source(newer)
        resolver.control("localroot_refresh")
        resolver.wait_serving(newer.serial)


@tap.test("the options in server: alone: a reload reads them again")
def server_clause():
    with lab.Lab() as net:
        resolver = in_server_clause(net, f"localroot-dir: {net.folder}", "localroot-max-age: 5000")

        def horizon():
            return resolver.metrics()["remaining"]
        resolver.wait_serving()
        tap.equal(4900 < horizon() <= 5000, True, horizon())
        change(resolver, "localroot-max-age: 5000", "localroot-max-age: 9000")
        resolver.wait_serving()
        tap.equal(8900 < horizon() <= 9000, True, horizon())
        other = f"axfr:{net.transfer_addresses[2]}"
        change(resolver, f"axfr:{net.transfer_addresses[0]}", other)
        tap.equal(f"\nsource {other}: " in resolver.control("localroot_status"), True, "the new source")


@tap.test("the options in server: alone: a reload turns the module off and on")
def off_and_on():
    with lab.Lab() as net:
        resolver = in_server_clause(net, f"localroot-dir: {net.folder}")
        resolver.wait_serving()
        if not resolver.changes_modules():
            raise tap.Skip("this version of Unbound ends at a reload that changes module-config, without the module as well")
        change(resolver, "localroot: yes", "localroot: no")
        tap.equal(own(resolver, "stats_noreset"), {}, "off")
        tap.equal(resolver.control("localroot_status"), "not serving: localroot: no\n")
        tap.equal(resolver.control("get_option", "module-config").strip(), "validator iterator")
        tap.equal(resolver.ask("junk-without.").rcode(), 3)
        change(resolver, "localroot: no", "localroot: yes")
        resolver.wait_serving()
        tap.equal(resolver.control("get_option", "module-config").strip(), "dynlib validator iterator")
        before = own(resolver, "stats_noreset")["localroot.answers.nxdomain"]
        tap.equal(resolver.ask("junk-with.").rcode(), 3)
        tap.equal(own(resolver, "stats_noreset")["localroot.answers.nxdomain"] > before, True, "answered from the copy")


def reload_fast(resolver):
    try:
        resolver.control("fast_reload")
    except RuntimeError as error:
        if "unknown command" in str(error):
            raise tap.Skip("this version of Unbound has no fast_reload (1.23 and later)") from None
        raise


@tap.test("the options in server: alone: the copy serves through a fast_reload")
def fast_reload():
    with lab.Lab() as net:
        resolver = in_server_clause(net, f"localroot-dir: {net.folder}")
        resolver.wait_serving()
        asked = len(net.sniffer.queries())
        reload_fast(resolver)
        for name, rcode in (("junk-after.", 3), ("www.shop.far.", 0)):
            tap.equal((name, resolver.ask(name).rcode()), (name, rcode))
        tap.equal((resolver.metrics()["serving"], net.root_queries(resolver, asked)), (1, []))


@tap.test("fast_reload leaves the options as they are, and says so where they have changed; a reload takes them")
def fast_reload_of_options():
    with lab.Lab() as net:
        source = f"localroot-source: axfr:{net.transfer_addresses[0]}"
        resolver = in_server_clause(net, f"localroot-dir: {net.folder}")
        resolver.wait_serving()
        original = resolver.config_file.read_text(encoding="ascii")
        said = "localroot options have changed: fast_reload leaves them as they are"
        reload_fast(resolver)
        tap.equal(said in resolver.log, False, "without a change")
        for old, new in ((str(lab.MODULE), "/no/such/module.so"), (source, f"{source}\n  localroot-refresh: 3600"), ("localroot: yes", "localroot: no")):
            resolver.config_file.write_text(original.replace(old, new), encoding="ascii")
            start = len(resolver.log)
            reload_fast(resolver)
            tap.equal((new, resolver.log[start:].count(said)), (new, 1))
            tap.equal((new, resolver.metrics()["serving"], resolver.ask("junk-after.").rcode()), (new, 1, 3))
        resolver.config_file.write_text(original, encoding="ascii")
        start = len(resolver.log)
        change(resolver, source, f"{source}\n  localroot-max-age: 5000")
        resolver.wait_serving()
        reload_fast(resolver)
        tap.equal((resolver.metrics()["remaining"] <= 5000, said in resolver.log[start:]), (True, False), "taken by a reload")


@tap.test("the same localroot.so serves in the patched and in the stock build")
def layout():
    stock = pathlib.Path(f"{lab.prefix()}-stock")
    if not (stock / "sbin/unbound").exists():
        raise tap.Skip("no stock build of this version: run contrib/get-unbound --stock")
    with lab.Lab() as net:
        patched(net)
        resolver = net.unbound(localroot=[], installed=stock)
        resolver.wait_serving()
        start = len(net.sniffer.queries())
        for name, kind, rcode in (("junk-of-stock.", "A", 3), ("com.", "DS", 0), ("www.shop.far.", "A", 0)):
            tap.equal((name, resolver.ask(name, kind).rcode()), (name, rcode))
        tap.equal(net.root_queries(resolver, start), [], "queries to the root")
        tap.equal(own(resolver, "stats_noreset"), {}, "statistics of an unpatched Unbound")
        resolver.wait_metrics(lambda m: m["answers_nxdomain"] >= 1 and m["answers_ds"] >= 1, what="the status file counts")


@tap.test("a command that nobody knows is still an error")
def unknown():
    with lab.Lab() as net:
        resolver = patched(net)
        try:
            resolver.control("localroot_dance")
        except RuntimeError as error:
            if "unknown command" not in str(error):
                raise
        else:
            raise AssertionError("no error")


@tap.test("list_auth_zones shows the copy's serial")
def auth_zones():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[])
        resolver.wait_serving()
        resolver.ask("www.shop.far.")
        text = resolver.control("list_auth_zones")
        if not re.search(rf"^\.\s.*{net.zone.serial}", text, re.MULTILINE):
            raise AssertionError(text)


tap.run()
