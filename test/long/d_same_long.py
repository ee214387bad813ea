"""d_same.py and d_same_config.py at full length: every question to fresh caches as well, every setting on both roots."""

import os
import pathlib

import tap

os.environ["LR_LONG"] = "yes"
tests = pathlib.Path(__file__).resolve().parents[1] / "daemon"
tap.run_files(tests / "d_same.py", tests / "d_same_config.py")
