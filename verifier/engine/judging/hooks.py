"""Whether a kernel has what a program is for: its type, its attach type, its LSM hook or iterator.

None of this is about kfuncs; libbpf or bpf_prog_load_check_attach() of the kernel refuses it.
"""

from __future__ import annotations

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context_words import LSM, TRACING
from verifier.engine.judging.contexts import UNSPECIFIED
from verifier.engine.object.model import Program
from verifier.engine.result import Reason

_ITERATOR, _TRACEPOINT = "BPF_TRACE_ITER", "BPF_TRACE_RAW_TP"
_ATTACH_TYPES_CHECKED = (TRACING, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR")


def missing_hook(program: Program, facts: KernelFacts) -> Reason | None:
    """Say what the kernel lacks for a program to be loaded at all."""
    text = _missing(program, facts) if facts.program_types else ""
    return Reason("hook", text) if text else None


def open_hook(program: Program, types: Btf | None) -> Reason | None:
    """Say that only a module can have what a program attaches to."""
    target = program.attach_target
    if program.attach_type != _TRACEPOINT or target is None or types is None:
        return None
    if types.find(target, Kind.TYPEDEF) is not None:
        return None
    text = "is not in the kernel itself, and what its loaded modules have is not known"
    return Reason("hook", f"tracepoint {target.removeprefix('btf_trace_')} {text}")


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
