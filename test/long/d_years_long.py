"""Years of versions under load, as test/daemon/d_years.py, with a roll of the KSK by RFC 5011."""

import tap
import years


@tap.test("five hundred versions under load: no answer wrong, mixed, missing or of another time, and nothing grows")
def many():
    years.live(500, 400, 4, rolls=True)


tap.run()
