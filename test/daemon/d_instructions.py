"""The module's own share of an answer, in instructions: a ceiling that a careless change breaks. The counts are those of
Debian 12's compiler, of Unbound 1.17.1 and of the real root zone, and differ by less than one in a hundred from one time to the next."""

import builds
import callgrind
import lab
import rootzone
import tap

CEILINGS = {"A": 2500, "DS": 1700}
NAMES = {"A": [f"junk-{number}.lan{number}." for number in range(100)], "DS": ["com."] * 100}


@tap.test("a name that does not exist, and a DS asked for again, cost few instructions")
def few():
    if lab.sanitizers():
        raise tap.Skip("a sanitizer's instructions are not the module's")
    if builds.source().name != "unbound-1.17.1":
        raise tap.Skip("the ceilings are those of Unbound 1.17.1")
    with lab.Lab(rootzone.real()) as net:
        resolver = callgrind.unbound(net, localroot=[])
        resolver.wait_serving(limit=60)
        counts = {kind: callgrind.count(resolver, names, kind) for kind, names in NAMES.items()}
    for kind, counted in counts.items():
        tap.note(f"{kind}: {counted['operate']:.0f} of {counted['all']:.0f} instructions")
    for kind, counted in counts.items():
        if not 100 < counted["operate"] < CEILINGS[kind]:
            raise AssertionError(f"{kind}: {counted['operate']:.0f} instructions, at most {CEILINGS[kind]}")


tap.run()
