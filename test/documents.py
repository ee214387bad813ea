#!/usr/bin/python3
"""Every command that a document names is run by a test: each is found in a row of RUN below, with the test that runs it, and words
of that test which do so. A command without a row, a row without a command, and a test that has lost the words are failures.
The examples of the manual are run as they stand, by test/daemon/d_recipes.py. `test/documents.py --list` shows what is found."""

import os
import pathlib
import re
import sys

TOP = pathlib.Path(os.environ.get("LR_TOP") or pathlib.Path(__file__).resolve().parents[1])
MARKDOWN = ["README.md", "HACKING.md", "CONTRIBUTING.md", "SECURITY.md", "contrib/debian/unbound-localroot/README.Debian"]
MANUALS = ["module/unbound-localroot.8", "validate/localroot-check.1"]

# What a line of a command begins with.
PROGRAM = re.compile(r"""(?:\$\ )?(?P<command>(?:[A-Z_]+=\S*\ )*(?:
    (?:\./)?(?:contrib|test|\.ci)/[\w./-]+(?<!\.md)(?<!\.spec)(?=\s|$) | \./configure |
    (?:apparmor_parser|apt|apt-get|autoreconf|buildah|cp|curl|cron|dig|docker|dpkg|echo|git|gpg|journalctl|ldns-\w+|localroot-check|make|
       mandoc|mv|nsd-control|podman|promtool|rpmbuild|sudo|systemctl|tsig-keygen|unbound|unbound-\w+|xargs)(?=\ )).*)""", re.VERBOSE)

# How blocks that are no commands begin: configuration, pictures, programs, lines of a log, places.
OTHER = re.compile(r"server:|dynlib:|options? |localroot|unbound-localroot: |source  --|[ +]|#!/usr/bin/python3|deb \[|[-\w]+:$|\[Service\]"
                   r"|[a-z_]+\{|[\d* ]+root /")

# A command, as a regular expression that matches the whole; the test; words in it.
RUN = []


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
        if not rows:
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
