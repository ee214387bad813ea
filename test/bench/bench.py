"""Measures this module beside other ways to a root zone of one's own. contrib/bench sets the machine up and runs this."""

import argparse
import importlib
import pathlib

import chart
import lab
import machine
import peers
from results import Results
from setting import Setting

MEASURES = {"cpu": "CPU time for a question", "cold": "first look-ups below TLDs", "start": "from the start to the first answer",
            "refresh": "refreshes, and answers meanwhile", "turns": "how long a worker is away from those who ask", "memory": "memory",
            "instructions": "instructions for a question", "verify": "verification"}
LONG = {"growth": "ten and a hundred times the delegations"}


KEYS = [kind.key for kind in peers.ALL]


def resolvers(text):
    if unknown := set(text.split(",")) - set(KEYS):
        raise argparse.ArgumentTypeError(f"{', '.join(sorted(unknown))}: none of {','.join(KEYS)}")
    return text.split(",")


def arguments():
    parser = argparse.ArgumentParser(prog="contrib/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: less than five minutes")
    parser.add_argument("--rounds", type=int, choices=range(1, 100), metavar="N", help="5 by default, 2 with --quick")
    parser.add_argument("--growth", action="store_true", help="also roots of ten and a hundred times the delegations: minutes more")
    parser.add_argument("--only", choices=[*MEASURES, *LONG], action="append", help="one measure instead of all; may be given again")
    parser.add_argument("--resolvers", type=resolvers, default=KEYS, help="some instead of all: " + ",".join(KEYS))
    parser.add_argument("--output", type=pathlib.Path, default=lab.TOP / "build/bench", help="the folder for what is found")
    return parser.parse_args()


def tables(setting):
    """The text of table.md."""
    text = ["Medians of the rounds; the best of a row is bold. How it was measured, and with what: about.md.\n"]
    for title, table in ((title, table) for title, table in setting.tables.items() if table.rows):
        text += [f"## {title}\n", table.markdown(), *(f"{note}\n" for note in table.notes)]
        if table.faults:
            text += ["Could not be measured:\n", *(f"- {fault}" for fault in table.faults), ""]
    return "\n".join(text)


def about(setting, facts):
    """The text of about.md."""
    text = ["# The machine\n", *(f"- {what}: {value}" for what, value in facts), "\n# The resolvers\n"]
    for title, version, files in setting.met.values():
        text += [f"## {title}: {version}\n", *("\n".join("    " + line for line in file.rstrip().splitlines()) + "\n" for file in files)]
    return "\n".join(text)


def write(setting, facts, folder):
    """What there is by now, so that who ends it has that much."""
    for title, table in setting.tables.items():
        table.write_csv(folder / ("results.csv" if table is setting.results else f"{title.lower().replace(' ', '-')}.csv"))
    (folder / "table.md").write_text(tables(setting), encoding="utf-8")
    (folder / "readme.md").write_text(setting.results.markdown(short=True, without=["asking"]), encoding="utf-8")
    (folder / "about.md").write_text(about(setting, facts), encoding="utf-8")


def main():
    wanted, facts = arguments(), machine.facts()
    wanted.output.mkdir(parents=True, exist_ok=True)
    results = Results({kind.key: kind.title for kind in peers.ALL})
    setting = Setting(results, wanted.resolvers, wanted.rounds or (2 if wanted.quick else 5), wanted.quick)
    measures = {**MEASURES, **LONG}
    chosen = wanted.only or [*MEASURES, *(LONG if wanted.growth else [])]
    for place, name in enumerate(chosen):
        results.say(f"measure {place + 1} of {len(chosen)}: {measures[name]}")
        with results.guard(measures[name], "all"):
            importlib.import_module(name).measure(setting)
        write(setting, facts, wanted.output)
    (wanted.output / "chart.svg").write_text(chart.draw(results, f"Less is better. Medians of {setting.rounds} rounds, one thread each; {dict(facts)['processor']}"), encoding="utf-8")
    print(tables(setting))
    results.say(f"table.md, readme.md, about.md, chart.svg and the values of all rounds (csv) are in {wanted.output}")


main()
