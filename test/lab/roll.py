"""The rolls of a root's keys: zones for their stages, each with the next serial, and what is said of each with the trust
anchors that a resolver may have by then."""

import contextlib
import pathlib
import re
import shutil
import tempfile
import time

import answers
import daemons
import lab
import rootzone
import tap
from pair import put, word

KEY_SIGNING, RSA_1536 = ["-k", *rootzone.ALGORITHMS["rsa"]], ["-a", "RSASHA256", "-b", "1536"]
# As ldns-keygen is asked for them: KSK-2017 and KSK-2024 are of 2048 bits, and ICANN plans a ZSK of 1536.
ONE_ALGORITHM = {"old": KEY_SIGNING, "new": KEY_SIGNING, "zsk": RSA_1536}
TWO_ALGORITHMS = {"old": KEY_SIGNING, "zsk": RSA_1536, "new": ["-k", *rootzone.ALGORITHMS["ecdsa"]], "new-zsk": rootzone.ALGORITHMS["ecdsa"]}

# A stage: the keys that are in DNSKEY, the keys that sign, and which anchors the zone verifies with: a key of theirs has
# to be in DNSKEY and to have signed it (RFC 4035 section 5.3.1), and not to be revoked (RFC 5011 section 2.1).
KSK_ROLL = {
    "old alone": (("old", "zsk"), ("old", "zsk"), {"old", "both"}),
    "both published": (("old", "new", "zsk"), ("old", "zsk"), {"old", "both"}),
    "new signs": (("old", "new", "zsk"), ("new", "zsk"), {"both", "new"}),
    "old revoked": (("revoked", "new", "zsk"), ("revoked", "new", "zsk"), {"both", "new"}),
    "new alone": (("new", "zsk"), ("new", "zsk"), {"both", "new"}),
}
# RFC 6781 section 4.1.4: signatures come before their keys and go after them. Where RFC 5011 is followed the old key is
# revoked before it goes (section 4.1.4.2).
_ALL = ("old", "zsk", "new", "new-zsk")
ALGORITHM_ROLL = {
    "initial": (("old", "zsk"), ("old", "zsk"), {"old", "both"}),
    "new signatures": (("old", "zsk"), _ALL, {"old", "both"}),
    "new keys": (_ALL, _ALL, {"old", "both", "new"}),
    "old key revoked": (("revoked", *_ALL[1:]), ("revoked", *_ALL[1:]), {"both", "new"}),
    "old keys removed": (("new", "new-zsk"), _ALL, {"both", "new"}),
    "old signatures removed": (("new", "new-zsk"), ("new", "new-zsk"), {"both", "new"}),
}
# An Unbound takes an anchor that is a DNSKEY for a key of the zone where the zone does not have it; one that is a DS it does not.
OUTSIDE = {("new signatures", "new"): ("refuses", "secure"), ("old keys removed", "old"): ("refuses", "secure")}
ANCHORS = {"old": ["old"], "both": ["old", "new"], "new": ["new"]}


def key_of(anchor):
    return pathlib.Path(anchor).read_text(encoding="ascii").split(";")[0].strip()


class Roll:
    """Zones for the stages of a roll, each with the next serial, with the keys old, new, zsk and so on, and revoked."""

    def __init__(self, folder, kinds):
        self.folder, self.served = pathlib.Path(folder), ["tk", "com", "net"]
        for label, how in kinds.items():
            made = rootzone._tool(self.folder, "ldns-keygen", *how, ".")
            for kind in ("key", "private"):
                (self.folder / f"{made}.{kind}").rename(self.folder / f"{label}.{kind}")
        shutil.copy(self.folder / "old.private", self.folder / "revoked.private")
        old = (self.folder / "old.key").read_text(encoding="ascii")
        (self.folder / "revoked.key").write_text(old.replace("DNSKEY\t257 ", "DNSKEY\t385 "), encoding="ascii")
        self.serial, self.zone = 2026010100, None

    def step(self, published, signers=None):
        """DNSKEY has these keys, and they sign, or others do."""
        self.serial += 1
        now = int(time.time())
        self.zone = self.sign(self._small(rootzone._Unsigned((self.serial, 1, 1, 604800)).text()), self.serial, published, signers or published,
                              (now - 3600, now + 86400))
        return self.zone

    def sign(self, lines, serial, published, signers, times):
        """A root of these records and of the keys published, whose DNSKEY has a short TTL, by which probes go. times: from when
        until when the signatures are valid."""
        plain, zone = self.folder / f"roll-{serial}.plain", self.folder / f"roll-{serial}.zone"
        records = [rootzone._dnskey(self.folder, label).replace(" 172800 ", " 4 ") for label in published]
        plain.write_text("".join(lines + records), encoding="ascii")
        # -d: only what is published above goes into DNSKEY.
        rootzone._tool(self.folder, "ldns-signzone", "-d", "-i", str(times[0]), "-e", str(times[1]), "-z", "simple:sha384", "-o", ".",
                       "-f", str(zone), str(plain), *signers)
        plain.unlink()
        return rootzone.Root(zone, self.anchors(published[:1]), serial)

    def anchors(self, labels, form="DNSKEY"):
        """A file of trust anchors with these keys, as DNSKEY or as DS."""
        file = self.folder / f"anchors-{'-'.join(labels)}.{form}"
        if form == "DS":
            lines = [rootzone._tool(self.folder, "ldns-key2ds", "-n", "-2", f"{label}.key") + "\n" for label in labels]
        else:
            lines = [rootzone._dnskey(self.folder, label) for label in labels]
        file.write_text("".join(lines), encoding="ascii")
        return str(file)

    def _small(self, text):
        """The TLDs that are served, and what their servers need: each stage is signed within a moment."""
        wanted = {"", "arpa", "org", "info", *self.served}
        return [line + "\n" for line in text.splitlines() if line.split(None, 1)[0].rstrip(".").rpartition(".")[2] in wanted]


@contextlib.contextmanager
def rolling(*published, kinds=None):
    with tempfile.TemporaryDirectory() as place:
        roll = Roll(place, kinds or ONE_ALGORITHM)
        with lab.Lab(roll.step(published), served=roll.served) as net:
            yield roll, net


def verdict(resolver):
    """Whether the module serves what it was offered, or has refused it."""
    def look():
        numbers = resolver.metrics()
        refused = numbers.get("failures_anchor", 0) + numbers.get("failures_bogus", 0)
        return numbers and ("serves" if numbers["serving"] else "refuses" if refused else None)
    return daemons.wait(look, 20, lambda: f"a verdict:\n{resolver.log[-1500:]}")


def judge(net, **how):
    """What the module says of the zone that root servers and source have now, serves or refuses, and what an Unbound
    without it makes of what the root servers say: secure, insecure, or bogus. Both have the trust anchors that HOW tells
    them, and say the same to clients, but for the additional section."""
    plain, local = net.unbound(**how), net.unbound(localroot=[], **how)
    said = verdict(local)
    for name, kind in (("junk.", "A"), (".", "DNSKEY"), ("tk.", "DS"), ("com.", "DS")):
        right, ours = put(plain, name, kind), put(local, name, kind)
        if (right and right[:4]) != (ours and ours[:4]):
            raise AssertionError(f"{name} {kind}: {ours} with the module, which {said} the zone; without: {right}")
    reply = plain.ask("junk-judged.")
    plain.stop()
    local.stop()
    return said, "bogus" if word(answers.summary(reply)) == "SERVFAIL" else "secure" if answers.secure(reply) else "insecure"


def judge_all(kinds, stages, how, exceptions=None):
    """Each stage with the old anchor, with both, and with the new one. how(roll, labels): the arguments for net.unbound.
    exceptions: (stage, anchors) -> what is said there instead."""
    wrong = []
    first = next(iter(stages.values()))[0]
    with rolling(*first, kinds=kinds) as (roll, net):
        for stage, (published, signers, good) in stages.items():
            zone = roll.step(published, signers)
            net.serve_root(zone)
            net.serve_source(zone)
            for anchors, labels in ANCHORS.items():
                wanted = ("serves", "secure") if anchors in good else ("refuses", "bogus")
                wanted = (exceptions or {}).get((stage, anchors), wanted)
                try:
                    tap.equal(judge(net, **how(roll, labels)), wanted, "judged")
                except (AssertionError, TimeoutError) as fault:
                    wrong.append(f"{stage}, anchors {anchors}: {fault}")
    if wrong:
        raise AssertionError("\n".join(wrong))


def follow(kinds, stages):
    """An Unbound with the module follows a roll by RFC 5011, from the copy alone, and answers all the time. stages: (stage's
    published and signers, what the keys in auto-trust-anchor-file become one after the other, and whether the copy is verified
    again thereby)."""
    with rolling(*stages[0][0][0], kinds=kinds) as (roll, net):
        auto = pathlib.Path(net.write("auto.key", key_of(net.zone.anchor) + "\n"))
        resolver = net.unbound(localroot=[], anchor="none", config=f"""
            auto-trust-anchor-file: "{auto}"
            permit-small-holddown: yes
            add-holddown: 3
            del-holddown: 3
            keep-missing: 3""")
        resolver.wait_serving(roll.serial)
        begin, counted = len(net.sniffer.queries()), resolver.metrics()["rootqueries"]

        def until(wanted, what):
            def found():
                return sorted(re.findall(r";;state=\d \[ *(\w+) *\]", auto.read_text(encoding="ascii")))

            def look():
                said = (word(put(resolver, f"junk-{time.monotonic()}.")), word(put(resolver, "tk.", "NS")))
                tap.equal(said, ("NXDOMAIN", "NOERROR"), what)
                return found() == wanted
            daemons.wait(look, 30, lambda: f"{what}: {found()}, not {wanted}\n{resolver.log[-1500:]}")
        for place, ((published, signers), states, again) in enumerate(stages):
            start = len(resolver.log)
            if place:
                net.serve_source(roll.step(published, signers))
                with contextlib.suppress(RuntimeError):  # a stock Unbound looks within some ten seconds
                    resolver.control("localroot_refresh")
                resolver.wait_serving(roll.serial, 30)
            for wanted in states:
                until(wanted, f"stage {place}, {published} signed by {signers}")
            if again:
                resolver.wait_log(rf"localroot: the trust anchors changed: serial {roll.serial} verified again", 15, start)
        reply = resolver.ask("junk-at-last.")
        tap.equal((word(answers.summary(reply)), answers.secure(reply)), ("NXDOMAIN", True), "junk")
        tap.equal(net.root_queries(resolver, begin), [], "queries to the root in all the roll")
        tap.equal(resolver.metrics()["rootqueries"], counted, "the leak counter")
