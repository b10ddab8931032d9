"""Words of a tracing program's context that its target does not have: one for each argument.

Mirrors btf_ctx_access() and get_ctx_arg_idx() of kernel/bpf/btf.c. Code that reads one is refused
where the verifier walks it, so the loads are found once, and asked about like CO-RE relocations.
"""

from __future__ import annotations

from collections.abc import Mapping

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from verifier.engine.flow.context_reads import find_context_reads
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.model import BpfObject, Program

# Program and byte offset by section and slot of the load.
ContextReads = Mapping[tuple[str, int], tuple[Program, int]]

_WORD = 8
_TRACEPOINT, _ITERATOR, _FENTRY = "BPF_TRACE_RAW_TP", "BPF_TRACE_ITER", "BPF_TRACE_FENTRY"
# Of these the word behind the arguments is what the function returned, or is about to return.
_WITH_RESULT = ("BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN", "BPF_LSM_MAC", "BPF_LSM_CGROUP")
_TRACED = (_TRACEPOINT, _ITERATOR, _FENTRY, *_WITH_RESULT)


def find_program_reads(obj: BpfObject, code: ObjectCode) -> ContextReads:
    """Return the loads from the contexts of tracing programs, as far as they are found."""
    reads: dict[tuple[str, int], tuple[Program, int]] = {}
    for program in obj.programs:
        kind = program.kind
        if kind.attach_type in _TRACED and kind.attach_target and not program.on_program:
            section = obj.functions[program.function].section
            relocated = code.core_slots.get(section, frozenset())
            for slot, offset in find_context_reads(code.body(program.function)).items():
                if slot not in relocated:
                    reads[section, slot] = program, offset
    return reads


def missing_word(program: Program, offset: int, kernel: KernelUnderTest) -> str:
    """Return that the target lacks what is read from the context, "" where it may have it."""
    words = _count_words(program, kernel)
    if words is None or offset < 0:
        return ""
    word = offset // _WORD
    if word < words + (program.kind.attach_type in _WITH_RESULT):
        return ""
    target = (program.kind.attach_target or "").removeprefix("btf_trace_")
    takes = "no arguments" if not words else "1 argument" if words == 1 else f"{words} arguments"
    result = " and a result" if program.kind.attach_type in _WITH_RESULT else ""
    return (
        f"invalid bpf_context access off={offset}: {target} has {takes}{result} in this kernel, "
        f"and the program reads word {word + 1}"
    )


def may_be_result(program: Program, offset: int, kernel: KernelUnderTest) -> bool:
    """Return whether a word of the context may be what the target returned, or is about to."""
    words = _count_words(program, kernel)
    return words is None or offset >= words * _WORD


def _count_words(program: Program, kernel: KernelUnderTest) -> int | None:
    """Return how many words the arguments take, None where that is not known."""
    target = program.kind.attach_target
    module, colon, _ = (program.kind.target or "").partition(":")
    if target is None or (colon and module != "vmlinux"):
        return None
    if program.kind.attach_type == _TRACEPOINT:
        return None if kernel.types is None else _tracepoint_words(kernel.types, target)
    return None if kernel.functions is None else kernel.functions.argument_words(target)


def _tracepoint_words(types: Btf, target: str) -> int | None:
    """Count what a tracepoint is called with; the first parameter of its type is not given on."""
    found = types.find(target, Kind.TYPEDEF)
    if found is None:
        return None
    try:
        prototype = types.type_of(types.type_of(found))
        if types.kind(prototype) is not Kind.FUNC_PROTO:
            return None
        return len(types.params(prototype)) - 1
    except BtfError:
        return None
