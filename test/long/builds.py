#!/usr/bin/python3
"""test/daemon/d_builds.py with all the other builds that test/lab/builds.py knows, some with AddressSanitizer, and the
module of another build in the Unbound under test. Half a minute each, at first."""

import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(TOP / "test/lab"))
import builds  # noqa: E402

SANITIZED = [f"{name} -fsanitize=address" for name in ("minimal", "same", "config", "query")]
os.execv(sys.executable, [sys.executable, "-B", str(TOP / "test/daemon/d_builds.py"),
                          *builds.SETS, *builds.FIELDS, *SANITIZED, "module minimal", "module redis"])
