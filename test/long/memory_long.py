"""test/memory.sh and test/daemon/d_memory.py with every allocation, those of libraries too: an hour."""

import os
import pathlib
import subprocess
import sys

top = pathlib.Path(os.environ["LR_TOP"])
everything = {**os.environ, "LR_EVERY": "1"}
print("1..2", flush=True)
failed = 0
for number, test in enumerate(([str(top / "test/memory.sh")], [str(top / "test/run"), str(top / "test/daemon/d_memory.py")]), 1):
    done = subprocess.run(test, env=everything, stdout=subprocess.PIPE, text=True, check=False)
    bad = done.returncode != 0 or "not ok" in done.stdout
    failed += bad
    print("\n".join(f"# {line}" for line in done.stdout.splitlines()))
    print(f"{'not ok' if bad else 'ok'} {number} - {pathlib.Path(test[-1]).name}, every allocation", flush=True)
sys.exit(1 if failed else 0)
