"""kill -9 at two hundred instants, as test/daemon/d_kills.py: at allocations of the module's and of libraries for it, and by the clock."""

import kills
import tap


@tap.test("killed at allocations: sixty of the module's own, sixty of libraries")
def allocations():
    with kills.chain(130) as one:
        kills.at_allocations(one, 60, False).process.kill()
        kills.at_allocations(one, 60, True)
        kills.report(one)


@tap.test("killed by the clock: at fifty moments of a renewal, and thirty of a start, and while the disk is slow")
def times():
    with kills.chain(60) as one:
        for call in ("open", "fsync"):
            kills.in_storing(one, call).process.kill()
        kills.at_start(one, kills.at_times(one, 50), 30)
        kills.report(one)


tap.run()
