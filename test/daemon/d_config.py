"""One grammar: what the checkers refuse, with file and line, the running module passes over with a line in the log and goes
on; what they accept works without a line. The same values are given to a patched unbound-checkconf, to localroot-check for a
stock one, and to the module, at the start and over a reload. Nothing in the options ends Unbound."""

import contextlib
import os
import pathlib
import re
import shutil
import subprocess

import lab
import servers
import tap

TOLD = 20


def values(folder):
    """option -> (good values, bad values); the paths are in this folder."""
    (folder / "listed").write_text("axfr:192.0.2.7 # a good one\n", encoding="ascii")
    (folder / "badlist").write_text("axfr:192.0.2.7\naxfr:192.0.2.7:53\n", encoding="ascii")
    (folder / "nolist").write_text("# nothing\n", encoding="ascii")
    (folder / "empty").touch()
    (folder / "file").write_text("# no certificate\n", encoding="ascii")
    shutil.copy(servers.Authority(folder / "ca").bundle, folder / "ca.pem")
    https = ["https://www.internic.net/domain/root.zone", "https://[2001:db8::1]:444/z", "https://a.example/z@192.0.2.7", "http://a/"]
    os.mkfifo(folder / "fifo")
    new_file = ["", "relative", f"{folder}/fifo", f"{folder}", f"{folder}/", "/x\t", "'/x'", "/" + 1024 * "a"]
    file = [*new_file, f"{folder}/missing"]
    seconds = (["1", "86400", "0086400", "2147483647"],
               ["", "0", "-1", "+1", "0x10", "1e3", "1.5", "1d", "12 ", "2147483648", "99999999999999999999", "yes"])
    keys = 'key "a" { algorithm hmac-sha256; secret "YWFh"; };\nserver 192.0.2.1 { keys "a"; };\n'
    texts = {"keys": keys, "public-keys": keys, "md5-keys": keys.replace("sha256", "md5"), "no-keys": "# nothing\n",
             "own.pem": own_certificate(folder), "public.pem": own_certificate(folder)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="ascii")
        (folder / name).chmod(0o644 if "public" in name else 0o600)
    return {
        "localroot-notify": (["192.0.2.1", "192.0.2.1@5300", "2001:db8::1@65535", "0.0.0.0"],
                             ["", "192.0.2", "192.0.2.1@", "192.0.2.1@0", "192.0.2.1@65536", "192.0.2.1:53", "[::1]@53", "ns.example",
                              "192.0.2.1 192.0.2.2"]),
        "localroot-allow-notify": (["192.0.2.1", "192.0.2.0/24", "::/0", "2001:db8::/32 a.key."],
                                   ["", "192.0.2.1/24", "192.0.2.0/33", "any", "::1@53", "192.0.2.1 a..b", "192.0.2.1 a b"]),
        "localroot-tsig-keys": ([f"{folder}/keys"], [*file, *(f"{folder}/{name}-keys" for name in ("public", "md5", "no"))]),
        "localroot-client-certificate": ([f"{folder}/own.pem"], [*file, f"{folder}/public.pem", f"{folder}/keys"]),
        "localroot-source": (
            ["axfr:192.0.2.1", "axfr:2001:db8::1@5353", "AXFR:a.example@65535", "ixfr:192.0.2.1", "xot:192.0.2.1@853#ns.example.",
             "file:/not/there yet", "file:///root.zone", "axfr:192.0.2.1/.", "xot:[2001:db8::1]:853/.#ns.example", *(https if lab.https() else [])],
            ["", "192.0.2.1", "axfr", "axfr:", "axfr:192.0.2.1:53", "axfr:192.0.2.1@", "axfr:192.0.2.1@0", "axfr:192.0.2.1@65536",
             "axfr:192.0.2.1@53:53", "axfr:[2001:db8::1]", "axfr:[2001:db8::1]:53", "axfr:192.0.2.1/example.",
             "axfr:192.0.2.1 ", "axfr: 192.0.2.1", "axfr:192.0.2.1 192.0.2.2", "axfr:user@192.0.2.1", "'axfr:192.0.2.1'",
             "xot:192.0.2.1#192.0.2.1", "xot:192.0.2.1#2001:db8::1", "xot:192.0.2.1#", "ixfr:192.0.2.1#ns.example",
             "https://user:password@www.example/z", "https://user@www.example/z", "https://www.example:0/", "https://", "http:/a/",
             "file:root.zone", "file:./root.zone", f"file:{folder}", "file:/", "file:/x/", "file://host/x", "gopher://a/",
             "axfr:" + 300 * "a", "axfr:" + 2000 * "a", "file:/" + 1100 * "a", *([] if lab.https() else https)]),
        "localroot-source-list": ([*(["https://a.example/list", "http://192.0.2.7/list"] if lab.https() else []), f"{folder}/listed"],
                                  [*file, *(f"{folder}/{name}" for name in ("badlist", "nolist", "empty")), "https://", "http://a b/"]),
        "localroot-dir": ([f"{folder}", "/not/there yet"], ["", f"{folder}/listed", f"{folder}/fifo", "relative", "./x", "/x ", "'/x'", "/" + 1024 * "a"]),
        "localroot-status-file": ([f"{folder}/new", "/not/there yet", f"{folder}/localroot.zone.prom"],
                                  [*new_file, f"{folder}/localroot.zone", "/not/there/localroot.state", "/x/localroot.sources", "/x/localroot.zone.tmp-0"]),
        "localroot-ca-bundle": ([f"{folder}/ca.pem"], [*file, f"{folder}/file", "/dev/null"]),
        "localroot-max-age": seconds,
        "localroot-refresh": seconds,
        "localroot-max-transfer-time": seconds,
        "localroot-min-transfer-rate": seconds,
        "localroot-proxy": (["http://192.0.2.1:3128", "https://a.example:443/", "socks5h://me:secret@[2001:db8::1]:1080"],
                            ["", "192.0.2.1:3128", "http://192.0.2.1", "socks5://192.0.2.1:1080", "http://a b:1", "http://a:1/x"]),
        "localroot-outgoing-interface": (["127.0.0.1", "::1", "127.0.0.0/8"], ["", "eth0", "192.0.2.1@53", "192.0.2.0/33"]),
        "localroot-bogus": ([], ["x"]),
    }


def own_certificate(folder):
    """A certificate and its key, in one text."""
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=resolver",
        "-keyout", folder / "key.part", "-out", folder / "cert.part")
    return (folder / "cert.part").read_text(encoding="ascii") + (folder / "key.part").read_text(encoding="ascii")


def said(done, file, line):
    """What a checker's errors say of that line."""
    return re.findall(rf"^{re.escape(str(file))}:{line}: error: (.*)$", done.stderr, re.MULTILINE)


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=20)


def is_patched():
    return "unknown keyword 'localroot'" not in run(
        lab.prefix() / "sbin/unbound-checkconf", write("server:\n  localroot: no\n")).stderr


def write(text, name="check.conf"):
    folder = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
    (folder / name).write_text(text, encoding="ascii")
    return folder / name


def ask_checkers(folder, option, value):
    """What each checker says of the value: a list of reasons, empty where it accepts it."""
    stock = folder / "stock.conf"
    stock.write_text(f'# the third line\ndynlib:\n  dynlib-file: "{option}: {value}"\n', encoding="ascii")
    done = run(lab.CHECK, "--check-conf", stock)
    answers = {"localroot-check": said(done, stock, 3)}
    tap.equal(done.returncode, 1 if answers["localroot-check"] else 0, done.stderr)
    if PATCHED:
        patched = folder / "patched.conf"
        patched.write_text(f'server:\n  localroot: no\n  {option}: "{value}"\n  localroot-module: {lab.MODULE}\n  chroot: ""\n'
                           f'  username: ""\n  directory: "{folder}"\n  pidfile: ""\n', encoding="ascii")
        done = run(lab.prefix() / "sbin/unbound-checkconf", patched)
        answers["unbound-checkconf"] = said(done, patched, 3)
        tap.equal(done.returncode, 1 if answers["unbound-checkconf"] else 0, (option, value, done.stderr))
    return answers


def settle(resolver):
    """Serves, and answers."""
    resolver.wait_serving()
    tap.equal(resolver.ask("junk-config.").rcode(), 3, "junk")


def passed_over(resolver, start=0):
    return re.findall(r"error: localroot: (.*): passed over$", resolver.log[start:], re.MULTILINE)


def again(resolver):
    """Over a reload; where in the log it begins."""
    start = len(resolver.log)
    starts = resolver.log.count("start of service")
    resolver.reload()
    lab.wait(lambda: resolver.log.count("start of service") > starts or not resolver.running, 20, lambda: resolver.log[-2000:])
    tap.equal(resolver.running, True, resolver.log[-2000:])
    return start


@tap.test("what both checkers refuse the module passes over, at the start and over a reload; what they accept it takes")
def table():
    with lab.Lab() as net:
        good, bad, reasons = [], [], []
        for option, (right, wrong) in values(net.folder).items():
            for value in right + wrong:
                answers = ask_checkers(net.folder, option, value)
                first = answers["localroot-check"]
                tap.equal((option, value, len(first), list(answers.values())),
                          (option, value, int(value in wrong), [first] * len(answers)))
                (bad if first else good).append(f"{option}: {value}")
                reasons += first
        source = f"localroot-source: axfr:{net.transfer_addresses[0]}"
        resolver = net.unbound(localroot=[source, *(line for line in good if "-refresh" not in line and "-max-age" not in line)])
        for start in (lambda _: 0, again):
            at = start(resolver)
            settle(resolver)
            tap.equal(passed_over(resolver, at), [], "good ones")
        # Of the lists, the one with a bad line is there to the last: its own test is below.
        bad = [line for line in bad if "badlist" not in line and "nolist" not in line]
        reasons = [reason for reason in reasons if "badlist" not in reason and "nolist" not in reason]
        for first in range(0, len(bad), TOLD):  # as many as it tells of one by one
            some, wanted = bad[first:first + TOLD], sorted(reasons[first:first + TOLD])
            # Without the keys that were named no transfer is asked for.
            resolver = net.unbound(localroot=[f"localroot-source: file:{net.zone.zone}", *some, f"localroot-dir: {net.folder}"])
            for start in (lambda _: 0, again):
                at = start(resolver)
                settle(resolver)
                tap.equal(sorted(passed_over(resolver, at)), sorted(reason.replace("\t", "?") for reason in wanted), "a line for each")
            if PATCHED:
                shown = re.findall("^passed over: (.*)$", resolver.status(), re.MULTILINE)
                tap.equal(sorted(shown), wanted, "localroot_status")
            resolver.stop()


@tap.test("thousands of options and of lines in a list that cannot be used: the first are told, and how many more")
def thousands():
    with lab.Lab() as net:
        source = f"localroot-source: axfr:{net.transfer_addresses[0]}"
        lines = net.write("lines", "".join(f"axfr:{number}:53\n" for number in range(3000)))
        for bad in ([f"localroot-bogus: {number}" for number in range(2000)], [f"localroot-source-list: {lines}"],
                    ["localroot-bogus: 1"] * 10 + [f"localroot-source-list: {lines}"]):
            count = len(bad) - 1 + 3000 if "list" in bad[-1] else len(bad)
            count += bad == [f"localroot-source-list: {lines}"] or "list" in bad[-1]  # none in it is usable
            resolver = net.unbound(localroot=[source, *bad])
            for start in (lambda _: 0, again):
                at = start(resolver)
                settle(resolver)
                told = passed_over(resolver, at)
                tap.equal((len(told), told[-1]), (TOLD + 1, f"and {count - TOLD} more that cannot be used"))
            if PATCHED:
                shown = resolver.status().splitlines()
                tap.equal((len([line for line in shown if line.startswith("passed over: ")]), f"and {count - TOLD} more" in shown),
                          (TOLD, True), "\n".join(shown))
            resolver.stop()


@tap.test("a list of sources: a line that cannot be used costs that line; none that can, and nobody else is asked")
def lists():
    with lab.Lab() as net:
        values(net.folder)
        one = net.write("one", f"axfr:1:53\naxfr:{net.transfer_addresses[0]}\n")
        resolver = net.unbound(localroot=["localroot-source: builtin", f"localroot-source-list: {one}"])
        settle(resolver)
        tap.equal(passed_over(resolver), [f'{one} line 1: "axfr:1:53": not an IPv6 address (a port comes after @)'])
        start = len(net.transfers())
        for lines in ([f"localroot-source-list: {net.folder}/nolist"], [f"localroot-source-list: {net.folder}/missing"],
                      ["localroot-source: axfr:192.0.2.1:53"],
                      ["localroot-source: axfr:192.0.2.1:53", f"localroot-source-list: {net.folder}/nolist"]):
            builtin = [] if lines[0].startswith("localroot-source:") else ["localroot-source: builtin"]
            resolver = net.unbound(localroot=builtin + lines)
            resolver.wait_log("no source that was named can be used, and no other is asked", 5)
            tap.equal(resolver.ask("junk-nobody.").rcode(), 3, "resolves")
            tap.equal(resolver.metrics()["serving"] if PATCHED else 0, 0, "serves nothing")
            resolver.wait_log("no source gave a usable zone", 30)
            again(resolver)
            tap.equal(resolver.stop(), 0, "exit code")
        tap.equal(net.transfers()[start:], [], "asked of the built-in ones")


@tap.test("without the localroot-ca-bundle that was named, nobody is trusted in its place: https: and xot: are passed over")
def certificates():
    with lab.Lab() as net:
        resolver = net.unbound(localroot=[f"localroot-ca-bundle: {net.folder}/missing", "localroot-source: xot:192.0.2.1",
                                          f"localroot-source: axfr:{net.transfer_addresses[0]}"])
        settle(resolver)
        tap.equal(passed_over(resolver), [f'localroot-ca-bundle: "{net.folder}/missing": No such file or directory',
                                          'localroot-source: "xot:192.0.2.1": there is no localroot-ca-bundle to trust'])


@tap.test("localroot: yes or no that is neither is refused by the checkers; the module declines with a line")
def neither():
    with lab.Lab() as net:
        for value in ("", "maybe", "Yes", "yes ", "1"):
            answers = ask_checkers(net.folder, "localroot", value)
            for who, answer in answers.items():
                if who == "unbound-checkconf":
                    continue  # the table's file has another one before it
                tap.equal(answer, [f'localroot: "{value}": ' + {"": "the value is missing", "yes ": "the value ends with a blank"}.get(
                    value, "expected yes or no")])
            resolver = net.unbound(localroot=[f"localroot: {value}"])
            tap.equal(len(passed_over(resolver)), 1, resolver.log)
            tap.equal(resolver.ask("junk-neither.").rcode(), 3, "resolves")
            if PATCHED:
                tap.equal(resolver.status(), f"not serving: localroot: no (passed over: {passed_over(resolver)[0]})\n")
                tap.equal(resolver.metrics(), {"serving": 0}, "the gauge")
            again(resolver)
            tap.equal(resolver.stop(), 0, "exit code")


def server_clause(net, *options, checked=True):
    """A patched Unbound with these options in server:, and a source first."""
    if not PATCHED:
        raise tap.Skip("this Unbound is not patched: its server clause has no localroot options")
    lines = ["localroot: yes", f"localroot-module: {lab.MODULE}", f"localroot-source: axfr:{net.transfer_addresses[0]}",
             f"localroot-dir: {net.folder}", *options]
    return net.unbound(config="\n".join(lines), checked=checked)


def change(resolver, old, new):
    text = resolver.config_file.read_text(encoding="ascii")
    tap.equal(text.count(old), 1, old)
    resolver.config_file.write_text(text.replace(old, new), encoding="ascii")


@tap.test("the server clause: reloaded with values that the checker refuses, Unbound goes on, and serves with what is left")
def reloaded():
    with lab.Lab() as net:
        resolver = server_clause(net, "localroot-refresh: 3600")
        settle(resolver)
        change(resolver, "localroot-refresh: 3600", 'localroot-source: "axfr:192.0.2.1:53"\n  localroot-bogus: 1\n  localroot-max-age: 0x10')
        tap.equal(resolver.checkconf().returncode, 1, "the checker")
        start = again(resolver)
        settle(resolver)
        tap.equal([line.split('": ')[0] for line in passed_over(resolver, start)],
                  ['localroot-source: "axfr:192.0.2.1:53', '"localroot-bogus: 1', 'localroot-max-age: "0x10'])
        change(resolver, "localroot: yes", "localroot: maybe")
        again(resolver)
        tap.equal(resolver.ask("junk-maybe.").rcode(), 3, "resolves")
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("the server clause: no library named is a library missing, also over a reload")
def no_library():
    with lab.Lab() as net:
        resolver = server_clause(net)
        settle(resolver)
        change(resolver, f"localroot-module: {lab.MODULE}", 'localroot-module: ""')
        tap.equal(resolver.checkconf().returncode, 1, "the checker")
        start = again(resolver)
        tap.equal(resolver.log[start:].count("localroot-module: the value is missing: going on with the one before"), 1, resolver.log[start:])
        settle(resolver)
        tap.equal(resolver.stop(), 0, "exit code")


@tap.test("the server clause: a library that is missing or another one costs the local root, not Unbound; start and reload")
def library():
    with lab.Lab() as net:
        another = subprocess.run(["cc", "-shared", "-x", "c", "/dev/null", "-o", net.folder / "another.so"], check=False, timeout=60)
        for module in ("/no/such/module.so", "relative.so", "/etc/passwd", *([f"{net.folder}/another.so"] * (not another.returncode))):
            resolver = server_clause(net)
            settle(resolver)
            change(resolver, f"localroot-module: {lab.MODULE}", f"localroot-module: {module}")
            lines = resolver.config_file.read_text(encoding="ascii").splitlines()
            line = lines.index(f"  localroot-module: {module}") + 1
            checked = resolver.checkconf()
            tap.equal((checked.returncode, f"unbound.conf:{line}: error: {module}: " in checked.stderr), (1, True),
                      checked.stderr)
            with contextlib.suppress(RuntimeError):  # it cannot change the modules, and is not there before 1.23
                resolver.control("fast_reload")
            settle(resolver)
            start = again(resolver)
            tap.equal(len(re.findall(rf"error: localroot-module: {module}: .*: going on with the one before", resolver.log[start:])), 1,
                      resolver.log[start:])
            settle(resolver)
            resolver.stop()
            resolver = net.unbound(config=f"localroot: yes\nlocalroot-module: {module}", checked=False)
            tap.equal(len(re.findall(rf"error: localroot-module: {module}: .*: going on without localroot", resolver.log)), 1, resolver.log)
            tap.equal(resolver.ask("junk-library.").rcode(), 3, "resolves")
            change(resolver, f"localroot-module: {module}", f"localroot-module: {lab.MODULE}\n  localroot-source: axfr:{net.transfer_addresses[0]}")
            if resolver.changes_modules():
                again(resolver)
                resolver.control("localroot_status")
            resolver.stop()


@tap.test("localroot-check --check-conf: a clause that ends an Unbound at its start is refused, one that serves is not")
def clauses():
    with lab.Lab() as net:
        (net.folder / "text.so").write_text("no library\n", encoding="ascii")
        options = ["localroot: yes", f"localroot-source: axfr:{net.transfer_addresses[0]}", f"localroot-dir: {net.folder}"]
        lib, text = str(lab.MODULE), f"{net.folder}/text.so"
        shutil.copy(lab.MODULE, net.folder / "copy.so")
        one, two = "dynlib validator iterator", "dynlib dynlib validator iterator"
        for modules, files, line, reason in (
                (one, [lib, *options], None, ""), (two, [lib, lib, *options], None, ""), (two, [lib, f"{net.folder}/copy.so", *options], None, ""),
                (one, [options[0], lib, *options[1:]], 4, "stands where the library has to be"),
                (one, options, 4, "stands where the library has to be"), (two, [lib, *options], 5, "stands where the library has to be"),
                (one, [], 2, "a dynlib without a library"), (two, [lib], 2, "a dynlib without a library"),
                (one, [text, *options], 4, f"{text}: not a shared library"), (one, [str(net.folder), *options], 4, "not a shared library"),
                (one, [f"{net.folder}/none.so", *options], 4, "No such file"),
                (one, [lib, lib, *options], 5, "no option of localroot"),  # passed over
                ("validator iterator", [lib, *options], 2, "no dynlib")):  # and so does nothing
            path = net.write("clause.conf", f'server:\n  module-config: "{modules}"\ndynlib:\n'
                             + "".join(f'  dynlib-file: "{file}"\n' for file in files))
            done = run(lab.CHECK, "--check-conf", path)
            tap.equal((modules, files, done.returncode), (modules, files, int(line is not None)), done.stderr)
            tap.equal((f"{path}:{line}: error: " in done.stderr, reason in done.stderr), (line is not None, True), done.stderr)
            try:
                resolver = net.unbound(config=f'module-config: "{modules}"', checked=False,
                                       tail="dynlib:\n" + "".join(f'  dynlib-file: "{file}"\n' for file in files))
            except RuntimeError as ended:
                tap.equal((line is None, "fatal error: failed to" in str(ended)), (False, True), str(ended))
                continue
            tap.equal(line is None or reason.startswith("no "), True, (files, resolver.log))
            if line is None:
                settle(resolver)
            resolver.stop()


@tap.test("localroot-check --check-conf includes what Unbound does: by the working directory, which directory: changes, and wildcards")
def includes():
    with lab.Lab() as net:
        folder = net.folder / "includes"
        for name in ("here/a.conf", "there/a.conf", "there/d/b1.conf", "there/d/b2.conf", "there/d/c.conf", "there/in/e.conf", "there/q [1].conf"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f'dynlib:\n  dynlib-file: "localroot-x: {name}"\n', encoding="ascii")
        (folder / "there/a.conf").write_text((folder / "there/a.conf").read_text() + "include: d/c.conf\n")
        main = folder / "main.conf"
        for text in ('include: a.conf', f'server:\n  directory: "{folder}/there"\ninclude: a.conf',
                     f'include: a.conf\nserver: directory: "{folder}/there"\ninclude: "a.conf"', f'server: directory: {folder}/none\ninclude: a.conf',
                     f'server:\n  directory: {folder}/there\n  directory: "in"\ninclude: e.conf', 'server: directory: "../there"\ninclude: d/*.conf',
                     f'server: directory: {folder}/there\ninclude: "d/{{b1,c}}.conf"\ninclude: "d/b?.conf"\ninclude: nothing*',
                     f'server:\n  directory: {folder}/there\n  log-identity: "a \\" directory: {folder}/here"\ninclude: a.conf',
                     f'server:\n  directory: {folder}/there\ninclude-toplevel: "d/b1.conf"',
                     'server:\n  directory: ""\ninclude: a.conf', f'server:\n  directory: {folder}/there\ninclude: "q [1].conf"'):
            main.write_text(text + "\n", encoding="ascii")
            read = subprocess.run([str(lab.prefix() / "sbin/unbound-checkconf"), "-o", "dynlib-file", str(main)], capture_output=True,
                                  text=True, timeout=20, cwd=folder / "here")
            tap.equal(read.returncode, 0, text + read.stderr)
            done = subprocess.run([str(lab.CHECK), "--check-conf", str(main)], capture_output=True, text=True, timeout=20, cwd=folder / "here")
            tap.equal((text, re.findall('error: "(localroot-x: .*)": no option of localroot', done.stderr)),
                      (text, read.stdout.split("\n")[:-1]), done.stderr)


@tap.test("localroot-check --check-conf: includes, both quotes, comments; the library; a file that cannot be read")
def conf_files():
    with lab.Lab() as net:
        part = net.write("parts/a.conf", "dynlib: dynlib-file: 'localroot-refresh: soon' # not \"so\"\n")
        main = net.write("main.conf", f'# dynlib-file: "localroot-x: y"\nserver:\n  module-config: "dynlib validator iterator"\n'
                         f'dynlib:\n  dynlib-file: "{net.folder}/missing.so"\n  dynlib-file: "localroot: yes"\n'
                         f'include: "{net.folder}/parts/*.conf"\ninclude: {net.write("empty.conf", "")}\n'
                         'server:\n  localroot-dir:relative\n  local-zone: "localroot-a.example." static\n')
        done = run(lab.CHECK, "--check-conf", main)
        tap.equal((done.returncode, done.stderr.splitlines()),
                  (1, [f"{main}:5: error: {net.folder}/missing.so: No such file or directory",
                       f'{part}:1: error: localroot-refresh: "soon": expected a number of seconds, 1 to 2147483647',
                       f'{main}:10: error: localroot-dir: "relative": expected an absolute path']))
        loop = net.write("loop.conf", f'include: "{net.folder}/loop.conf"\n')
        for path, reason in ((loop, "includes itself"), (f"{net.folder}/nothing.conf", "No such file"), (str(net.folder), "Is a directory")):
            done = run(lab.CHECK, "--check-conf", path)
            tap.equal((done.returncode, reason in done.stderr), (2, True), done.stderr)


PATCHED = is_patched()
tap.run()
