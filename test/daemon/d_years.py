"""Versions of a root one after the other, under load: each answer is one of its time. test/long/d_years_long.py is years of it."""

import tap
import years


@tap.test("twenty-five versions, past serial 2^32, with a ZSK's roll: every answer is of a version of its moment")
def some():
    years.live(25, 100, 2)


tap.run()
