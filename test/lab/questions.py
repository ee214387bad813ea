"""Questions about a root zone, the same on every run: what two resolvers are to be asked alike.

    zone = questions.Zone(root)           # a rootzone.Root
    for question in questions.all(zone): wire = question.wire(number)

Which flags, EDNS size and transport a question comes with follows from its name and type, so that every combination
meets many names; every_way() asks a few names in all of them.
"""

import collections
import hashlib
import ipaddress
import itertools
import struct

# flags: of the header; size: of EDNS, 0 for none; do: DNSSEC wanted; raw: further EDNS options in wire form
Way = collections.namedtuple("Way", "rd cd ad size do tcp raw", defaults=(b"",))
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DNAME": 39,
         "DS": 43, "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "NSEC3PARAM": 51, "TLSA": 52, "CDS": 59, "ZONEMD": 63,
         "SVCB": 64, "HTTPS": 65, "ANY": 255, "CAA": 257}
IN, CH, HS = 1, 3, 4
# Every type in use, and of those that Unbound refuses as meta-types just some: it sends no more than a hundred
# errors a second.
ALL_TYPES = [*range(128), 128, 200, 248, 249, 250, 253, 254, *range(255, 263), 32768, 32769, 65280, 65535]
PLAIN = Way(True, False, False, 1232, True, False)
# What clients send: some of it far more often than the rest.
WAYS = [PLAIN, PLAIN._replace(do=False), PLAIN._replace(size=0, do=False), PLAIN._replace(cd=True),
        PLAIN._replace(ad=True, do=False), PLAIN._replace(size=512), PLAIN._replace(size=4096),
        PLAIN._replace(ad=True, size=0, do=False), PLAIN._replace(cd=True, do=False), PLAIN._replace(tcp=True),
        PLAIN._replace(cd=True, ad=True), PLAIN._replace(size=512, do=False), PLAIN, PLAIN]
EVERY_WAY = [Way(rd, cd, ad, size, do, tcp)
             for rd, cd, ad, (size, do), tcp in itertools.product(
                 (True, False), (False, True), (False, True),
                 ((0, False), (512, False), (512, True), (1232, False), (1232, True), (4096, True)), (False, True))]
TLD_TYPES = ("DS", "NS", "SOA", "A", "AAAA", "DNSKEY", "NSEC", "TXT", "HTTPS", "ANY")
JUNK_TYPES = ("A", "AAAA", "DS", "NS", "SOA", "MX", "TXT", "HTTPS", "SRV", "PTR", "DNSKEY", "CNAME", "NSEC", "CAA", "TLSA",
              "DNAME")


# EDNS options: NSID, client subnet, cookie, keepalive, padding, one that nobody knows
OPTIONS = [bytes.fromhex(text) for text in ("00030000", "00080007000118000a0a0a", "0008000400010000", "000a00080102030405060708",
                                            "000b0000", "000c000400000000", "fde90002abcd", "00030000000c000400000000")]


class Question(collections.namedtuple("Question", "labels kind way klass", defaults=(IN,))):
    """labels: a tuple of octets; kind: the type's number."""

    def wire(self, number):
        way = self.way
        flags = way.rd << 8 | way.ad << 5 | way.cd << 4
        name = b"".join(bytes((len(label),)) + label for label in self.labels) + b"\0"
        message = struct.pack("!6H", number & 0xFFFF, flags, 1, 0, 0, bool(way.size)) + name
        message += struct.pack("!2H", self.kind, self.klass)
        if way.size:
            message += b"\0" + struct.pack("!HHIH", 41, way.size, way.do << 15, len(way.raw)) + way.raw
        return message

    def __str__(self):
        name = "".join("".join(chr(c) if 33 <= c < 127 and c not in b'."\\' else f"\\{c:03d}" for c in label) + "."
                       for label in self.labels) or "."
        words = [word for word in ("rd", "cd", "ad", "do", "tcp") if getattr(self.way, word)]
        return f"{name} class{self.klass} type{self.kind} {'+'.join(words)} edns={self.way.size}{self.way.raw.hex()}"


def chosen(*words):
    """A number that looks random and is the same on every machine."""
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:6], "big")


def ask(labels, kind, way=None, klass=IN):
    kind = TYPES.get(kind, kind)
    return Question(tuple(labels), kind, way or WAYS[chosen(labels, kind) % len(WAYS)], klass)


def labels_of(text):
    """The labels of a name that is written without escapes."""
    return tuple(label.encode() for label in text.rstrip(".").split(".") if label)


class Zone:
    """What the questions are made from: the names of a root zone."""

    def __init__(self, root):
        kinds = collections.defaultdict(set)
        with open(root.zone, encoding="ascii") as lines:
            for words in (line.split(None, 4) for line in lines if not line.startswith(";")):
                if len(words) > 3:
                    kinds[words[0].lower()].add(words[3])
        self.apex = sorted(kinds.pop("."))
        self.tlds = sorted(name for name, there in kinds.items() if "NSEC" in there)
        self.glue = sorted(name for name, there in kinds.items() if there & {"A", "AAAA"})


def mixed_case(label, seed):
    """Upper and lower case, as 0x20 would have it."""
    bits = chosen("case", seed)
    return bytes(c ^ 0x20 if chr(c).isalpha() and c < 128 and bits >> place % 48 & 1 else c for place, c in enumerate(label))


def tlds(zone):
    for place, name in enumerate(zone.tlds):
        labels = labels_of(name)
        for kind in TLD_TYPES:
            yield ask(labels, kind)
        yield ask((mixed_case(labels[0], name),), ("DS", "A", "SOA")[place % 3])
        yield ask((b"*", *labels), JUNK_TYPES[place % len(JUNK_TYPES)])
        yield ask(((b"www", b"nx-of-it", b"alias")[place % 3], *labels), JUNK_TYPES[place % 7])


def neighbours(zone):
    """Names just before and just after every NSEC's owner in canonical order, as close as a few octets allow."""
    for place, name in enumerate(zone.tlds):
        label = labels_of(name)[0]
        before = label[:-1] + bytes((label[-1] - 1,))
        for turn, near in enumerate((before + b"\xff" * (63 - len(before)), before + b"~", label + b"\0", label[:-1],
                                     label + b"-")):
            if near:
                kind = JUNK_TYPES[(place + turn) % len(JUNK_TYPES)]
                yield ask((mixed_case(near, name) if place % 4 == 3 else near,), kind)
        yield ask((b"\0", label + b"\0"), "A")


def junk(zone, count=2500):
    """Names under no delegation: of one to five labels, all types, some of them neighbours of each other."""
    taken = set(zone.tlds)
    for place in range(count):
        word = f"{'abcdefghijklmnopqrstuvwxyz0189_-'[chosen('first', place) % 32]}{chosen('word', place) % 46656:x}junk"
        labels = [word.encode()] + [(b"www", b"mail", b"_tcp", b"a")[place // 5 % 4]] * (place % 5)
        labels = labels[::-1]
        if place % 3 == 2:
            labels = [mixed_case(label, place) for label in labels]
        if word + "." not in taken:
            yield ask(labels, JUNK_TYPES[chosen("type", place) % len(JUNK_TYPES)])
    for kind in ALL_TYPES:
        yield ask((b"junk-of-type", b"t%d" % kind), kind)
        yield ask((b"t-%d" % kind,), kind, PLAIN)


def odd(zone):
    """Long, short, binary and escaped labels; names that mean something to somebody."""
    full = b"x" * 63
    names = [(full,), (b"y" * 62, full), (full, full, full, b"z" * 61), (full, full, full, b"z" * 60), (b"a",) * 127,
             (b"a",) * 126, (b"a",) * 125 + (b"com",), (full, full, full, b"z" * 57, b"net"), (b"\0",), (b"\0" * 63,),
             (b"\xff" * 63,), (b"\xff",), (b"\0", b"com"), (b"\0", b"\0"), (b".",), (b"a.b",), (b"com.",), (b"www.com",), (b"\\",),
             (b"\\046",), (b'"',), (b";",), (b"@",), (b"$ORIGIN",), (b"(",), (b" ",), (b"\t",), (b"\r\n",), (b"com ",),
             (b"com\0",), (b"*",), (b"*", b"*"), (b"a", b"*"), (b"*", b"junk-under-star"), (b"**",), (b"xn--",),
             (b"xn--a",), ("münchen".encode(),), (b"0",), (b"127", b"0", b"0", b"1"), (b"255", b"255"), (b"1e100",), (b"_",),
             (b"_ta-4f66",), (b"_ta-4a5c-4f66",), (b"-",), (b"--",), (b"com", b"com0"), (b"test",), (b"invalid",), (b"localhost",),
             (b"local",), (b"internal",), (b"onion",), (b"a", b"onion"), (b"alt",), (b"example",), (b"home", b"arpa"),
             (b"lan",), (b"corp",), (b"home",), (b"mail",), (b"wpad",), (b"1", b"0", b"0", b"127", b"in-addr", b"arpa"),
             (b"10", b"in-addr", b"arpa"), (b"8", b"e", b"f", b"ip6", b"arpa"), (b"resolver", b"arpa"), (b"use-application-dns", b"net")]
    for name in names:
        for kind in ("A", "AAAA", "DS", "SOA", "NS", "PTR", "ANY", 0):
            yield ask(name, kind)
        yield ask(tuple(label.upper() for label in name), "A")
        yield ask(tuple(label.upper() for label in name), "DS")
    # RFC 8509: a validator tells which keys it trusts
    for word, tag in itertools.product(("is", "not"), ("20326", "38696", "00000", "12345", "65535", "2032x", "")):
        label = f"root-key-sentinel-{word}-ta-{tag}".encode()
        for name, kind in itertools.product(((label,), (label, b"junk-of-sentinels"), (label.upper(),), (b"a", label),
                                             (label, b"com")), ("A", "AAAA", "TXT")):
            yield ask(name, kind)
            yield ask(name, kind, PLAIN._replace(cd=True))


def glue(zone, step=3):
    for place, name in enumerate(zone.glue[::step]):
        labels = labels_of(name)
        yield ask(labels, ("A", "AAAA", "DS", "NS", "MX")[place % 5])
        yield ask((b"below", *labels), ("A", "DS", "AAAA")[place % 3])
    for letter in "abcdefghijklmn":
        labels = (letter.encode(), b"root-servers", b"net")
        for name in (labels, (b"below", *labels), labels[1:], (b"*", *labels[1:])):
            for kind in ("A", "AAAA", "NS", "DS", "SOA", "TXT"):
                yield ask(name, kind)


def apex(zone):
    for kind in ALL_TYPES:
        for way in (PLAIN, PLAIN._replace(do=False), PLAIN._replace(cd=True), PLAIN._replace(size=0, do=False)):
            yield ask((), kind, way)


def classes(zone):
    texts = (".", "junk-of-class", "com", "version.bind", "id.server", "hostname.bind", "version.server",
             "trustanchor.unbound", "authors.bind", "root-servers.net")
    for klass, text, kind in itertools.product((CH, HS, 2, 0, 254, 255), texts, ("A", "TXT", "NS", "SOA", "DS", "ANY")):
        yield ask(labels_of(text), kind, PLAIN, klass)


def every_way(zone):
    insecure, secure = zone.tlds[3], "com."
    names = ((".", "SOA"), (".", "NS"), (".", "DNSKEY"), (".", "MX"), (".", "ZONEMD"), (".", "DS"), (".", "ANY"), (".", "RRSIG"),
             (secure, "DS"), (insecure, "DS"), ("tk.", "DS"), ("tk.", "NS"), ("www.tk.", "A"), ("com.", "RRSIG"),
             ("a.way.junk", "A"), ("another-way-junk", "DS"), ("b.way.junk", "ANY"))
    for name, kind in names:
        for way in EVERY_WAY:
            yield ask(labels_of(name), kind, way)


def reverse(zone):
    """Addresses backwards, those of dns64's prefix among them."""
    for address in ("64:ff9b::cb00:7107", "64:ff9b::7f00:1", "2001:db8::1", "fd00::1", "::1", "203.0.113.7", "10.1.2.3"):
        labels = labels_of(ipaddress.ip_address(address).reverse_pointer)
        for kind in ("PTR", "AAAA", "NS"):
            yield ask(labels, kind)


def options(zone):
    """EDNS options, over UDP and TCP."""
    for name, kind in ((".", "SOA"), (".", "MX"), ("option-junk", "A"), ("com", "DS"), (zone.tlds[3], "NS"), ("www.tk", "A")):
        for raw, tcp in itertools.product(OPTIONS, (False, True)):
            yield ask(labels_of(name), kind, PLAIN._replace(raw=raw, tcp=tcp))


def everything(zone):
    """All of them. Classes last: what Unbound finds for class ANY stays in its cache."""
    for part in (apex, every_way, options, reverse, odd, junk, neighbours, tlds, glue, classes):
        yield from part(zone)


def representative(zone, count=300):
    """A few hundred of all kinds: each configuration is asked these."""
    yield from list(every_way(zone))[::97]
    yield from reverse(zone)
    for part, share in ((apex, 3), (options, 2), (odd, 4), (junk, 4), (neighbours, 3), (tlds, 6), (glue, 2)):
        every = list(part(zone))
        yield from every[::max(1, len(every) * 24 // (share * count))]
