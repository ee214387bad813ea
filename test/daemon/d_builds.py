"""The module in Unbounds that it was not built for: of the same version with other options, with a field more in a struct, and
of another version. It says what differs, nothing else happens, and the resolver resolves. Arguments are other builds
(test/lab/builds.py) than these few; test/long/d_builds_long.py gives it them all."""

import os
import re
import sys

import dns.rcode

import builds
import lab
import shown
import tap


def check_resolves(net, resolver):
    """As an Unbound without a local root does: with the root servers."""
    start = len(net.sniffer.queries())
    for name in ("www.com.", "chain.net."):
        tap.equal((name, resolver.ask(name).rcode()), (name, dns.rcode.NOERROR))
    tap.equal(resolver.ask("junk-elsewhere.").rcode(), dns.rcode.NXDOMAIN, "a name that does not exist")
    tap.equal(bool(net.root_queries(resolver, start)), True, "asks the root servers")


def start(net, folder, clause):
    """Unbound of that folder, with the module by its dynlib clause or by localroot: yes."""
    if not lab.sanitizers() <= lab.sanitizers(folder / "sbin/unbound"):
        raise tap.Skip("a program without the module's sanitizer cannot load it")
    if clause == "dynlib":
        return net.unbound(localroot=[], installed=folder)
    return net.unbound(installed=folder, config=f'localroot: yes\nlocalroot-module: "{lab.MODULE}"\nlocalroot-source: "axfr:{net.TRANSFER[0]}"\n'
                       'localroot-dir: "{folder}"')


def check_declines(folder, words, clauses):
    """The log names each of the words, once a start; so does localroot_status."""
    with lab.Lab() as net:
        for clause in clauses:
            resolver = start(net, folder, clause)
            check_resolves(net, resolver)
            resolver.reload()
            resolver.wait_log("start of service", start=resolver.log.index("start of service") + 1)
            check_resolves(net, resolver)
            said = re.findall(r"warning: localroot: (.*)$", resolver.log, re.MULTILINE)
            tap.equal(len(said), 2, f"lines for two starts, {said}")
            for word in ["not serving: ", f"contrib/get-unbound --like {folder}/sbin/unbound", *words]:
                tap.equal((word, word in said[0]), (word, True), f"in {said[0]!r}")
            tap.equal(len(re.findall(r"\bwith(?:out)? --", said[0])), sum(" --" in word for word in words), f"options in {said[0]!r}")
            if clause == "server":
                tap.equal(resolver.control("localroot_status"), f"{said[0]}\n", "localroot_status")
                status = shown.state(resolver)
                tap.equal((status["reason"], f"not serving: {status['why']}"), ("wrong_build", said[0]), status)
                shown.says(shown.CRITICAL, said[0], *shown.asking(resolver))
                tap.equal(resolver.control("stats_noreset")["localroot.serving"], 0, "localroot.serving")
            tap.equal(resolver.stop(), 0, "exit code")
            tap.equal(re.findall(r"^.*(?:ERROR: \w+Sanitizer|runtime error|error:).*$", resolver.log, re.MULTILINE), [])


def check_serves(folder):
    with lab.Lab() as net:
        resolver = start(net, folder, "dynlib")
        resolver.wait_serving()
        tap.equal(resolver.stop(), 0, "exit code")


def clauses():
    return ["dynlib", "server"] if builds.patched() else ["dynlib"]


def add_build(name, flags=""):
    @tap.test(f"another build: {name} {flags}".strip())
    def build():
        folder = builds.unbound(name, flags)
        if name in builds.FIELDS:
            check_declines(folder, [builds.FIELDS[name][3]], clauses())
        elif builds.differences(name):
            check_declines(folder, builds.differences(name), clauses())
        else:
            check_serves(folder)


def add_module(name):
    @tap.test(f"the module for another build: {name}")
    def module():
        words = {word.replace("with ", "OUT ").replace("without ", "with ").replace("OUT ", "without ") for word in builds.differences(name)}
        tap.equal(bool(words), True, "differs")
        ours, lab.MODULE = lab.MODULE, builds.module(name) / ".libs/localroot.so"
        try:
            check_declines(builds.installed(), words, ["dynlib"])
        finally:
            lab.MODULE = ours


def add_version(prefix):
    @tap.test(f"another version: {prefix.name}")
    def version():
        theirs, ours = (re.search(r"-([0-9.]+)", path.name).group(1) for path in (prefix, builds.source()))
        check_declines(prefix, [f"built for Unbound {ours}", f"this is {theirs}"], ["dynlib"])


@tap.test("each condition in a struct that the module looks into is one that it compares (module/host.c)")
def conditions():
    table = (lab.TOP / "module/host.c").read_text(encoding="ascii")
    known = {f"#ifdef {macro}" for macro in re.findall(r"^ *OPTION\((\w+),", table, re.MULTILINE)}
    found = builds.conditions()
    tap.equal([place for place in found if place[2] not in known], [])
    tap.equal({"#ifdef CLIENT_SUBNET", "#ifdef USE_CACHEDB"} - {place[2] for place in found}, set(), "the look at the headers finds none of")


def add_sanitized(prefix):
    @tap.test(f"ours with AddressSanitizer: {prefix.name}")
    def sanitized():
        check_serves(prefix)


os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # which needs /proc of the outer namespace
for argument in sys.argv[1:] or ["minimal", "config"]:
    if argument.startswith("module "):
        add_module(argument.removeprefix("module "))
    else:
        add_build(*argument.split(" ", 1))
if not sys.argv[1:]:
    for other in sorted(builds.source().parent.glob("prefix-*/sbin/unbound")):
        other = other.parent.parent
        if other.name == f"{builds.installed().name}-address":
            add_sanitized(other)
        elif not other.name.startswith(builds.installed().name):
            add_version(other)

tap.run()
