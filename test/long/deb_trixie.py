"""deb.py and deb_update.py in chroots of Debian 13, whichever Debian this machine has."""

import os
import pathlib

import tap

os.environ["LR_SUITE"] = "trixie"
here = pathlib.Path(__file__).resolve().parent
tap.run_files(here / "deb.py", here / "deb_update.py")
