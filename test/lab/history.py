"""A root's history: one version after the other, each with its signatures and its digest, and what each of them says.

Every version adds a delegation and takes one away, moves name servers, addresses and DS records; keys roll. What it is to
answer is read from the file that ldns-signzone has made."""

import bisect
import collections
import time

import dns.rcode

import roll
import rootzone

NSD, MOVING = "a.ns.tk.", [f"m{number}" for number in range(4)]  # the server of the lab's own TLD; the TLDs of movers.py
MOVERS = [f"203.0.113.{number}" for number in range(1, 33)]      # the addresses that their servers move between
ZSK = ["-a", "RSASHA256", "-b", "1024"]                          # signs a version within a moment
ZSK_STEP = 8         # versions between two steps of a ZSK's roll: published, signing, alone
LEAP = 2 ** 31 - 3   # as far as a serial may go at once (RFC 1982), with two more versions after it
# The KSK's roll (RFC 5011): what is published and signs beside the ZSK, and what Unbound says of its keys before it goes on.
KSK_STAGES = [(["old"], ["old"], ["VALID"]),
              (["old", "new"], ["old"], ["VALID", "VALID"]),
              (["old", "new"], ["new"], ["VALID", "VALID"]),
              (["revoked", "new"], ["revoked", "new"], ["REVOKED", "VALID"]),
              (["new"], ["new"], ["VALID"])]

Expected = collections.namedtuple("Expected", "rcode answer authority")


def plain(text):
    """The text of an RDATA, whoever has written it: ldns or dnspython."""
    return "".join(text.partition(";")[0].split())


class Version:
    """A version: its number in the history, its serial and file, and the answers that it gives."""

    def __init__(self, number, root, shared):
        """shared: what is alike in all versions of a history is kept once."""
        self.number, self.serial, self.file = number, root.serial, root.zone
        found = collections.defaultdict(set)
        with open(root.zone, encoding="ascii") as lines:
            for line in lines:
                owner, _, _, kind, data = line.rstrip("\n").split("\t")
                covered = data.split(" ", 1)[0] if kind == "RRSIG" else kind
                found[owner.lower(), covered].add((owner.lower(), kind, plain(data)))
        self._rrsets = {shared.setdefault(key, key): shared.setdefault(rrset, rrset)
                        for key, rrset in ((key, frozenset(rrset)) for key, rrset in found.items())}
        self._signed = sorted(owner.rstrip(".").encode() for owner, kind in found if kind == "NSEC")

    def has(self, tld):
        return (f"{tld}.", "NSEC") in self._rrsets

    def glue(self, name):
        """The IPv4 addresses of a name."""
        return {data for _, _, data in self._rrsets.get((name, "A"), ())}

    def addresses(self, tld):
        """Where the name servers of a delegation are."""
        return {address for _, _, name in self._rrsets.get((f"{tld}.", "NS"), ()) for address in self.glue(name)}

    def _denial(self, label):
        """The NSEC that stands before this name, or at it."""
        at = self._signed[bisect.bisect_right(self._signed, label.encode()) - 1].decode()
        return self._rrsets[f"{at}.", "NSEC"]

    def expected(self, name, kind):
        """The answer to a question that the root zone decides."""
        tld = name.rstrip(".").rpartition(".")[2]
        if (name, kind) in self._rrsets:
            return Expected(dns.rcode.NOERROR, self._rrsets[name, kind], frozenset())
        soa = self._rrsets[".", "SOA"]
        if self.has(tld):  # of its DS
            return Expected(dns.rcode.NOERROR, frozenset(), soa | self._denial(tld))
        return Expected(dns.rcode.NXDOMAIN, frozenset(), soa | self._denial(tld) | self._denial("*"))


class History:
    """Makes one version after the other. SIZE: delegations; COUNT: versions at the most."""

    def __init__(self, folder, size, count):
        self._zsks = count // (3 * ZSK_STEP) + 2
        kinds = {"old": roll.KEY_SIGNING, "new": roll.KEY_SIGNING, **{f"zsk{number}": ZSK for number in range(self._zsks)}}
        self._roll, self._count, self._shared = roll.Roll(folder, kinds), count, {}
        self._serial = 2 ** 32 - 1 - count // 3  # passes 0 on the way
        self._ds = {f"t{number:03}": self._digests(number, 0) for number in range(size)}
        self._hosts = {tld: (0, 0) for tld in self._ds}  # the numbers of the servers' name and of their address
        self._moving = {tld: (0, place) for place, tld in enumerate(MOVING)}
        self.versions, self.stage = [], 0
        self.anchor = self._roll.anchors(["old"])
        self.names = [*self._ds, *(self._added(number) for number in range(count))]

    @staticmethod
    def _added(number):
        return f"n{number:03}"

    @staticmethod
    def _digests(number, edition):
        """Each third delegation is insecure, some have two DS records."""
        if rootzone._number("secure", number, edition) % 3 == 0:
            return []
        return [f"DS {rootzone._number('tag', number, edition, key) % 65536} 8 2 {rootzone._number('digest', number, edition, key):064x}"
                for key in range(1 + number % 8 // 7)]

    def _some(self, *words):
        tlds = list(self._ds)
        return tlds[rootzone._number(*words) % len(tlds)]

    def _change(self, number):
        gone = self._some("gone", number)
        del self._ds[gone], self._hosts[gone]
        added = self._added(number)
        self._ds[added], self._hosts[added] = self._digests(number, 1), (0, 0)
        server, address, signed = (self._some(what, number) for what in ("server", "address", "signed"))
        self._hosts[server] = (self._hosts[server][0] + 1, self._hosts[server][1])
        self._hosts[address] = (self._hosts[address][0], self._hosts[address][1] + 1)
        self._ds[signed] = self._digests(number, 2)
        # A server of these has another address each time, and another name each second time; one of them is gone for a while.
        tld = MOVING[number % len(MOVING)]
        self._moving[tld] = (self._moving[tld][0] + number // len(MOVING) % 2, (self._moving[tld][1] + len(MOVING)) % len(MOVERS))

    def _lines(self, number):
        yield f". 86400 IN SOA a.root-servers.net. nstld.example. {self._serial} 86400 86400 604800 86400"
        for name, addresses in rootzone.hints().items():
            yield f". 518400 IN NS {name}"
            for address in addresses:
                yield f"{name} 518400 IN {'AAAA' if ':' in address else 'A'} {address}"
        # net, so that the root servers' addresses are glue.
        yield from (f"tk. 172800 IN NS {NSD}", f"net. 172800 IN NS {NSD}", f"{NSD} 172800 IN A 198.51.100.20")
        for tld, digests in self._ds.items():
            name, address = self._hosts[tld]
            for server in "abc":
                yield f"{tld}. 172800 IN NS {server}{name}.nic.{tld}."
                yield f"{server}{name}.nic.{tld}. 172800 IN A 198.18.{address % 250}.{ord(server)}"
            for digest in digests:
                yield f"{tld}. 86400 IN {digest}"
        for tld, (name, place) in self._moving.items():
            if tld != MOVING[-1] or number // 10 % 3 != 1:
                # No longer in a cache than for the second: each question asks the iterator's copy of the root.
                yield f"{tld}. 0 IN NS ns{name}.{tld}."
                yield f"ns{name}.{tld}. 0 IN A {MOVERS[place]}"

    def _keys(self, number):
        """What is published and what signs: by the stage of the KSK's roll, and by the ZSK's, which never ends."""
        turn, step = divmod(number // ZSK_STEP, 3)
        before, after = f"zsk{turn}", f"zsk{turn + 1}"
        published, signers, _ = KSK_STAGES[self.stage]
        return [*published, *([before], [before, after], [before, after])[step]], [*signers, after if step == 2 else before]

    def next(self):
        """Makes the next version."""
        number = len(self.versions)
        if number:
            self._change(number)
            self._serial = (self._serial + (LEAP if number % 100 == 50 else 1)) % 2 ** 32
        published, signers = self._keys(number)
        # RSA's signatures of the same are the same: the increments are small, but for each roll.
        if number % (3 * ZSK_STEP) == 0:
            now = int(time.time())
            self._times = (now - 3600, now + 14 * 86400)
        root = self._roll.sign([line + "\n" for line in self._lines(number)], self._serial, published, signers, self._times)
        self.versions.append(Version(number, root, self._shared))
        return root
