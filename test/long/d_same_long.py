"""d_same.py and d_same_config.py at full length: every question to fresh caches as well, every setting on both roots."""

import os
import pathlib
import subprocess
import sys

os.environ["LR_LONG"] = "yes"
tests = pathlib.Path(__file__).resolve().parents[1] / "daemon"
codes = []
print("1..2", flush=True)
for number, name in enumerate(("d_same.py", "d_same_config.py"), 1):
    with subprocess.Popen([sys.executable, str(tests / name)], stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            print("#", line, end="", flush=True)
    codes.append(run.returncode)
    print(f"{'not ' if run.returncode else ''}ok {number} - {name}", flush=True)
sys.exit(1 if any(codes) else 0)
