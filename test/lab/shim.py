"""Libraries to preload into a daemon: the machine as it is not here."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import lab
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


def preload(library, **variables):
    """A wrapper for lab.unbound(): with the library in front of all others, and these variables. ASan wants to be first."""
    variables["ASAN_OPTIONS"] = f"verify_asan_link_order=0:{os.environ.get('ASAN_OPTIONS', '')}"
    return ["env", f"LD_PRELOAD={library}", *(f"{name}={value}" for name, value in variables.items())]


def refusing(folder, what):
    """A wrapper: what this machine refuses, in the words of refuse.c."""
    return preload(build(folder, "refuse"), LR_REFUSE=what)


def libcurls(net):
    """{reason: wrapper}: who finds only a libcurl that cannot be used, and what is said of it."""
    found = {}
    for name, library, reason in (("broken", net.write("broken", "not a library\n"), "file too short|invalid ELF header"),
                                  ("another", build(net.folder, "refuse"), "undefined symbol: curl_"),
                                  ("old", build(net.folder, "old_libcurl"), "7.84.0 is older")):
        folder = net.folder / f"libcurl-{name}"
        folder.mkdir()
        (folder / lab.libcurl()).symlink_to(library)
        found[rf"for https: install libcurl \(7.85 or later\): .*({reason})"] = ["env", f"LD_LIBRARY_PATH={folder}"]
    return found


def faketime(**variables):
    """A wrapper: the wall clock is moved, as libfaketime's variables say; no other clock, and no times of files."""
    found = [f"{place}/faketime/libfaketime.so.1" for place in ("/usr/lib/" + os.uname().machine + "-linux-gnu", "/usr/lib64", "/usr/lib")]
    library = next((path for path in found if os.path.exists(path)), None)
    if not library:
        raise tap.Skip("libfaketime is not installed (Debian's package faketime)")
    return preload(library, FAKETIME_DONT_FAKE_MONOTONIC=1, NO_FAKE_STAT=1, **variables)


class Hanging:
    """A folder whose disk can be made to hang: with .hangs(): … . calls are hang.c's words; .wrapper is lab.unbound()'s."""

    def __init__(self, net, path, calls):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._flag = net.folder / f"{self.path.name}-hangs"
        self.wrapper = preload(build(net.folder, "hang"), LR_HANG_WHILE=self._flag, LR_HANG_CALLS=calls, LR_HANG_UNDER=self.path)

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
