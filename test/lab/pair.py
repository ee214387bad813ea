"""Two resolvers with the same configuration, one with the module and serving from its first query on, one without."""

import hashlib
import pathlib
import shutil

import dns.exception
import dns.message
import dns.query
import dns.rcode

import answers
import daemons
import tap


def keep_copy(net):
    """A verified copy as a resolver leaves it on disk, for prepare="""
    first = net.unbound(localroot=[])
    first.wait_serving()
    kept = net.folder / "kept"
    kept.mkdir()
    first.stop()
    for name in ("localroot.zone", "localroot.state"):
        shutil.copy(first.folder / name, kept / name)

    def prepare(folder):
        for file in kept.iterdir():
            shutil.copy(file, pathlib.Path(folder) / file.name)
    return prepare


def state_of(folder):
    """The lines of the state beside a copy on disk, as a dict; the checksum has to be right."""
    text = (pathlib.Path(folder) / "localroot.state").read_text(encoding="ascii")
    lines, _, checksum = text.rpartition("checksum ")
    tap.equal(checksum, hashlib.sha256(lines.encode()).hexdigest() + "\n", "checksum")
    return dict(line.split(" ", 1) for line in lines.splitlines())


def edit_state(folder, **words):
    """Changes lines of the state beside a copy on disk, and its checksum."""
    file = pathlib.Path(folder) / "localroot.state"
    lines = [line.split(" ", 1) for line in file.read_text(encoding="ascii").splitlines()[:-1]]
    text = "".join(f"{name} {words.get(name, value)}\n" for name, value in lines)
    file.write_text(f"{text}checksum {hashlib.sha256(text.encode()).hexdigest()}\n", encoding="ascii")


def put(resolver, name, kind="A", source=None, tcp=False, limit=8, **how):
    """What the resolver says: a summary, or None where it says nothing within the limit."""
    message = resolver.query(name, kind, **how)
    try:
        if tcp:
            reply = dns.query.tcp(message, resolver.address, limit, resolver.port, source=source)
        else:
            reply = daemons.patiently(lambda seconds: dns.query.udp(message, resolver.address, seconds, resolver.port, source=source), limit)
        return answers.summary(reply)
    except (dns.exception.Timeout, EOFError, ConnectionError):
        return None


def word(summary):
    return "no answer" if summary is None else dns.rcode.to_text(summary[0])


class Pair:
    compared = 5  # how many of a summary's parts: 4 leave the additional section out

    def __init__(self, net, prepare, config="", tail="", localroot=(), **more):
        self.net = net
        more.setdefault("limit", 30)
        self.local = net.unbound(localroot=list(localroot), config=config, tail=tail, prepare=prepare, **more)
        self.plain = net.unbound(config=config, tail=tail, prepare=prepare, **more)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.local.stop()
        self.plain.stop()

    def control(self, *command):
        self.local.control(*command)
        self.plain.control(*command)

    def same(self, name, kind="A", wanted=None, **how):
        """Both say the same, and where it is given, with that rcode (or "no answer"). Returns it."""
        plain, local = put(self.plain, name, kind, **how), put(self.local, name, kind, **how)
        if (plain and plain[:self.compared]) != (local and local[:self.compared]):
            raise AssertionError(f"{name} {kind} {how}:\nwith the module: {local}\nwithout:         {plain}")
        if wanted is not None:
            tap.equal(word(plain), wanted, f"{name} {kind} without the module")
        return plain

    def data(self, name, wanted, kind="A", **how):
        """Both give that record data in the answer."""
        found = self.same(name, kind, **how)
        if found is None or wanted not in {data for _, what, data in found[2] if what == kind}:
            raise AssertionError(f"{name} {kind}: no {wanted} in {found}")

    def root_asked(self):
        """Whether each of the two has asked a root server: (with the module, without)."""
        return bool(self.net.root_queries(self.local)), bool(self.net.root_queries(self.plain))

    def fast(self):
        """The module still answers by itself what nothing else decides."""
        before = self.local.metrics().get("answers_nxdomain", 0)
        for place in range(3):
            tap.equal(word(put(self.local, f"a-name-that-nobody-took-{place}.")), "NXDOMAIN", "junk")
        self.local.wait_metrics(lambda m: m["answers_nxdomain"] == before + 3, 20, "junk answered by the module")
