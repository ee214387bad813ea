"""What d_same.py, d_same_config.py and their long forms have in common: the scene, and which differences are known.

The measure of right is an Unbound without the module. Two ways of asking:

    warm    one question after the other, so that most are put to caches that have seen much; what both hold is of the
            same age, and TTLs may differ by the time since the first question
    cold    both caches are emptied before each question: first answers, whose TTLs have to be the same to the second
"""

import collections
import re

import compare
import everywhere
import lab
import rootzone
import questions
import tap

ROOTS = {"made root": rootzone.make, "real root": rootzone.real}
# Of the real root's TLDs the lab's NSD serves these: the glue names all of their servers.
REAL_TLDS = ["tk", "gq"]


class Scene:
    """A lab with the rest of the Internet, and pairs of resolvers in it, of which one has the module."""

    def __init__(self, root):
        self.root = root
        self.net = lab.Lab(root, served=None if root.signed else REAL_TLDS)
        self.zone = questions.Zone(root)
        self._rest = everywhere.Everywhere()

    def __enter__(self):
        self.net.__enter__()
        try:
            self._rest.__enter__()
        except BaseException as fault:
            self.net.__exit__(type(fault), fault, None)
            raise
        return self

    def __exit__(self, *what):
        try:
            self._rest.__exit__()
        finally:
            self.net.__exit__(*what)

    def pair(self, serves=True, order=None, **how):
        """An Unbound without the module and one with it, that serves the copy (or is not able to). order: the modules,
        where dynlib is not the first."""
        plain = self.net.unbound(**how)
        if order:
            how["config"] = how.get("config", "") + f'\nmodule-config: "{order}"'
        local = self.net.unbound(localroot=[], **how)
        if serves:
            local.wait_serving()
        return plain, local


def known(question, line, warm):
    """Why the resolvers may differ in this; None where they may not."""
    if question.kind == questions.TYPES["ANY"] and not question.labels and \
            re.match(r"with(out)? answer|flags '[A-Z ]*' for 'QR TC" + ("|TTL" if warm else ""), line):
        return "ANY for the root: Unbound answers with what its cache happens to hold"
    if question.labels and b"-sentinel-" in question.labels[0].lower() and line.startswith("EDNS"):
        return "a sentinel's SERVFAIL: the extended error has another text"
    lent = question.klass == 255 or question.way.raw[:2] == b"\0\x08"  # a client's subnet
    if lent and re.match(r"TTL \d+ for \d+ in (authority|answer) \. (RRSIG SOA|SOA TYPE0)$", line):
        return "class ANY or a client's subnet, which the iterator answers from the upstream auth zone: the SOA has the TTL of denials"
    short = question.way.size <= 512 and not question.way.tcp
    if question.kind == questions.TYPES["NS"] and (len(question.labels) == 1 or not question.labels and short) and \
            re.match(r"with(out)? additional", line):
        return "NS of a TLD, or the root's in 512 octets: whether A or AAAA had room depends on the address family it came in"
    if question.labels[:1] == (b"alias",) and re.match(r"TTL \d+ for \d+ in authority \. RRSIG SOA$", line):
        return "a CNAME into nothing, which the iterator denies from the upstream auth zone: the SOA's signature has the SOA's TTL"
    return None


def known_as_a_whole(question, lines, zone):
    """The same for all that an answer differs in."""
    if question.way.cd and decided_below(question, zone) and any(re.match(r"rcode \w+ for SERVFAIL$", line) for line in lines):
        return "a bogus TLD: the upstream auth zone has all of its servers' addresses, a root's referral what fits; more are tried"
    return None


class Tally:
    """Counts what was asked, what differed for known reasons, and the rest, with examples."""

    def __init__(self, zone):
        self._zone = zone
        self.asked = 0
        self.reasons, self.faults, self.examples = collections.Counter(), collections.Counter(), {}

    def add(self, question, lines, warm):
        self.asked += 1
        rest, whole = [], known_as_a_whole(question, lines, self._zone)
        if whole:
            self.reasons[whole] += 1
            return
        for line in lines:
            reason = known(question, line, warm)
            if reason:
                self.reasons[reason] += 1
            else:
                rest.append(line)
        if rest:
            fault = "; ".join(rest)
            self.faults[fault] += 1
            self.examples.setdefault(fault, str(question))

    def check(self, what):
        tap.note(f"{what}: {self.asked} questions")
        for reason, number in self.reasons.items():
            tap.note(f"  {number} x {reason}")
        if self.faults:
            number = sum(self.faults.values())
            shown = [f"{count} x {self.examples[fault]}: {fault}" for fault, count in self.faults.most_common(20)]
            raise AssertionError(f"{number} of {self.asked} answers differ ({what}):\n" + "\n".join(shown))


def decided_below(question, zone):
    """Whether servers below the root decide it: which of them is asked, and what they are known for, is chance."""
    return question.labels and (question.labels[-1].lower() + b".").decode("latin-1") in zone.tlds


class _Second:
    """Asks a question again, of fresh caches, where the answers may have differed by chance or by a second's end between
    them. Chance is for a few names below TLDs only, whose servers have been asked in another order or too late, and for
    each line that matches CHANCE, in which two Unbounds without the module differ as well. What differs each time is a
    difference."""

    def __init__(self, pair, zone, chance):
        self._pair, self._zone, self._chance, self._times = pair, zone, re.compile(chance or "(?!)"), 0

    def look(self, question, lines, warm_caches):
        unknown = [line for line in lines if not known(question, line, warm_caches)]
        if not unknown or known_as_a_whole(question, lines, self._zone):
            return lines
        chance = decided_below(question, self._zone) or any(self._chance.match(line) for line in unknown)
        if not chance and not all(line.startswith("TTL") for line in unknown):
            return lines
        if chance:
            self._times += 1
            tap.note(f"  once more: {question}: {'; '.join(unknown)[:200]}")
        # With subnetcache, AD in an answer to CD is a coin's toss in both: 27 of 60 pairs differed in it.
        for _ in range(12 if chance else 1):
            self._pair.refresh()
            again = self._pair.differences(question, exact=True)
            lines = [line for line in again if line in lines or not self._chance.match(line)]
            if not lines:
                break
        return lines

    def check(self, tally, what):
        tally.check(what)
        right, tried = self._pair.again()
        if tried > right + tally.asked // 100 + 2:
            raise AssertionError(f"{tried} of {tally.asked} questions had to be sent again, {right} without the module ({what})")
        if self._times > tally.asked // 100 + 2:
            raise AssertionError(f"{self._times} of {tally.asked} had to be asked again ({what})")


def warm(pair, asked, zone, what, chance=None):
    """One after the other."""
    tally, second = Tally(zone), _Second(pair, zone, chance)
    for question in asked:
        tally.add(question, second.look(question, pair.differences(question), True), True)
    second.check(tally, what)


def cold(pair, asked, zone, what, chance=None):
    """Each of fresh caches."""
    tally, second = Tally(zone), _Second(pair, zone, chance)
    for question in asked:
        pair.refresh()
        tally.add(question, second.look(question, pair.differences(question, exact=True), False), False)
    second.check(tally, what)


def check_root_silent(scene, local):
    """Nothing of all that went to the root, as packets and by the module's own count. The real root's servers have
    arpa as well."""
    leaked = [query for query in scene.net.root_queries(local)
              if scene.root.signed or not re.search(r"(^|\.)arpa\.$", query.name)]
    tap.equal(leaked[:10], [], "queries to the root")
    tap.equal(local.metrics()["rootqueries"], 0, "the module's count of queries to the root")


def judge(scene, plain, local, asked, what):
    """Two validating resolvers, one of which asks each: they accept the same."""
    judges = [scene.net.unbound(config="aggressive-nsec: no",
                                tail=f'forward-zone:\n  name: "."\n  forward-addr: {each.address}@{each.port}\n')
              for each in (plain, local)]
    tally = Tally(scene.zone)
    with compare.Pair(*judges) as pair:
        for question in asked:
            lines = pair.differences(question._replace(way=questions.PLAIN._replace(ad=True)))
            tally.add(question, [line for line in lines if line.startswith(("rcode", "flags", "only", "the tried"))], True)
    for each in judges:
        each.stop()
    tally.check(what)


def check_statistics(plain, local):
    """Unbound's own counts of what it was asked and what it said."""
    names = r"total\.num\.queries$|num\.(query|answer)\.(?!bogus|authzone|aggressive|ratelimited|udpout|tcpout|tls)"
    counts = [{key: value for key, value in each.control("stats_noreset").items() if re.match(names, key)}
              for each in (plain, local)]
    wrong = {key: (counts[1].get(key), value) for key, value in counts[0].items() if counts[1].get(key) != value}
    tap.equal(wrong, {}, "statistics (with the module, without)")
