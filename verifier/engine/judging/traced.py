"""Functions of BPF programs as what traces them finds them: by their own BTF."""

from __future__ import annotations

from kfmap.btf.kinds import GLOBAL
from kfmap.btf.read import BtfError
from kfmap.quick_dataclass import dataclass
from verifier.engine.judging.context_structs import is_context_alone
from verifier.engine.object.model import BpfObject, Linkage, Program
from verifier.engine.object.results import Result, find_result

_WORD = 8


@dataclass(frozen=True, slots=True)
class TracedFunction:
    """A function of a BPF program.

    `words`: that its arguments take. `trusted`: whether the verifier goes by its BTF, None where
    that is not known, as of static functions: the compiler may have taken arguments from them.
    """

    name: str
    words: int
    returns_nothing: bool
    trusted: bool | None


def read_traced(obj: BpfObject, program: Program, function: int) -> TracedFunction | None:
    """Return what BTF says of a function of a program, None where it says too little."""
    item = obj.functions[function]
    if obj.btf is None or not item.type_id:
        return None
    types = obj.btf
    try:
        given = types.params(types.type_of(item.type_id))
        words = sum(-(-types.size(param.type_id) // _WORD) for param in given)
        trusted: bool | None = True
        if function == program.function:
            kind = program.kind.program_type
            trusted = is_context_alone(types, item.type_id, kind, None)
        elif item.linkage == Linkage.STATIC or types.linkage(item.type_id) != GLOBAL:
            trusted = None
    except BtfError:
        return None
    returns_nothing = find_result(types, item.type_id) == Result.NOTHING
    return TracedFunction(item.name, words, returns_nothing, trusted)
