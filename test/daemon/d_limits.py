"""A machine without threads, descriptors or memory to spare: the module declines or goes on without, with one line,
localroot_status says why, and Unbound lives."""

import os
import re
import shutil

import dns.exception
import dns.rcode

import lab
from lab import ASKING
from rootzone import SERIAL, eager
import shim
import tap



def resolves(resolver, label):
    tap.equal((label, resolver.ask(f"junk-{label}.").rcode()), (label, dns.rcode.NXDOMAIN))


@tap.test("no threads or no eventfd at the start: one line that says so, localroot_status too; a reload heals it")
def at_the_start():
    with lab.Lab(eager()) as net:
        for word, reason in (("threads", "cannot start a thread: Resource temporarily unavailable"), ("eventfd", "eventfd: Too many open files")):
            words = net.folder / f"refused-{word}"
            words.write_text(word, encoding="ascii")
            resolver = net.unbound(localroot=[], wrapper=shim.refusing(net.folder, words), config=ASKING)
            resolver.wait_log(rf"localroot: not serving: {reason}", 5)
            resolves(resolver, word)
            # And no thread can write into the status file that nothing is served.
            lines = [line for line in re.findall("localroot:.*", resolver.log) if not line.endswith("the status file is not up to date")]
            tap.equal(len(lines), 1, lines)
            text = resolver.status()
            if text is not None and not text.startswith(f"not serving: {reason}"):
                raise AssertionError(f"{word}: {text}")
            words.write_text("", encoding="ascii")
            resolver.reload()
            resolver.wait_serving(SERIAL)
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("no threads or no eventfd for a while: the copy goes on serving, one line for what cannot be done, and it is made up for")
def for_a_while():
    with lab.Lab(eager()) as net:
        for step, word in ((1, "threads"), (2, "eventfd")):
            words = net.folder / f"refused-{word}"
            words.write_text("", encoding="ascii")
            resolver = net.unbound(localroot=[], wrapper=shim.refusing(net.folder, words), config=ASKING)
            resolver.wait_serving()
            words.write_text(word, encoding="ascii")
            net.serve_source(eager(step))
            failed = resolver.metrics().get("refresh_failed", 0)
            resolver.wait_log(r"localroot: no source can be asked: (cannot start a thread|eventfd): ", 30)
            if resolver._patched:  # else the numbers come from a file that needs a thread
                resolver.wait_metrics(lambda m: m["refresh_failed"] >= failed + 2, 60, "two rounds without")
            tap.equal(resolver.log.count("no source can be asked"), 1, "lines")
            resolves(resolver, f"while-{word}")
            tap.equal(net.root_queries(resolver), [], "queries to the root")
            words.write_text("", encoding="ascii")
            resolver.wait_serving(SERIAL + step, limit=60)
            tap.equal(resolver.stop(), 0, "exit code")


def limited(net, megabytes, localroot):
    """An Unbound with that much address space that answers; else why not. It must not end by a signal."""
    wrapper = ["prlimit", f"--as={megabytes << 20}", "--core=0"]
    small = [f"{cache}-cache-size: 1m" for cache in ("msg", "rrset", "key", "neg")]
    try:
        resolver = net.unbound(localroot=localroot, wrapper=wrapper, config="\n".join([ASKING, *small]))
        resolver.ask(f"junk-{megabytes}.", limit=20)
        return resolver
    except (RuntimeError, dns.exception.Timeout, TimeoutError) as fault:
        if "ended (-" in str(fault):
            raise
        return str(fault)


@tap.test("address space that just suffices for Unbound, and a little more each time: it lives and answers with the module too")
def address_space():
    if os.environ.get("ASAN_OPTIONS") or os.environ.get("TSAN_OPTIONS"):
        raise tap.Skip("sanitizers need their own address space")
    if not shutil.which("prlimit"):
        raise tap.Skip("prlimit is not installed")
    with lab.Lab(eager()) as net:
        for enough in range(8, 400, 4):
            plain = limited(net, enough, None)
            if not isinstance(plain, str):
                break
        plain.stop()
        outcomes = {}
        for more in (24, 40, 64, 128, 160, 200, 240, 280, 400):
            resolver = limited(net, enough + more, [])
            if isinstance(resolver, str):  # its libraries do not fit, which Unbound itself says
                tap.equal((more, "failed to load" in resolver or "shared object" in resolver), (more, True), resolver[-600:])
                outcomes[more] = "not loaded"
                continue
            said = r"localroot: (not serving|serving|no source|axfr:.*memory|.*memory)"
            lab.wait(lambda: re.search(said, resolver.log), 30, resolver.log)
            resolves(resolver, f"with-{more}")
            outcomes[more] = "serves" if "localroot: serving" in resolver.log else re.search(said + ".*", resolver.log).group(0)
            tap.equal((more, resolver.stop()), (more, 0), "exit code")
        tap.note(f"Unbound needs {enough} MiB; with so many more: {outcomes}")
        tap.equal(outcomes[400], "serves")


tap.run()
