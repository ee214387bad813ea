"""What a hostile source, or one who reads the same folder, gains by the module: nothing is written but its own few files, nothing in the
log that it has not said, and nothing that a sandbox forbids is needed. As another user and in a chroot: d_chroot. TLS: d_hostile,
d_sources, d_config. The packages' AppArmor profile: test/long/deb.py."""

import os
import pathlib
import re
import socket
import stat
import subprocess

import dns.message
import dns.name
import dns.opcode
import dns.tsig

import hostile
import lab
from rootzone import calm
import scripted
import tap

WEB = "198.51.100.203"
FORGED = "[1700000000] unbound[1:0] info: localroot: axfr:192.0.2.1: serial 1 verified"
OURS = {"localroot.zone", "localroot.state", "localroot.sources", "status", "status.json"}


def web(body, status="200 OK", *headers):
    """Plays for scripted.Server: each request is answered with that."""
    return hostile.http(lambda connection, server: connection.sendall(
        "\r\n".join([f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]).encode("latin-1") + body))


def sources_of(net, uri):
    """A list of sources on the web that has the one."""
    return scripted.Server(WEB, 8020, web(f"quic-xfr:a.example/.\n{uri}\n".encode()))


@tap.test("files that it writes can be written by its user alone, whatever the umask; nothing else is there, and nothing temporary stays")
def modes():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(calm()) as net, sources_of(net, f"axfr:{net.transfer_addresses[0]}"):
        before = set(OURS)

        def note(folder):
            before.update(path.name for path in folder.iterdir())
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: http://{WEB}:8020/list"], prepare=note,
                               wrapper=["sh", "-c", 'umask 0; exec "$@"', "sh"])
        resolver.wait_serving()
        resolver.wait_stored()
        lab.wait((resolver.folder / "status.json").exists, 20, "the status")
        tap.equal(resolver.stop(), 0, "exit code")
        there = {path.name: path.lstat() for path in resolver.folder.iterdir() if path.name.startswith(("localroot", "status"))}
        tap.equal(set(there), OURS, "files")
        for name, status in there.items():
            tap.equal((name, stat.S_ISREG(status.st_mode), status.st_mode & 0o133), (name, True, 0), oct(status.st_mode))


@tap.test("links in its folder, and names that lead elsewhere, have nothing written through them")
def links():
    if not lab.https():
        raise tap.Skip("this build is without libcurl")
    with lab.Lab(calm()) as net, sources_of(net, f"axfr:{net.transfer_addresses[0]}"), \
            scripted.Server(WEB, 8021, web(b"", "302 Found", "Location: file:///etc/passwd")), \
            scripted.Server(WEB, 8022, web(b"nothing\n", "200 OK", "Content-Disposition: attachment; filename=../../written",
                                           'ETag: "../../written"')):
        victims = net.folder / "victims"
        victims.mkdir()

        def lay(folder):
            for name in sorted(OURS):
                (victims / name).write_text("precious\n", encoding="ascii")
                (folder / name).symlink_to(victims / name)
        resolver = net.unbound(localroot=[f"localroot-source: http://{WEB}:8021/../../x", f"localroot-source: http://{WEB}:8022/%2e%2e/%2fx",
                                          f"localroot-source-list: http://{WEB}:8020/list"], prepare=lay, limit=60)
        resolver.wait_serving(limit=60)
        resolver.wait_stored()
        lab.wait(lambda: not (resolver.folder / "status.json").is_symlink(), 30, "the status")
        tap.equal(resolver.stop(), 0, "exit code")
        for name in sorted(OURS):
            tap.equal((name, (victims / name).read_text(encoding="ascii"), (resolver.folder / name).is_symlink()), (name, "precious\n", False))
        tap.equal(sorted(path.name for path in victims.iterdir()), sorted(OURS))
        tap.equal(re.findall(r".*redirected to file:///etc/passwd.*", resolver.log) != [], True, "the redirect is told")


def forgers(net):
    """(source, servers to run) whose words would be a line of the log, if they were let."""
    escaped = "".join(f"\\{ord(character):03d}" for character in "\n" + FORGED[:60])
    raw = f"\n{FORGED}\n\x1b[2K\r{FORGED}\r\n".encode("latin-1")
    names = net.write("names.zone", f". 86400 IN SOA a. b. 1 1 1 1 1\n. 1 IN NS a.\n{escaped}. 86400 IN A 192.0.2.1\n{escaped}. 1 IN A 192.0.2.2\n")
    text = pathlib.Path(net.folder, "raw.zone")
    text.write_bytes(b". 86400 IN SOA a. b. 1 1 1 1 1\n\"" + raw.replace(b"\n", b"\v") + b"\x85\" 1 IN FROB x\n")
    yield f"file:{names}", None
    yield f"file:{text}", None
    soa = scripted.soa(2026010111)
    label = b"\n" + FORGED[:60].encode()
    strange = bytes([len(label)]) + label + b"\0"
    for port, records in ((5401, [soa, scripted.address(1, strange), scripted.address(2, strange), scripted.soa(7, strange)]),
                          (5402, [scripted.soa(2026010111, strange)]), (5403, [soa, scripted.record(strange, 41, b"")])):
        yield f"axfr:{WEB}@{port}", scripted.Server(WEB, port, scripted.Dns(scripted.once(
            lambda q, k, records=records: scripted.message(q, k, records)), 2026010111))
    if lab.https():
        for port, status, headers, body in (
                (8031, "404 No\x1b[2Ksuch\x07zone", (), b""), (8032, "302 Found", (f"Location: http://a/\x0b{FORGED}",), b""),
                (8033, "200 OK", (f"Content-Encoding: x\x0b{FORGED}",), b"x"), (8034, "200 OK", (f"X: \x0b{FORGED}",), raw),
                (8035, f"200 {FORGED}\r\n{FORGED}", (), b"")):
            yield f"http://{WEB}:{port}/root.zone", scripted.Server(WEB, port, web(body, status, *headers))


def notify(port, key_name):
    """A NOTIFY with a key of that name, which nobody has; and one that is cut."""
    message = dns.message.make_query(".", "SOA")
    message.set_opcode(dns.opcode.NOTIFY)
    message.use_tsig(dns.tsig.Key(dns.name.Name([key_name, b""]), b"secret", "hmac-sha256."))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(message.to_wire(), ("127.0.0.1", port))
        stranger.sendto(message.to_wire()[:-7], ("127.0.0.1", port))


@tap.test("no source and no stranger writes a line of the log: names, texts, headers and keys with line ends and control characters in them")
def forged_lines():
    with lab.Lab(calm()) as net:
        makers = list(forgers(net))
        try:
            resolver = net.unbound(config="verbosity: 4", localroot=[
                *(f"localroot-source: {uri}" for uri, _ in makers), "localroot-notify: 127.0.0.1@5399", "localroot-allow-notify: 127.0.0.0/8"])
            for name in (b"\n" + FORGED[:50].encode(), b"\x1b[2K\r" + FORGED[:50].encode()):
                notify(5399, name)
            resolver.wait_metrics(lambda m: m["refresh_failed"] > 0, 60, "all of them asked")
            resolver.stop()
        finally:
            for _, server in makers:
                if server:
                    server.stop()
        told = [uri for uri, _ in makers if f"localroot: {uri}: " not in resolver.log]
        tap.equal(told, [], "sources of which nothing is told")
        tap.equal(re.findall(r"[^\n\t -~].{,20}", resolver.log), [], "other than printable ASCII")
        # A line that is forged would begin with these words, the time of 2023 among them.
        tap.equal(re.findall(r"^\[1700000000\].*", resolver.log, re.MULTILINE), [], "forged")


SANDBOX = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP, PR_SET_MDWE = 38, 24, 65
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
    sys.exit("no_new_privs")
keep = {0, 1, 3, 4, 6, 7, 10, 13, 18, 24} # what contrib/systemd keeps: CHOWN DAC_OVERRIDE FOWNER FSETID SETGID SETUID ...
for capability in range(41):
    if capability not in keep:
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
if libc.prctl(PR_SET_MDWE, 1, 0, 0, 0) != 0:
    print("memory can be made executable: this kernel does not forbid it", file=sys.stderr)
os.execvp(sys.argv[1], sys.argv[1:])
"""


@tap.test("in what systemd's sandbox leaves: a read-only system but for its folder, few capabilities, no new ones, no memory written and run")
def sandbox():
    with lab.Lab(calm()) as net:
        folder = net.folder / "state"
        folder.mkdir()
        shut = ["unshare", "--mount", "sh", "-c", f'mount --bind {folder} {folder} && mount -o remount,bind,ro / && exec "$@"', "sh",
                "/usr/bin/python3", "-c", SANDBOX]
        resolver = net.unbound(localroot=[], folder=folder, wrapper=shut, limit=60)
        resolver.wait_serving()
        resolver.wait_stored()
        lab.wait((folder / "status.json").exists, 20, "the status")
        process = pathlib.Path(f"/proc/{resolver.outer_pid()}")
        words = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)
        tap.equal((words["NoNewPrivs"], int(words["CapBnd"], 16) & 1 << 21), ("1", 0), "the sandbox")
        tap.equal(subprocess.run(["nsenter", "-t", str(resolver.outer_pid()), "-m", "touch", str(net.folder / "x")], stderr=subprocess.DEVNULL,
                                 check=False, timeout=20).returncode != 0, True, "the system is read-only")
        resolver.reload()
        resolver.wait_serving()
        resolver.control("localroot_refresh") if resolver.status() else None
        net.serves(resolver, "after a reload")
        tap.equal(re.findall(r"(?:error|warning): localroot.*", resolver.log), [])
        tap.equal(resolver.stop(), 0, "exit code")


if os.geteuid() != 0:
    tap.skip_all("needs root: mounts")
tap.run()
