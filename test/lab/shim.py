"""Libraries to preload into a daemon: the machine as it is not here."""

import os
import pathlib
import shutil
import subprocess

import tap


def build(folder, name):
    """Compiles test/lab/NAME.c; the path of the library."""
    compiler = os.environ.get("CC", "cc").split()
    if not shutil.which(compiler[0]):
        raise tap.Skip(f"{compiler[0]} is not installed")
    source = pathlib.Path(__file__).with_name(f"{name}.c")
    library = pathlib.Path(folder) / f"{name}.so"
    subprocess.run([*compiler, "-D_GNU_SOURCE", "-O1", "-shared", "-fPIC", "-o", str(library), str(source)], check=True, timeout=60)
    return library


def refusing(folder, what):
    """A wrapper for lab.unbound(): what this machine refuses, in the words of refuse.c."""
    return ["env", f"LD_PRELOAD={build(folder, 'refuse')}", f"LR_REFUSE={what}"]
