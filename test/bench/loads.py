"""What resolvers are asked, and dnsperf, which asks it. Names that do not exist are never asked twice."""

import itertools
import re
import subprocess

import servers

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_fresh = itertools.count()

TIME_OUT = 2  # seconds that an answer is waited for
HITS = [f"host{number}.wild.tk." for number in range(500)]


def junk(count):
    """Names under TLDs that do not exist, in all parts of the zone, none of which was made before."""
    for number in itertools.islice(_fresh, count):
        mixed, label = number * 2654435761 % 26**7, ""
        for _ in range(7):
            mixed, place = divmod(mixed, 26)
            label += _LETTERS[place]
        yield f"host{number}.{label}q."


def junk_queries(count, net):
    del net
    return [f"{name} A\n" for name in junk(count)]


def mixed_queries(count, net):
    """Nine of ten are in every cache."""
    hits = itertools.cycle(HITS)
    return [f"{name} A\n" if place % 10 == 0 else f"{next(hits)} A\n" for place, name in enumerate(junk(count))]


def ds_queries(count, net):
    """A hundred TLDs' DS, again and again."""
    secure = itertools.cycle(sorted(net.zone.secure)[::13][:100])
    return [f"{next(secure)} DS\n" for _ in range(count)]


def questions(net):
    """Enough for all that is built at the first question of a kind to be there; not so many that caches fill."""
    return [*(f"{name} A\n" for name in HITS[:50]), *ds_queries(50, net), *junk_queries(400, net)]


def warm(peer, net):
    """All that the loads suppose: the hits are cached, and so is each NSEC of the zone, where one keeps them: a name right behind
    each delegation is asked for."""
    names = [f"{name} A\n" for name in HITS] + ds_queries(100, net) + [f"{tld}0. A\n" for tld in net.zone.delegations if tld]
    names += [".\tDNSKEY\n", "junk. A\n"]
    for _ in range(2):
        ask(peer, names, net, dnssec=True, limit=30, clients=1, waiting=20)


class Answers:
    """What came of a run of dnsperf: .count answers in .seconds, .codes (word -> share), .times, if wanted, of each in seconds."""

    def __init__(self, text):
        def number(words):
            return float(re.search(rf"{words}:\s+([\d.]+)", text)[1])
        self.sent, self.count, self.seconds = int(number("Queries sent")), int(number("Queries completed")), number(r"Run time \(s\)")
        codes = re.search(r"Response codes:\s+(.*)", text)
        self.codes = {word: float(share) for word, share in re.findall(r"(\w+) \d+ \(([\d.]+)%\)", codes[1])} if codes else {}
        self.times = [float(seconds) for seconds in re.findall(r"^> \w+ \S+ \S+ ([\d.]+)$", text, re.MULTILINE)]

    def expect(self, **shares):
        """Fails where answers are missing or not what they have to be: NXDOMAIN=100."""
        if self.count < 0.98 * self.sent:
            raise AssertionError(f"{self.sent - self.count} of {self.sent} questions were not answered")
        for word, share in shares.items():
            if abs(self.codes.get(word, 0) - share) > 1:
                raise AssertionError(f"answers: {self.codes}")


def ask(peer, queries, net, dnssec=False, tcp=False, limit=10, clients=4, waiting=60, rate=None, each=False):
    """Asks as fast as the peer answers, or rate questions a second, until all queries were asked or the limit (seconds) has passed."""
    path = net.write("queries", "".join(queries))
    command = [servers.need("dnsperf"), "-s", peer.address, "-p", str(peer.port), "-d", path, "-n", "1", "-l", str(limit), "-c", str(clients),
               "-q", str(waiting), "-t", str(TIME_OUT), "-O", "suppress=timeouts", *(["-D"] if dnssec else []), *(["-m", "tcp"] if tcp else []),
               *(["-Q", str(rate)] if rate else []), *(["-v"] if each else [])]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit + 30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"dnsperf: {done.stdout[-300:]}{done.stderr[-300:]}")
    return Answers(done.stdout)
