"""Rule conditions in words, for reasons."""

from __future__ import annotations

from collections.abc import Mapping

from kfmap.kernel.facts import KfuncSet
from kfmap.kernel.rule_form import (
    All,
    Always,
    AnyOf,
    AttachTypeIs,
    Condition,
    InSet,
    KfuncIs,
    MemberAt,
    Not,
    ProgramHas,
    StructOpsIs,
    TableHas,
    TargetIn,
    TypeIs,
)

_NEGATIONS = (
    (" is in one of ", " is in none of "),
    (" is ", " is not "),
    (" has no ", " has "),
    (" has ", " lacks "),
)


def describe_condition(condition: Condition, sets: Mapping[str, KfuncSet]) -> str:
    """Return a condition in words, set ids by their names."""
    match condition:
        case All(conditions=parts):
            return " and ".join(_in_brackets(part, sets) for part in parts) or "always"
        case AnyOf(conditions=parts) if parts and all(isinstance(p, InSet) for p in parts):
            names = [_set_name(p.set_id, sets) for p in parts if isinstance(p, InSet)]
            return f"the kfunc is in one of {', '.join(names)}"
        case AnyOf(conditions=parts):
            return " or ".join(_in_brackets(part, sets) for part in parts) or "never"
        case Not(condition=inner):
            return _negate(_in_brackets(inner, sets))
        case Always(value=value):
            return "always" if value else "never"
        case InSet(set_id=set_id):
            return f"the kfunc is in {_set_name(set_id, sets)}"
        case KfuncIs(kfunc=kfunc):
            return f"the kfunc is {kfunc}"
        case _:
            return _describe_program(condition, sets)


def _describe_program(condition: Condition, sets: Mapping[str, KfuncSet]) -> str:
    match condition:
        case TypeIs(program_type=program_type):
            return f"the program type is {program_type}"
        case AttachTypeIs(attach_type=attach_type):
            return f"the attach type is {attach_type}"
        case TargetIn(set_id=set_id):
            return f"the attach target is in {_set_name(set_id, sets)}"
        case StructOpsIs(struct_ops=None):
            return "the program has no struct_ops"
        case StructOpsIs(struct_ops=struct_ops):
            return f"the struct_ops type is {struct_ops}"
        case MemberAt(offset=offset):
            return f"the member is at byte {offset}"
        case ProgramHas(kind=kind, name=name):
            return f"the program has {kind} {name}".rstrip()
        case TableHas(table=table, mask=mask, mask_names=names):
            return f"the member's row of {table} has {' | '.join(names) or hex(mask)}"
        case _:
            raise TypeError(f"not a condition of the rule form: {condition!r}")


def _negate(words: str) -> str:
    if words.startswith("("):
        return f"not {words}"
    for verb, negated in _NEGATIONS:
        if verb in words:
            return words.replace(verb, negated, 1)
    return f"not {words}"


def _in_brackets(condition: Condition, sets: Mapping[str, KfuncSet]) -> str:
    words = describe_condition(condition, sets)
    compound = isinstance(condition, All | AnyOf) and (" and " in words or " or " in words)
    return f"({words})" if compound else words


def _set_name(set_id: str, sets: Mapping[str, KfuncSet]) -> str:
    found = sets.get(set_id)
    return found.name if found else set_id
