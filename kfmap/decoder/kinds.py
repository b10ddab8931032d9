"""The kinds of messages. The names are part of the JSON that `kfmap decode` prints.

Their order is the order of cause: what happens first when an object is opened, loaded, attached and
run stands first, and an answer lists messages in this order, then by line.
"""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a message is about; `MEANINGS` says each in a sentence."""

    OBJECT = "object"
    PRIVILEGE = "privilege"
    KERNEL_SUPPORT = "kernel_support"
    KERNEL_BTF_MISSING = "kernel_btf_missing"
    STRUCT_OPS_MISSING = "struct_ops_missing"
    MEMBER_MISSING = "member_missing"
    MEMBER_MISMATCH = "member_mismatch"
    MISSING = "missing"
    PROTOTYPE = "prototype"
    NO_TWIN = "no_twin"
    CORE_RELOCATION = "core_relocation"
    POISONED_CALL = "poisoned_call"
    PROGRAM_TYPE = "program_type"
    ATTACH_TARGET_MISSING = "attach_target_missing"
    ATTACH_TARGET = "attach_target"
    MAP = "map"
    UNSUPPORTED_MEMBER = "unsupported_member"
    SLEEPABLE_PROGRAM = "sleepable_program"
    LICENCE = "licence"
    DEVICE_BOUND = "device_bound"
    DESTRUCTIVE = "destructive"
    PERFMON = "perfmon"
    ARENA = "arena"
    MAP_USE = "map_use"
    NOT_ALLOWED = "not_allowed"
    NOT_SLEEPABLE = "not_sleepable"
    HELPER_NOT_ALLOWED = "helper_not_allowed"
    HELPER_SLEEPS = "helper_sleeps"
    GLOBAL_FUNCTION_SLEEPS = "global_function_sleeps"
    REGION = "region"
    LOCK = "lock"
    RCU_REQUIRED = "rcu_required"
    ARGUMENT = "argument"
    CALLBACK = "callback"
    VERIFIER = "verifier"
    RUN_TIME_MASK = "run_time_mask"
    NESTED = "nested"
    FOREIGN_TASK = "foreign_task"
    SCX_STALL = "scx_stall"
    SCX_BPF_ERROR = "scx_bpf_error"
    SCX_CPU = "scx_cpu"
    SCX_DSQ = "scx_dsq"
    SCX_FLAGS = "scx_flags"
    SCX_CALL = "scx_call"
    SCX_SETUP = "scx_setup"
    SCX_CALLBACK = "scx_callback"
    SCX_HOTPLUG = "scx_hotplug"
    SCX_ERROR = "scx_error"
    SCX_EXIT = "scx_exit"
    LOAD_FAILED = "load_failed"
    UNRECOGNISED = "unrecognised"


MEANINGS: dict[Kind, str] = {
    Kind.OBJECT: "the object file itself, or the way it is opened",
    Kind.PRIVILEGE: "the loader lacks a capability, a token or a limit",
    Kind.KERNEL_SUPPORT: "the kernel was built without something that the program needs",
    Kind.KERNEL_BTF_MISSING: "the kernel's own type information is missing",
    Kind.STRUCT_OPS_MISSING: "the kernel has no struct_ops type of this name",
    Kind.MEMBER_MISSING: "the kernel's ops structure has no such member",
    Kind.MEMBER_MISMATCH: "the kernel's ops structure has the member in another form",
    Kind.MISSING: "a kernel function or variable is not found in the kernel",
    Kind.PROTOTYPE: "a kernel function or variable is declared differently from the kernel",
    Kind.NO_TWIN: "the kernel's BTF lacks the `_impl` twin of a kfunc with implicit arguments",
    Kind.CORE_RELOCATION: "a CO-RE relocation finds nothing in the kernel",
    Kind.POISONED_CALL: "a live call of a weak kfunc that the kernel lacks",
    Kind.PROGRAM_TYPE: "the loader cannot tell the type of the program",
    Kind.ATTACH_TARGET_MISSING: "the function, hook or tracepoint to attach to does not exist",
    Kind.ATTACH_TARGET: "the kernel lets no such program attach there",
    Kind.MAP: "a map cannot be made",
    Kind.UNSUPPORTED_MEMBER: "no program, or no sleepable one, may implement the member",
    Kind.SLEEPABLE_PROGRAM: "programs of this type can, or can only, be sleepable",
    Kind.LICENCE: "the program needs a GPL-compatible licence",
    Kind.DEVICE_BOUND: "XDP metadata kfuncs need a program bound to a device",
    Kind.DESTRUCTIVE: "a destructive kfunc needs CAP_SYS_BOOT",
    Kind.PERFMON: "the kfunc or access needs CAP_PERFMON",
    Kind.ARENA: "an argument or map needs an arena, or the arena needs something",
    Kind.MAP_USE: "a program of this type may not use the map",
    Kind.NOT_ALLOWED: "the permission check refuses a kfunc",
    Kind.NOT_SLEEPABLE: "a kfunc that may sleep is called where sleeping is forbidden",
    Kind.HELPER_NOT_ALLOWED: "programs of this type may not call the helper",
    Kind.HELPER_SLEEPS: "a helper that may sleep is called where sleeping is forbidden",
    Kind.GLOBAL_FUNCTION_SLEEPS: "a global function that may sleep is called where it may not",
    Kind.REGION: "an RCU, preemption or IRQ region is left open, or closed without being open",
    Kind.LOCK: "something is done under a BPF spin lock that is forbidden there",
    Kind.RCU_REQUIRED: "something needs an RCU read-side critical section",
    Kind.ARGUMENT: "a kfunc's argument is not of the kind that its flags ask for",
    Kind.CALLBACK: "something is forbidden in a callback or on the way into one",
    Kind.VERIFIER: "a complaint of the verifier that kfmap knows and does not judge",
    Kind.RUN_TIME_MASK: "a sched_ext kfunc is called from an operation that may not (6.12 to 7.0)",
    Kind.NESTED: "a sched_ext kfunc is called from a nested operation",
    Kind.FOREIGN_TASK: "a sched_ext kfunc is called on a task that is not the operation's own",
    Kind.SCX_STALL: "sched_ext's watchdog ended the scheduler",
    Kind.SCX_BPF_ERROR: "the scheduler ended itself with scx_bpf_error()",
    Kind.SCX_CPU: "sched_ext got a CPU, node or cid that does not exist or is not allowed",
    Kind.SCX_DSQ: "sched_ext got a dispatch queue that does not exist or does not fit",
    Kind.SCX_FLAGS: "sched_ext got flags that do not fit",
    Kind.SCX_CALL: "a sched_ext kfunc is called in a state that it refuses",
    Kind.SCX_SETUP: "sched_ext refuses to enable the scheduler",
    Kind.SCX_CALLBACK: "a callback of the scheduler returned an error",
    Kind.SCX_HOTPLUG: "sched_ext ended the scheduler because a CPU came or went",
    Kind.SCX_ERROR: "another error of sched_ext",
    Kind.SCX_EXIT: "the scheduler ended without an error",
    Kind.LOAD_FAILED: "a load failed, and the text does not say why",
    Kind.UNRECOGNISED: "a line that looks like a complaint and is not known",
}

# The members of the enum are in the order of cause, but what the verifier says of a program comes
# in the order of the log: all of that is one rank.
_VERIFIER_FROM, _VERIFIER_TO = Kind.UNSUPPORTED_MEMBER, Kind.VERIFIER
_ORDER = list(Kind)


def rank(kind: Kind) -> int:
    """Return the place of a kind in the order of cause, smallest first."""
    place = _ORDER.index(kind)
    first, last = _ORDER.index(_VERIFIER_FROM), _ORDER.index(_VERIFIER_TO)
    return first if first <= place <= last else place
