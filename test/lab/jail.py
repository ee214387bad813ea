"""An Unbound in a chroot, with its user's rights alone."""

import shutil
import subprocess

import lab
import rootzone
import tap

USER = "nobody"


class Jail:
    """A folder to be gone into, with what Unbound itself needs there."""

    def __init__(self, net, name="jail"):
        self.net, self.folder = net, net.folder / name
        self.folder.mkdir()
        for file, source in (("anchor", net.zone.anchor), ("hints", rootzone.HINTS), ("root.zone", net.zone.zone)):
            shutil.copy(source, self.folder / file)
        (self.folder / "copy").mkdir()
        (self.folder / "etc").mkdir()
        self.give()

    def give(self):
        """To Unbound's user."""
        subprocess.run(["chown", "-R", USER, str(self.folder)], check=True, timeout=20)

    def put(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="ascii")
        return path

    def start(self, options=(), stock=None, checked=True, wrapper=()):
        """An Unbound in it; options: of server:, with the patch. stock: the dynlib clause's entries instead."""
        lines = [f"chroot: {self.folder}", f"username: {USER}", f"pidfile: {self.folder}/pid", *options]
        tail = ""
        if stock is not None:
            lines.append('module-config: "dynlib validator iterator"')
            tail = "dynlib:\n" + "".join(f'  dynlib-file: "{word}"\n' for word in stock)
        return self.net.unbound(config="\n".join(lines), tail=tail, folder=self.folder, anchor=self.folder / "anchor",
                                hints=self.folder / "hints", checked=checked, wrapper=wrapper)

    def patched(self, *options, **how):
        try:
            return self.start(["localroot: yes", f"localroot-module: {lab.MODULE}", *options], **how)
        except RuntimeError as refused:
            if "unknown keyword 'localroot'" in str(refused):
                raise tap.Skip("this Unbound is not patched: its server clause has no localroot options") from None
            raise
