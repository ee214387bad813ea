"""kill -9 at one instant after the other of a renewal and of a start: the next one serves what it finds at once, verified, and nothing
older than was answered. test/long/d_kills_long.py has two hundred of them."""

import kills
import tap


@tap.test("killed while a newer zone comes and is kept, and while it starts: never back, never without a copy")
def some():
    with kills.chain(20) as one:
        kills.at_allocations(one, 8, False).process.kill()
        resolver = kills.in_storing(one, "fsync")
        kills.at_start(one, resolver, 3)
        kills.report(one)


tap.run()
