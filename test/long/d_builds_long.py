"""test/daemon/d_builds.py with all the other builds that test/lab/builds.py knows, some with AddressSanitizer, and the
module of another build in the Unbound under test. Half a minute each, at first."""

import os
import sys

import builds

SANITIZED = [f"{name} -fsanitize=address" for name in ("minimal", "same", "config", "query")]
os.execv(sys.executable, [sys.executable, f"{os.environ['LR_TOP']}/test/daemon/d_builds.py",
                          *builds.SETS, *builds.FIELDS, *SANITIZED, "module minimal", "module redis"])
