"""Whether programs may attach to a target at all, as far as the kernel's lists say.

Mirrors bpf_check_attach_target() and check_attach_btf_id() of kernel/bpf/verifier.c, and
bpf_lsm_verify_prog() of kernel/bpf/bpf_lsm.c.
"""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.program_facts import Target, find_target
from kfmap.permission.context import Context
from kfmap.permission.context_words import LSM, TRACING
from kfmap.permission.verdict import Reason, give_reason

_FUNCTION_ATTACHMENTS = (
    "BPF_TRACE_FENTRY",
    "BPF_TRACE_FEXIT",
    "BPF_TRACE_FSESSION",
    "BPF_MODIFY_RETURN",
)
_MODIFY = "BPF_MODIFY_RETURN"
_TRACEPOINT = "BPF_TRACE_RAW_TP"
# Whatever defines a tracepoint has this function for it (include/linux/tracepoint.h).
_OF_A_TRACEPOINT = "__traceiter_"


def find_function(context: Context) -> str | None:
    """Return the function that programs of a context attach to, None where it is no function."""
    return context.target if context.attach_type in _FUNCTION_ATTACHMENTS else None


def find_tracepoint(context: Context) -> tuple[str, str] | None:
    """Return the tracepoint that programs of a context attach to, and a function that shows it."""
    if context.attach_type != _TRACEPOINT or not context.target:
        return None
    name = context.target.removeprefix("btf_trace_")
    return name, f"{_OF_A_TRACEPOINT}{name}"


def find_target_problem(context: Context, facts: KernelFacts) -> Reason | None:
    """Return why no program attaches to the target of a context, None where nothing says so."""
    targets, name = facts.targets, context.target
    if targets is None or name is None:
        return None
    if context.program_type == LSM:
        hook = find_target(targets.disabled_hooks, name)
        return _reason(hook, f"no program attaches to {name}") if hook else None
    if context.program_type != TRACING or context.attach_type not in _FUNCTION_ATTACHMENTS:
        return None
    denied = find_target(targets.denied, name)
    if denied:
        return _reason(denied, f"no tracing program attaches to {name}")
    lasting = find_target(targets.no_return, name)
    if lasting and context.attach_type in targets.no_return_attach_types:
        return _reason(lasting, f"{name} does not return, so nothing attaches to its return")
    if context.attach_type == _MODIFY and find_target(targets.modifiable, name) is None:
        text = f"fmod_ret programs attach to functions that may fail by injection, not to {name}"
        return Reason("attach_target", text)
    return None


def _reason(target: Target, text: str) -> Reason:
    return give_reason("attach_target", f"{text}: it is in {target.why}", target.place)
