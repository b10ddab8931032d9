"""Words of a tracing program's context that its target does not have: one for each argument.

Mirrors btf_ctx_access() and get_ctx_arg_idx() of kernel/bpf/btf.c. Code that reads one is refused
where the verifier walks it, so the loads are found once, and asked about like CO-RE relocations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError
from kfmap.counting import count_of
from kfmap.kernel.program_facts import Returns
from verifier.engine.flow.context_reads import find_context_reads
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.traced import TracedFunction
from verifier.engine.object.model import BpfObject, Program


class ContextRead(NamedTuple):
    """A load from the context: by which program, at which byte, and the function of a BPF program
    that it traces, if it does."""

    program: Program
    offset: int
    traced: TracedFunction | None


ContextReads = Mapping[tuple[str, int], ContextRead]  # by section and slot

_WORD = 8
_TRACEPOINT, _ITERATOR, _FENTRY = "BPF_TRACE_RAW_TP", "BPF_TRACE_ITER", "BPF_TRACE_FENTRY"
# Of these the word behind the arguments is what the function returned, or is about to return.
_WITH_RESULT = ("BPF_TRACE_FEXIT", "BPF_MODIFY_RETURN", "BPF_LSM_MAC", "BPF_LSM_CGROUP")
_LSM = ("BPF_LSM_MAC", "BPF_LSM_CGROUP")
_REGISTERS = 5  # MAX_BPF_FUNC_REG_ARGS, include/linux/bpf.h
_TRACED = (_TRACEPOINT, _ITERATOR, _FENTRY, *_WITH_RESULT)


def find_program_reads(
    obj: BpfObject, code: ObjectCode, traced: Mapping[int, TracedFunction]
) -> ContextReads:
    """Return the loads from the contexts of tracing programs, as far as they are found.

    `traced`: by program, the function of a BPF program that it attaches to, where that is known.
    """
    reads: dict[tuple[str, int], ContextRead] = {}
    for number, program in enumerate(obj.programs):
        kind, of_program = program.kind, traced.get(number)
        on_kernel = kind.attach_target and not program.on_program
        if kind.attach_type in _TRACED and (on_kernel or of_program):
            section = obj.functions[program.function].section
            relocated = code.core_slots.get(section, frozenset())
            for slot, offset in find_context_reads(code.body(program.function)).items():
                if slot not in relocated:
                    reads[section, slot] = ContextRead(program, offset, of_program)
    return reads


def missing_word(read: ContextRead, kernel: KernelUnderTest) -> str:
    """Return that the target lacks what is read from the context, "" where it may have it."""
    program, offset, traced = read
    if traced is not None:
        return _missing_of_program(read, traced)
    words = _count_words(program, kernel)
    if words is None or offset < 0:
        return ""
    word = offset // _WORD
    if word == words and _is_void_hook(program, kernel):
        return _no_result((program.kind.attach_target or ""), offset)
    if word < words + (program.kind.attach_type in _WITH_RESULT):
        return ""
    target = (program.kind.attach_target or "").removeprefix("btf_trace_")
    takes = "no arguments" if not words else "1 argument" if words == 1 else f"{words} arguments"
    result = " and a result" if program.kind.attach_type in _WITH_RESULT else ""
    return (
        f"invalid bpf_context access off={offset}: {target} has {takes}{result} in this kernel, "
        f"and the program reads word {word + 1}"
    )


def _missing_of_program(read: ContextRead, traced: TracedFunction) -> str:
    """Return the same for the function of a BPF program, whose types the verifier may not trust:
    then there are five words of numbers."""
    word, has_result = read.offset // _WORD, read.program.kind.attach_type in _WITH_RESULT
    words = {True: (traced.words,), False: (_REGISTERS,), None: (traced.words, _REGISTERS)}
    most = max(words[traced.trusted])
    if read.offset < 0 or word < most:
        return ""
    if has_result and word == most:
        is_void = traced.returns_nothing and traced.trusted
        return _no_result(traced.name, read.offset) if is_void else ""
    count = count_of(most, "argument")
    return (
        f"invalid bpf_context access off={read.offset}: {traced.name} has {count}"
        f"{' and a result' if has_result else ''}, and the program reads word {word + 1}"
    )


def may_miss(read: ContextRead) -> bool:
    """Return whether the function of a BPF program may lack what is read, and that is not known."""
    if read.traced is None or read.traced.trusted is not None or read.offset < 0:
        return False
    words = (read.traced.words, _REGISTERS)
    result = read.program.kind.attach_type in _WITH_RESULT
    return min(words) + result <= read.offset // _WORD < max(words) + result


def _no_result(function: str, offset: int) -> str:
    return (
        f"invalid bpf_context access off={offset}: {function} returns nothing, and the program "
        "reads its result"
    )


def _is_void_hook(program: Program, kernel: KernelUnderTest) -> bool:
    """Return whether a program is for an LSM hook that is known to return nothing."""
    kind = program.kind
    if kind.attach_type not in _LSM:
        return False
    return kernel.returns.of_hook(kind.attach_target or "") == Returns.NOTHING


def may_be_result(read: ContextRead, kernel: KernelUnderTest) -> bool:
    """Return whether a word of the context may be what the target returned, or is about to."""
    words = _count_words(read.program, kernel)
    return words is None or read.offset >= words * _WORD


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
