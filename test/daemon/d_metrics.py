"""The status file, for Prometheus: what promtool and the manual say of it, and what stands there when nothing is served."""

import re
import shutil
import subprocess
import time

import lab
import metrics
import tap

MANUAL = lab.TOP / "module/unbound-localroot.8"
OVER = 'forward-zone:\n  name: "."\n  forward-addr: 127.0.0.9\n'


def number(resolver, name, **labels):
    families = resolver.status_file()
    return families[metrics.PREFIX + name].samples[tuple(labels.items())] if families else None


def verdict(resolver):
    """"serving", or the reason why not. Exactly one holds."""
    families = resolver.status_file()
    if not families:
        return None
    reasons = [labels[0][1] for labels, value in families[metrics.PREFIX + "not_serving"].samples.items() if value]
    if families[metrics.PREFIX + "serving"].samples[()]:  # of the same file: it is replaced at any moment
        reasons.append("serving")
    tap.equal(len(reasons), 1, f"verdicts {reasons}")
    return reasons[0]


def wait_verdict(resolver, word, limit=20):
    lab.wait(lambda: verdict(resolver) == word, limit, lambda: f"{word}: {verdict(resolver)}\n{resolver.log[-2000:]}")


def lint(resolver, label):
    text = (resolver.folder / "status").read_text(encoding="ascii")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=30)
    tap.equal((label, done.returncode, done.stdout, done.stderr), (label, 0, "", ""), "promtool check metrics")


def documented():
    """name -> labels as the manual has them, name -> what it says of it."""
    manual = MANUAL.read_text(encoding="utf-8")
    section = re.search(r"^\.Ss The status file\n(.*?)^\.S[sh] ", manual, re.M | re.S).group(1)
    labels, words = {}, {}
    for entry, text in re.findall(r"^\.It Li unbound_localroot_(.*)\n((?:(?!\.It|\.El).*\n)*)", section, re.M):
        name, _, names = entry.partition("{")
        labels[name.strip()] = set(re.findall(r"([a-z_]+)=", names))
        words[name.strip()] = set(re.findall(r"[a-z_]+", " ".join(re.findall(r"^\.Li (.*)$", text, re.M))))
    return labels, words


@tap.test("promtool has nothing to say of the file: without a copy, and with the strangest of sources, while it serves and at its end")
def promtool():
    if not shutil.which("promtool"):
        raise tap.Skip("promtool is not installed (Debian's package prometheus)")
    with lab.Lab() as net:
        strange = net.folder / 'a"b\\c'
        strange.symlink_to(net.zone.zone)
        sources = net.write("sources", f"file:{strange}\n")
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {sources}"])
        empty = net.unbound(localroot=["localroot-source: axfr:127.0.0.77@1"])
        wait_verdict(resolver, "serving")
        tap.equal(list(resolver.status_file()[metrics.PREFIX + "source_info"].samples), [(("source", rf'file:{net.folder}/a\"b\\c'),)])
        lint(resolver, "serving")
        resolver.stop()
        lint(resolver, "ended")
        wait_verdict(empty, "no_copy")
        lint(empty, "without a copy")


@tap.test("the file has the metrics of the manual with their labels, unbound-control's numbers, and times in place of ages")
def same_numbers():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[])
        wait_verdict(resolver, "serving")
        families, now = resolver.status_file(), time.time()
        labels, words = documented()
        tap.equal({name.removeprefix(metrics.PREFIX): {label for labels in family.samples for label, _ in labels}
                   for name, family in families.items()}, labels, "names and labels")
        for name in ("not_serving", "memory_bytes", "answers_total", "refreshes_total"):
            tap.equal((name, {labels[0][1] for labels in families[metrics.PREFIX + name].samples}), (name, words[name]), "values")
        tap.equal(now - 15 < number(resolver, "written_timestamp_seconds") <= now, True, "written")
        tap.equal(now - 60 < number(resolver, "confirmed_timestamp_seconds") <= now, True, "confirmed")
        # SOA expire of the lab's root: 604800.
        tap.equal(number(resolver, "expires_timestamp_seconds") - number(resolver, "confirmed_timestamp_seconds"), 604800, "expires")
        # One is on its way now and then.
        lab.wait(lambda: sorted(p.name for p in resolver.folder.glob("status*")) == ["status", "status.json"], 10, "no files left behind")
        own = {key.removeprefix("localroot.").replace(".", "_"): value
               for key, value in resolver.control("stats_noreset").items() if key.startswith("localroot.")}
        there, moving = metrics.as_stats(families), ("age", "remaining", "passed", "rootqueries", "referrals")
        if own:
            tap.equal(set(there), set(own), "names")
            tap.equal([(k, v) for k, v in there.items() if k not in moving], [(k, own[k]) for k in there if k not in moving])
        for _ in range(3):
            resolver.ask(f"junk-{time.monotonic_ns()}.")
        tap.equal(resolver.stop(), 0, "exit code")
        tap.equal((verdict(resolver), number(resolver, "serial")), ("ended", net.zone.serial), "at the end")
        tap.equal(number(resolver, "started_timestamp_seconds"), 0, "started, at the end")
        tap.equal(number(resolver, "answers_total", kind="nxdomain"), 3, "its last numbers")


@tap.test("the file says that nothing is served where something else decides; what a killed Unbound left there is as old as it says")
def declined():
    with lab.Lab() as net:
        over = net.unbound(localroot=[], tail=OVER)
        killed = net.unbound(localroot=[])
        wait_verdict(killed, "serving")
        killed.process.kill()
        killed.process.wait(10)
        tap.equal((verdict(killed), time.time() - number(killed, "written_timestamp_seconds") < 15), ("serving", True), "killed")
        wait_verdict(over, "forward_zone")


@tap.test("a module that does not start says so in the file, in place of what an earlier run left there")
def not_started():
    with lab.Lab() as net:
        for options, modules, word in ((["localroot: no"], "dynlib validator iterator", "off"),
                                       (["localroot: maybe"], "dynlib validator iterator", "off"),
                                       ([], "validator dynlib iterator", "not_started")):
            label = f"{options} {modules}"
            resolver = net.unbound(localroot=options, config=f'module-config: "{modules}"', checked=False,
                                   prepare=lambda folder: (folder / "status").write_text("unbound_localroot_serving 1\n"))
            wait_verdict(resolver, word)  # who starts waits a second for the file's disk, no longer
            tap.equal((label, number(resolver, "started_timestamp_seconds")), (label, 0))
            tap.equal((label, time.time() - number(resolver, "written_timestamp_seconds") < 15), (label, True), "written")
        resolver = net.unbound(localroot=[])
        wait_verdict(resolver, "serving")
        text = resolver.config_file.read_text(encoding="ascii")
        resolver.config_file.write_text(text.replace('"localroot: yes"', '"localroot: no"'), encoding="ascii")
        resolver.reload()
        wait_verdict(resolver, "off")
        resolver.config_file.write_text(text, encoding="ascii")
        resolver.reload()
        wait_verdict(resolver, "serving")


tap.run()
