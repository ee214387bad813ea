"""Unbound in a chroot and with its user's rights alone: a patched one loads the library before it goes in, and keeps it over
reloads; paths are taken as Unbound takes its own; what has to be inside, and a stock one, which needs the library inside."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import builds
from jail import Jail
import lab
import rootzone
import servers
import shim
import tap


def again(resolver):
    starts = resolver.log.count("start of service")
    resolver.reload()
    lab.wait(lambda: resolver.log.count("start of service") > starts or not resolver.running, 20, lambda: resolver.log[-2000:])
    tap.equal(resolver.running, True, resolver.log[-2000:])


def outside(resolver):
    """Whether the process is in a chroot, and whose rights it has."""
    proc = pathlib.Path(f"/proc/{resolver.outer_pid()}")
    return os.readlink(proc / "root"), re.search(r"^Uid:\s+(\d+)", (proc / "status").read_text(), re.MULTILINE).group(1)


def put_inside(jail, library):
    """With all that it needs."""
    needed = subprocess.run(["ldd", library], capture_output=True, text=True, check=True, timeout=20).stdout
    for path in (library, *re.findall(r"(/\S+) \(0x", needed)):
        (jail.folder / path[1:]).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, jail.folder / path[1:])
    jail.give()


def libcurl():
    """Where this machine has it."""
    listed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True, timeout=20).stdout
    return re.search(rf"{re.escape(lab.libcurl())} .*=> (\S+)", listed)[1]


@tap.test("the library outside is loaded before the chroot, whatever lies inside; the copy is served and kept inside; over reloads and fast_reload")
def outside_library():
    with lab.Lab() as net:
        jail = Jail(net)
        # What the server itself may have written there is not to be loaded with root's rights.
        written = jail.folder / str(lab.MODULE)[1:]
        written.parent.mkdir(parents=True)
        written.write_text("not a library\n", encoding="ascii")
        jail.give()
        resolver = jail.patched(f"localroot-source: axfr:{net.transfer_addresses[0]}", "localroot-dir: /copy")
        tap.equal(outside(resolver), (str(jail.folder), str(shutil.os.stat(jail.folder).st_uid)))
        resolver.wait_serving()
        lab.wait((jail.folder / "copy/localroot.state").exists, 20, "the copy inside")
        for _ in range(3):
            again(resolver)
            resolver.wait_serving()
            tap.equal(resolver.ask("junk-jail.").rcode(), 3)
        newer = rootzone.make(serial=net.zone.serial + 1)
        net.serve_source(newer)
        resolver.control("localroot_refresh")
        resolver.wait_serving(newer.serial)
        try:
            resolver.control("fast_reload")
        except RuntimeError as error:
            if "unknown command" not in str(error):
                raise
        tap.equal(resolver.ask("junk-fast.").rcode(), 3)
        tap.equal(resolver.metrics()["serving"], 1)
        tap.equal(re.findall("error: .*", resolver.log), [])
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("every path is taken as Unbound takes its own: from the chroot's name on, or as one inside")
def paths():
    with lab.Lab() as net:
        authority = pathlib.Path(servers.Authority(net.folder / "ca").bundle).read_text(encoding="ascii")
        for number, at in enumerate(("{jail}", "{jail}/", "")):
            jail = Jail(net, f"jail{number}")
            prefix = at.format(jail=jail.folder)
            jail.put("list", f"file:{prefix}/root.zone\n")
            jail.put("ca.pem", authority)
            for source in (f"localroot-source: file:{prefix}/root.zone", f"localroot-source-list: {prefix}/list"):
                resolver = jail.patched(source, f"localroot-dir: {prefix}/copy", f"localroot-status-file: {prefix}/status",
                                        f"localroot-ca-bundle: {prefix}/ca.pem")
                resolver.wait_serving()
                lab.wait((jail.folder / "copy/localroot.state").exists, 20, "localroot-dir")
                lab.wait((jail.folder / "status").exists, 20, "localroot-status-file")
                tap.equal("passed over" in resolver.log, False, resolver.log)
                resolver.stop()
        # The chroot itself, and a checker, which looks from outside.
        jail = Jail(net, "whole")
        resolver = jail.patched("localroot-source: file:/root.zone", f"localroot-dir: {jail.folder}")
        resolver.wait_serving()
        lab.wait((jail.folder / "localroot.state").exists, 20, "localroot-dir: the chroot itself")
        resolver.stop()
        try:
            jail.patched("localroot-source: file:/copy", f"localroot-ca-bundle: {net.zone.anchor}")
        except RuntimeError as refused:
            tap.equal(('"file:/copy": a folder' in str(refused), f'"{net.zone.anchor}": No such file' in str(refused)), (True, True),
                      str(refused))
        else:
            raise AssertionError("accepted")
        resolver = jail.patched("localroot-source: file:/copy", f"localroot-ca-bundle: {net.zone.anchor}",
                                "localroot-source: file:/root.zone", checked=False)
        resolver.wait_serving()
        tap.equal(resolver.log.count("passed over"), 2, resolver.log)


@tap.test("a source by host name, with the chroot's own hosts file")
def by_name():
    with lab.Lab() as net:
        jail = Jail(net)
        jail.put("etc/hosts", f"{net.transfer_addresses[0]} xfr.lab.example\n")
        jail.put("etc/resolv.conf", "nameserver 127.0.0.253\n")
        jail.give()
        resolver = jail.patched("localroot-source: axfr:xfr.lab.example", "localroot-dir: /copy")
        resolver.wait_serving()
        newer = rootzone.make(serial=net.zone.serial + 1)
        net.serve_source(newer)
        again(resolver)
        resolver.control("localroot_refresh")
        resolver.wait_serving(newer.serial)
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("https: and xot: sources, by host name, with the certificates inside; without them the log says what is missing")
def certificates():
    address, name = "203.0.113.153", "xfr.lab.example"
    with lab.Lab() as net, contextlib.ExitStack() as running:
        ca = servers.Authority(net.folder / "ca")
        certificate = ca.certificate("server", [name], [address])
        bind = servers.Bind(net.folder / "bind", net.zone.zone, address, certificate)
        running.callback(bind.stop)
        sources = [f"xot:{name}"]
        if lab.https():
            web = servers.Nginx(net.folder / "nginx", address, certificate, "")
            running.callback(web.stop)
            web.put("root.zone", net.zone.zone)
            sources.append(f"https://{name}/root.zone")
        for number, source in enumerate(sources):
            jail = Jail(net, f"jail{number}")
            jail.put("etc/hosts", f"{address} {name}\n")
            shutil.copy(ca.bundle, jail.folder / "ca.pem")
            jail.give()
            resolver = jail.patched(f"localroot-source: {source}", "localroot-dir: /copy", "localroot-ca-bundle: /ca.pem")
            resolver.wait_serving()
            again(resolver)
            resolver.control("localroot_refresh")
            resolver.wait_metrics(lambda m: m["refresh_current"] + m["refresh_renewed"] >= 1, 20, "a round inside")
            tap.equal(resolver.stop(), 0, "exit code")
            jail = Jail(net, f"without{number}")
            jail.put("etc/hosts", f"{address} {name}\n")
            resolver = jail.patched(f"localroot-source: {source}", "localroot-dir: /copy")
            resolver.wait_log(rf"warning: localroot: {re.escape(source)}: .*(certificate|CA)", 20)
            tap.equal(resolver.stop(), 0, "exit code")


@tap.test("another library at a reload cannot be had from inside: Unbound goes on with the one that it has, and says so; nor is libcurl "
          "taken from there where the one outside is of no use, and unbound-checkconf says that")
def other_library():
    with lab.Lab() as net:
        jail = Jail(net)
        other = net.folder / "other.so"
        shutil.copy(lab.MODULE, other)
        sources = [f"localroot-source: axfr:{net.transfer_addresses[0]}"]
        reason, wrapper = "no libcurl", ()
        if lab.https():
            reason, wrapper = next(iter(shim.libcurls(net).items()))
            sources.append("localroot-source: https://192.0.2.1/root.zone")
            put_inside(jail, libcurl())
        resolver = jail.patched(*sources, "localroot-dir: /copy", wrapper=wrapper, checked=False)
        resolver.wait_serving()
        done = subprocess.run([*wrapper, lab.prefix() / "sbin/unbound-checkconf", resolver.config_file], capture_output=True, text=True, timeout=20)
        tap.equal((done.returncode, len(re.findall(reason, done.stderr))), (1, 1) if lab.https() else (0, 0), done.stderr)
        text = resolver.config_file.read_text(encoding="ascii")
        for module in (other, lab.MODULE):
            resolver.config_file.write_text(text.replace(f"localroot-module: {lab.MODULE}", f"localroot-module: {module}"), encoding="ascii")
            again(resolver)
            resolver.wait_serving()
            tap.equal(resolver.ask("junk-other.").rcode(), 3)
        tap.equal(len(re.findall(rf"error: localroot-module: {other}: .*: going on with the one before", resolver.log)), 1, resolver.log)
        tap.equal(len(re.findall(f"{reason}: passed over", resolver.log)), 3 if lab.https() else 0, resolver.log)


@tap.test("the clause of stock builds: a stock Unbound loads the library from inside, with what it needs, and localroot-check --check-conf "
          "says what is missing; a patched one loads it from outside where it is not inside")
def stock():
    with lab.Lab() as net:
        jail = Jail(net)
        words = [str(lab.MODULE), "localroot: yes", f"localroot-source: axfr:{net.transfer_addresses[0]}", "localroot-dir: /copy"]
        if lab.https():  # asked after the other
            words.append("localroot-source: https://192.0.2.1/root.zone")
        try:
            resolver = jail.start(stock=words)
        except RuntimeError as fault:
            tap.equal(("ended" in str(fault), builds.patched()), (True, False), str(fault))
        else:
            tap.equal(builds.patched(), True, "a library outside was loaded")
            again(resolver)
            tap.equal((resolver.ask("junk-outside.").rcode(), resolver.stop()), (3, 0))
        conf = jail.folder / "unbound.conf"
        done = subprocess.run([str(lab.CHECK), "--check-conf", str(conf)], capture_output=True, text=True, timeout=20)
        tap.equal((done.returncode, "is loaded from inside of the chroot" in done.stderr), (1, True), done.stderr)
        put_inside(jail, str(lab.MODULE))
        resolver = jail.start(stock=words)
        lab.wait((jail.folder / "copy/localroot.state").exists, 20, "the copy inside")
        if lab.https():
            resolver.wait_log(f"for https: install libcurl .*: {re.escape(lab.libcurl())}: cannot open shared object file", 5)
            put_inside(jail, libcurl())
        lines = len(resolver.log)
        again(resolver)
        tap.equal("libcurl" in resolver.log[lines:], False, resolver.log[lines:])
        tap.equal(resolver.ask("junk-stock.").rcode(), 3)
        done = subprocess.run([str(lab.CHECK), "--check-conf", str(conf)], capture_output=True, text=True, timeout=20)
        tap.equal((done.returncode, done.stderr), (0, ""))
        tap.equal(resolver.stop(), 0, "exit code")


if os.geteuid() != 0:
    tap.skip_all("a chroot wants root")
tap.run()
