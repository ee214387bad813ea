"""Small file systems for a test: mounted where nobody else sees them, gone with the test."""

import pathlib
import subprocess


class Small:
    """A file system of `size` ("3m") at path, unmounted at the end of the with."""

    def __init__(self, path, size):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs")

    def _run(self, tool, *arguments):
        subprocess.run([tool, *arguments, str(self.path)], check=True, timeout=20)

    def remount(self, options):
        """ "size=64m", "ro", "rw" """
        self._run("mount", "-o", f"remount,{options}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._run("umount", "-l")


def over(files):
    """A wrapper for a program that sees these files or folders in place of the machine's (theirs -> mine)."""
    binds = " && ".join(f"mount --bind {mine} {theirs}" for theirs, mine in files.items())
    return ["unshare", "--mount", "sh", "-c", f'{binds} && exec "$@"', "sh"]
