"""What the operator of the resolver said about the network holds for the module's fetches as well."""

import contextlib
import re
import socket
import threading

import lab
import netns
from rootzone import SERIAL, calm
import scripted
import servers
import tap

NAME, WEB, WEB6 = "www.lab.example", "203.0.113.181", "2001:db8:113::181"
HERE4, HERE6 = "203.0.113.77", "2001:db8:113::77"


def source_lines(*sources):
    return [f"localroot-source: {source}" for source in sources]


@contextlib.contextmanager
def web(net):
    """nginx by both families, which notes who asks it, and its authority's bundle."""
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    ca = servers.Authority(net.folder / "ca")
    log = net.folder / "asked-by"
    running = []
    for number, address in enumerate((WEB, WEB6)):
        server = servers.Nginx(net.folder / f"nginx-{number}", address, ca.certificate("web", [NAME], [WEB, WEB6]),
                               f'    access_log "{log}" by;\n', formats="  log_format by '$remote_addr';\n")
        server.put("root.zone", net.zone.zone)
        running.append(server)
    try:
        yield lambda: log.read_text().split() if log.exists() else [], ca.bundle
    finally:
        for server in running:
            server.stop()


@tap.test("do-ip6: no and do-ip4: no: the built-in list is asked by the other family, a source that was named is refused")
def families():
    for family, refused in ((4, "2620:0:2d0:202::132"), (6, "192.0.32.132")):
        with lab.Lab(calm(), families=(family,)) as net:
            off = f"do-ip{10 - family}: no"  # the lab says so to Unbound
            resolver = net.unbound(localroot=["localroot-source: builtin"])
            resolver.wait_serving(SERIAL)
            named = re.findall(r"^source axfr:([0-9a-f:.]*[0-9a-f]): ", resolver.control("localroot_status"), re.MULTILINE)
            tap.equal(({"6" if ":" in host else "4" for host in named}, len(named)), ({str(family)}, 8), f"{off}: {named}")
            resolver = net.unbound(localroot=source_lines(f"axfr:{refused}", f"axfr:{net.transfer_addresses[0]}"))
            resolver.wait_serving(SERIAL)
            resolver.wait_log(rf"axfr:{refused}: not asked, by Unbound's options: {off}", 5)


@tap.test("outgoing-interface: transfers and https: come from there; a family without one is not used; ours wins")
def outgoing():
    with lab.Lab(calm()) as net, contextlib.ExitStack() as stack:
        netns.add_addresses([HERE4, HERE6])
        four, six = net.transfer_addresses[:2]
        for option, where, sources in (("localroot-outgoing-interface", "module", {HERE4, HERE6}),
                                       ("outgoing-interface", "host", None)):
            for source in (f"axfr:{four}", f"axfr:{six}"):
                options = source_lines(source)
                if where == "module":
                    options += [f"{option}: {HERE4}", f"{option}: {HERE6}"]
                else:  # none of ours: Unbound's count, which the lab gives each resolver
                    options.append("localroot-outgoing-interface: none of ours")
                start = len(net.sniffer.queries())
                resolver = net.unbound(localroot=options, checked=False)
                resolver.wait_serving(SERIAL)
                seen = {q.source for q in net.sniffer.queries()[start:] if q.type == "AXFR"}
                wanted = sources or set(resolver.sources)
                tap.equal(len(seen) == 1 and seen <= wanted, True, f"{source} from {seen}, not one of {wanted}")
                resolver.stop()
        resolver = net.unbound(localroot=source_lines(f"axfr:{six}", f"axfr:{four}") + [f"localroot-outgoing-interface: {HERE4}"])
        resolver.wait_serving(SERIAL)
        resolver.wait_log(rf"axfr:{six}: not asked, by Unbound's options: no outgoing-interface of IPv6", 5)
        resolver = net.unbound(localroot=source_lines(f"axfr:{four}") + ["localroot-outgoing-interface: 203.0.113.199"])
        resolver.wait_log(rf"axfr:{four}: cannot connect from 203.0.113.199: ", 10)
        resolver = net.unbound(localroot=source_lines(f"axfr:{four}") + ["localroot-outgoing-interface: 127.200.0.0/16"])
        start = len(net.sniffer.queries())
        resolver.wait_serving(SERIAL)
        asked_by, bundle = stack.enter_context(web(net))
        for address, here in ((WEB, HERE4), (f"[{WEB6}]", HERE6)):
            resolver = net.unbound(localroot=source_lines(f"https://{address}/root.zone") + [
                f"localroot-ca-bundle: {bundle}", *(f"localroot-outgoing-interface: {a}" for a in (HERE4, HERE6))])
            resolver.wait_serving(SERIAL)
            tap.equal(asked_by()[-1], here, f"https://{address} from")


@tap.test("do-not-query-address: a source in there is refused, by every scheme")
def not_asked():
    with lab.Lab(calm()) as net, contextlib.ExitStack() as stack:
        four, six = net.transfer_addresses[:2]
        lines = 'do-not-query-address: 192.0.32.0/24\ndo-not-query-address: 2620:0:2d0::/48\n'
        sources = [f"axfr:{four}", f"ixfr:{six}", f"axfr:::ffff:{four}", f"axfr:{net.transfer_addresses[2]}"]
        bundle = []
        if lab.https():
            _, file = stack.enter_context(web(net))
            lines += f"do-not-query-address: {WEB}\n"
            sources[:0] = [f"https://{WEB}/root.zone", f"https://{NAME}/root.zone@{WEB}"]
            bundle = [f"localroot-ca-bundle: {file}"]
        start = len(net.sniffer.queries())
        resolver = net.unbound(localroot=source_lines(*sources) + bundle, config=lines)
        resolver.wait_serving(SERIAL)
        for source in sources[:-1]:
            lab.wait(lambda: f"localroot: {source}: not asked, by Unbound's options: do-not-query-address" in resolver.log, 5, source)
        asked = {q.destination for q in net.sniffer.queries()[start:] if q.type in ("AXFR", "IXFR", "SOA")}
        tap.equal(asked & {four, six}, set(), "asked all the same")


class Proxy(scripted.Server):
    """Speaks CONNECT, to whatever is asked for at the lab's web server; .requests are the first lines of what came."""

    def __init__(self, address, port, status="200 OK"):
        self.requests, self.heads, self._status = [], [], status
        super().__init__(address, port, self._connect)

    def _connect(self, client, _):
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        self.heads.append(head.decode())
        self.requests.append(head.decode().splitlines()[0])
        client.sendall(f"HTTP/1.1 {self._status}\r\n\r\n".encode())
        if not self._status.startswith("200"):
            return
        with socket.create_connection((WEB, 443)) as server:
            threading.Thread(target=self._copy, args=(server, client), daemon=True).start()
            self._copy(client, server)

    @staticmethod
    def _copy(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@tap.test("localroot-proxy: https goes through it, and the proxy looks the name up; the environment's is not used")
def proxy():
    here, other = "203.0.113.188", "203.0.113.189"
    with lab.Lab(calm()) as net, contextlib.ExitStack() as stack:
        _, bundle = stack.enter_context(web(net))
        good, wrong, closed = Proxy(here, 3128), Proxy(other, 3128), Proxy(here, 3129, "403 Forbidden")
        wrapper = ["env", *(f"{name}=http://{other}:3128" for name in ("https_proxy", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"))]
        base = [f"localroot-ca-bundle: {bundle}", f"localroot-source: https://{NAME}/root.zone"]
        resolver = net.unbound(localroot=[*base, f"localroot-proxy: http://me:secret@{here}:3128"], wrapper=wrapper)
        resolver.wait_serving(SERIAL)
        tap.equal(good.requests[0], f"CONNECT {NAME}:443 HTTP/1.1", "what the proxy was asked")
        tap.equal("Proxy-Authorization: Basic bWU6c2VjcmV0" in good.heads[0], True, good.heads[0])
        tap.equal("secret" in resolver.log, False, "the password in the log")
        resolver = net.unbound(localroot=[*base, f"localroot-proxy: http://{here}:3129"])
        resolver.wait_log(rf"https://{NAME}/root.zone: .*403", 20)
        resolver = net.unbound(localroot=[*base, f"localroot-proxy: http://{here}:3130"])
        resolver.wait_log(rf"https://{NAME}/root.zone: .*([Rr]efused|[Ff]ailed to connect|connect)", 20)
        direct = [f"localroot-ca-bundle: {bundle}", f"localroot-source: https://{WEB}/root.zone"]
        resolver = net.unbound(localroot=direct, wrapper=wrapper)
        resolver.wait_serving(SERIAL)
        resolver = net.unbound(localroot=[*direct, "localroot-proxy: ftp://x:1", f"localroot-source: axfr:{net.transfer_addresses[0]}"],
                               checked=False)
        resolver.wait_serving(SERIAL)
        resolver.wait_log("localroot-proxy: a proxy starts with http:// https:// or socks5h://: passed over", 5)
        resolver.wait_log("there is no localroot-proxy to go through: passed over", 5)
        tap.equal(wrong.requests, [], "the environment's proxy")
        for server in (good, wrong, closed):
            server.stop()


tap.run()
