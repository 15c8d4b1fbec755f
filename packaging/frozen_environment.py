"""Runs first in the frozen program, so that a program which it starts (a virtual screen, say) gets the system's own
libraries, and itself, started again, its own.

The loader has read LD_LIBRARY_PATH by now: for this process nothing changes. PYINSTALLER_RESET_ENVIRONMENT makes a
further process of the program set it anew instead of relying on what it was given.
"""

import os

before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
os.environ.pop("LD_LIBRARY_PATH", None)
if before:
    os.environ["LD_LIBRARY_PATH"] = before
os.environ["PYINSTALLER_RESET_ENVIRONMENT"] = "1"
