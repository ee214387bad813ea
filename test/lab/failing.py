"""A process in which one allocation of the module's or its own fails: failing.c preloaded, with the file that they share."""

import mmap
import pathlib
import struct

import shim

_COUNTED, _FIRST, _LAST, _FAILED = range(4)  # struct failing


class Failing:
    def __init__(self, path, below=False, aside=False, ends=False, of="/localroot.so"):
        """path: a new file, in a folder for what is needed. of: whose allocations, the end of a library's path; "" is the program itself. below: libraries' allocations on its behalf count too. aside: only those in threads
        other than the first, which is the worker of an Unbound with one. ends: instead of failing, the process is killed."""
        path = pathlib.Path(path)
        library = shim.build(path.parent, "failing")
        path.write_bytes(bytes(32))
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), 32)
        wanted = {f"LR_FAILING_{name}": 1 for name, wanted in (("BELOW", below), ("ASIDE", aside), ("ENDS", ends)) if wanted}
        self.wrapper = shim.preload(library, LR_FAILING_IN=of, LR_FAILING_FILE=path, LR_FAILING_TELL=1, **wanted)

    def _get(self, place):
        return struct.unpack_from("=Q", self._shared, 8 * place)[0]

    def _set(self, place, value):
        struct.pack_into("=Q", self._shared, 8 * place, value)

    def arm(self, first, last=None):
        """Counts from now on; the allocation with this number fails, and all up to last. 0: none."""
        self._set(_FIRST, 0)
        self._set(_FAILED, 0)
        self._set(_LAST, last or first)
        self._set(_COUNTED, 0)
        self._set(_FIRST, first)

    @property
    def counted(self):
        return self._get(_COUNTED)

    @property
    def failed(self):
        return self._get(_FAILED)
