"""The root's keys roll: Unbound follows by the copy alone (RFC 5011), the copy is verified with the anchors of the moment, and
with each anchor that a resolver may have it is served or refused as an Unbound without the module judges.
test/long/d_roll_long.py has the same for further forms of anchors."""

from roll import ALGORITHM_ROLL, KSK_ROLL, ONE_ALGORITHM, OUTSIDE, TWO_ALGORITHMS, follow, judge_all
import tap


@tap.test("KSK-2017 to KSK-2024 by RFC 5011, from the copy alone: add, hold, sign, revoke, remove")
def by_rfc_5011():
    follow(ONE_ALGORITHM, [(KSK_ROLL[stage][:2], states, again) for stage, states, again in (
        ("old alone", [["VALID"]], False),
        ("both published", [["ADDPEND", "VALID"], ["VALID", "VALID"]], True),
        ("new signs", [["VALID", "VALID"]], False),
        ("old revoked", [["REVOKED", "VALID"]], True),
        ("new alone", [["VALID"]], False))])


def by_file(roll, labels):
    return {"anchor": roll.anchors(labels)}


@tap.test("KSK-2017 to KSK-2024 by anchor file, with a ZSK of 1536 bits: each stage with the old anchor, both, the new one, judged as by an Unbound")
def ksk_by_file():
    judge_all(ONE_ALGORITHM, KSK_ROLL, by_file)


@tap.test("algorithm 8 to 13 by double signing: the same")
def algorithm_by_file():
    judge_all(TWO_ALGORITHMS, ALGORITHM_ROLL, by_file, OUTSIDE)


tap.run()
