"""A root's key signing key is rolled, as RFC 5011 does it: zones for the steps, each with the next serial."""

import contextlib
import pathlib
import shutil
import tempfile
import time

import lab
import rootzone


def key_of(anchor):
    return pathlib.Path(anchor).read_text(encoding="ascii").split(";")[0].strip()


class Roll:
    """Zones for the steps of a key roll, each with the next serial."""

    def __init__(self, folder):
        self.keys = {label: rootzone._keys(f"ecdsa-{label}", "ecdsa") for label in ("roll-1", "roll-2")}
        self.folder = pathlib.Path(folder)
        revoked = self.folder / "revoked"
        shutil.copytree(self.keys["roll-1"], revoked)
        file = revoked / "ksk.key"
        file.write_text(file.read_text(encoding="ascii").replace("DNSKEY\t257 ", "DNSKEY\t385 "), encoding="ascii")
        self.keys["revoked"] = revoked
        self.serial, self.zone = 2026010100, None

    def step(self, *labels):
        """Signed by these keys; DNSKEY has a short TTL, by which probes go."""
        self.serial += 1
        folder = self.folder / f"roll-{self.serial}"
        folder.mkdir()
        zsk = self.keys["roll-1"]
        records = [rootzone._dnskey(self.keys[label], "ksk") for label in labels] + [rootzone._dnskey(zsk, "zsk")]
        text = rootzone._Unsigned((self.serial, 1, 1, 604800)).text() + "".join(records).replace(" 172800 ", " 4 ")
        (folder / "plain").write_text(text, encoding="ascii")
        now = int(time.time())
        rootzone._tool(folder, "ldns-signzone", "-i", str(now - 3600), "-e", str(now + 86400), "-z", "simple:sha384", "-o", ".",
                       "-f", "root.zone", "plain", *(str(self.keys[label] / "ksk") for label in labels), str(zsk / "zsk"))
        (folder / "root.key").write_text(rootzone._dnskey(self.keys[labels[0]], "ksk"), encoding="ascii")
        self.zone = rootzone.Root(folder / "root.zone", folder / "root.key", self.serial)
        return self.zone


@contextlib.contextmanager
def rolling(*labels):
    with tempfile.TemporaryDirectory() as place:
        roll = Roll(place)
        with lab.Lab(roll.step(*labels), served=["tk", "com", "net"]) as net:
            yield roll, net
