"""How many malformed zones, transfers, messages, responses, options and files the suite tries, by kind, and what becomes of each:
counted from a run of the unit tests under gcov (each statement that expects a failure, as often as it ran, loops over octets
included), from localroot-check's mutants, and from the tables of the tests with daemons. What expects no more than "false" is left
out, and so is what fuzzing tries."""

import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import types

TOP, BUILD = pathlib.Path(os.environ["LR_TOP"]), pathlib.Path(os.environ["LR_BUILD"])
sys.path.insert(0, str(TOP / "test/daemon"))

UNITS = {
    "zones": ("draft", "semantics", "zonemd", "dnssec", "nsec", "validate", "tampered", "real_root", "key", "find"),
    "master files": ("text", "source_file", "rdata"),
    "transfers": ("transfer", "changes", "source_axfr", "source_ixfr", "stop"),
    "messages": ("notify", "tsig"),
    "HTTP responses": ("source_https",),
    "options, URIs and lists": ("option", "uri", "uri_list", "network"),
    "files of ours": ("store", "anchor", "folder"),
}


def run(*command, **more):
    return subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, timeout=3000, **more).stdout


def covered(folder):
    """The unit tests, built to count their lines."""
    source = re.search(r"^unbound_src = (.*)$", (BUILD / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)[1]
    run(TOP / "configure", "--enable-coverage", f"--with-unbound-src={source}", cwd=folder)
    run("make", f"-j{os.cpu_count()}", "check", "TESTS=", cwd=folder)


def statements(text, counts):
    """(statement, how often it ran): lines of C up to a semicolon or a brace."""
    gathered, ran = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        gathered += line.strip() + " "
        ran = max(ran, counts.get(number, 0))
        if line.rstrip().endswith((";", "{", "}", "*/")):
            yield gathered, ran
            gathered, ran = "", 0


def unit(folder, name):
    """What is expected of bad inputs -> how many times."""
    for old in (folder / "test/unit").glob("*.gcda"):
        old.unlink()
    subprocess.run([folder / f"test/unit/t_{name}"], cwd=folder, check=True, capture_output=True, timeout=900)
    data = next((folder / "test/unit").glob(f"*t_{name}.gcda"))
    report = json.loads(run("gcov", "--json-format", "--stdout", data.name, cwd=data.parent).splitlines()[0])
    source = TOP / f"test/unit/t_{name}.c"
    counts = {}
    for file in report["files"]:
        if file["file"].endswith(f"test/unit/t_{name}.c"):
            for line in file["lines"]:
                counts[line["line_number"]] = max(counts.get(line["line_number"], 0), line["count"])
    found = collections.Counter()
    for statement, ran in statements(source.read_text(encoding="utf-8"), counts):
        words = [word for word in re.findall(r"\bLR_E([A-Z]+)\b", statement) if word not in ("NOMEM", "CANCELLED")]
        if re.search(r"not_equal\(.*LR_OK", statement):
            found["refused"] += ran
        elif words and "?" not in statement and re.search(r"assert|expect|refuse|take|fail", statement):
            found[words[0].lower()] += ran
    return found


def tables():
    """kind -> what becomes of the inputs in the tables of the tests with daemons; nothing is run."""
    import tap
    tap.run = lambda *_: None
    import d_config
    import d_hostile
    import d_peers
    import d_refuse
    import d_tsig
    import d_verdict
    import oddities
    import scripted
    scripted.tls = lambda *_, **__: None
    scripted.held_soa = lambda held: scripted.soa(1)
    certificates = types.SimpleNamespace(certificate=lambda *_, **__: ("", ""))
    found = collections.defaultdict(collections.Counter)
    found["transfers"].update(attack.code or "io or format" for attack in d_hostile.dns_attacks([bytes(100)] * 9))
    found["transfers"].update(attack.code for attack in d_hostile.ixfr_attacks(None))
    found["transfers"].update("refused" if not row.taken else "taken, by another way" for row in oddities.TABLE if row.name[:12] != "nothing odd")
    found["messages"].update("tsig" for _, _, word in d_tsig.TABLE if word)
    found["messages"].update(attack.code for attack in d_hostile.tsig_attacks())
    found["connections by TLS"].update(attack.code or "io or format" for attack in d_hostile.tls_attacks(certificates, certificates))
    found["HTTP responses"].update(attack.code or "io or format" for attack in d_hostile.http_attacks(certificates, certificates))
    with tempfile.TemporaryDirectory() as folder:
        net = types.SimpleNamespace(folder=pathlib.Path(folder), write=lambda name, text: name)
        found["zones"].update(word for _, word in d_refuse.bad_zones(net).values())
        found["zones"].update(word for word, _ in d_verdict.refused(folder))
        found["zones"].update(word for word, _, _ in d_peers.wrong(folder))
        values = d_config.values(pathlib.Path(folder))
        found["options, URIs and lists"]["passed over, with a line"] += sum(len(bad) for _, bad in values.values())
    return found


def mutants():
    said = run(TOP / "test/run", TOP / "test/check.sh")
    return int(re.search(r"^# (\d+) mutants refused by both", said, re.MULTILINE)[1])


def show(found):
    total = 0
    for kind, outcomes in found.items():
        total += sum(outcomes.values())
        print(f"# {kind}: {sum(outcomes.values())}: "
              + ", ".join(f"{word} {count}" for word, count in outcomes.most_common() if count))
    print(f"# in all: {total}")


def main():
    print("1..1", flush=True)
    found = collections.defaultdict(collections.Counter)
    with tempfile.TemporaryDirectory(prefix="lr-bad-") as scratch:
        folder = pathlib.Path(os.environ.get("LR_COVERAGE") or scratch)
        if folder == pathlib.Path(scratch):
            covered(folder)
        for kind, names in UNITS.items():
            for name in names:
                if (folder / f"test/unit/t_{name}").exists():
                    found[kind].update(unit(folder, name))
    for kind, outcomes in tables().items():
        found[kind].update(outcomes)
    found["zones"]["refused"] += mutants()
    show(found)
    least = all(sum(outcomes.values()) > 5 for outcomes in found.values()) and len(found) == len(UNITS) + 1
    print(f"{'ok' if least else 'not ok'} 1 - bad inputs of every kind are counted")
    return 0 if least else 1


sys.exit(main())
