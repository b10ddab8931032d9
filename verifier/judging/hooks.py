"""Whether a kernel has what a program is for: its type, its attach type, its LSM hook or iterator.

None of this is about kfuncs; libbpf or bpf_prog_load_check_attach() of the kernel refuses it.
"""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_words import LSM, TRACING
from verifier.judging.contexts import UNSPECIFIED
from verifier.object.model import Program
from verifier.result import Reason

_ITERATOR = "BPF_TRACE_ITER"
_ATTACH_TYPES_CHECKED = (TRACING, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR")


def missing_hook(program: Program, facts: KernelFacts) -> Reason | None:
    """Say what the kernel lacks for a program to be loaded at all."""
    text = _missing(program, facts) if facts.program_types else ""
    return Reason("hook", text) if text else None


def _missing(program: Program, facts: KernelFacts) -> str:
    kind, attach_type, target = program.program_type, program.attach_type, program.attach_target
    if kind == UNSPECIFIED:
        return (
            f"libbpf knows no program type for section {program.section}: its loader has to set it"
        )
    if kind not in {item.name for item in facts.program_types}:
        return f"this kernel has no program type {kind}"
    known = {item.name for item in facts.attach_types}
    if kind in _ATTACH_TYPES_CHECKED and attach_type and attach_type not in known:
        return f"this kernel has no attach type {attach_type}"
    if kind == LSM and target and target not in facts.lsm_hooks:
        return f"this kernel has no LSM hook {target}"
    if attach_type == _ITERATOR and target and target not in facts.iterators:
        return f"this kernel has no iterator {target}"
    return ""
