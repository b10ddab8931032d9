"""Seccomp filters (seccomp(2)): only the system calls that computing needs, or all but some."""

from __future__ import annotations

import ctypes
import platform
import struct
import sys
from collections.abc import Iterable

from verifier.engine.confinement.libc import call

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2  # linux/prctl.h, linux/seccomp.h
_ALLOW, _KILL, _ERRNO_EPERM = 0x7FFF0000, 0x80000000, 0x00050001
# linux/bpf_common.h: LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, RET|K
_LOAD, _EQUALS, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_AT_NUMBER, _AT_ARCHITECTURE = 0, 4  # struct seccomp_data

# arch/x86/entry/syscalls/syscall_64.tbl and include/uapi/asm-generic/unistd.h
_X86_64 = {
    "read": 0,
    "write": 1,
    "close": 3,
    "fstat": 5,
    "poll": 7,
    "lseek": 8,
    "mmap": 9,
    "mprotect": 10,
    "munmap": 11,
    "brk": 12,
    "rt_sigaction": 13,
    "rt_sigprocmask": 14,
    "rt_sigreturn": 15,
    "pread64": 17,
    "readv": 19,
    "writev": 20,
    "sched_yield": 24,
    "mremap": 25,
    "madvise": 28,
    "nanosleep": 35,
    "getpid": 39,
    "exit": 60,
    "gettimeofday": 96,
    "getrusage": 98,
    "sigaltstack": 131,
    "gettid": 186,
    "time": 201,
    "futex": 202,
    "restart_syscall": 219,
    "clock_gettime": 228,
    "clock_nanosleep": 230,
    "exit_group": 231,
    "getrandom": 318,
    "rseq": 334,
}
_GENERIC = {
    "close": 57,
    "lseek": 62,
    "read": 63,
    "write": 64,
    "readv": 65,
    "writev": 66,
    "pread64": 67,
    "ppoll": 73,
    "fstat": 80,
    "exit": 93,
    "exit_group": 94,
    "futex": 98,
    "nanosleep": 101,
    "clock_gettime": 113,
    "clock_nanosleep": 115,
    "sched_yield": 124,
    "restart_syscall": 128,
    "sigaltstack": 132,
    "rt_sigaction": 134,
    "rt_sigprocmask": 135,
    "rt_sigreturn": 139,
    "getrusage": 165,
    "gettimeofday": 169,
    "getpid": 172,
    "gettid": 178,
    "brk": 214,
    "munmap": 215,
    "mremap": 216,
    "mmap": 222,
    "mprotect": 226,
    "madvise": 233,
    "getrandom": 278,
    "rseq": 293,
}
# What reading a source tree, and git, do without: the network, other processes' memory, keys,
# mounts, namespaces, modules, BPF, and what has had holes: io_uring, userfaultfd.
_REFUSED_X86_64 = {
    "socket": 41,
    "connect": 42,
    "socketpair": 53,
    "ptrace": 101,
    "pivot_root": 155,
    "chroot": 161,
    "mount": 165,
    "umount2": 166,
    "init_module": 175,
    "delete_module": 176,
    "add_key": 248,
    "request_key": 249,
    "keyctl": 250,
    "unshare": 272,
    "perf_event_open": 298,
    "setns": 308,
    "process_vm_readv": 310,
    "process_vm_writev": 311,
    "finit_module": 313,
    "kexec_file_load": 320,
    "bpf": 321,
    "userfaultfd": 323,
    "io_uring_setup": 425,
    "pidfd_getfd": 438,
}
_REFUSED_GENERIC = {
    "umount2": 39,
    "mount": 40,
    "pivot_root": 41,
    "chroot": 51,
    "unshare": 97,
    "init_module": 105,
    "delete_module": 106,
    "ptrace": 117,
    "socket": 198,
    "socketpair": 199,
    "connect": 203,
    "add_key": 217,
    "request_key": 218,
    "keyctl": 219,
    "perf_event_open": 241,
    "setns": 268,
    "process_vm_readv": 270,
    "process_vm_writev": 271,
    "finit_module": 273,
    "bpf": 280,
    "userfaultfd": 282,
    "kexec_file_load": 294,
    "io_uring_setup": 425,
    "pidfd_getfd": 438,
}
_REFUSED = {0xC000003E: _REFUSED_X86_64}  # of the others it is the generic table
_X32 = 0x40000000  # __X32_SYSCALL_BIT: other numbers of the same calls on x86-64
_MACHINES = {  # as uname -m says → AUDIT_ARCH_* (include/uapi/linux/audit.h), numbers
    "x86_64": (0xC000003E, _X86_64),
    "aarch64": (0xC00000B7, _GENERIC),
    "riscv64": (0xC00000F3, _GENERIC),
    "loongarch64": (0xC0000102, _GENERIC),
}


class _Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("len", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def is_available() -> bool:
    """Return whether this module knows the numbers of the machine's system calls."""
    is_64_bit = struct.calcsize("P") == 8
    return sys.platform == "linux" and is_64_bit and platform.machine() in _MACHINES


def allow_only_what_parsing_needs() -> bool:
    """Have the kernel refuse every other call from now on; say whether it does.

    The process must have given up new privileges (PR_SET_NO_NEW_PRIVS).
    """
    if not is_available():
        return False
    architecture, numbers = _MACHINES[platform.machine()]
    return _install(_filter(architecture, numbers.values()))


def refuse_what_reading_a_tree_needs_not() -> bool:
    """Have the kernel refuse some calls from now on, also to programs that this one starts.

    Says whether it does. The process must have given up new privileges (PR_SET_NO_NEW_PRIVS).
    """
    if not is_available():
        return False
    architecture, _ = _MACHINES[platform.machine()]
    numbers = _REFUSED.get(architecture, _REFUSED_GENERIC).values()
    refused = [
        _instruction(_EQUALS, number, 0, 1) + _instruction(_RETURN, _ERRNO_EPERM)
        for number in numbers
    ]
    others = [_instruction(_AT_LEAST, _X32, 0, 1), _instruction(_RETURN, _ERRNO_EPERM)]
    start = _of_architecture(architecture)
    return _install(b"".join([*start, *others, *refused, _instruction(_RETURN, _ALLOW)]))


def _install(code: bytes) -> bool:
    program = _Program(len(code) // 8, code)
    return call("prctl", _PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0


def _filter(architecture: int, numbers: Iterable[int]) -> bytes:
    """Return the BPF program: another architecture's numbers mean other calls, so they end it."""
    allowed = [
        _instruction(_EQUALS, number, 0, 1) + _instruction(_RETURN, _ALLOW) for number in numbers
    ]
    return b"".join(
        [*_of_architecture(architecture), *allowed, _instruction(_RETURN, _ERRNO_EPERM)]
    )


def _of_architecture(architecture: int) -> list[bytes]:
    """Return the start of a program, which ends calls of another architecture."""
    return [
        _instruction(_LOAD, _AT_ARCHITECTURE),
        _instruction(_EQUALS, architecture, 1, 0),
        _instruction(_RETURN, _KILL),
        _instruction(_LOAD, _AT_NUMBER),
    ]


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """Return a struct sock_filter."""
    return struct.pack("=HBBI", code, if_true, if_false, value)
