"""Landlock (Documentation/userspace-api/landlock.rst): files are closed to this process.

All of them, or all but those in folders that are named.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from verifier.engine.confinement.libc import call

# include/uapi/asm-generic/unistd.h: since Linux 5.1 new calls have one number everywhere.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # ABI → how many LANDLOCK_ACCESS_FS_* bits there are
_PATH_BENEATH = 1  # LANDLOCK_RULE_PATH_BENEATH
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _TRUNCATE = 0, 1, 2, 3, 14  # bits of rights
_READING = 1 << _READ_FILE | 1 << _READ_DIR
_RUNNING = _READING | 1 << _EXECUTE
# Of a file that is no folder no other rights may be named.
_OF_A_FILE = 1 << _EXECUTE | 1 << _WRITE_FILE | 1 << _READ_FILE | 1 << _TRUNCATE
_NEVER = 0b1111 << 9 | 1 << 6  # MAKE_SOCK, _FIFO, _BLOCK, _SYM and _CHAR
_TCP_RIGHTS = 0b11  # LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP: ABI 4
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, _SIGNAL: ABI 6


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr; an older kernel takes the first members alone."""

    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _fields_ = [("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32)]


def close_files(
    *, reading: Iterable[Path] = (), running: Iterable[Path] = (), writing: Iterable[Path] = ()
) -> bool:
    """Take the rights to files from this process, for good; say whether the kernel did.

    What is at or below a path of `reading` can still be read, of `running` started too, of
    `writing` made, changed and removed. A path that does not exist is passed over.
    """
    if sys.platform != "linux":
        return False
    abi = call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    if abi < 1:
        return False
    bits = max(count for since, count in _FILE_RIGHTS.items() if since <= abi)
    ruleset = _Ruleset((1 << bits) - 1, _TCP_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 * (1 + (abi >= 4) + (abi >= 6))
    descriptor = call("syscall", _CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    if descriptor < 0:
        return False
    every = (1 << bits) - 1
    for paths, rights in (
        (reading, _READING),
        (running, _RUNNING),
        (writing, every & ~_NEVER & ~(1 << _EXECUTE)),
    ):
        if not all(_open(path, rights & every, descriptor) for path in paths):
            return False
    # The descriptor stays open: the process has no use for it, and no rule that is added after
    # would change what holds for this process.
    return descriptor >= 0 and call("syscall", _RESTRICT_SELF, descriptor, 0) == 0


def _open(path: Path, rights: int, ruleset: int) -> bool:
    """Add a rule that leaves these rights at and below a path; say whether it holds."""
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        allowed = rights if path.is_dir() else rights & _OF_A_FILE
        rule = _PathBeneath(allowed, parent)
        return call("syscall", _ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0) == 0
    finally:
        os.close(parent)
