"""Become another program: as the user that was asked for, and bound to die with the process that started it.

Run as a script, isolated, before anything else of Parley is imported: ``python -I -S launch.py PARENT_PID SIGNAL USER
-- PROGRAM ARGUMENTS…``. A function between fork and exec would do the same, but is unsafe where threads run.
"""

import ctypes
import os
import pwd
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Drop privileges first: the kernel forgets the death signal when the user changes."""
    parent_pid, death_signal, user = int(arguments[0]), int(arguments[1]), arguments[2]
    if user:
        entry = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent_pid:
        sys.exit("the supervisor ended before this process began")
    program = arguments[4:]
    os.execvp(program[0], program)  # noqa: S606 - becoming that program is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])
