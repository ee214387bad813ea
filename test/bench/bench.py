"""Measures this module beside other ways to a root zone of one's own: contrib/bench runs it in the laboratory.

    test/run --lab test/bench/bench.py [--quick] [--only MEASURE] [--resolvers KEY,KEY] [--output DIR]
"""

import argparse
import importlib
import pathlib

import lab
import peers
from results import Results
from setting import Setting

MEASURES = {"cpu": "CPU time for a question", "cold": "first look-ups below TLDs", "start": "from the start to the first answer", "refresh": "refreshes, and answers meanwhile", "memory": "memory",
            "instructions": "instructions for a question", "verify": "verification"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: some minutes")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", choices=MEASURES, action="append", help="one measure, instead of all")
    parser.add_argument("--resolvers", help="their keys, instead of all: " + ",".join(kind.key for kind in peers.ALL))
    parser.add_argument("--output", type=pathlib.Path, default=lab.TOP / "build/bench")
    wanted = parser.parse_args()
    keys = wanted.resolvers.split(",") if wanted.resolvers else [kind.key for kind in peers.ALL]
    results = Results({kind.key: kind.title for kind in peers.ALL})
    setting = Setting(results, keys, wanted.rounds or (2 if wanted.quick else 5), wanted.quick)
    for place, name in enumerate(wanted.only or MEASURES):
        results.say(f"measure {place + 1} of {len(wanted.only or MEASURES)}: {MEASURES[name]}")
        importlib.import_module(name).measure(setting)
    wanted.output.mkdir(parents=True, exist_ok=True)
    for title, table in setting.tables.items():
        print(f"{title}\n\n{table.markdown()}")
    results.write_csv(wanted.output / "results.csv")


main()
