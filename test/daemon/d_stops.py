"""Unbound is told to end while a source attacks, or while a storm of NOTIFY goes on: it ends at once, and what it has worked until then
is within a budget. How long work goes on without a look is measured in t_stop and t_work."""

import contextlib
import multiprocessing
import socket
import time

import dns.message
import dns.opcode
import dns.rcode
import dns.tsig

import hostile
import lab
import pair
import primaries
from rootzone import calm
import scripted
import tap

HERE, NAME, PORT = "203.0.113.66", "xfr.lab.example", 5391
NEWER = calm().serial + 1
LIMIT = 2    # seconds until it has ended, on a machine that is busy; alone it is a tenth of that
BUDGET = 1.5  # seconds of CPU from the first question to a source until the end
KEY = primaries.Key("transfer.lab.", "hmac-sha512")


def trickling(connection, server):
    """An answer as it should be, one octet every twentieth of a second."""
    for octet in b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"; nothing\n" * 1000:
        connection.sendall(bytes([octet]))
        if server.ending.wait(0.05):
            return


def plays(messages):
    """name -> (source, play)"""
    transfer = {"nothing comes": scripted.silent, "one octet a second": hostile.dripping(60), "ten octets a second": scripted.slow(messages),
                "a zone without end": hostile.flooding(NEWER)}
    for number, (name, answer) in enumerate(transfer.items(), 20000):
        yield name, f"axfr:{HERE}@{number}", number, scripted.Dns(answer, NEWER)
    web = {"headers without end": hostile.endless_headers, "a body without end": hostile.endless_body, "a page that trickles": trickling}
    for number, (name, respond) in enumerate(web.items(), 21000):
        if lab.https():
            yield name, f"http://{HERE}:{number}/zone", number, hostile.http(respond)
    yield "TLS that does not begin", f"xot:{HERE}@22000#{NAME}", 22000, lambda connection, server: server.ending.wait(60)


def ended(resolver, label, before):
    """Ends it; how long that took, and the CPU time since before."""
    used = sum(resolver.cpu()) - before
    start = time.monotonic()
    tap.equal((label, resolver.stop(30)), (label, 0), "exit code")
    took = time.monotonic() - start
    if took > LIMIT or used > BUDGET:
        raise AssertionError(f"{label}: ended after {took:.2f} s, having worked for {used:.2f}")
    return took, used


@tap.test("in the middle of each attack")
def attacks():
    with lab.Lab(calm()) as net:
        prepare, most = pair.keep_copy(net), (0, 0)
        messages = scripted.recorded(net.transfer_addresses[0])
        for name, source, port, play in plays(messages):
            with scripted.Server(HERE, port, play) as server:
                resolver = net.unbound(localroot=[f"localroot-source: {source}"], prepare=prepare)
                before = sum(resolver.cpu())
                resolver.control("localroot_refresh")
                if not server.asked.wait(20):
                    raise TimeoutError(f"{name}: not asked\n{resolver.log[-2000:]}")
                for turn in range(20):  # it goes on for a moment
                    tap.equal(resolver.ask(f"junk-{port}-{turn}.").rcode(), dns.rcode.NXDOMAIN, name)
                took, used = ended(resolver, name, before)
                tap.note(f"{name}: ended after {took:.3f} s, {used:.2f} s of CPU")
                most = max(most, (took, used))
        tap.note(f"{most[0]:.3f} s at the most")


def announcements():
    """NOTIFY messages that are not signed, badly signed, signed by others, cut, and answers."""
    def notify(key=None):
        message = dns.message.make_query(".", "SOA")
        message.set_opcode(dns.opcode.NOTIFY)
        if key:
            message.use_tsig(dns.tsig.Key(key.name, key.secret, key.algorithm))
        return message.to_wire()
    good = notify(KEY)
    yield from (notify(), good[:-20], good[:-1] + bytes([good[-1] ^ 1]), notify(primaries.Key("transfer.lab.", "hmac-sha512", b"another")),
                notify(primaries.Key("nobody.lab.", "hmac-sha256")), good[:2] + b"\xa0" + good[3:], good[:12], b"\0" * 512)
    yield good[:-40] + bytes(40)


def storm(messages, sent, ending):
    """Sends them all the time, in a process of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("127.0.0.2", 0))
        sender.connect(("127.0.0.1", PORT))
        while not ending.is_set():
            for message in messages * 20:
                with contextlib.suppress(OSError):
                    sender.send(message)
                sent.value += 1


@tap.test("in a storm of forged NOTIFY: questions are answered, nobody is asked for it, and it ends")
def notified():
    with lab.Lab(calm()) as net:
        keys = primaries.key_file(net.folder / "keys", KEY, ["127.0.0.2"])
        resolver = net.unbound(localroot=[f"localroot-source: axfr:{net.transfer_addresses[0]}", f"localroot-notify: 127.0.0.1@{PORT}",
                                          "localroot-allow-notify: 127.0.0.2 transfer.lab.", f"localroot-tsig-keys: {keys}"])
        resolver.wait_serving(calm().serial)
        sent, ending = multiprocessing.Value("Q", 0), multiprocessing.Event()
        sender = multiprocessing.Process(target=storm, args=(list(announcements()), sent, ending))
        before = sum(resolver.cpu())
        sender.start()
        try:
            lab.wait(lambda: sent.value > 100000, 60, lambda: f"{sent.value} sent")
            tap.equal(resolver.ask("junk-in-the-storm.").rcode(), dns.rcode.NXDOMAIN)
            rounds = sum(resolver.metrics()[f"refresh_{what}"] for what in ("renewed", "current", "failed"))
            used, count = sum(resolver.cpu()) - before, sent.value
            start = time.monotonic()
            tap.equal(resolver.stop(30), 0, "exit code")
            took = time.monotonic() - start
        finally:
            ending.set()
            sender.join(10)
        tap.note(f"{count} sent, {used:.2f} s of CPU, {rounds:.0f} rounds; ended after {took:.3f} s, in it; {len(resolver.log)} octets of log")
        if took > LIMIT or used / count > 100e-6 or rounds > 2 or len(resolver.log) > 20000:
            raise AssertionError(f"ended after {took:.2f} s, {used:.2f} s of CPU for {count}, {rounds} rounds\n{resolver.log[-3000:]}")


tap.run()
