"""Asked before anything is installed, with whatever Python is there: does this machine have what the build needs?

Prints one sentence and exits with 1 where it does not. Written for old Pythons too, so that they can say so.
"""

import os
import shutil
import sys

PYTHON_MIN = (3, 11)
COMPILERS = ("c++", "g++", "clang++")


def find_fault(wants_compiler):
    """One sentence, or an empty string."""
    if sys.version_info[:2] < PYTHON_MIN:
        found = ".".join(map(str, sys.version_info[:3]))
        return "Parley needs Python 3.11 or newer, and this is %s: run `make PYTHON=python3.11 run`." % found
    if wants_compiler:
        named = os.environ.get("CXX")
        if not any(shutil.which(name.split()[0]) for name in ([named] if named else COMPILERS)):
            return "Parley's core needs a C++20 compiler and finds none: install g++ (Debian: apt-get install g++)."
        return ""
    if not os.access(".", os.W_OK):
        return "The folder %s cannot be written, and the virtual environment belongs there." % os.path.abspath(".")
    try:
        import ensurepip
    except ImportError:
        ensurepip = None
    if ensurepip is None:
        return "This Python cannot make virtual environments: install python3-venv."
    return ""


if __name__ == "__main__":
    fault = find_fault("--compiler" in sys.argv)
    if fault:
        sys.exit("parley: " + fault)
