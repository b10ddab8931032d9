"""The words of outcomes, for programs and for people."""

from __future__ import annotations

ALLOWED = "allowed"
ONLY_IF_SLEEPABLE = "only_if_sleepable"
WILL_NOT_LOAD = "will_not_load"
FAILS_AT_RUN_TIME = "fails_at_run_time"
REFUSED = "refused"
NOT_ON_THIS_KERNEL = "not_on_this_kernel"
NOT_A_KFUNC = "not_a_kfunc"
UNKNOWN = "unknown"

# What a call may be of.
KFUNC, HELPER, FUNCTION = "kfunc", "helper", "function"

OUTCOMES = (
    ALLOWED,
    ONLY_IF_SLEEPABLE,
    WILL_NOT_LOAD,
    FAILS_AT_RUN_TIME,
    REFUSED,
    NOT_ON_THIS_KERNEL,
    NOT_A_KFUNC,
    UNKNOWN,
)

# One letter for each outcome that a cell of a matrix can have, and for what a kernel lacks.
LETTERS = {
    "A": ALLOWED,
    "S": ONLY_IF_SLEEPABLE,
    "N": WILL_NOT_LOAD,
    "R": FAILS_AT_RUN_TIME,
    "D": REFUSED,
    "?": UNKNOWN,
    "-": NOT_ON_THIS_KERNEL,
}
LETTER_OF = {word: letter for letter, word in LETTERS.items()}

TITLES = {
    ALLOWED: "allowed",
    ONLY_IF_SLEEPABLE: "only if the program may sleep",
    WILL_NOT_LOAD: "will not load",
    FAILS_AT_RUN_TIME: "fails at run time",
    REFUSED: "refused",
    NOT_ON_THIS_KERNEL: "not on this kernel",
    NOT_A_KFUNC: "not a kfunc",
    UNKNOWN: "unknown",
}

# What a program must bring besides permission, in the words of `needs`.
NEEDS = {
    "sleepable": "the program must be sleepable",
    "device_bound": "the program must be bound to a device",
    "arena": "the program must use an arena map",
    "private_stack": "the JIT compiler must give the program a private stack",
    "rcu_read_lock": "the call must stand inside bpf_rcu_read_lock()",
    "sys_boot": "the loader needs CAP_SYS_BOOT",
    "perfmon": "the loader needs CAP_PERFMON",
    "bpf": "the loader needs CAP_BPF",
    "sys_admin": "the loader needs CAP_SYS_ADMIN",
    "module": "a module must be loaded",
    "gpl": "the program needs a GPL-compatible licence",
}
