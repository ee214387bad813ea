#!/usr/bin/python3
"""contrib/unbound-localroot.patch in the Unbound under test: its parser, what becomes of the options, and what
unbound-control asks of a dynlib. The dynlib here is a toy; localroot.so has tests of its own."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lab"))
import tap  # noqa: E402

TOP = pathlib.Path(os.environ.get("LR_TOP") or pathlib.Path(__file__).resolve().parents[2])

# Every option, with values that are good and values that are not.
SECONDS = (["1", "86400", "999999999"], ["", "0", "-1", "1d", "12x", "yes", "9999999999"])
PATH = (["/var/lib/unbound", "/x"], ["", "relative/path", "file:/x"])
OPTIONS = {
    "localroot": (["yes", "no"], ["", "maybe", "1", "Yes", "yes please"]),
    "localroot-source": (
        ["file:/var/lib/root.zone", "axfr:192.0.32.132", "axfr:2001:db8::1@5353", "ixfr:192.0.32.132",
         "xot:192.0.32.132@853#xfr.example", "https://www.internic.net/domain/root.zone"],
        ["", "192.0.32.132", "axfr", "axfr:", "ixfr:", "xot:", "file:", "file:root.zone", "https:www.internic.net", "https://",
         "http://www.internic.net/", "ftp:192.0.32.132", "a:192.0.32.132", ":192.0.32.132", "AXFR 192.0.32.132"]),
    "localroot-source-list": PATH,
    "localroot-dir": PATH,
    "localroot-status-file": PATH,
    "localroot-ca-bundle": PATH,
    "localroot-module": PATH,
    "localroot-max-age": SECONDS,
    "localroot-refresh": SECONDS,
}

TOY = r"""
#include "config.h"
#include "util/module.h"
#include "dynlibmod/dynlibmod.h"
#include <stdio.h>
#include <string.h>
static int number;
int init(struct module_env *env, int id)
{
	((struct dynlibmod_env *)env->modinfo[id])->dyn_env = &number;
	fprintf(stderr, NAME " is module %d\n", id);
	return 1;
}
void deinit(struct module_env *env, int id)
{
	/* what a module keeps is where it left it */
	fprintf(stderr, NAME " ends %s\n", ((struct dynlibmod_env *)env->modinfo[id])->dyn_env == &number ? "well" : "badly");
}
void operate(struct module_qstate *qstate, enum module_ev event, int id, struct outbound_entry *out)
{
	(void)out;
	qstate->ext_state[id] = event == module_event_moddone ? module_finished : module_wait_module;
}
void inform_super(struct module_qstate *qstate, int id, struct module_qstate *super) { (void)qstate; (void)id; (void)super; }
void clear(struct module_qstate *qstate, int id) { (void)qstate; (void)id; }
size_t get_mem(struct module_env *env, int id) { (void)env; (void)id; return 0; }
#ifndef PLAIN
void unbound_module_stats(struct module_env *env, int id, char *buf, size_t len, int reset)
{
	(void)env;
	snprintf(buf, len, NAME ".id=%d\n" NAME ".number=%d\n", id, number);
	number = reset ? 0 : number + 1;
}
int unbound_module_control(struct module_env *env, int id, const char *cmd, char *buf, size_t len)
{
	(void)env;
	if (strncmp(cmd, NAME "_say", strlen(NAME "_say")) == 0) {
		fprintf(stderr, NAME " hears %s\n", cmd);
		snprintf(buf, len, "%d of '%s'\n", id, cmd);
		return 1;
	}
	if (strcmp(cmd, NAME "_much") == 0) {
		memset(buf, 'x', len - 1);
		buf[len - 1] = 0;
		return 1;
	}
	if (strcmp(cmd, NAME "_fail a b") == 0) {
		snprintf(buf, len, "error not '%s'\n", cmd);
		return 1;
	}
	return 0;
}
#endif
"""


# Names that libraries have for things of their own.
OTHERS = """
#include <stdlib.h>
struct { long first, second; } stats = {1, 2};
int control(char *state) { state[0] = 0; abort(); }
"""


def under_test():
    """Source and prefix of the Unbound under test."""
    source = os.environ.get("LR_UNBOUND_SRC") or next(iter(sorted(str(p) for p in TOP.glob("build/unbound-*/"))), None)
    if not source:
        tap.skip_all("no Unbound with dynlib here: run contrib/get-unbound")
    version = re.search(r'#define PACKAGE_VERSION "(.*)"', (pathlib.Path(source) / "config.h").read_text()).group(1)
    return pathlib.Path(source), pathlib.Path(os.environ.get("LR_UNBOUND_PREFIX") or TOP / f"build/prefix-{version}")


SOURCE, PREFIX = under_test()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="lr-patch-"))


def program(name, prefix=PREFIX):
    return str(prefix / "sbin" / name)


def configuration(server, rest="", name="test.conf"):
    """A file with these lines in server: (the first of them is its second line); its path."""
    (FOLDER / name).parent.mkdir(exist_ok=True)
    path = FOLDER / name
    path.write_text("\n".join(["server:", *server, '  chroot: ""', '  username: ""', f'  directory: "{FOLDER}"',
                               '  pidfile: ""']) + "\n" + rest, encoding="ascii")
    return str(path)


def checkconf(*arguments):
    return subprocess.run([program("unbound-checkconf"), *arguments], capture_output=True, text=True, timeout=20)


def option(name, path):
    """What unbound-checkconf -o prints, as a list of lines."""
    done = checkconf("-o", name, path)
    tap.equal(done.returncode, 0, f"unbound-checkconf -o {name}: {done.stderr}")
    return [line for line in done.stdout.splitlines() if line]


def dynlibs(*files):
    return "dynlib:\n" + "".join(f'  dynlib-file: "{file}"\n' for file in files)


PLAIN_MODULES = None  # of this build, without any option


@tap.test("the manual documents these options and no others")
def documented():
    manual = (PREFIX / "share/man/man5/unbound.conf.5").read_text(encoding="latin-1").replace("\\-", "-")
    tap.equal(sorted(re.findall(r"^\.B (localroot[a-z-]*):", manual, re.MULTILINE)), sorted(OPTIONS))
    commands = (PREFIX / "share/man/man8/unbound-control.8").read_text(encoding="latin-1")
    tap.equal(sorted(re.findall(r"^\.B (localroot_[a-z]*)", commands, re.MULTILINE)), ["localroot_refresh", "localroot_status"])


@tap.test("unbound-checkconf accepts each option, quoted or not, wherever it stands among the others")
def accepts():
    for name, (good, _) in OPTIONS.items():
        for value in good:
            for text in (f'"{value}"', value):
                path = configuration(["  localroot: yes", f"  {name}: {text}"] if name != "localroot" else [f"  {name}: {text}"])
                done = checkconf(path)
                tap.equal((name, value, done.returncode, done.stderr), (name, value, 0, ""))


@tap.test("unbound-checkconf refuses each malformed one and names file, line and option")
def refuses():
    for name, (_, bad) in OPTIONS.items():
        for value in bad:
            path = configuration(["  verbosity: 1", f'  {name}: "{value}"'])
            done = checkconf(path)
            if done.returncode == 0 or f"{path}:3: error: {name}: expected " not in done.stderr or f"'{value}'" not in done.stderr:
                raise AssertionError(f"{name}: {value!r}: exit code {done.returncode}, {done.stdout}{done.stderr}")
    path = configuration(["  localroot-sauce: yes"])
    done = checkconf(path)
    tap.equal((done.returncode, f"{path}:2: error: unknown keyword 'localroot-sauce'" in done.stderr), (1, True), done.stderr)


@tap.test("localroot: no, and its absence, leave module-config and dynlib-file alone")
def off():
    for server in (["  localroot: no"], ["  localroot: yes", "  localroot: no"],
                   ["  localroot-source: axfr:192.0.32.132", "  localroot-dir: /x", "  localroot-module: /x.so"]):
        path = configuration(server)
        tap.equal((option("module-config", path), option("dynlib-file", path), option("localroot", path)),
                  ([PLAIN_MODULES], [], ["no"]), str(server))
        path = configuration(server + ['  module-config: "dynlib iterator"'], dynlibs("/a.so", "b"))
        tap.equal((option("module-config", path), option("dynlib-file", path)), (["dynlib iterator"], ["/a.so", "b"]), str(server))


@tap.test("localroot: yes alone loads the module in front")
def on():
    path = configuration(["  localroot: no", "  localroot: yes"])
    tap.equal(option("module-config", path), [f"dynlib {PLAIN_MODULES}"])
    module, text = option("dynlib-file", path)
    tap.equal((module[0], os.path.basename(module), text), ("/", "localroot.so", "localroot: yes"))
    path = configuration(["  localroot: yes", "  localroot-module: /m.so", '  module-config: "validator iterator"'])
    tap.equal((option("module-config", path), option("dynlib-file", path)),
              (["dynlib validator iterator"], ["/m.so", "localroot: yes", "localroot-module: /m.so"]))


@tap.test("other dynlibs keep their order and their files; the options come last, in their order")
def others():
    server = ["  localroot-source: axfr:192.0.32.132", "  localroot-module: /m.so", '  module-config: "dynlib dynlib iterator"',
              "  localroot-source: file:/root.zone", "  localroot-max-age: 1", "  localroot-max-age: 2", "  localroot: yes"]
    rest = dynlibs("/a.so") + dynlibs("/b.so") + "server:\n  localroot-dir: /d\n"
    path = configuration(server, rest)
    tap.equal(option("module-config", path), ["dynlib dynlib dynlib iterator"])
    tap.equal(option("dynlib-file", path),
              ["/m.so", "/a.so", "/b.so", "localroot-source: axfr:192.0.32.132", "localroot-module: /m.so",
               "localroot-source: file:/root.zone", "localroot-max-age: 2", "localroot: yes", "localroot-dir: /d"])
    tap.equal(checkconf(path).returncode, 0)
    tap.equal(option("localroot", path), ["yes"])
    tap.equal(option("localroot-source", path), ["axfr:192.0.32.132", "file:/root.zone"])
    tap.equal(option("localroot-max-age", path), ["2"])
    tap.equal(option("localroot-module", path), ["/m.so"])
    tap.equal(option("localroot-refresh", path), [])


@tap.test("programs that use libunbound read the options and load nothing")
def libunbound():
    path = configuration(["  localroot: yes", "  localroot-module: /no/such/module.so", "  localroot-source: axfr:192.0.32.132"])
    done = subprocess.run([program("unbound-host"), "-C", path, "-t", "A", "localhost"], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "LD_LIBRARY_PATH": str(PREFIX / "lib")})
    tap.equal((done.returncode, done.stdout, done.stderr), (0, "localhost has address 127.0.0.1\n", ""))


@tap.test("the dynlib clause of stock builds goes on working")
def stock_clause():
    stock = dynlibs("/m.so", "localroot: yes", "localroot-source: axfr:192.0.32.132")
    modules = '  module-config: "dynlib validator iterator"'
    for server in ([modules], [modules, "  localroot: no"]):
        path = configuration(server, stock)
        tap.equal((option("module-config", path), option("dynlib-file", path), option("localroot-source", path)),
                  (["dynlib validator iterator"], ["/m.so", "localroot: yes", "localroot-source: axfr:192.0.32.132"],
                   ["axfr:192.0.32.132"]))


@tap.test("the module goes in front, but behind dns64; unbound-checkconf knows every order that it knows without")
def orders():
    for modules, wanted in (("iterator", "dynlib iterator"),
                            ("respip dns64 validator iterator", "dynlib respip dns64 validator iterator"),
                            ("dns64 validator iterator", "dns64 dynlib validator iterator"),
                            ("subnetcache validator iterator", "dynlib subnetcache validator iterator"),
                            ("dns64 subnetcache validator iterator", "dns64 dynlib subnetcache validator iterator"),
                            ("dynlib dynlib dynlib validator iterator", "dynlib dynlib dynlib dynlib validator iterator")):
        path = configuration(["  localroot: yes", f'  module-config: "{modules}"'])
        tap.equal((modules, checkconf(path).stderr, option("module-config", path)), (modules, "", [wanted]))
    path = configuration(["  localroot: yes", '  module-config: "iterator validator"'])
    tap.equal(("'iterator validator' is not known to work" in checkconf(path).stderr), True, checkconf(path).stderr)


@tap.test("options in several files, of include: or of a wildcard, count together")
def files():
    configuration(["  localroot: yes", "  localroot-dir: /one"], name="parts/a.conf")
    configuration(['  module-config: "iterator"', "  localroot-module: /m.so"], dynlibs("/b.so"), name="parts/b.conf")
    for path in (f"{FOLDER}/parts/*.conf", configuration([], f'include: "{FOLDER}/parts/*.conf"\n')):
        tap.equal((option("module-config", path), option("dynlib-file", path)[:2], sorted(option("dynlib-file", path)[2:])),
                  (["dynlib iterator"], ["/m.so", "/b.so"], ["localroot-dir: /one", "localroot-module: /m.so", "localroot: yes"]), path)


def toy(name, source, plain=False, more=()):
    """A dynlib, built against the headers of that source, of more files too; its path."""
    (FOLDER / "toy.c").write_text(TOY, encoding="ascii")
    path = FOLDER / f"{name}-{source.name}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-Wl,--no-as-needed", f"-I{source}", f'-DNAME="{name}"',
                    *(["-DPLAIN"] if plain else []), "-o", str(path), str(FOLDER / "toy.c"), *map(str, more)], check=True, timeout=60)
    return path


class Running:
    """An Unbound on a free port, two threads, controlled through a socket in the folder."""

    def __init__(self, server, rest, prefix=PREFIX):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.prefix = prefix
        self.path = configuration(
            [*server, "  interface: 127.0.0.1", f"  port: {port}", "  num-threads: 2", "  use-syslog: no", '  logfile: ""'],
            f"{rest}remote-control:\n  control-enable: yes\n  control-interface: {FOLDER}/control\n", name="running.conf")

    def __enter__(self):
        self.log_file = FOLDER / "log"
        with open(self.log_file, "wb") as log:
            self.process = subprocess.Popen([program("unbound", self.prefix), "-d", "-c", self.path], stdout=log, stderr=log)
        self.wait_log("start of service")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    @property
    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def wait_log(self, text, times=1, limit=20):
        end = time.monotonic() + limit
        while self.log.count(text) < times:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError(f"{text!r} not {times} times in the log:\n{self.log}")
            time.sleep(0.01)

    def control(self, *command):
        done = subprocess.run([program("unbound-control", self.prefix), "-c", self.path, *command], capture_output=True,
                              text=True, timeout=20)
        return done.returncode, done.stdout

    def numbers(self, command):
        code, text = self.control(command)
        tap.equal(code, 0, text)
        return {key: value for key, value in (line.split("=") for line in text.splitlines()) if key.startswith(("ours", "other"))}


@tap.test("unbound-control: statistics and commands of dynlibs, options, all of them after a reload as well")
def live():
    server = ["  localroot: yes", f"  localroot-module: {toy('ours', SOURCE)}", "  localroot-source: axfr:192.0.32.132",
              "  localroot-source: file:/root.zone", '  module-config: "dynlib dynlib iterator"']
    rest = dynlibs(toy("plain", SOURCE, plain=True), toy("other", SOURCE))
    with Running(server, rest) as ub:
        for times in (1, 2):
            tap.equal([ub.log.count(f"{name} is module {id}\n") for name, id in (("ours", 0), ("plain", 1), ("other", 2))],
                      [times] * 3, ub.log)
            first = {"ours.id": "0", "ours.number": "0", "other.id": "2", "other.number": "0"}
            tap.equal(ub.numbers("stats_noreset"), first, "once per process")
            second = {**first, "ours.number": "1", "other.number": "1"}
            tap.equal(ub.numbers("stats"), second, "not reset")
            tap.equal(ub.numbers("stats_noreset"), first, "reset")
            tap.equal(ub.control("flush_stats"), (0, "ok\n"))
            tap.equal(ub.numbers("stats"), first, "reset by flush_stats")
            tap.equal(ub.control("ours_say"), (0, "0 of 'ours_say'\n"))
            tap.equal(ub.control("ours_say", "one  two"), (0, "0 of 'ours_say one  two'\n"))
            tap.equal(ub.control("other_say", "x"), (0, "2 of 'other_say x'\n"))
            tap.equal(ub.log.count("other hears other_say x\n"), times, "executed by one thread")
            tap.equal(ub.control("other_fail", "a", "b"), (1, "error not 'other_fail a b'\n"))
            tap.equal(ub.control("third_say", "x"), (1, "error unknown command 'third_say x'\n"))
            tap.equal(ub.control("ours_much"), (0, 16383 * "x"), "as much as the buffer has")
            tap.equal(ub.control("get_option", "localroot"), (0, "yes\n"))
            tap.equal(ub.control("get_option", "localroot-source:"), (0, "axfr:192.0.32.132\nfile:/root.zone\n"))
            if times == 1:
                ub.control("reload")
                ub.wait_log("start of service", 2)
    tap.equal([ub.log.count(f"{name} ends well") for name in ("ours", "plain", "other")], [2, 2, 2], ub.log)
    tap.equal("dlsym" in ub.log or "undefined symbol" in ub.log, False, "no noise about what plain lacks")


@tap.test("a library's own variable stats and function control, or those of one that it needs, are nobody else's business")
def names_of_others():
    (FOLDER / "others.c").write_text(OTHERS, encoding="ascii")
    needed = FOLDER / "libothers.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(needed), str(FOLDER / "others.c")], check=True, timeout=60)
    for library in (toy("holds", SOURCE, plain=True, more=[FOLDER / "others.c"]), toy("needs", SOURCE, plain=True, more=[needed])):
        with Running(['  module-config: "dynlib iterator"'], dynlibs(library)) as ub:
            for command in ("stats_noreset", "stats"):
                code, text = ub.control(command)
                tap.equal((code, "total.num.queries=" in text), (0, True), text)
            tap.equal(ub.control("dance"), (1, "error unknown command 'dance'\n"))
            tap.equal(ub.control("status")[0], 0, ub.log)


@tap.test("statistics-cumulative: yes keeps the dynlibs' counters too")
def cumulative():
    with Running(["  localroot: yes", f"  localroot-module: {toy('ours', SOURCE)}", "  statistics-cumulative: yes"], "") as ub:
        tap.equal([ub.numbers("stats")["ours.number"] for _ in range(3)], ["0", "1", "2"])


@tap.test("one library loads into the stock and the patched build, whichever of them it was built against")
def layout():
    stock_source, stock = SOURCE.with_name(SOURCE.name + "-stock"), PREFIX.with_name(PREFIX.name + "-stock")
    if not (stock / "sbin/unbound").exists() or not (stock_source / "config.h").exists():
        raise tap.Skip("no stock build of this version: run contrib/get-unbound --stock")
    for source in (SOURCE, stock_source):
        library = toy("ours", source)
        for prefix in (PREFIX, stock):
            with Running(['  module-config: "dynlib iterator"'], dynlibs(library, "localroot: yes"), prefix) as ub:
                tap.equal(ub.log.count("ours is module 0\n"), 1, ub.log)
                tap.equal(ub.numbers("stats").get("ours.id"), None if prefix == stock else "0")
            tap.equal((ub.process.returncode, ub.log.count("ours ends well")), (0, 1), ub.log)


try:
    if not os.path.exists(program("unbound-checkconf")):
        tap.skip_all(f"no Unbound in {PREFIX}: run contrib/get-unbound")
    if "unknown keyword 'localroot'" in checkconf(configuration(["  localroot: no"])).stderr:
        tap.skip_all(f"the Unbound in {PREFIX} is a stock build, without contrib/unbound-localroot.patch")
    PLAIN_MODULES = option("module-config", configuration([]))[0]
    tap.run()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
