"""The examples of the manuals and of the README: how one host gives the verified zone to others, and localroot-check, taken out of
the texts and run as they stand; only the paths are put into the lab's folder."""

import contextlib
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import time

import answers
import daemons
import lab
import netns
from pair import word
import rootzone
from rootzone import calm
import servers
import tap
import tlds

MANUAL = lab.TOP / "module" / "unbound-localroot.8"
HOST, RESOLVER = "192.0.2.1", "192.0.2.53"  # as in the manual
DAY = 86400
PATHS = ("/etc/", "/media/", "/run/", "/srv/", "/var/")


def moved(text, folder):
    """With the paths in this folder."""
    for path in PATHS:
        text = re.sub(rf"(?<=[\s\":]){path}", f"{folder}{path}", text)
    return text


def recipes(folder):
    """Heading of an example -> its literal blocks, in order, with the paths in this folder; "" for the one before the first
    heading."""
    section = re.search(r"^\.Sh EXAMPLES\n(.*?)^\.Sh ", MANUAL.read_text(encoding="ascii"), re.MULTILINE | re.DOTALL).group(1)
    parts = re.split(r"^\.Ss (.*)\n", "\n" + moved(section, folder), flags=re.MULTILINE)
    return {title: re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", text, re.MULTILINE | re.DOTALL)
            for title, text in zip(["", *parts[1::2]], parts[0::2])}


@contextlib.contextmanager
def example(title):
    """The lab, the blocks of this example, and a function that runs the command which comes before all."""
    with lab.Lab(calm(0)) as net:
        netns.add_addresses([HOST, RESOLVER])
        for folder in ("etc/unbound", "etc/ssl", "media", "run", "srv/root", "var/lib/unbound"):
            (net.folder / folder).mkdir(parents=True)
        shutil.copy(net.zone.anchor, net.folder / "var/lib/unbound/root.key")
        blocks = recipes(net.folder)

        def fetch():
            shell(net, blocks[""][0])
        yield net, blocks[title], fetch


def shell(net, commands):
    path = os.pathsep.join([str(lab.BUILD), os.environ["PATH"]])
    done = subprocess.run(["sh", "-ec", commands], cwd=net.folder, env={**os.environ, "PATH": path}, capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise AssertionError(f"{commands}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout


@contextlib.contextmanager
def running(name, folder, command):
    daemon = daemons.Daemon(name, folder, command)
    try:
        yield daemon
    finally:
        daemon.stop()


def options(block):
    return block.split("\n")[:-1]


def answers_junk(resolver):
    reply = resolver.ask(f"junk-{time.monotonic_ns()}.")
    tap.equal((word(answers.summary(reply)), answers.secure(reply)), ("NXDOMAIN", True), "junk")


@tap.test("a web server (nginx)")
def web():
    with example("A web server") as (net, (config, resolver_has), fetch):
        authority = servers.Authority(net.folder / "authority")
        cert, key = authority.certificate("web", names=["root.example.net"])
        shutil.copy(cert, net.folder / "etc/ssl/root.example.net.pem")
        shutil.copy(key, net.folder / "etc/ssl/root.example.net.key")
        shutil.copy(authority.bundle, net.folder / "etc/unbound/ca.pem")
        place = net.folder / "nginx"
        file = net.write("nginx/nginx.conf", f"daemon off;\nworker_processes 1;\nuser root;\nerror_log stderr;\npid {place}/pid;\n"
                         f"events {{ }}\nhttp {{\naccess_log {place}/access;\n{config}}}\n")
        fetch()
        with running("nginx", place, [servers.need("nginx"), "-c", file, "-p", str(place), "-e", "stderr"]) as server:
            lab.wait(lambda: (place / "pid").exists() or not server.running, 20, lambda: server.log)
            resolver = net.unbound(localroot=options(resolver_has))
            resolver.wait_serving(net.zone.serial)
            answers_junk(resolver)
            net.serve_source(calm(1))
            fetch()
            later = net.unbound(localroot=options(resolver_has))
            later.wait_serving(net.zone.serial + 1)
            later.stop()
            tap.equal({line.split('"')[1] for line in (place / "access").read_text().splitlines()}, {"GET /root.zone HTTP/1.1"}, "requests")
            resolver.stop()


@tap.test("NSD, with TSIG and NOTIFY: all know at once, and nobody gets the zone without the key")
def nsd():
    with example("NSD, with TSIG and NOTIFY") as (net, (config, told, resolver_has, keys), fetch):
        # What a package's configuration has at other places.
        place = net.folder / "nsd"
        own = "".join(f'    {name}: "{value}"\n' for name, value in (
            ("username", ""), ("chroot", ""), ("pidfile", ""), ("logfile", ""), ("database", ""), ("zonesdir", place), ("xfrdir", place),
            ("xfrdfile", place / "xfrd"), ("zonelistfile", place / "zonelist")))
        file = net.write("nsd/nsd.conf", f"{config}server:\n{own}    server-count: 1\n    verbosity: 2\n")
        at = f"localroot-outgoing-interface: {RESOLVER}"  # the lab has resolvers elsewhere
        secret = pathlib.Path(net.write("etc/unbound/localroot.keys", keys))
        secret.chmod(0o400)
        fetch()
        with running("nsd", place, [servers.need("nsd"), "-d", "-c", file]) as server:
            server.wait_log("nsd started")
            resolver = net.unbound(localroot=[*options(resolver_has), at])
            resolver.wait_serving(net.zone.serial)
            answers_junk(resolver)
            net.serve_source(calm(1))
            fetch()
            # NSD's own file would be found at a package's place.
            shell(net, told.replace("nsd-control", f"nsd-control -c {file}"))
            resolver.wait_serving(net.zone.serial + 1)
            answers_junk(resolver)
            unsigned = net.unbound(localroot=[f"localroot-source: axfr:{HOST}", at])
            unsigned.wait_refused(f"axfr:{HOST}", "refused")
            unsigned.stop()
            resolver.stop()


@tap.test("an air gap: the file is carried in with its time, from which its age counts")
def air_gap():
    with example("A network without a way out") as (net, (carry, resolver_has), fetch):
        fetch()
        verified = net.folder / "srv/root/root.zone"
        days = 3
        os.utime(verified, (time.time(), time.time() - days * DAY))
        shutil.copy2(verified, net.folder / "media/root.zone")
        shell(net, carry)
        net.serve_source(None)
        resolver = net.unbound(localroot=options(resolver_has))
        resolver.wait_serving(net.zone.serial)
        answers_junk(resolver)
        age = resolver.metrics()["age"]
        if not days * DAY <= age < days * DAY + 300:
            raise AssertionError(f"carried in after {days} days, the copy is {age} seconds old")
        resolver.stop()


@tap.test("another root: made, signed and verified, with its own hints and anchor")
def another():
    with example("Another root") as (net, (make, config, resolver_has), _):
        plain = [line for line in pathlib.Path(net.zone.zone).read_text(encoding="ascii").splitlines()
                 if line.split()[3] not in ("RRSIG", "NSEC", "DNSKEY", "ZONEMD")]
        net.write("another.zone", "\n".join(plain) + "\n")
        if "the digest and every signature" not in shell(net, make):
            raise AssertionError("localroot-check does not say so")
        net.write("etc/unbound/another.hints", f". 3600000 NS a.root.example.\na.root.example. 3600000 A {HOST}\n")
        # In place of what the lab has for every resolver.
        hints, anchor = (re.search(rf'^{name}: "(.*)"$', config, re.MULTILINE).group(1) for name in ("root-hints", "trust-anchor-file"))
        net.nsd("another", {".": str(net.folder / "another.signed")}, [HOST])
        resolver = net.unbound(localroot=options(resolver_has), hints=hints, anchor=anchor)
        resolver.wait_serving(net.zone.serial)
        answers_junk(resolver)
        tap.equal(answers.secure(resolver.ask(".", "DNSKEY")), True, "its keys")
        tap.equal([q for q in net.upstream_queries(resolver) if q.destination in (HOST, *net.root_addresses)], [], "queries to a root")
        resolver.stop()


@tap.test("zones beside the root: what lies in arpa and root-servers.net is not asked of anybody")
def beside():
    with example("Zones beside the root") as (net, (ask, config), _):
        net.serve_source(None)
        text = net.write("root-servers.net", tlds.root_servers_net(rootzone.hints()))
        zones = {".": net.zone.zone, "arpa": net.zone.signed["arpa"], "root-servers.net": text}
        net.nsd("beside", zones, net.transfer_addresses)
        tap.equal(re.findall(r"^(\S+)\t.*\tSOA\t", shell(net, ask), re.MULTILINE), ["arpa."] * 2 + ["root-servers.net."] * 2, "transfers")
        resolver = net.unbound(localroot=[], tail=config)
        resolver.wait_serving(net.zone.serial)
        for file in ("arpa.zone", "root-servers.net.zone"):
            lab.wait((net.folder / "var/lib/unbound" / file).exists, 20, lambda: resolver.log)
        elsewhere = {*tlds.RSNET_ADDRESSES, *(address for host in net.zone.delegations["arpa"] for address in net.zone.glue[host])}
        for name, is_secure in (("www.arpa.", True), ("a.root-servers.net.", False)):
            reply = resolver.ask(name)
            tap.equal((word(answers.summary(reply)), answers.secure(reply), bool(reply.answer)), ("NOERROR", is_secure, True), name)
        tap.equal([q for q in net.upstream_queries(resolver) if q.destination in elsewhere], [], "asked of their servers")
        tap.equal(net.root_queries(resolver), [], "queries to the root")
        resolver.stop()


def checks():
    """Every localroot-check of the README and of its own manual."""
    manual = (lab.TOP / "validate/localroot-check.1").read_text(encoding="ascii")
    readme = (lab.TOP / "README.md").read_text(encoding="utf-8")
    return sorted({*re.findall(r"^\.Dl \$ (localroot-check .*)", manual, re.MULTILINE),
                   *re.findall(r"^ {4}(localroot-check [^#\n]*[^#\s])", readme, re.MULTILINE)})


@tap.test("localroot-check's examples: the real root zone, on a day of its own, with the machine's anchor")
def check_by_hand():
    servers.need("faketime")
    with lab.Lab(rootzone.real()) as net:
        for folder in ("var/lib/unbound", "var/www/html"):
            (net.folder / folder).mkdir(parents=True)
        shutil.copy(net.zone.anchor, net.folder / "var/lib/unbound/root.key")
        with gzip.open(lab.TOP / "test/data/root-2026073102.zone.gz") as packed:
            text = packed.read()
        for file in ("var/lib/unbound/localroot.zone", "root-2026073102.zone"):
            (net.folder / file).write_bytes(text)
        for command in checks():
            if " https:" in command:  # d_sources has those, with a web server
                continue
            if "2026073102\n" not in shell(net, f"faketime '2026-08-05 00:00:00' {moved(command, net.folder)}"):
                raise AssertionError(command)
        tap.equal((net.folder / "var/www/html/root.zone").exists(), True, "what -o writes")


@tap.test("the README's way to see whether an Unbound can load modules")
def dynlib():
    path = f"{lab.prefix()}/sbin:{os.environ['PATH']}"
    shown = subprocess.run(["sh", "-c", "unbound -V | grep dynlib"], env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=20)
    if "--with-dynlibmodule" not in shown.stdout:
        raise AssertionError(f"{shown}")


@tap.test("the manual has no example that is not run here")
def complete():
    source = pathlib.Path(__file__).read_text(encoding="ascii")
    tap.equal(sorted(title for title in recipes("") if f'example("{title}")' not in source and title), [], "not run")


tap.run()
