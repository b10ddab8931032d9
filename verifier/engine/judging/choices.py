"""What the loader of an object does beyond libbpf's own steps, as its user tells it.

libbpf opens an object, lets the loader change things, then loads it. The object alone does not say
what was changed: constants, struct_ops members, program types, attach targets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from kfmap.permission.section_names import (
    EXT_TYPE,
    ProgramKind,
    parse_program_type,
    parse_section_name,
)
from kfmap.quick_dataclass import dataclass, field, replace
from verifier.engine.judging.attached import AttachedTo
from verifier.engine.object.model import BpfObject, Program, StructOpsMap

_Value = TypeVar("_Value")
ON_PROGRAM = "prog:"  # before the type of a BPF program that programs attach to


class ChoiceError(ValueError):
    """The loader is said to do what cannot be done to this object: names what and why."""


@dataclass(frozen=True, slots=True)
class LoaderChoices:
    """What the loader does between opening and loading.

    `values`: variables of .rodata that it sets. `cleared`: struct_ops members, `member` or
    `map.member`, that it clears where the kernel lacks them. `types`: by section, the program type
    that it sets, as parse_program_type() takes it. `targets`: by program, what it attaches to: the
    program type that a freplace program replaces, a function or hook for others, or a BPF program,
    `prog:` and its type. `attached`: those of these programs whose objects are at hand.
    """

    values: Mapping[str, int] = field(default_factory=dict)
    cleared: tuple[str, ...] = ()
    types: Mapping[str, str] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[str, AttachedTo] = field(default_factory=dict)

    def clears(self, struct_map: str, member: str) -> bool:
        """Return whether a member that the kernel lacks is cleared in a map."""
        return member in self.cleared or f"{struct_map}.{member}" in self.cleared


NO_CHOICES = LoaderChoices()


def fit_choices(
    obj: BpfObject, choices: LoaderChoices
) -> tuple[LoaderChoices, tuple[tuple[str, str], ...]]:
    """Return the choices that the object has a place for, and (what, why not) for each other."""
    misfits = tuple(_find_misfits(obj, choices))
    names = {name for name, _ in misfits}
    kept = LoaderChoices(
        _without(choices.values, names),
        tuple(name for name in choices.cleared if name not in names),
        _without(choices.types, names),
        _without(choices.targets, names),
        _without(choices.attached, names),
    )
    return kept, misfits


def apply_choices(obj: BpfObject, choices: LoaderChoices) -> BpfObject:
    """Return the object with the program types and targets that its loader sets.

    Raises ChoiceError for what does not fit the object.
    """
    misfits = tuple(why for _, why in _find_misfits(obj, choices))
    if misfits:
        raise ChoiceError("; ".join(misfits))
    if not choices.types and not choices.targets:
        return obj
    return replace(obj, programs=tuple(_with_choices(item, choices) for item in obj.programs))


def _with_choices(program: Program, choices: LoaderChoices) -> Program:
    word = choices.types.get(program.section)
    typed = _with_type(program, word) if word is not None else program
    attached = choices.attached.get(program.name)
    if attached is not None:
        return _with_program(typed, attached.program.kind)
    target = choices.targets.get(program.name)
    return _with_target(typed, target) if target is not None else typed


def _with_type(program: Program, word: str) -> Program:
    found = parse_program_type(word)
    if found is None:
        raise ChoiceError(_no_type(word))
    return replace(program, kind=found._replace(optional=program.kind.optional))


def _with_target(program: Program, word: str) -> Program:
    is_program = word.startswith(ON_PROGRAM)
    word = word.removeprefix(ON_PROGRAM)
    if program.kind.program_type != EXT_TYPE and is_program:
        return replace(program, on_program=True)
    if program.kind.program_type != EXT_TYPE:
        named = parse_section_name(f"{program.section.partition('/')[0]}/{word}")
        kind = program.kind._replace(target=named.target, attach_target=named.attach_target)
        return replace(program, kind=kind)
    found = parse_program_type(word)
    if found is None:
        raise ChoiceError(_nothing_to_replace(word, program.name))
    return _with_program(program, found)


def _with_program(program: Program, kind: ProgramKind) -> Program:
    """Return what attaches to a program of a kind."""
    if program.kind.program_type != EXT_TYPE:
        return replace(program, on_program=True)
    own = program.kind._replace(attach_type=kind.attach_type, attach_target=kind.attach_target)
    return replace(program, replaces=kind.program_type, kind=own)


def _find_misfits(obj: BpfObject, choices: LoaderChoices) -> Iterator[tuple[str, str]]:
    if choices == NO_CHOICES:  # nearly always, and names of all members take long to read
        return
    constants = {item.name for item in obj.variables if obj.data[item.section].frozen}
    members = {name for item in obj.struct_ops_maps for name in _member_names(obj, item)}
    sections = {program.section for program in obj.programs}
    programs = {program.name for program in obj.programs}
    replacing = {program.name for program in obj.programs if program.kind.program_type == EXT_TYPE}
    for name in choices.values:
        if name not in constants:
            yield name, f"{name} is not a variable in .rodata of this object"
    for name in choices.cleared:
        if name not in members:
            yield name, f"no struct_ops map of this object has a member {name}"
    for name, word in choices.types.items():
        if name not in sections:
            yield name, f"no program of this object is in a section {name}"
        elif parse_program_type(word) is None:
            yield name, _no_type(word)
    for name, word in choices.targets.items():
        if name not in programs:
            yield name, f"this object has no program {name}"
        elif name in choices.attached:
            continue
        elif name in replacing and parse_program_type(word.removeprefix(ON_PROGRAM)) is None:
            yield name, _nothing_to_replace(word, name)


def _no_type(word: str) -> str:
    return (
        f"{word!r} is not a program type: give a SEC() name such as xdp or cgroup/skb, or a "
        "name of enum bpf_prog_type such as BPF_PROG_TYPE_SOCKET_FILTER or socket_filter"
    )


def _nothing_to_replace(word: str, program: str) -> str:
    return (
        f"{word!r} is not a program type that {program} could replace: give a SEC() name such "
        "as xdp, or OBJECT:PROGRAM"
    )


def _member_names(obj: BpfObject, item: StructOpsMap) -> Iterator[str]:
    """Return the members of a map, each also as `map.member`."""
    names = [*(callback for callback, _ in item.members), *item.nonzero]
    if obj.btf is not None and item.type_id:
        names += [member.name for member in obj.btf.members(item.type_id)]
    for name in names:
        yield name
        yield f"{item.name}.{name}"


def _without(values: Mapping[str, _Value], names: set[str]) -> dict[str, _Value]:
    return {key: value for key, value in values.items() if key not in names}
