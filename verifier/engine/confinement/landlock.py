"""Landlock (Documentation/userspace-api/landlock.rst): every file is closed to this process."""

from __future__ import annotations

import ctypes
import sys

from verifier.engine.confinement.libc import call

# include/uapi/asm-generic/unistd.h: since Linux 5.1 new calls have one number everywhere.
_CREATE_RULESET, _RESTRICT_SELF = 444, 446
_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # ABI → how many LANDLOCK_ACCESS_FS_* bits there are
_TCP_RIGHTS = 0b11  # LANDLOCK_ACCESS_NET_BIND_TCP, _CONNECT_TCP: ABI 4
_SCOPES = 0b11  # LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET, _SIGNAL: ABI 6


class _Ruleset(ctypes.Structure):
    """struct landlock_ruleset_attr; an older kernel takes the first members alone."""

    _fields_ = [
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


def close_files() -> bool:
    """Take every right to files from this process, for good; say whether the kernel did."""
    if sys.platform != "linux":
        return False
    abi = call("syscall", _CREATE_RULESET, None, 0, _VERSION)
    if abi < 1:
        return False
    bits = max(count for since, count in _FILE_RIGHTS.items() if since <= abi)
    ruleset = _Ruleset((1 << bits) - 1, _TCP_RIGHTS if abi >= 4 else 0, _SCOPES if abi >= 6 else 0)
    size = 8 * (1 + (abi >= 4) + (abi >= 6))
    descriptor = call("syscall", _CREATE_RULESET, ctypes.byref(ruleset), size, 0)
    # The descriptor stays open: the process has no use for it and no rule can be added after.
    return descriptor >= 0 and call("syscall", _RESTRICT_SELF, descriptor, 0) == 0
