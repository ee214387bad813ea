"""The same answers as the same Unbound without the module, to tens of thousands of questions, on both roots.

With LR_LONG set, every question is also put to fresh caches; else one in ten is.
"""

import os

import compare
import lab
import questions
import same
import tap

LONG = bool(os.environ.get("LR_LONG"))


def compare_all(root):
    with same.Scene(root) as scene:
        plain, local = scene.pair()
        asked = list(questions.everything(scene.zone))
        if len(asked) < 20000:
            raise AssertionError(f"only {len(asked)} questions")
        with compare.Pair(plain, local) as pair:
            same.cold(pair, asked if LONG else asked[::10], scene.zone, "of fresh caches")
            same.warm(pair, asked, scene.zone, "one after the other")
        same.judge(scene, plain, local, asked[::3] if LONG else asked[::40], "by who validates")
        same.check_root_silent(scene, local)


def compare_ways(root):
    """Each flag, EDNS size and transport with each of a few names, and what Unbound counts of it."""
    with same.Scene(root) as scene:
        plain, local = scene.pair()
        with compare.Pair(plain, local) as pair:
            asked = [q for q in questions.every_way(scene.zone) if q.kind != questions.TYPES["ANY"]]
            same.cold(pair, asked, scene.zone, "in every way")
        same.check_statistics(plain, local)


@tap.test("Unbound's limit of a hundred errors a second is kept to: each question is asked once of each")
def pace():
    with lab.Lab() as net:
        resolvers = net.unbound(), net.unbound()
        with compare.Pair(*resolvers, limit=2) as pair:
            for _ in range(250):
                tap.equal(pair.differences(questions.ask((b"com",), 128)), [], "differences")  # FORMERR
        tap.equal(pair.number, 250, "questions asked")
        same.check_statistics(*resolvers)


for name, get in same.ROOTS.items():
    tap.test(f"the same answers as without the module, {name}")(lambda get=get: compare_all(get()))
    tap.test(f"the same in every way of asking, and the same counts, {name}")(lambda get=get: compare_ways(get()))

tap.run()
