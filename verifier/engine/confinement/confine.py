"""Give up what reading an object does not need. The locks overlap: one alone is one bug wide."""

from __future__ import annotations

import os
import pwd
import resource

from verifier.engine.confinement import seccomp
from verifier.engine.confinement.landlock import close_files
from verifier.engine.confinement.libc import call

_NOBODY = "nobody"
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # linux/prctl.h
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000  # linux/sched.h
_NOTHING = (
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_CORE,
)


def confine() -> list[str]:
    """Lock this process in for good; return a sentence for each thing it could not be kept from.

    What is open stays usable: the caller reads its input from there. Modules must be imported
    before, for no file can be opened afterwards.
    """
    own_network = not seccomp.is_available() and _leave_network()
    no_root = _leave_root()
    give_up_privileges()
    no_files = close_files()
    for limit in _NOTHING:
        resource.setrlimit(limit, (0, 0))
    few_calls = seccomp.allow_only_what_parsing_needs()
    held = {
        "It can read and delete files": few_calls or no_files,
        "It can use the network": few_calls or own_network,
        "It can start processes": few_calls or no_root,  # root is above RLIMIT_NPROC
        "It runs as root": no_root,
    }
    return [f"{gap}." for gap, is_closed in held.items() if not is_closed]


def give_up_privileges() -> None:
    """Let no program that this process starts have more rights, and nobody look into it."""
    call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    call("prctl", _PR_SET_DUMPABLE, 0, 0, 0, 0)


def _leave_network() -> bool:
    """Move into a network of its own with nothing in it; say whether that was possible."""
    flags = _CLONE_NEWNET if os.geteuid() == 0 else _CLONE_NEWUSER | _CLONE_NEWNET
    return call("unshare", flags) == 0


def _leave_root() -> bool:
    """Become a user who owns nothing, where the process is root; say whether it is not root."""
    if os.geteuid() != 0:
        return True
    try:
        nobody = pwd.getpwnam(_NOBODY)
        os.setgroups([])
        os.setresgid(nobody.pw_gid, nobody.pw_gid, nobody.pw_gid)
        os.setresuid(nobody.pw_uid, nobody.pw_uid, nobody.pw_uid)
    except (KeyError, OSError):
        return False
    return True
