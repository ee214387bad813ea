"""contrib/unbound-localroot.patch in the Unbound under test: its parser, what becomes of the options, and what
unbound-control asks of a dynlib. The dynlib here is a toy; localroot.so has tests of its own."""

import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time

import tap

TOP = pathlib.Path(os.environ["LR_TOP"])

OPTIONS = ["localroot", "localroot-allow-notify", "localroot-ca-bundle", "localroot-client-certificate", "localroot-dir",
           "localroot-max-age", "localroot-max-transfer-time", "localroot-min-transfer-rate", "localroot-module",
           "localroot-notify", "localroot-outgoing-interface", "localroot-proxy", "localroot-refresh", "localroot-source",
           "localroot-source-list", "localroot-status-file", "localroot-tsig-keys"]

TOY = r"""
#include "config.h"
#include "util/module.h"
#include "dynlibmod/dynlibmod.h"
#include <stdio.h>
#include <string.h>
const char *dynlibmod_option(struct module_env *env, int id, int number) __attribute__((weak)); /* stock has none */
static int number;
int init(struct module_env *env, int id)
{
	((struct dynlibmod_env *)env->modinfo[id])->dyn_env = &number;
	number = 0; /* the library of localroot stays loaded over a reload */
	fprintf(stderr, NAME " is module %d\n", id);
	for (int i = 0; dynlibmod_option && dynlibmod_option(env, id, i); i++)
		fprintf(stderr, NAME " has <%s>\n", dynlibmod_option(env, id, i));
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
void dynlib_stats(struct module_env *env, int id, int reset, void (*print)(void *, const char *), void *arg)
{
	char line[100];
	(void)env;
	snprintf(line, sizeof(line), NAME ".id=%d\n" NAME ".number=%d\n", id, number);
	print(arg, line);
	number = reset ? 0 : number + 1;
}
/* knows no sauce, and nothing that is bad */
int dynlib_check(const char *option, const char *chroot, char *why, size_t len)
{
	snprintf(why, len, NAME " says no to <%s> in <%s>", option, chroot ? chroot : "");
	return strstr(option, "sauce") ? 0 : strstr(option, "bad") ? -1 : 1;
}
int dynlib_control(struct module_env *env, int id, const char *cmd, void (*print)(void *, const char *), void *arg)
{
	char line[200];
	(void)env;
	if (strncmp(cmd, NAME "_say", strlen(NAME "_say")) == 0) {
		fprintf(stderr, NAME " hears %s\n", cmd);
		snprintf(line, sizeof(line), "%d of '%s'\n", id, cmd);
		print(arg, line);
		return 1;
	}
	if (strcmp(cmd, NAME "_much") == 0) {
		for (int i = 0; i < 10000; i++)
			print(arg, "0123456789");
		return 1;
	}
	if (strcmp(cmd, NAME "_fail a b") == 0) {
		snprintf(line, sizeof(line), "error not '%s'\n", cmd);
		print(arg, line);
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


if not os.environ.get("LR_UNBOUND_PREFIX"):
    tap.skip_all("no Unbound with dynlib here: run contrib/get-unbound")
SOURCE, PREFIX = pathlib.Path(os.environ["LR_UNBOUND_SRC"]), pathlib.Path(os.environ["LR_UNBOUND_PREFIX"])
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
    return subprocess.run([program("unbound-checkconf"), *arguments], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "PYTHONPATH": str(SOURCE / "pythonmod")})  # not another version's


def option(name, path):
    """What unbound-checkconf -o prints, as a list of lines."""
    done = checkconf("-o", name, path)
    tap.equal(done.returncode, 0, f"unbound-checkconf -o {name}: {done.stderr}")
    return [line for line in done.stdout.splitlines() if line]


def dynlibs(*files):
    return "dynlib:\n" + "".join(f'  dynlib-file: "{file}"\n' for file in files)


# Options beside localroot-source that can be given more than once.
MANY = ("-notify", "-allow-notify", "-outgoing-interface")

PLAIN_MODULES = None  # of this build, without any option
LIBRARY = OURS = None  # a toy, and the line that names it


@tap.test("the manual documents these options and no others")
def documented():
    manual = (PREFIX / "share/man/man5/unbound.conf.5").read_text(encoding="latin-1").replace("\\-", "-")
    tap.equal(sorted(re.findall(r"^\.B (localroot[a-z-]*):", manual, re.MULTILINE)), sorted(OPTIONS))
    commands = (PREFIX / "share/man/man8/unbound-control.8").read_text(encoding="latin-1")
    tap.equal(sorted(re.findall(r"^\.B (localroot_[a-z]*)", commands, re.MULTILINE)), ["localroot_forget", "localroot_refresh", "localroot_status"])


@tap.test("unbound-checkconf accepts each option that the library does, quoted or not, wherever it stands")
def accepts():
    for name in OPTIONS[1:]:
        if name == "localroot-module":
            continue
        for value in ('"of any kind"', "any"):
            path = configuration(["  localroot: yes", f"  {name}: {value}", OURS])
            done = checkconf(path)
            tap.equal((name, value, done.returncode, done.stderr), (name, value, 0, ""))


@tap.test("unbound-checkconf refuses what the library does, each with file and line, and the library's reason")
def refuses():
    other = configuration(["  localroot-source: bad:1"], name="other.conf")
    path = configuration([OURS, "  localroot: yes", "  localroot-sauce: yes", '  localroot-dir: "bad one"'], f'include: "{other}"\n')
    done = checkconf(path)
    wanted = [f"{path}:4: error: ours says no to <localroot-sauce: yes> in <>",
              f"{path}:5: error: ours says no to <localroot-dir: bad one> in <>",
              f"{other}:2: error: ours says no to <localroot-source: bad:1> in <>"]
    tap.equal((done.returncode, sorted(done.stderr.splitlines())), (1, sorted(wanted)))
    path = configuration([OURS, "  localroot: yes", "  localroot-dir: bad"])
    with open(path, "a", encoding="ascii") as file:
        file.write(f'server:\n  chroot: "{FOLDER}"\n')
    tap.equal(f"in <{FOLDER}>" in checkconf(path).stderr, True, "the chroot is handed over")


@tap.test("unbound-checkconf refuses a library that is missing or another, and yes or no that is neither, where they stand")
def no_library():
    default = checkconf(configuration(["  verbosity: 1", "  localroot: yes", "  localroot-dir: /x"]))
    if default.returncode == 0 or not re.search(r"test\.conf:3: error: /.*/localroot\.so: ", default.stderr):
        if not (PREFIX / "lib/unbound/localroot.so").exists():
            raise AssertionError(default.stderr)
    for value, reason in (("/no/such/module.so", "cannot open shared object file: No such file or directory"),
                          (toy("plain", SOURCE, plain=True), "the library has no options")):
        path = configuration(["  localroot: yes", "  localroot-source: axfr:192.0.2.1", f"  localroot-module: {value}"])
        done = checkconf(path)
        tap.equal((done.returncode, done.stderr), (1, "".join(f"{path}:{line}: error: {value}: {reason}\n" for line in (2, 3, 4))))
    tap.equal(checkconf(configuration(["  localroot: no", "  localroot-module: /no/such.so"])).returncode, 0, "turned off")


@tap.test("localroot: no, and its absence, leave module-config and dynlib-file alone")
def off():
    for server in (["  localroot: no"], ["  localroot: yes", "  localroot: no"],
                   ["  localroot-source: axfr:192.0.32.132", "  localroot-dir: /x", "  localroot-module: /x.so"]):
        path = configuration(server)
        tap.equal((option("module-config", path), option("dynlib-file", path), option("localroot", path)),
                  ([PLAIN_MODULES], [], ["no"]), str(server))
        path = configuration(server + ['  module-config: "dynlib iterator"'], dynlibs("/a.so", "b"))
        tap.equal((option("module-config", path), option("dynlib-file", path)), (["dynlib iterator"], ["/a.so", "b"]), str(server))


@tap.test("localroot: no loads the module only where a status file is to say so, and then misses nothing without it")
def tells():
    status = f"  localroot-status-file: {FOLDER}/status"
    for server, loaded in (([OURS, "  localroot: no"], 0), ([OURS, status], 1), ([OURS, status, "  localroot: no"], 1),
                           (["  localroot-module: /no/such.so", status, "  localroot: no"], 0)):
        with Running(["  verbosity: 1", *server], "") as ub:
            tap.equal((server, ub.log.count("ours is module 0"), "going on" in ub.log), (server, loaded, False), ub.log)
        tap.equal(option("module-config", configuration(server)), [PLAIN_MODULES], "for unbound-checkconf")


@tap.test("localroot: yes puts the module in front of the validator")
def on():
    path = configuration(["  localroot: no", "  localroot: yes", OURS, '  module-config: "validator iterator"'])
    tap.equal((option("module-config", path), option("dynlib-file", path), option("dynlib-option", path)),
              (["dynlib validator iterator"], [LIBRARY], ["localroot: yes", f"localroot-module: {LIBRARY}"]))


@tap.test("other dynlibs keep their order and their files; the options come last, in their order")
def others():
    server = ["  localroot-source: axfr:192.0.32.132", OURS, '  module-config: "dynlib validator dynlib iterator"',
              "  localroot-source: file:/root.zone", "  localroot-max-age: 1", "  localroot-max-age: 2", "  localroot: yes",
              *(f"  localroot{name}: {address}" for name in MANY for address in ("192.0.2.1", "::1"))]
    rest = dynlibs("/a.so") + dynlibs("/b.so") + "server:\n  localroot-dir: /d\n"
    path = configuration(server, rest)
    tap.equal(option("module-config", path), ["dynlib dynlib validator dynlib iterator"])
    tap.equal(option("dynlib-file", path), ["/a.so", LIBRARY, "/b.so"])
    tap.equal(option("dynlib-option", path),
              ["localroot-source: axfr:192.0.32.132", f"localroot-module: {LIBRARY}",
               "localroot-source: file:/root.zone", "localroot-max-age: 2", "localroot: yes",
               *(f"localroot{name}: {address}" for name in MANY for address in ("192.0.2.1", "::1")), "localroot-dir: /d"])
    tap.equal(option("localroot", path), ["yes"])
    tap.equal(option("localroot-source", path), ["axfr:192.0.32.132", "file:/root.zone"])
    for name in MANY:
        tap.equal(option(f"localroot{name}", path), ["192.0.2.1", "::1"])
    tap.equal(option("localroot-max-age", path), ["2"])
    tap.equal(option("localroot-module", path), [LIBRARY])
    tap.equal(option("localroot-refresh", path), [])
    tap.equal(checkconf("-o", "localroot-sauce", path).returncode, 1, "no such option")


@tap.test("beside the user's own dynlib clause for it, localroot: yes loads nothing more and leaves no riddle")
def both():
    modules = '  module-config: "dynlib validator iterator"'
    for clause in ((LIBRARY,), (LIBRARY, "localroot: yes", "localroot-dir: /x"), ("/elsewhere/localroot.so", "localroot: yes")):
        path = configuration([modules, "  localroot: yes", OURS, "  localroot-refresh: 9"], dynlibs(*clause))
        tap.equal((option("module-config", path), option("dynlib-file", path), option("dynlib-option", path)),
                  (["dynlib validator iterator"], [*clause], ["localroot: yes", f"localroot-module: {LIBRARY}", "localroot-refresh: 9"]))
    with Running([modules, "  localroot: yes", OURS], dynlibs(LIBRARY, "localroot: yes")) as ub:
        tap.equal((ub.log.count("ours is module 0"), "unable" in ub.log), (1, False), ub.log)


@tap.test("half a change from the clause to the line: a dynlib without a library takes it, a library without a dynlib is in nobody's way")
def half():
    line = ["  localroot: yes", OURS]
    path = configuration([*line, '  module-config: "dynlib validator iterator"'])
    tap.equal((option("module-config", path), option("dynlib-file", path)[:1]), (["dynlib validator iterator"], [LIBRARY]), "no clause")
    path = configuration([*line, '  module-config: "dynlib validator iterator"'], dynlibs("localroot: yes"))
    tap.equal((option("module-config", path), option("dynlib-file", path)[:2]),
              (["dynlib validator iterator"], [LIBRARY, "localroot: yes"]), "a clause without a library")
    path = configuration([*line, '  module-config: "validator iterator"'], dynlibs(LIBRARY, "localroot: yes"))
    tap.equal((option("module-config", path), option("dynlib-file", path)[:2]),
              (["dynlib validator iterator"], [LIBRARY, LIBRARY]), "a clause, but no dynlib")
    for server, rest in ((['  module-config: "dynlib validator iterator"'], ""), (['  module-config: "validator iterator"'], dynlibs(LIBRARY))):
        with Running([*line, *server], rest) as ub:
            tap.equal((ub.log.count("ours is module 0"), "unable" in ub.log), (1, False), ub.log)


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
    for server in ([modules], [modules, "  localroot: no", "  localroot-module: /no/such/module.so"]):
        path = configuration(server, stock)
        tap.equal((option("module-config", path), option("dynlib-file", path), option("dynlib-option", path)),
                  (["dynlib validator iterator"], ["/m.so", "localroot: yes", "localroot-source: axfr:192.0.32.132"], []))


@tap.test("the user's modules keep their place in front; unbound-checkconf judges the order that the user wrote")
def orders():
    (FOLDER / "script.py").write_text("init = deinit = operate = inform_super = lambda *_: True\n", encoding="ascii")
    script = f'python:\n  python-script: "{FOLDER}/script.py"\n'
    for modules, wanted in (("iterator", "dynlib iterator"),
                            ("python validator iterator", "python dynlib validator iterator"),
                            ("respip dns64 validator iterator", "respip dns64 dynlib validator iterator"),
                            ("dns64 validator iterator", "dns64 dynlib validator iterator"),
                            ("validator python iterator", "dynlib validator python iterator"),
                            ("subnetcache validator iterator", "dynlib subnetcache validator iterator"),
                            ("respip subnetcache validator iterator", "respip dynlib subnetcache validator iterator"),
                            ("dynlib dynlib dynlib validator iterator", "dynlib dynlib dynlib dynlib validator iterator")):
        path = configuration(["  localroot: yes", OURS, f'  module-config: "{modules}"'],
                             dynlibs(*["/x.so"] * modules.count("dynlib")) + script)
        tap.equal((modules, checkconf(path).stderr, option("module-config", path)), (modules, "", [wanted]))
    for modules in ("iterator validator", "dynlib iterator validator"):
        path = configuration(["  localroot: yes", OURS, f'  module-config: "{modules}"'], dynlibs("/x.so"))
        tap.equal("'iterator validator' is not known to work" in checkconf(path).stderr, True, checkconf(path).stderr)
    path = configuration(['  module-config: "iterator dynlib"'], dynlibs("/x.so"))
    tap.equal("'iterator dynlib' is not known to work" in checkconf(path).stderr, True, checkconf(path).stderr)


@tap.test("options in several files, of include: or of a wildcard, count together")
def files():
    configuration(["  localroot: yes", "  localroot-dir: /one"], name="parts/a.conf")
    configuration(['  module-config: "iterator"', OURS], dynlibs("/b.so"), name="parts/b.conf")
    for path in (f"{FOLDER}/parts/*.conf", configuration([], f'include: "{FOLDER}/parts/*.conf"\n')):
        tap.equal((option("module-config", path), option("dynlib-file", path), sorted(option("dynlib-option", path))),
                  (["dynlib iterator"], [LIBRARY, "/b.so"], ["localroot-dir: /one", f"localroot-module: {LIBRARY}", "localroot: yes"]), path)


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
    server = ["  localroot: yes", OURS, "  localroot-source: axfr:192.0.32.132",
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
            tap.equal(ub.control("ours_much"), (0, 10000 * "0123456789"), "without a limit")
            tap.equal(ub.control("get_option", "localroot"), (0, "yes\n"))
            tap.equal(ub.control("get_option", "localroot-sauce"), ub.control("get_option", "verbosity-sauce"), "unknown")
            tap.equal(ub.control("get_option", "localroot-sauce")[0], 1, "unknown")
            tap.equal(ub.control("get_option", "localroot-refresh"), (0, ""), "not given")
            tap.equal(ub.control("get_option", "localroot-source:"), (0, "axfr:192.0.32.132\nfile:/root.zone\n"))
            if times == 1:
                ub.control("reload")
                ub.wait_log("start of service", 2)
    tap.equal([ub.log.count(f"{name} ends well") for name in ("ours", "plain", "other")], [2, 2, 2], ub.log)
    tap.equal("dlsym" in ub.log or "undefined symbol" in ub.log, False, "no noise about what plain lacks")


@tap.test("each library has the options behind its dynlib-file, and localroot's those of the server clause")
def given():
    other = toy("other", SOURCE)
    rest = dynlibs(other) + 'dynlib:\n  dynlib-option: "colour: red"\n  dynlib-option: "colour: blue"\n'
    with Running(["  localroot: yes", OURS, "  localroot-dir: /x", '  module-config: "dynlib iterator"'], rest) as ub:
        tap.equal(re.findall(r"^(\w+) has <(.*)>$", ub.log, re.MULTILINE),
                  [("ours", option) for option in ("localroot: yes", f"localroot-module: {LIBRARY}", "localroot-dir: /x")] +
                  [("other", "colour: red"), ("other", "colour: blue")])
        tap.equal(ub.control("get_option", "dynlib-option")[1].splitlines()[-2:], ["colour: red", "colour: blue"])
    copy = shutil.copy(LIBRARY, FOLDER / "copy.so")  # the user's own, which the options of the server clause are for
    with Running(["  localroot: yes", OURS, '  module-config: "dynlib iterator"'], dynlibs(copy, "localroot: yes")) as ub:
        tap.equal(re.findall(r"^ours has <(localroot:.*)>$", ub.log, re.MULTILINE), ["localroot: yes"])


@tap.test("a dynlib-option needs a dynlib-file before it, and its library's consent")
def own_options():
    for rest, wanted in (('dynlib:\n  dynlib-option: "x: y"\n', "8: error: dynlib-option without a dynlib-file before it"),
                         (dynlibs(LIBRARY) + 'dynlib:\n  dynlib-option: "x: bad"\n', "10: error: ours says no to <x: bad> in <>")):
        path = configuration(['  module-config: "dynlib iterator"'], rest)
        done = checkconf(path)
        tap.equal((done.returncode, wanted in done.stderr), (1, True), done.stderr)


@tap.test("a library for another Unbound, that says so, is not loaded")
def stamped():
    (FOLDER / "stamp.c").write_text('#include "config.h"\n#undef PACKAGE_VERSION\n#define PACKAGE_VERSION "1.2.3"\n'
                                    '#include "dynlibmod/dynlibmod.h"\nconst struct dynlib_abi dynlib_abi = DYNLIB_ABI;\n', encoding="ascii")
    library = toy("stamped", SOURCE, more=[FOLDER / "stamp.c"])
    with Running(["  localroot: yes", f"  localroot-module: {library}"], "") as ub:
        tap.equal("going on without localroot" in ub.log and "it is built for unbound 1.2.3, this is" in ub.log, True, ub.log)


@tap.test("localroot_status always answers, with why nothing is served where there is no module to say it; the others refuse")
def status_without():
    missing = "localroot-module: /no/such.so: cannot open shared object file: No such file or directory: going on without localroot"
    for server, why in (([], "localroot: no"), (["  localroot: no"], "localroot: no"),
                        (["  localroot: yes", "  localroot-module: /no/such.so"], missing),
                        (["  localroot: yes", '  localroot-module: ""'], "localroot-module: the value is missing: going on without localroot"),
                        (["  localroot: yes", OURS], "its module has no such command")):
        with Running(["  verbosity: 1", *server], "") as ub:
            for times in (1, 2):
                tap.equal(ub.control("localroot_status"), (0, f"not serving: {why}\n"))
                for command in ("localroot_refresh", "localroot_forget", "localroot_status json"):
                    tap.equal((command, *ub.control(command)), (command, 1, f"error not serving: {why}\n"))
                tap.equal(ub.control("localroot_dance"), (1, "error unknown command 'localroot_dance'\n"))
                if times == 1:
                    ub.control("reload")
                    ub.wait_log("start of service", 2)
            tap.equal(ub.log.count(f"error: {missing}"), 2 * (why == missing), ub.log)


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
    with Running(["  localroot: yes", OURS, "  statistics-cumulative: yes"], "") as ub:
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
    LIBRARY = str(toy("ours", SOURCE))
    OURS = f"  localroot-module: {LIBRARY}"
    tap.run()
finally:
    shutil.rmtree(FOLDER, ignore_errors=True)
