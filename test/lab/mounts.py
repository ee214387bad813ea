"""Small file systems for a test: mounted where nobody else sees them, gone with the test."""

import ctypes
import os
import pathlib
import subprocess

import netns
import tap

_CLONE_NEWNS = 0x20000


def enter():
    """Gives the program mounts of its own. To be called once, before threads are started."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        tap.skip_all(f"no mount namespace to be had here: {os.strerror(ctypes.get_errno())}")
    if subprocess.run([netns.find("mount"), "--make-rprivate", "/"], capture_output=True, timeout=20).returncode != 0:
        tap.skip_all("mounts cannot be made private here")


class Small:
    """A file system of `size` ("3m") at path, unmounted at the end of the with."""

    def __init__(self, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs")

    def _run(self, tool, *arguments):
        subprocess.run([netns.find(tool), *arguments, str(self.path)], check=True, timeout=20)

    def remount(self, options):
        """ "size=64m", "ro", "rw" """
        self._run("mount", "-o", f"remount,{options}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run("umount", "-l")


def over(files):
    """A wrapper for a program that sees these files or folders in place of the machine's (theirs -> mine). It exits
    with 77 where that cannot be had."""
    binds = " && ".join(f"mount --bind {mine} {theirs}" for theirs, mine in files.items())
    return ["unshare", "--mount", "sh", "-c", f'{binds} || exit 77; exec "$@"', "sh"]
