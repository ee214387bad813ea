"""Every command that a document names is run by a test: each is found in a row of RUN below, with the test that runs it, and words
of that test which do so. A command without a row, a row without a command, a test that has lost the words, and words that have
nothing of the command are failures.
The examples of the manual are run as they stand, by test/daemon/d_recipes.py. `test/documents.py --list` shows what is found."""

import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ["LR_TOP"])
MARKDOWN = ["README.md", "HACKING.md", "CONTRIBUTING.md", "SECURITY.md", "contrib/debian/unbound-localroot/README.Debian"]
MANUALS = ["module/unbound-localroot.8", "validate/localroot-check.1"]

# What a line of a command begins with.
PROGRAM = re.compile(r"""(?:\$\ )?(?P<command>(?:[A-Z_]+=\S*\ )*(?:
    (?:\./)?(?:contrib|test|\.ci)/[\w./-]+(?<!\.md)(?<!\.spec)(?=\s|$) | \./configure |
    (?:apparmor_parser|apt|apt-get|autoreconf|buildah|cp|curl|cron|dig|docker|dpkg|echo|git|gpg|journalctl|ldns-\w+|ln|localroot-check|make|
       mandoc|mv|nsd-control|podman|promtool|rm|rpmbuild|sudo|systemctl|tsig-keygen|unbound|unbound-\w+|xargs)(?=\ )).*)""", re.VERBOSE)

# How blocks that are no commands begin: configuration, pictures, programs, lines of a log, places.
OTHER = re.compile(r"server:|rule_files:|SERVING the root zone|/srv/|dynlib:|options? |localroot|unbound-localroot: |source  --|[ +]|#!/usr/bin/python3|deb \[|[-\w]+:$|\[Service\]|\"\"\""
                   r"|[a-z_]+\{|[\d* ]+root /")


class Shown(str):
    """Words of a test that runs the command as it stands in the document."""


# A command, as a regular expression that matches the whole; the test; words in it.
# contrib/check, which continuous integration runs, is the test of what it calls itself.
DEB, UPDATE = "test/long/deb.py", "test/long/deb_update.py"
RECIPES, CONFIG = "test/daemon/d_recipes.py", "test/daemon/d_config.py"
RUN = [
    # Built and tested
    (r"autoreconf -fi", "contrib/check", "autoreconf -fi"),
    (r"\./configure --with-unbound-src=build/unbound-1\.17\.1", "contrib/check", "--with-unbound-src="),
    (r"\./configure .*--with-statedir=.*", "contrib/debian/unbound-localroot/rules", "--with-statedir="),
    (r"make && make check && make install", "contrib/quickstart", "make install"),
    (r"make && make install DESTDIR=…", "test/install.sh", "install DESTDIR="),
    (r"make check( TESTS=.*)?", "contrib/check", 'check "$@"'),
    (r"mandoc -T lint", "test/lint.sh", "mandoc -T lint"),
    (r"make lint", "Makefile.am", "check TESTS=test/lint.sh"),
    (r"make check-long", "Makefile.am", "check-long: all"),
    (r"(LR_BUILD=FOLDER LR_UNBOUND_SRC=FOLDER )?test/run test/daemon/d_\w+\.py", "Makefile.am", "test/run"),
    (r"test/run test/long/mutants\.py zone/draft\.c", "Makefile.am", "test/long/mutants.py"),
    (r"contrib/bench( --quick| --growth| --only turns)?", "test/long/bench.sh", "contrib/bench --quick"),
    (r"contrib/bench --only \S+ --resolvers \S+", "test/long/bench.sh", "contrib/bench --only cpu --resolvers localroot,auth-zone"),
    (r"contrib/fuzz \[MINUTES \[TARGET\.\.\.\]\]", "contrib/check", '"$top/contrib/fuzz" 0.1'),
    (r"contrib/quickstart --check", "contrib/check", "contrib/quickstart --check"),
    (r"contrib/get-unbound (1\.17\.1|\[VERSION \| RELEASE\])", "contrib/check", 'contrib/get-unbound" '),
    (r"contrib/get-unbound --like \S+", "test/get_unbound.py", '"--like", program'),
    (r"contrib/get-unbound --source DIR", "test/get_unbound.py", '"--source", release'),
    # For Unbound itself
    (r"git am( contrib/upstream/\*\.patch)?", "test/series.sh", 'git am -q --whitespace=nowarn "$top"/contrib/upstream/*.patch'),
    (r"test/series\.sh( \[--source DIR\])?", "Makefile.am", "test/series.sh"),
    (r"test/long/series_test\.sh \[--source DIR\]", "Makefile.am", "test/long/series_test.sh"),
    # Debian's packages, in a chroot
    (r"contrib/debian/build \[--output DIR\] \[--sign KEY\]", "test/long/chroot.py", 'BUILD_PACKAGES = "contrib/debian/build"'),
    (r"contrib/debian/build --output \S+ --sign KEY", UPDATE, "--sign us@example"),
    (r"cp \S+localroot-build\.service \S+ /etc/systemd/system/", UPDATE, Shown("copy, enable, build, source =")),
    (r"systemctl start localroot-build", UPDATE, Shown("copy, enable, build, source =")),
    (r"systemctl enable --now localroot-build\.timer", UPDATE, Shown("copy, enable, build, source =")),
    (r"rm \S+localroot-build\.\* \S+|rm -r /srv/unbound-localroot /usr/local/src/unbound-localroot", UPDATE, Shown('"Turn it off, or remove it", 2')),
    (r"systemctl disable --now localroot-build\.timer", UPDATE, Shown('"Turn it off, or remove it", 2')),
    (r"echo 'deb \[trusted=yes\] .*", UPDATE, Shown("copy, enable, build, source =")),
    (r"apt update", UPDATE, '"apt-get", "update"'),
    (r"xargs -a build/installed-packages apt-mark auto|apt autopurge", UPDATE, "apt-mark auto && apt-get autopurge"),
    (r"dig @127\.0\.0\.1 no-such-name\. \+dnssec", "contrib/quickstart", "+dnssec"),
    (r"apt install \./build/deb/unbound_\*\.deb \./build/deb/unbound-localroot_\*\.deb", DEB, 'apt("install", '),
    (r"apt install --allow-downgrades unbound=VERSION", DEB, '"--allow-downgrades"'),
    (r"apt policy unbound", UPDATE, "purge, policy, back = block("),
    (r"apt remove unbound-localroot", DEB, 'apt("remove", "unbound-localroot")'),
    (r"apt purge unbound-localroot", DEB, 'apt("purge", "unbound-localroot")'),
    (r"systemctl restart unbound", "test/long/chroot.py", '"systemctl", "restart", "unbound.service"'),
    # Watched
    (r"unbound -V( \| grep dynlib)?", RECIPES, "unbound -V | grep dynlib"),
    (r"unbound-control localroot_status", "test/daemon/d_control.py", '.control("localroot_status")'),
    (r"unbound-control (stats|stats_noreset)", "test/daemon/d_control.py", '"stats_noreset"'),
    (r"unbound-control localroot_status json", "test/lab/shown.py", '"localroot_status", "json"'),
    (r"(contrib/)?check_localroot( -f \S+)?", "test/lab/shown.py", '"check_localroot"'),
    (r"unbound-control stats_noreset \| grep localroot\.rootqueries", UPDATE, Shown('"Install it on Debian"')),
    (r"unbound-control stats_noreset \| grep localroot", "test/daemon/d_control.py", "stats_noreset"),
    (r"unbound-control localroot_refresh", "test/daemon/d_control.py", '.control("localroot_refresh")'),
    (r"unbound-control localroot_forget", "test/daemon/d_update.py", "localroot_forget"),
    (r"unbound-control list_auth_zones", "test/daemon/d_control.py", '.control("list_auth_zones")'),
    (r"unbound-control list_forwards", "test/daemon/d_overridden.py", "list_forwards"),
    (r"unbound-control load_cache", "test/daemon/d_cache.py", '.control("load_cache"'),
    (r"dig \+dnssec", RECIPES, Shown("shell(net, ask)")),
    (r"ln -s \S+/localroot\.prom \S+", "test/daemon/d_monitoring.py", Shown('"ln -s "')),
    (r"promtool check rules", "test/daemon/d_monitoring.py", '"check", "rules"'),
    (r"promtool test rules unbound-localroot\.test\.yml", "test/daemon/d_monitoring.py", '"test", "rules"'),
    (r"contrib/localroot-top", "test/daemon/d_top.py", "contrib/localroot-top"),
    (r"test/run --lab test/bench/dashboard\.py FILE\.svg", "test/long/bench.sh", "dashboard.py"),
    # Verified by hand
    (r"localroot-check --check-conf .*", CONFIG, '"--check-conf"'),
    (r"localroot-check -o", RECIPES, Shown('blocks[""][0]')),
    (r"localroot-check (-\w .*|\S*) ?\S*(zone|axfr:\S*)", RECIPES, Shown("for command in checks():")),
    (r"localroot-check https:\S+", "test/daemon/d_sources.py", "https://"),
    (r"localroot-check URI", "test/check.sh", "check=$LR_BUILD/localroot-check"),
]


# What is named to say what it does, or not to do it.
NAMED = r"apt upgrade|git clone THIS-REPOSITORY \S+|localroot-check --check-conf|apt install unbound|dpkg -i|unbound-host -C|git format-patch" \
        r"|test/(daemon/d_thing\.py|unit/t_thing\.c|fuzz/(f_thing\.c|corpus/f_thing))"


def markdown(path):
    """Commands of a file: lines of indented blocks, and what stands in `backticks` and begins with a program."""
    text = path.read_text(encoding="utf-8")
    for block in re.findall(r"(?:(?<=\n\n)|\A)((?: {4}[^\n]*\n|\n(?= {4}))+)", text):
        lines = [line[4:] for line in block.rstrip("\n").split("\n")]
        if OTHER.match(lines[0]) and not PROGRAM.match(lines[0]):
            continue
        for line in re.sub(r" \\\n\s*", " ", "\n".join(lines)).split("\n"):
            found = PROGRAM.match(line)
            if line and not found and not OTHER.match(line):
                yield line, f"{line!r} is neither a program's nor anything known: see PROGRAM and OTHER"
            elif found:
                yield re.sub(r"\s+# .*", "", found["command"]).strip(), None
    prose = re.sub(r"^ {4}.*$", "", text, flags=re.MULTILINE)
    for words in re.findall(r"`([^`]+)`", prose):
        found = PROGRAM.fullmatch(" ".join(words.split()))
        if found and not re.fullmatch(r"\S+/", found["command"]):
            yield found["command"], None


def manual(path):
    """Those of .Dl, .Ql and of the list of commands, outside of the examples that d_recipes runs."""
    for line in path.read_text(encoding="ascii").split("\n"):
        found = re.match(r"\.(?:Dl|Ql|It Ic) (.*)", line)
        if found:
            words = re.sub(r" (?:Pa|Ar|Fl|Ns|Li) ", " ", found[1].replace("\\-", "-").replace("\\&", ""))
            command = PROGRAM.fullmatch(re.sub(r" [.,:;)]+$", "", words).strip('"'))
            if command:
                yield command["command"], None


def is_test(command):
    """A test, or a file, that a text only names."""
    path = TOP / command
    return path.exists() and (not path.is_file() or command in (TOP / "Makefile.am").read_text() or not os.access(path, os.X_OK))


def has_some(words, command):
    """Whether a word of the command is among those of the test."""
    return isinstance(words, Shown) or any(word in words for word in re.findall(r"[\w.+-]{3,}", command))


def main():
    documents = [TOP / name for name in MARKDOWN] + sorted((TOP / "contrib").rglob("*.md"))
    commands, faults = {}, []
    for path in documents + [TOP / name for name in MANUALS]:
        for command, fault in (manual if path.suffix in (".8", ".1") else markdown)(path):
            name = str(path.relative_to(TOP))
            if fault:
                faults.append(f"{name}: {fault}")
            commands.setdefault(command, set()).add(name)
    used = set()
    for command, places in sorted(commands.items()):
        rows = [row for row in RUN if re.fullmatch(row[0], command)]
        used.update(rows)
        if "--list" in sys.argv:
            print(f"{command}\n    in {', '.join(sorted(places))}\n    run by {', '.join(row[1] for row in rows) or 'nothing'}")
        faults += [f"{command!r}: {row[1]} has nothing of it in {row[2]!r}" for row in rows if not has_some(row[2], command)]
        if not rows and not is_test(command) and not re.fullmatch(NAMED, command):
            faults.append(f"{', '.join(sorted(places))}: no test runs {command!r}")
    faults += [f"no document has {row[0]!r}" for row in RUN if row not in used]
    for command, test, words in RUN:
        path = TOP / test
        if not path.exists() or words not in path.read_text(encoding="utf-8"):
            faults.append(f"{command!r}: {test} does not have {words!r}")
    print("1..1")
    print(f"{'not ok' if faults else 'ok'} 1 - every command of the documents is run by a test ({len(commands)} commands)")
    for fault in faults:
        print(f"# {fault}")
    sys.exit(bool(faults))


main()
