"""Sources given by name: looked up as the machine's files say, within their time, and without anything that is loaded
late."""

import contextlib
import pathlib
import re
import subprocess
import time

import dns.rcode

import lab
import mounts
import netns
import servers
import tap

SERVER, DEAD, REFUSING = "203.0.113.53", "203.0.113.250", "203.0.113.99"
MANY = [f"203.0.114.{number}" for number in range(1, 61)]


def names(net):
    """example., served at SERVER."""
    v4, v6 = net.transfer_addresses[:2]
    lines = ["$ORIGIN example.", "$TTL 60", "@ SOA a. b. 1 2 3 4 5", "@ NS ns", f"ns A {SERVER}",
             f"four A {v4}", f"six AAAA {v6}", f"both A {REFUSING}", f"both AAAA {v6}", "alias CNAME chain", "chain CNAME four",
             "nothing TXT x", *(f"many A {address}" for address in MANY)]
    netns.add_address(REFUSING)
    return net.write("example.zone", "\n".join(lines) + "\n")


def files(net, resolv, hosts=""):
    """What stands in place of the machine's own."""
    return {"/etc/hosts": net.write("hosts", hosts), "/etc/resolv.conf": net.write("resolv.conf", resolv),
            "/etc/nsswitch.conf": net.write("nsswitch.conf", "hosts: files dns\n")}


def check(net, source, resolv=f"nameserver {SERVER}\n", hosts=""):
    """localroot-check's exit code, what it printed, and how long it took."""
    started = time.monotonic()
    code, text = net.check(source, wrapper=mounts.over(files(net, resolv, hosts)))
    return code, text, time.monotonic() - started


@tap.test("names: addresses of either family, aliases, more than fit into a datagram, the hosts file, a search list")
def found():
    with lab.Lab() as net:
        net.nsd("names", {"example.": names(net)}, [SERVER])
        net.nsd("many", {".": net.zone.zone}, MANY)
        hosts = f"{net.transfer_addresses[0]} own.test other.test\n"
        search = f"nameserver {SERVER}\nsearch example\n"
        dead_first = f"nameserver {DEAD}\nnameserver {SERVER}\noptions timeout:1\n"
        netns.swallow(DEAD)
        for host, resolv in (("four.example", None), ("six.example", None), ("both.example", None), ("alias.example", None),
                             ("FOUR.example.", None), ("many.example", None), ("other.test", None), ("four", search),
                             ("four.example", dead_first)):
            code, text, took = check(net, f"axfr:{host}", resolv or f"nameserver {SERVER}\n", hosts)
            if code != 0 or took > 9:
                raise AssertionError(f"{host}: {code}, {took:.1f} s: {text}")


@tap.test("names that are not to be had: each fault is told at once")
def not_found():
    with lab.Lab() as net:
        net.nsd("names", {"example.": names(net)}, [SERVER])
        for host, resolv in (("nobody.example", None), ("nothing.example", None), ("refused.test", None),
                             ("four.example", f"nameserver {REFUSING}\n")):
            code, text, took = check(net, f"axfr:{host}", resolv or f"nameserver {SERVER}\n")
            if code == 0 or not re.search(rf"no address for {host}: .* \(unreachable\)", text) or took > 9:
                raise AssertionError(f"{host}: {code}, {took:.1f} s: {text}")


@tap.test("a name look-up takes ten seconds at the most")
def look_up_limit():
    with lab.Lab() as net:
        netns.swallow(DEAD)
        code, text, took = check(net, "axfr:silent.example", f"nameserver {DEAD}\noptions timeout:30\n")
        if code == 0 or "no address for silent.example within 10 s (timeout)" not in text or took > 13:
            raise AssertionError(f"{code}, {took:.1f} s: {text}")


@tap.test("a name that nobody answers for: Unbound answers meanwhile, and stops in a moment")
def hangs():
    with lab.Lab() as net:
        netns.swallow(DEAD)
        wrapper = mounts.over(files(net, f"nameserver {DEAD}\noptions timeout:30\n"))
        for source in ["axfr:silent.example", "xot:silent.example@853#xfr.example"] + (
                ["https://silent.example/root.zone"] if lab.https() else []):
            start = len(net.sniffer.queries())
            resolver = net.unbound(localroot=[f"localroot-source: {source}"], wrapper=wrapper)
            lab.wait(lambda: any(q.destination == DEAD for q in net.sniffer.queries()[start:]), 20, "a look-up")
            tap.equal(resolver.ask("junk-name.").rcode(), dns.rcode.NXDOMAIN, "an answer meanwhile")
            started = time.monotonic()
            tap.equal(resolver.stop(10), 0, "exit code")
            tap.note(f"{source}: {time.monotonic() - started:.2f} s")
            if time.monotonic() - started > 1:
                raise AssertionError(f"{source}: {time.monotonic() - started:.1f} s")


@tap.test("a machine without libgcc_s, which glibc loads where a thread exits: a name is looked up all the same")
def without_libgcc():
    listed = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=True, timeout=20).stdout
    library = re.search(r"libgcc_s\.so\.1 .*=> (\S+)", listed)
    if not library:
        raise tap.Skip("this machine has no libgcc_s.so.1")
    linked = subprocess.run(["ldd", str(lab.prefix() / "sbin/unbound")], capture_output=True, text=True, timeout=20)
    if "libgcc_s" in linked.stdout:
        raise tap.Skip("this Unbound is linked to libgcc_s.so.1 (AddressSanitizer)")
    with lab.Lab() as net:
        net.nsd("names", {"example.": names(net)}, [SERVER])
        instead = files(net, f"nameserver {SERVER}\n")
        instead[library.group(1)] = "/dev/null"
        resolver = net.unbound(localroot=["localroot-source: axfr:four.example"], wrapper=mounts.over(instead))
        resolver.wait_serving(net.zone.serial)
        # glibc's own thread for a look-up would exit after a second without work, and take the process along.
        end = time.monotonic() + 4
        lab.wait(lambda: not resolver.running or time.monotonic() > end, 10, "four seconds")
        tap.equal(resolver.ask("junk-later.").rcode(), dns.rcode.NXDOMAIN, "an answer later")
        tap.equal(resolver.stop(), 0, "exit code")


def libraries(resolver):
    """What the process has mapped."""
    maps = pathlib.Path(f"/proc/{resolver.outer_pid()}/maps").read_text(encoding="utf-8", errors="replace")
    return set(re.findall(r"\S+\.so[.\d]*$", maps, re.MULTILINE))


@tap.test("whatever the source: no library is loaded once Unbound has started, and libcurl only where an https: source is named")
def nothing_late():
    bind_at, web_at, name = "203.0.113.153", "203.0.113.180", "xfr.example"
    with lab.Lab() as net, contextlib.ExitStack() as running:
        zone = net.write("late.zone", "\n".join([
            "$ORIGIN example.", "$TTL 60", "@ SOA a. b. 1 2 3 4 5", "@ NS ns", f"ns A {SERVER}", f"xfr A {bind_at}", f"web A {web_at}"]) + "\n")
        net.nsd("names", {"example.": zone}, [SERVER])
        ca = servers.Authority(net.folder / "ca")
        certificate = ca.certificate("server", [name, "web.example"], [bind_at, web_at])
        wrapper = mounts.over(files(net, f"nameserver {SERVER}\n"))
        for address in (bind_at, web_at):
            netns.add_address(address)
        sources = [f"axfr:{name}", f"ixfr:{name}", f"xot:{name}"] + (["https://web.example/root.zone"] if lab.https() else [])
        resolvers = [net.unbound(localroot=[f"localroot-source: {source}", f"localroot-ca-bundle: {ca.bundle}"], wrapper=wrapper)
                     for source in sources]
        for resolver, source in zip(resolvers, sources):  # nobody listens yet
            resolver.wait_refused(source, "unreachable")
        before = [libraries(resolver) for resolver in resolvers]
        for source, early in zip(sources, before):
            tap.equal((source, any("libcurl" in library for library in early)), (source, source.startswith("https:")), "libcurl is loaded")
        bind = servers.Bind(net.folder / "bind", net.zone.zone, bind_at, certificate)
        running.callback(bind.stop)
        if lab.https():
            web = servers.Nginx(net.folder / "nginx", web_at, certificate)
            running.callback(web.stop)
            web.put("root.zone", net.zone.zone)
        for resolver, source, early in zip(resolvers, sources, before):
            resolver.control("localroot_refresh")
            resolver.wait_serving(net.zone.serial, 30)
            tap.equal((source, libraries(resolver) - early), (source, set()), "loaded late")


tap.run()
