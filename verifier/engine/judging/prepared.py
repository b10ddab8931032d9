"""What judging an object needs and no kernel changes: made once, used for every kernel."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from kfmap.btf.kinds import Kind
from kfmap.btf.read import BtfError
from kfmap.permission.context import Context
from kfmap.quick_dataclass import dataclass, field
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.judging.attached import AttachedTo
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices, apply_choices
from verifier.engine.judging.context_words import ContextReads, find_program_reads
from verifier.engine.judging.contexts import resolved_type
from verifier.engine.judging.evidence import Evidence
from verifier.engine.judging.groups import group_programs
from verifier.engine.judging.instructions import Newer, newer_instructions
from verifier.engine.judging.loader import Relocations, read_constants
from verifier.engine.judging.places import what_places
from verifier.engine.judging.reached import Reached
from verifier.engine.judging.static_paths import (
    Path,
    find_packet_load,
    find_static_calls,
    find_static_helpers,
)
from verifier.engine.judging.traced import TracedFunction, read_traced
from verifier.engine.object.model import BpfObject, ObjectError
from verifier.engine.object.special_fields import ObjectFields

if TYPE_CHECKING:
    from verifier.engine.judging.sharing import Told


@dataclass(frozen=True, slots=True)
class Steps:
    """How many instructions may be walked for one object on one kernel."""

    joined: int = 3_000_000
    exact: int = 300_000


@dataclass(frozen=True)
class Target:
    """A program of another object that a program attaches to, and the function of it.

    `name`: that of the function, "" where only the loader knows it; `type_id`: its FUNC, 0 where
    there is none; `function`: which one it is, None where the program does not reach it.
    """

    to: AttachedTo
    prepared: Prepared
    name: str
    type_id: int
    function: int | None


@dataclass(frozen=True)
class Prepared:
    """An object with its code, its relocations and, by program, what that could reach.

    `contexts`: each context of any program once; `context_numbers`: by program, which it is.
    `told`: what the last kernels that it was judged on answered, the last one first. `targets`: by
    program, the program of another object that it attaches to, if that is at hand.
    """

    object: BpfObject
    code: ObjectCode
    relocations: Relocations
    reached: tuple[Reached, ...]
    contexts: tuple[Context, ...]
    context_numbers: tuple[int, ...]
    steps: Steps
    fields: ObjectFields
    evidence: Evidence
    choices: LoaderChoices = NO_CHOICES
    told: list[Told] = field(default_factory=list)
    targets: Mapping[int, Target] = field(default_factory=dict)
    context_reads: ContextReads = field(default_factory=dict)
    _calls_in: dict[int, Mapping[int, Path]] = field(default_factory=dict)
    _helpers_in: dict[int, Mapping[int, Path]] = field(default_factory=dict)
    _newer_in: dict[int, tuple[Newer, ...]] = field(default_factory=dict)

    @cached_property
    def first_placed(self) -> tuple[int, ...]:
        """Return, by program, the first one to which the kernel says the same for its place."""
        return _number_alike(map(what_places, self.object.programs))

    @cached_property
    def first_with_maps(self) -> tuple[int, ...]:
        """Return, by program, the first one of its type that has the same maps."""
        return _number_alike(
            (tuple(item.maps), tuple(item.data), resolved_type(program), program.kind.sleepable)
            for item, program in zip(self.reached, self.object.programs, strict=True)
        )

    @cached_property
    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Return the programs, those together that have functions in common."""
        return group_programs(self.reached)

    def calls_in(self, function: int) -> Mapping[int, Path]:
        """Return the calls that a function could reach, as `Reached.calls` does for programs."""
        if function not in self._calls_in:
            self._calls_in[function] = find_static_calls(self.code.graph, [function])
        return self._calls_in[function]

    def helpers_in(self, function: int) -> Mapping[int, Path]:
        """Return the helpers that a function could reach, as `calls_in` does for externs."""
        if function not in self._helpers_in:
            self._helpers_in[function] = find_static_helpers(self.code.graph, [function])
        return self._helpers_in[function]

    def newer_in(self, function: int) -> tuple[Newer, ...]:
        """Return the instructions of a function that not every kernel knows."""
        if function not in self._newer_in:
            item = self.object.functions[function]
            code = self.object.code[item.section]
            self._newer_in[function] = tuple(newer_instructions(item, code))
        return self._newer_in[function]

    def packets_in(self, function: int) -> Path:
        """Return the way to the first load from a packet that a function could reach, if any."""
        return find_packet_load(self.code.graph, [function])


def _number_alike(items: Iterable[Hashable]) -> tuple[int, ...]:
    """Return for each item the position of the first that equals it."""
    first: dict[Hashable, int] = {}
    return tuple(first.setdefault(item, at) for at, item in enumerate(items))


def prepare_object(
    obj: BpfObject, choices: LoaderChoices = NO_CHOICES, steps: Steps | None = None
) -> Prepared:
    """Prepare an object, as its loader changes it, for any number of kernels.

    Raises ChoiceError for choices that do not fit the object, and ObjectError for CO-RE relocations
    that cannot be read.
    """
    obj = apply_choices(obj, choices)
    code = ObjectCode(obj, read_constants(obj, choices.values))
    reached = tuple(Reached(code.graph, program) for program in obj.programs)
    try:
        relocations = Relocations(obj)
    except BtfError as error:
        raise ObjectError(f"the object's CO-RE relocations cannot be read: {error}") from error
    contexts: dict[Context, int] = {}
    numbers = tuple(contexts.setdefault(item.context, len(contexts)) for item in reached)
    targets = _prepare_targets(obj, choices, steps)
    reads = find_program_reads(obj, code, _find_traced(targets))
    code.check_slots(reads)
    return Prepared(
        object=obj,
        code=code,
        relocations=relocations,
        reached=reached,
        contexts=tuple(contexts),
        context_numbers=numbers,
        steps=steps or Steps(),
        fields=ObjectFields(obj),
        evidence=Evidence(obj),
        choices=choices,
        targets=targets,
        context_reads=reads,
    )


def _prepare_targets(
    obj: BpfObject, choices: LoaderChoices, steps: Steps | None
) -> dict[int, Target]:
    """Prepare the objects of the programs that programs attach to, each once."""
    known: dict[int, Prepared] = {}
    found: dict[int, Target] = {}
    for number, program in enumerate(obj.programs):
        to = choices.attached.get(program.name)
        if to is not None:
            if id(to.object) not in known:
                known[id(to.object)] = prepare_object(to.object, steps=steps)
            found[number] = _find_target(to, known[id(to.object)], program.kind.target or "")
    return found


def _find_traced(targets: Mapping[int, Target]) -> dict[int, TracedFunction]:
    """Return, by program, what is known of the function that it attaches to."""
    found: dict[int, TracedFunction] = {}
    for number, target in targets.items():
        if target.function is not None:
            traced = read_traced(target.to.object, target.to.program, target.function)
            if traced is not None:
                found[number] = traced
    return found


def _find_target(to: AttachedTo, prepared: Prepared, named: str) -> Target:
    """Look for the function as libbpf does, by its name in BTF, and as the kernel does, by its
    type among those of the program's functions."""
    name, types = to.function or named, to.object.btf
    type_id = (types.find(name, Kind.FUNC) or 0) if types is not None and name else 0
    typed = to.object.has_function_types
    reached = prepared.reached[to.number].functions if type_id and typed else ()
    functions = (at for at in reached if to.object.functions[at].type_id == type_id)
    return Target(to, prepared, name, type_id, next(functions, None))
