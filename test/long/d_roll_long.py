"""The rolls of test/daemon/d_roll.py with the further forms of anchors: DS records, and what RFC 5011 makes of a file."""

import pathlib
import shutil

from pair import put, word
from roll import ALGORITHM_ROLL, ANCHORS, KSK_ROLL, ONE_ALGORITHM, OUTSIDE, TWO_ALGORITHMS, follow, judge_all, rolling, verdict
import tap


@tap.test("algorithm 8 to 13 by RFC 5011, from the copy alone")
def by_rfc_5011():
    follow(TWO_ALGORITHMS, [(ALGORITHM_ROLL[stage][:2], states, again) for stage, states, again in (
        ("initial", [["VALID"]], False),
        ("new signatures", [["VALID"]], False),
        ("new keys", [["ADDPEND", "VALID"], ["VALID", "VALID"]], True),
        ("old key revoked", [["REVOKED", "VALID"]], True),
        ("old keys removed", [["VALID"]], False),
        ("old signatures removed", [["VALID"]], False))])


def by_ds(roll, labels):
    return {"anchor": roll.anchors(labels, "DS")}


def by_auto(roll, labels):
    """Each resolver has a file of its own, with these keys to begin with."""
    anchors = roll.anchors(labels)
    return {"anchor": "none", "config": 'auto-trust-anchor-file: "{folder}/auto.key"',
            "prepare": lambda folder: shutil.copy(anchors, pathlib.Path(folder) / "auto.key")}


@tap.test("the stages of both rolls with DS anchors")
def ds():
    judge_all(ONE_ALGORITHM, KSK_ROLL, by_ds)
    judge_all(TWO_ALGORITHMS, ALGORITHM_ROLL, by_ds)


# Where all anchors are revoked, it is as if there were none (RFC 5011 section 5).
REVOKED = {(stage, "old"): ("refuses", "insecure") for stage in ("old revoked", "old key revoked")}


@tap.test("the stages of both rolls with auto-trust-anchor-file")
def auto():
    judge_all(ONE_ALGORITHM, KSK_ROLL, by_auto, REVOKED)
    judge_all(TWO_ALGORITHMS, ALGORITHM_ROLL, by_auto, {**OUTSIDE, **REVOKED})


@tap.test("harden-algo-downgrade, anchors of two algorithms and a zone of one: the copy is served, where another Unbound fails")
def hardened():
    with rolling(*ALGORITHM_ROLL["initial"][0], kinds=TWO_ALGORITHMS) as (roll, net):
        how = {"anchor": roll.anchors(ANCHORS["both"], "DS"), "config": "harden-algo-downgrade: yes"}
        plain, local = net.unbound(**how), net.unbound(localroot=[], **how)
        tap.equal(verdict(local), "serves", "the module")
        tap.equal((word(put(plain, "junk.")), word(put(local, "junk."))), ("SERVFAIL", "NXDOMAIN"), "without the module and with")


tap.run()
