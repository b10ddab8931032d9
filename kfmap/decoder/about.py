"""What a message says beyond its kind: which rule, or the class of a verifier's complaint."""

from __future__ import annotations

from enum import StrEnum


class About(StrEnum):
    """The words that answers are chosen by; most kinds need none."""

    NOTHING = ""
    NOTE = "note"  # the line is no message

    # Where a kernel function is missing, or where a program attaches.
    BTF_ID = "btf_id"
    MODULE = "module"
    RANGE = "range"
    TRACEPOINT = "tracepoint"
    USER = "user"

    # Arguments of kfuncs.
    KIND = "kind"
    RCU = "rcu"
    RELEASE = "release"
    TRUSTED = "trusted"

    # Regions and locks.
    CALL = "call"
    IRQ = "irq"
    LOCK = "lock"
    THROW = "throw"
    UNMATCHED = "unmatched"

    # Licences, privileges and what the kernel was built with.
    BPF = "bpf"
    HELPER = "helper"
    JIT = "jit"
    JIT_OFF = "jit_off"
    KFUNC = "kfunc"
    LOCKDOWN = "lockdown"
    LSM = "lsm"
    PRIVATE_STACK = "private_stack"
    PROBE_EVENTS = "probe_events"
    ROOT = "root"
    STRUCT_OPS = "struct_ops"
    SYSCALL = "syscall"

    # Helpers, devices, loaders and sched_ext.
    ATTACH_TYPE = "attach_type"
    FAULT = "fault"
    GLOBAL_DATA = "global_data"
    LIBBPF = "libbpf"
    MAP = "map"
    MISMATCH = "mismatch"
    NO_SUCH = "no_such"
    OFFLOADED = "offloaded"
    PINNED = "pinned"
    PROBE = "probe"
    SOCKMAP = "sockmap"
    UNREFERENCED = "unreferenced"

    # Classes of the verifier's complaints; some are said of other kinds, too.
    ARITHMETIC = "arithmetic"
    BTF = "btf"
    CAPABILITY = "capability"
    COMPLEXITY = "complexity"
    CONTEXT = "context"
    CONTEXT_ACCESS = "context_access"
    CONTROL_FLOW = "control_flow"
    DYNPTR = "dynptr"
    FORMAT = "format"
    FUNCTION = "function"
    HELPER_ARGUMENT = "helper_argument"
    INSTRUCTION = "instruction"
    INTERNAL = "internal"
    KPTR = "kptr"
    MEMORY = "memory"
    OTHER = "other"
    PACKET = "packet"
    PLACE = "place"
    POINTER = "pointer"
    POLICY = "policy"
    REFERENCE = "reference"
    RETURN_VALUE = "return_value"
    SIGNATURE = "signature"
    SPECULATION = "speculation"
    STACK = "stack"
    TAIL_CALL = "tail_call"
