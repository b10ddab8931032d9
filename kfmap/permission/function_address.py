"""Which programs know the address of the function that they run for, as `bpf_get_func_ip` asks.

Mirrors check_get_func_ip() of kernel/bpf/verifier.c, the same from 6.1 to 7.3. It asks beside the
functions that say which helpers programs get, so that a program may get the helper and not load.
"""

from __future__ import annotations

from kfmap.permission.context import Context

GET_FUNC_IP = "bpf_get_func_ip"
NO_FUNCTION = "is for kprobes and for programs that trace functions"
_TRACES_FUNCTIONS = (
    "BPF_TRACE_FENTRY",
    "BPF_TRACE_FEXIT",
    "BPF_TRACE_FSESSION",
    "BPF_MODIFY_RETURN",
)


def knows_function(context: Context) -> bool:
    """Return whether programs of a context know the address of a function."""
    if context.program_type == "BPF_PROG_TYPE_TRACING":
        return context.attach_type in _TRACES_FUNCTIONS
    return context.program_type == "BPF_PROG_TYPE_KPROBE"
