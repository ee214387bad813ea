"""localroot_status json, by its schema, and contrib/check_localroot, which reads it: each reason by name, each exit code."""

import json
import os
import pathlib
import re
import subprocess
import time

import dns.dnssec

import builds
import lab
import rootzone
import scripted
from shown import CRITICAL, OK, PLUGIN, UNKNOWN, WARNING, asking, check, says, state, valid
import tap

DEAD = "axfr:127.0.0.77@1"
WEEK = 604800
WEB = "198.51.100.202"


def text_of(resolver):
    """localroot_status; Skip where Unbound is not patched for it."""
    text = resolver.status()
    if text is None:
        raise tap.Skip("unbound-control has no localroot_status")
    return text


def tag_of(net, kind):
    """The key tag of the one KSK (257) or ZSK (256), as dnspython has it."""
    keys = net.direct(".", "DNSKEY", net.transfer_addresses[0], tcp=True).answer[0]
    return [dns.dnssec.key_id(key) for key in keys if key.flags == kind]


@tap.test("while it serves: every fact in the JSON, by other tools' numbers; OK, with performance data")
def serving():
    with lab.Lab() as net:
        server = net.transfer_addresses[0]
        began = int(time.time())
        resolver = net.unbound(localroot=[f"localroot-source: {DEAD}", f"localroot-source: axfr:{server}"])
        resolver.wait_stored()
        text_of(resolver)
        # The copy is published a moment before its round ends and is noted.
        status = lab.wait(lambda: (s := state(resolver))["sources"][1]["asked"] and s, 10, "the round is noted")
        now = time.time()

        def just_now(name, when):
            tap.equal((name, began <= when <= now + 1), (name, True), when)
        for name in ("time", "since"):
            just_now(name, status[name])
        just_now("started", status["module"]["started"])
        just_now("stored", status["folder"]["stored"])
        copy = status["copy"]
        just_now("confirmed", copy["confirmed"])
        tap.equal((status["schema"], status["serving"], status["reason"], status["why"]), (1, True, None, None))
        tap.equal(copy, {"serial": net.zone.serial, "confirmed": copy["confirmed"], "renewed": copy["confirmed"],
                         "until": copy["confirmed"] + WEEK, "limit": "soa_expire", "source": f"axfr:{server}", "address": f"{server}@53",
                         "anchored_key": tag_of(net, 257)[0], "signing_keys": tag_of(net, 256)})
        # Refresh is 1800 s, less a tenth at the least and more at the most; the dead one's back-off is over before that.
        tap.equal(1600 <= status["next_look"] - status["time"] <= 1980, True, status)
        dead, good = status["sources"]
        just_now("asked", good["asked"])
        tap.equal(good, {"uri": f"axfr:{server}", "result": "ok", "why": None, "failures": 0, "asked": good["asked"], "address": f"{server}@53",
                         "good": good["asked"], "next": status["next_look"]})
        tap.equal(dead, {"uri": DEAD, "result": "unreachable", "why": "connection refused", "failures": 1, "asked": dead["asked"],
                         "address": "127.0.0.77@1", "good": None, "next": status["next_look"]})
        tap.equal(status["folder"], {"path": str(resolver.folder), "writable": True, "stored": status["folder"]["stored"], "error": None})
        version = re.search(r"start of service \(unbound (\S+)\)", resolver.log).group(1)
        tap.equal(status["unbound"], {"built_for": version, "running": version})
        tap.equal((status["passed_over"], status["listens"], status["left_out"]), ([], [], 0))

        code, text, data = check(*asking(resolver))
        wanted = rf"serving serial {net.zone.serial}, good for (?:6 d 23 h|7 d) \(soa_expire\), confirmed \d+ s ago by axfr:{server}"
        tap.equal((code, bool(re.fullmatch(wanted, text))), (OK, True), text)
        wanted = rf"remaining=(?:6047\d\d|604800)s;302400:;60480:;0 age=\d+s;;;0 failing=1;;;0;2 serial={net.zone.serial}"
        tap.equal(bool(re.fullmatch(wanted, data)), True, data)

        resolver.stop()
        says(CRITICAL, "Unbound does not answer", *asking(resolver))


@tap.test("which limit decides: localroot-max-age, EDNS EXPIRE, the signatures; warning and critical below what was given or half and a tenth")
def limits():
    ending = rootzone.make(days=(-1, 1.5))  # before the SOA's week
    with lab.Lab() as net:
        server = net.transfer_addresses[0]
        for option, limit, seconds in (("localroot-max-age: 1000", "max_age", 1000), ("localroot-max-age: 604800", "soa_expire", WEEK)):
            resolver = net.unbound(localroot=[option])
            resolver.wait_serving()
            text_of(resolver)
            copy = state(resolver)["copy"]
            tap.equal((copy["limit"], copy["until"] - copy["confirmed"]), (limit, seconds))
            if limit == "max_age":
                tap.equal(check(*asking(resolver))[2].split()[0].split(";", 1)[1], "500:;100:;0")
                says(OK, "max_age", *asking(resolver))
                says(WARNING, "max_age", *asking(resolver), "-w", 1001)
                says(CRITICAL, "max_age", *asking(resolver), "-w", 1001, "-c", 1001)
            resolver.stop()
        with scripted.Server(WEB, 53, scripted.Dns(scripted.with_expire(scripted.recorded(server), 400))):
            resolver = net.unbound(localroot=[f"localroot-source: axfr:{WEB}"])
            resolver.wait_serving()
            copy = state(resolver)["copy"]
            tap.equal((copy["limit"], copy["until"] - copy["confirmed"], copy["address"]), ("edns_expire", 400, f"{WEB}@53"))
            resolver.stop()
        net.serve_source(ending)
        resolver = net.unbound(localroot=[])
        resolver.wait_serving()
        copy = state(resolver)["copy"]
        expires = net.direct(".", "SOA", server, tcp=True).answer[1][0].expiration
        tap.equal((copy["limit"], copy["until"]), ("rrsig_expiration", expires))
        says(WARNING, "rrsig_expiration", *asking(resolver))  # two days and one


def told(resolver, reason, words):
    """What all three say, once a round has been: why nothing is served."""
    text = text_of(resolver)
    status = state(resolver)
    tap.equal((status["reason"], status["why"], status["serving"]), (reason, words, False), status)
    tap.equal(text.splitlines()[0], f"not serving: {words}")
    says(WARNING if words == "localroot: no" else CRITICAL, f"not serving: {words}", *asking(resolver))
    return status


ROOT_CLAUSE = '{}:\n  name: "."\n  {}\n'
INSTEAD = "which decides instead"
CONFIGURED = [
    ("forward_zone", f'there is a forward-zone: ".", {INSTEAD}', {"tail": ROOT_CLAUSE.format("forward-zone", "forward-addr: 127.0.0.77")}),
    ("stub_zone", f'there is a stub-zone: ".", {INSTEAD}', {"tail": ROOT_CLAUSE.format("stub-zone", "stub-addr: 127.0.0.77")}),
    ("auth_zone", f'there is an auth-zone: ".", {INSTEAD}', {"tail": ROOT_CLAUSE.format("auth-zone", "primary: 127.0.0.77")}),
    ("no_anchor", 'no trust anchor for "."', {"anchor": "none"}),
    ("no_validator", "there is no validator among the modules, and so no trust anchor", {"anchor": "none", "modules": "iterator"}),
    ("off", "localroot: no", {"localroot": ["localroot: no"]}),
    ("off", 'localroot: no (passed over: localroot: "ja": expected yes or no)', {"localroot": ["localroot: ja"]}),
]


@tap.test("each reason of the configuration: its word in the JSON, its sentence in the first line and in the plugin's: CRITICAL, but for what was turned off")
def configured():
    with lab.Lab() as net:
        for reason, words, more in CONFIGURED:
            resolver = net.unbound(**{"localroot": [], **more})
            resolver.wait_log("start of service")
            status = told(resolver, reason, words)
            tap.equal((status["next_look"], reason == "off" or status["folder"]["path"]), (None, reason == "off" or str(resolver.folder)))
            tap.equal(resolver.stop(), 0)
        module = net.unbound(localroot=[], modules="iterator", checked=False,
                             config='module-config: "validator dynlib iterator"')
        told(module, "not_started", "dynlib stands behind the validator in module-config, not in front of it")


@tap.test("no copy, one not confirmed, one that is stale: which, since when, and what was refused last")
def no_copy():
    with lab.Lab(rootzone.make(timers=(1, 1, WEEK))) as net:
        resolver = net.unbound(localroot=[f"localroot-source: {DEAD}"])
        resolver.wait_metrics(lambda m: m["refresh_failed"] > 0, what="a round")
        status = told(resolver, "no_copy", "no verified copy of the root zone")
        tap.equal((status["copy"], status["sources"][0]["result"]), (None, "unreachable"))
        says(CRITICAL, f"last refusal: {DEAD}: connection refused", *asking(resolver))
        resolver.stop()

        resolver = net.unbound(localroot=[])
        resolver.wait_stored()
        resolver.stop()
        (resolver.folder / "localroot.state").unlink()
        net.serve_source(None)
        resolver = net.unbound(localroot=[], folder=resolver.folder)
        status = told(resolver, "unconfirmed", "no source has confirmed the copy from disk yet")
        tap.equal([status["copy"][name] for name in ("serial", "confirmed", "until", "limit")], [net.zone.serial, None, None, None])
        resolver.stop()

        net.serve_source(net.zone)
        resolver = net.unbound(localroot=["localroot-max-age: 12"])
        resolver.wait_serving()
        net.serve_source(None)
        resolver.wait_metrics(lambda m: m["serving"] == 0, 30, "stale")
        resolver.wait_log("is stale since", 5)
        status = told(resolver, "stale", "the copy is stale")
        tap.equal((status["copy"]["serial"], 0 <= status["since"] - status["copy"]["until"] <= 2), (net.zone.serial, True), status)


def good(**members):
    """A status as the plugin and its file have it: it serves, until in 1000 s. Members of its copy can be others."""
    now = int(time.time())
    copy = {"serial": 1, "confirmed": now, "until": now + 1000, "limit": "max_age", "source": "file:/x", **members.pop("copy", {})}
    return {"schema": 1, "time": now, "serving": True, "why": None, "copy": copy, "sources": [], "left_out": 0, "listens": [], "passed_over": [],
            "folder": {"error": None}, **members}


@tap.test("the plugin, of a file that is odd: nothing but true serves, no time left is CRITICAL, and no file ends it with a traceback or holds it up")
def odd():
    with lab.Lab() as net:
        def of(wanted, word, status):
            says(wanted, word, "-f", net.write("odd.json", status if isinstance(status, str) else json.dumps(status)))
        of(OK, "good for 16 min 40 s", good())
        for serving in ("false", "true", 1, None, []):
            of(CRITICAL, "not serving", good(serving=serving))
        now = int(time.time())
        for confirmed, until in ((now, now), (now, now - 10), (now - 10, now - 5), (now - 5, now - 10)):
            of(CRITICAL, "good for 0 s", good(copy={"confirmed": confirmed, "until": until}))
        says(CRITICAL, "good for 0 s", "-f", net.folder / "odd", "-w", 0, "-c", 0)
        tap.equal(check("-f", net.folder / "odd")[2].split()[0], "remaining=0s;0:;0:;0", "no limit is negative")
        for text in ("[" * 100000, '{"a":' * 100000, json.dumps(good(copy={"until": float("inf")})), json.dumps(good(copy={"until": None})),
                     json.dumps(good(folder=None)), json.dumps(good(sources=7)), json.dumps(good(time=float("nan")))):
            of(UNKNOWN, "", text)
        of(OK, "serial a?b?c", good(copy={"serial": "a\nb|c"}))  # nor is a second line made of it
        pipe = net.folder / "pipe.json"
        os.mkfifo(pipe)
        says(UNKNOWN, f"cannot read {pipe} within 0.5 s", "-f", pipe, "-t", 0.5)
        hangs = net.write("hangs", "#!/bin/sh\nsleep 15 & wait\n")
        os.chmod(hangs, 0o755)
        says(CRITICAL, "Unbound does not answer within 0.5 s", "-u", hangs, "-t", 0.5)
        file = net.write("good.json", json.dumps(good()))
        with open("/dev/full", "wb") as full:
            done = subprocess.run([PLUGIN, "-f", file], stdout=full, stderr=subprocess.PIPE, timeout=20)
        tap.equal((done.returncode, done.stderr), (UNKNOWN, b""), "where nobody takes what it says")


HOSTILE = 'ftp://x/"quoted"\\back|pipe%\xe9\x01'


@tap.test("a source's words break neither the JSON nor the plugin's line nor the log")
def hostile():
    """The web server sends us where we do not go; the zone file has names of every octet that a name may have."""
    def send_away(connection, server):
        del server
        connection.recv(4096)
        connection.sendall(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + HOSTILE.encode("latin-1") + b"\r\n\r\n")
    with lab.Lab() as net, scripted.Server(WEB, 80, send_away) as server:
        names = "".join(f"\\{octet:03d}" for octet in (9, 10, 27, 34, 92, 124, 127, 200, 255))
        bad = net.write("bad.zone", f". 86400 IN SOA a. b. 1 1 1 1 1\n{names}. 86400 IN A 192.0.2.1\n{names}. 3600 IN A 192.0.2.2\n")
        resolver = net.unbound(localroot=[f"localroot-source: http://{WEB}/root.zone", f"localroot-source: file:{bad}"])
        resolver.wait_metrics(lambda m: m["refresh_failed"] > 0, what="a round")
        text = text_of(resolver)
        status = state(resolver)
        first, second = (source["why"] for source in status["sources"])
        tap.note(f"{first} // {second}")
        tap.equal(('redirected to ftp://x/"quoted"\\back|pipe%' in first, server.asked.is_set()), (True, True), first)
        tap.equal(("TTL" in second, "\\" in second), (True, True), second)
        tap.equal(re.findall(r"[^\n -~]", text + resolver.log.replace("\t", "")), [], "other than printable ASCII")
        says(CRITICAL, "not serving", *asking(resolver))


@tap.test("more sources than there is room for: whole JSON of 16 kB at the most, and how many were left out")
def bounded():
    with lab.Lab() as net:
        sources = [f"axfr:{net.transfer_addresses[0]}", *(f"axfr:127.0.0.77@{port}" for port in range(10000, 11000))]
        resolver = net.unbound(localroot=[*(f"localroot-source: {source}" for source in sources), "localroot-refresh: ever"])
        resolver.wait_serving()
        text_of(resolver)
        text = resolver.control("localroot_status", "json")
        status = valid(text)
        tap.equal(14000 < len(text) < 16384, True, len(text))
        shown = [source["uri"] for source in status["sources"]]
        tap.equal((shown, status["left_out"]), (sources[:len(shown)], 1001 - len(shown) + 1 - len(status["passed_over"])))
        says(OK if status["passed_over"] == [] else WARNING, "serving", *asking(resolver))


@tap.test("the plugin: a folder that cannot be written and an option that cannot be used are warnings; what it cannot find out is UNKNOWN")
def plugin():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=["localroot-refresh: ever", "localroot-dir: /nowhere"])
        resolver.wait_serving()
        text_of(resolver)
        lab.wait(lambda: state(resolver)["folder"]["error"], 10, "the folder's fault")
        tap.equal(state(resolver)["folder"]["writable"], False)
        says(WARNING, "no copy is kept over a restart: cannot open /nowhere", *asking(resolver))
        says(WARNING, 'localroot-refresh: "ever"', *asking(resolver))
        # Without the module Unbound itself answers, in words; a stock one knows nothing of it.
        says(WARNING, "not serving: localroot: no", *asking(net.unbound()))
        stock = pathlib.Path(f"{lab.prefix()}-stock")
        if (stock / "sbin/unbound").exists():
            says(UNKNOWN, "give the localroot-status-file with -f", *asking(net.unbound(installed=stock)))
        says(UNKNOWN, "cannot run /nowhere", "-u", "/nowhere")
        says(UNKNOWN, "cannot read /nowhere.json", "-f", "/nowhere")
        for text in ("", "{}", '{"schema": 2, "time": 1}', "not json", '{"schema": 1}', '{"schema": 1, "time": "x"}', "[]"):
            says(UNKNOWN, "status", "-f", net.write("odd.json", text))
        for wrong in (["-w", "soon"], ["--what"], ["more"]):
            done = subprocess.run([PLUGIN, *wrong], capture_output=True, text=True, timeout=20)
            tap.equal((wrong, done.returncode), (wrong, UNKNOWN))


@tap.test("the plugin: seconds that are none, of which a limit of time left may be 0 alone, are refused in words, and UNKNOWN")
def seconds():
    for option, name, values in (("-t", "timeout", ("0", "-1", "-0.5", "0.0", "nan", "inf", "1e30", "soon")), ("-a", "age", ("0", "-1", "1.5")),
                                 ("-w", "warning", ("-1", "9" * 30)), ("-c", "critical", ("-1", "soon"))):
        for value in values:
            done = subprocess.run([PLUGIN, "-f", "/nowhere", option, value], capture_output=True, text=True, timeout=20)
            told_so = f"argument {option}/--{name}: invalid seconds value: '{value}'" in done.stderr
            tap.equal((option, value, done.returncode, done.stdout, told_so), (option, value, UNKNOWN, "", True), done.stderr)
    for given in (["-t", "9.5"], ["-a", "1"], ["-w", "0"], ["-c", "0"]):
        says(UNKNOWN, "cannot read /nowhere.json", "-f", "/nowhere", *given)


def written(resolver, found=lambda status: status["serving"]):
    """The status in the file, once it is so."""
    file = resolver.folder / "status.json"

    def look():
        status = valid(file.read_text(encoding="ascii")) if file.exists() else None
        return status if status and found(status) else None
    return lab.wait(look, 20, lambda: f"{file}: {file.read_text() if file.exists() else 'is not there'}")


@tap.test("the status file, of an Unbound without the patch as well: the same JSON; the plugin reads it, stale and ended too")
def file():
    with lab.Lab() as net:
        stock = pathlib.Path(f"{lab.prefix()}-stock")
        installed = stock if (stock / "sbin/unbound").exists() else lab.prefix()
        sources = [f"axfr:{net.transfer_addresses[0]}", *(f"axfr:127.0.0.77@{port}" for port in range(10000, 10100))]
        resolver = net.unbound(localroot=[f"localroot-source: {source}" for source in sources] + ["localroot-notify: 127.0.0.1@5399"],
                               installed=installed)
        status = written(resolver)
        tap.equal((status["copy"]["serial"], status["left_out"], len(status["sources"])), (net.zone.serial, 0, 101))
        tap.equal(status["listens"], [{"address": "127.0.0.1@5399", "error": None}])
        says(OK, f"serving serial {net.zone.serial}", "-f", resolver.folder / "status")
        says(OK, f"serving serial {net.zone.serial}", "-f", resolver.folder / "status.json")
        says(WARNING, f"serving serial {net.zone.serial}", "-f", resolver.folder / "status", "-w", WEEK + 1)
        resolver.process.kill()  # it has no time to say so
        resolver.process.wait(5)
        lab.wait(lambda: check("-f", resolver.folder / "status", "-a", 2)[0] == CRITICAL, 15, "stale")
        says(CRITICAL, "ago: Unbound does not run", "-f", resolver.folder / "status", "-a", 2)
        resolver = net.unbound(localroot=[])
        written(resolver)
        if resolver.status():
            tap.equal(set(state(resolver)), set(status), "the members that unbound-control has")
        resolver.stop()
        status = written(resolver, lambda status: not status["serving"])
        tap.equal((status["reason"], status["why"], status["copy"]["serial"]), ("ended", "Unbound has ended", net.zone.serial))
        says(CRITICAL, "not serving: Unbound has ended", "-f", resolver.folder / "status")
        future = net.write("future.json", (resolver.folder / "status.json").read_text().replace(f'"time": {status["time"]}', '"time": 4000000000'))
        says(UNKNOWN, "is from the future", "-f", future)
        for options, reason, why in ((["localroot: no"], "off", "localroot: no"), (["localroot: ja"], "off", "localroot: no (passed over: ")):
            resolver = net.unbound(localroot=options, folder=resolver.folder)
            status = written(resolver, lambda status, reason=reason: status["reason"] == reason)
            tap.equal((status["why"].startswith(why), status["copy"]), (True, None), status)
            says(WARNING if why == "localroot: no" else CRITICAL, f"not serving: {why}", "-f", resolver.folder / "status")
            resolver.stop()


@tap.test("turned off in a patched Unbound: the file says off, not that Unbound has ended, after a restart and after a reload")
def turned_off():
    if not builds.patched():
        raise tap.Skip("this Unbound is not patched")
    with lab.Lab() as net:
        folder = net.folder / "off"
        folder.mkdir()
        folder.chmod(0o777)

        def reason():
            return re.search(r'^unbound_localroot_not_serving\{reason="(.*)"\} 1$', (folder / "status").read_text(encoding="ascii"), re.M).group(1)

        def start(word):
            return net.unbound(config=f'localroot: {word}\nlocalroot-module: "{lab.MODULE}"\nlocalroot-source: "axfr:{net.transfer_addresses[0]}"\n'
                               f'localroot-dir: "{folder}"\nlocalroot-status-file: "{folder}/status"')

        def serves():
            lab.wait(lambda: check("-f", folder / "status")[0] == OK, 20, "it serves")
        resolver = start("yes")
        serves()
        resolver.stop()
        tap.equal(reason(), "ended")
        resolver = start("no")
        tap.equal((reason(), state(resolver)["reason"]), ("off", "off"), "what LocalrootNotServing passes over")
        says(WARNING, "not serving: localroot: no", *asking(resolver))
        says(WARNING, "not serving: localroot: no", "-f", folder / "status")
        tap.equal(resolver.ask("junk-without.").rcode(), 3)
        for old, new, found in (("no", "yes", serves), ("yes", "no", lambda: lab.wait(lambda: reason() == "off", 20, reason))):
            text = resolver.config_file.read_text(encoding="ascii")
            resolver.config_file.write_text(text.replace(f"localroot: {old}", f"localroot: {new}"), encoding="ascii")
            resolver.reload()
            found()


tap.run()
