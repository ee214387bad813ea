"""Libraries to preload into a daemon: the machine as it is not here."""

import contextlib
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


def faketime():
    """The library that moves the wall clock of who preloads it."""
    found = [f"{place}/faketime/libfaketime.so.1" for place in ("/usr/lib/" + os.uname().machine + "-linux-gnu", "/usr/lib64", "/usr/lib")]
    library = next((path for path in found if os.path.exists(path)), None)
    if not library:
        raise tap.Skip("libfaketime is not installed (Debian's package faketime)")
    return library


class Hanging:
    """A folder whose disk can be made to hang: with .hangs(): … . calls are hang.c's words; .wrapper is lab.unbound()'s."""

    def __init__(self, net, path, calls):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._flag = net.folder / f"{self.path.name}-hangs"
        self.wrapper = ["env", f"LD_PRELOAD={build(net.folder, 'hang')}", f"LR_HANG_WHILE={self._flag}", f"LR_HANG_CALLS={calls}",
                        f"LR_HANG_UNDER={self.path}"]

    def start(self):
        self._flag.write_text("", encoding="ascii")

    def end(self):
        self._flag.unlink(missing_ok=True)

    @contextlib.contextmanager
    def hangs(self):
        """The disk hangs inside of the with."""
        self.start()
        try:
            yield
        finally:
            self.end()
