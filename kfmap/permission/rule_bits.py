"""Rule trees evaluated for all kfuncs at once.

A set of kfuncs is a Python int, one bit per kfunc. What is not known is carried along: a condition
gives the bits for which it surely holds and those for which it may hold, a tree likewise the bits
it surely refuses and those it may refuse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kfmap.kernel.rule_form import (
    All,
    Always,
    AnyOf,
    AttachTypeIs,
    Branch,
    Condition,
    Decide,
    InSet,
    KfuncIs,
    MemberAt,
    MemberTable,
    Node,
    Not,
    ProgramHas,
    StructOpsIs,
    TableHas,
    TargetIn,
    TypeIs,
    Unknown,
)
from kfmap.permission.view import View
from kfmap.quick_dataclass import dataclass

Bits = tuple[int, int]  # surely, possibly
Evaluate = Callable[[View], Bits]


@dataclass(frozen=True, slots=True)
class Names:
    """What the names in a rule tree stand for in one kernel."""

    everything: int
    kfunc_bits: Mapping[str, int]
    set_bits: Mapping[str, int]
    set_names: Mapping[str, frozenset[str]]
    attach_types: Mapping[str, int]
    struct_ops_names: Mapping[str, str]
    tables: Mapping[str, MemberTable]


def compile_tree(node: Node, names: Names) -> Evaluate:
    """Compile a tree to a function view → (surely refused, possibly refused)."""
    everything = names.everything
    match node:
        case Decide(refuse=refuse):
            return _constant((everything, everything) if refuse else (0, 0))
        case Unknown():
            return _constant((0, everything))
        case Branch():
            return _compile_branch(node, names)


def _compile_branch(node: Branch, names: Names) -> Evaluate:
    condition = compile_condition(node.condition, names)
    then, otherwise = compile_tree(node.then, names), compile_tree(node.otherwise, names)
    everything = names.everything

    def evaluate(view: View) -> Bits:
        holds, may_hold = condition(view)
        if not may_hold:
            return otherwise(view)
        refused, may_refuse = then(view)
        if holds == everything:
            return refused, may_refuse
        refused_else, may_refuse_else = otherwise(view)
        surely = (holds & refused) | (~may_hold & refused_else) | (refused & refused_else)
        return surely, (may_hold & may_refuse) | (everything & ~holds & may_refuse_else)

    return evaluate


def compile_condition(condition: Condition, names: Names) -> Evaluate:
    """Compile a condition to a function view → (kfuncs for which it surely, possibly holds)."""
    match condition:
        case Not(condition=inner):
            return _compile_not(compile_condition(inner, names), names.everything)
        case All(conditions=parts):
            return _compile_all([compile_condition(part, names) for part in parts], names)
        case AnyOf(conditions=parts):
            return _compile_any([compile_condition(part, names) for part in parts])
        case InSet(set_id=set_id):
            bits = names.set_bits.get(set_id)
            return _constant((0, names.everything) if bits is None else (bits, bits))
        case KfuncIs(kfunc=kfunc):
            bits = names.kfunc_bits.get(kfunc, 0)
            return _constant((bits, bits))
        case Always(value=value):
            return _constant((names.everything, names.everything) if value else (0, 0))
        case _:
            return _compile_test(_compile_view_test(condition, names), names.everything)


def _compile_view_test(condition: Condition, names: Names) -> Callable[[View], bool | None]:
    """Compile a condition on the program alone; the function gives None for "not known"."""
    match condition:
        case TypeIs(program_type=program_type):
            return lambda view: view.program_type == program_type
        case AttachTypeIs(attach_type=attach_type):
            number = names.attach_types.get(attach_type, attach_type)
            return lambda view: view.attach_type == number
        case TargetIn(set_id=set_id):
            targets = names.set_names.get(set_id)
            return lambda view: None if targets is None else view.target in targets
        case StructOpsIs(struct_ops=struct_ops):
            name = names.struct_ops_names.get(struct_ops or "", struct_ops)
            return lambda view: view.struct_ops == name
        case MemberAt(offset=offset):
            return lambda view: None if view.offset is None else view.offset == offset
        case ProgramHas():
            return lambda view: None
        case TableHas(table=table, mask=mask):
            return _compile_table_test(names.tables.get(table), mask)
        case _:
            raise TypeError(f"not a condition of the rule form: {condition!r}")


def _compile_table_test(table: MemberTable | None, mask: int) -> Callable[[View], bool | None]:
    if table is None:
        return lambda view: None
    values = {row.index: row.value for row in table.rows}
    unit, length = table.unit, table.length

    def test(view: View) -> bool | None:
        if view.offset is None or view.offset // unit >= length:
            return None
        return bool(values.get(view.offset // unit, 0) & mask)

    return test


def _constant(bits: Bits) -> Evaluate:
    return lambda view: bits


def _compile_test(test: Callable[[View], bool | None], everything: int) -> Evaluate:
    answers: dict[bool | None, Bits] = {
        True: (everything, everything),
        False: (0, 0),
        None: (0, everything),
    }
    return lambda view: answers[test(view)]


def _compile_not(inner: Evaluate, everything: int) -> Evaluate:
    def evaluate(view: View) -> Bits:
        holds, may_hold = inner(view)
        return everything & ~may_hold, everything & ~holds

    return evaluate


def _compile_all(parts: list[Evaluate], names: Names) -> Evaluate:
    def evaluate(view: View) -> Bits:
        holds = may_hold = names.everything
        for part in parts:
            surely, possibly = part(view)
            holds &= surely
            may_hold &= possibly
            if not may_hold:
                break
        return holds, may_hold

    return evaluate


def _compile_any(parts: list[Evaluate]) -> Evaluate:
    def evaluate(view: View) -> Bits:
        holds = may_hold = 0
        for part in parts:
            surely, possibly = part(view)
            holds |= surely
            may_hold |= possibly
        return holds, may_hold

    return evaluate
