"""Which helpers a context may use: the functions that answer for them, walked for one program.

Mirrors bpf_get_helper_proto() and the first checks of check_helper_call() (kernel/bpf/verifier.c).
Capabilities count as held, and lockdown as off; what an answer would need is said beside it.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from functools import cached_property

from kfmap.kernel.facts import UNREAD_HELPERS, KernelFacts
from kfmap.kernel.helper_facts import HelperFacts
from kfmap.kernel.helper_form import (
    Ask,
    Choice,
    HelperFunction,
    HelperMaps,
    HelperNode,
    HelperProto,
    HelperTable,
    NoProto,
    Proto,
)
from kfmap.kernel.helper_json import read_helpers
from kfmap.kernel.place import Place
from kfmap.kernel.rule_form import (
    All,
    Always,
    AnyOf,
    AttachTypeIs,
    Condition,
    MemberAt,
    Not,
    ProgramHas,
    StructOpsIs,
    TargetIn,
    Trait,
    TypeIs,
    Unknown,
    find_atoms,
)
from kfmap.permission.context import Context
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE, View, ViewBuilder
from kfmap.quick_dataclass import dataclass, replace

CAPABILITY, LOCKDOWN = "capability", "lockdown"
_WITH_TARGETS = ("BPF_PROG_TYPE_TRACING", "BPF_PROG_TYPE_LSM")
_MAX_DEPTH = 40  # functions that ask each other


@dataclass(frozen=True, slots=True)
class HelperAnswer:
    """Whether a program gets a helper: `allowed` None where that is not known.

    `needs` are the capabilities without which it is refused. `might_sleep` and `gpl_only` are those
    of the prototype, None where it is not known which one it is. `place` is the line that decides.
    """

    helper: str
    allowed: bool | None
    because: str
    place: Place | None
    needs: tuple[str, ...] = ()
    proto: str = ""
    might_sleep: bool | None = None
    gpl_only: bool | None = None


@dataclass(frozen=True, slots=True)
class _Program:
    """What conditions can ask of a program."""

    view: View
    sleepable: bool
    lacks: str = ""  # a capability that it is taken not to have


class HelperDecider:
    """Answers for the helpers of one kernel; nothing is known where its facts have none."""

    def __init__(self, facts: KernelFacts) -> None:
        self._views = ViewBuilder(facts)
        self._lines = facts.helpers
        self._not_understood = facts.not_understood

    @cached_property
    def _helpers(self) -> HelperFacts:
        return read_helpers(self._lines) or HelperFacts((), (), (), (), ())

    @cached_property
    def numbers(self) -> Mapping[int, str]:
        """Return the helpers by their number in BPF_CALL instructions."""
        return {item.value: item.name for item in self._helpers.helpers}

    @cached_property
    def maps(self) -> Mapping[int, HelperMaps]:
        """Return what helpers take that have a map argument, by their number."""
        named = {item.helper: item for item in self._helpers.maps}
        return {number: named[name] for number, name in self.numbers.items() if name in named}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Return the helpers in the order of their names, `bpf_` in front."""
        return tuple(sorted(f"bpf_{name}" for name in self._known))

    def find_kind(self, view: View, sleepable: bool) -> Hashable:
        """Return what answers depend on: views of one kind get the same helpers.

        Of a member its offset counts where a rule asks for it, of a target which rules it meets.
        """
        program = _Program(view, sleepable)
        known = view.offset is None or view.offset in self._asked_offsets
        target = view.target and tuple(
            self._is(atom, view) if isinstance(atom, TargetIn) else _has(atom, program)
            for atom in self._of_targets
        )
        return replace(view, offset=view.offset if known else -1, target=None), target, sleepable

    @cached_property
    def _asked_offsets(self) -> frozenset[int]:
        return frozenset(
            atom.offset for atom in (*self._atoms(), *self._demands()) if isinstance(atom, MemberAt)
        )

    def _demands(self) -> Iterator[Condition]:
        """Yield what prototypes ask of programs."""
        for proto in self._helpers.protos:
            if proto.condition is not None and not isinstance(proto.condition, Unknown):
                yield from find_atoms(proto.condition)

    @cached_property
    def _of_targets(self) -> tuple[TargetIn | ProgramHas, ...]:
        atoms = (
            atom
            for atom in (*self._atoms(), *self._demands())
            if isinstance(atom, TargetIn)
            or (isinstance(atom, ProgramHas) and atom.kind in ("target", "target prefix"))
        )
        return tuple(dict.fromkeys(atoms))

    @property
    def knows(self) -> bool:
        """Return whether anything is known of the kernel's helpers."""
        return bool(self._lines)

    def decide(self, context: Context, helper: str) -> HelperAnswer:
        """Return whether programs of a context get a helper, by its name (`map_lookup_elem`)."""
        answer = self.decide_plainly(context, helper)
        table = self._table(context)
        if not answer.allowed or table is None:
            return answer
        program = self._program(context)
        needs = tuple(
            name
            for name in self._capabilities
            if not self._decide(table, replace(program, lacks=name), helper).allowed
        )
        return replace(answer, needs=needs)

    def decide_plainly(self, context: Context, helper: str) -> HelperAnswer:
        """Return the same without the capabilities that it needs."""
        if not self._lines:
            return HelperAnswer(helper, None, "nothing is known of this kernel's helpers", None)
        if helper not in self._known:
            return HelperAnswer(helper, False, f"this kernel has no helper bpf_{helper}", None)
        table = self._table(context)
        if table is None:
            text = "which helpers programs of this type get is not known of this kernel"
            return HelperAnswer(helper, None, text, self._unread_table(context))
        if not table.function:
            text = f"program of this type cannot use helper bpf_{helper}"
            return HelperAnswer(helper, False, text, table.place)
        return self._decide(table, self._program(context), helper)

    def _unread_table(self, context: Context) -> Place | None:
        """Return the line that may say who answers for a program type, None for none."""
        unread = [p for p in self._not_understood if p.construct == UNREAD_HELPERS]
        unread.sort(key=lambda problem: problem.text != context.program_type)
        return unread[0].place if unread else None

    def _decide(self, table: HelperTable, program: _Program, helper: str) -> HelperAnswer:
        found = self._walk(Ask(table.function, "", 0), program, helper, 0)
        if isinstance(found, Unknown):
            text = f"{table.function} was not understood: {found.construct}"
            return HelperAnswer(helper, None, text, Place(found.file, found.line))
        place = Place(found.file, found.line)
        if isinstance(found, NoProto):
            text = f"program of this type cannot use helper bpf_{helper}"
            return HelperAnswer(helper, False, text, place)
        proto = self._protos.get(found.proto)
        if proto is None:
            return HelperAnswer(helper, None, f"{found.proto} is not defined", place)
        return self._of_proto(proto, program, helper, place)

    def _of_proto(
        self, proto: HelperProto, program: _Program, helper: str, place: Place
    ) -> HelperAnswer:
        if isinstance(proto.condition, Unknown):
            at = Place(proto.condition.file, proto.condition.line)
            allowed, text = None, f"what {proto.name} demands was not understood"
        else:
            demand = proto.condition
            holds = True if demand is None else self._holds(demand, program, helper, 0)
            allowed, at = holds, place if holds else proto.place
            text = f"{proto.name} gives it" if holds else "helper call is not allowed in probe"
            if holds is None:
                text = f"whether {proto.name} allows this target is not known"
        return HelperAnswer(
            helper, allowed, text, at, (), proto.name, proto.might_sleep, proto.gpl_only
        )

    def _walk(
        self, node: HelperNode, program: _Program, helper: str, depth: int
    ) -> Proto | NoProto | Unknown:
        """Follow answers to a prototype, to none, or to what is not known."""
        while True:
            if isinstance(node, Proto | NoProto | Unknown):
                return node
            depth += 1
            if depth > _MAX_DEPTH:
                return Unknown("functions that ask each other", node.file, node.line)
            if isinstance(node, Ask):
                node = self._answer(node, helper)
                continue
            holds = self._holds(node.condition, program, helper, depth)
            if holds is not None:
                node = node.then if holds else node.otherwise
                continue
            return self._either(node, program, helper, depth)

    def _either(
        self, node: Choice, program: _Program, helper: str, depth: int
    ) -> Proto | NoProto | Unknown:
        """Return what both ways lead to, if it is the same."""
        ways = [self._walk(way, program, helper, depth) for way in (node.then, node.otherwise)]
        first, second = ways
        if isinstance(first, Proto) and isinstance(second, Proto):
            one, other = (self._protos.get(way.proto) for way in (first, second))
            if one and other and _is_alike(one, other):
                return first
        if isinstance(first, NoProto) and isinstance(second, NoProto):
            return first
        return Unknown("a condition that is not known", node.file, node.line)

    def _answer(self, asked: Ask, helper: str) -> HelperNode:
        function = self._functions.get(asked.function)
        if function is None:
            return Unknown(f"function {asked.function}", asked.file, asked.line)
        cases = self._cases(function)
        return cases.get(helper, function.otherwise)

    def _cases(self, function: HelperFunction) -> Mapping[str, HelperNode]:
        if function.name not in self._read:
            cases: dict[str, HelperNode] = {case.helper: case.answer for case in function.cases}
            for row in function.plain:
                helper, proto, line = row.split(" ")
                cases[helper] = Proto(proto, function.file, int(line))
            self._read[function.name] = cases
        return self._read[function.name]

    def _holds(
        self, condition: Condition, program: _Program, helper: str, depth: int
    ) -> bool | None:
        """Return whether a condition holds, None where it is not known."""
        match condition:
            case Always(value=value):
                return value
            case Not(condition=inner):
                holds = self._holds(inner, program, helper, depth)
                return None if holds is None else not holds
            case All(conditions=parts):
                return _all([self._holds(part, program, helper, depth) for part in parts])
            case AnyOf(conditions=parts):
                none = _all([_negated(self._holds(p, program, helper, depth)) for p in parts])
                return _negated(none)
            case ProgramHas(kind=Trait.HELPER_OF, name=name):
                found = self._walk(Ask(name, "", 0), program, helper, depth + 1)
                return None if isinstance(found, Unknown) else isinstance(found, Proto)
            case ProgramHas():
                return _has(condition, program)
            case _:
                return self._is(condition, program.view)

    def _is(self, condition: Condition, view: View) -> bool | None:
        match condition:
            case TypeIs(program_type=program_type):
                return view.program_type == program_type
            case AttachTypeIs(attach_type=attach_type):
                return view.attach_type == self._views.attach_number(attach_type)
            case StructOpsIs(struct_ops=struct_ops):
                return view.struct_ops == struct_ops
            case MemberAt(offset=offset):
                return None if view.offset is None else view.offset == offset
            case TargetIn(set_id=set_id):
                names = self._sets.get(set_id)
                if view.program_type not in _WITH_TARGETS:
                    return False  # attach_btf_id is 0, which is in no set
                return None if names is None or view.target is None else view.target in names
        return None

    def _table(self, context: Context) -> HelperTable | None:
        kind = context.replaces if context.program_type == EXT_TYPE else context.program_type
        name = (context.struct_ops or "") if kind == STRUCT_OPS_TYPE else ""
        return self._tables.get((kind or "", name))

    def _program(self, context: Context) -> _Program:
        view = self._views.build_view(context)
        if context.program_type == EXT_TYPE and context.replaces:
            view = replace(view, program_type=context.replaces)
        return _Program(view, context.sleepable)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(item.name for item in self._helpers.helpers if item.value)

    @cached_property
    def _functions(self) -> Mapping[str, HelperFunction]:
        return {function.name: function for function in self._helpers.functions}

    @cached_property
    def _protos(self) -> Mapping[str, HelperProto]:
        return {proto.name: proto for proto in self._helpers.protos}

    @cached_property
    def _tables(self) -> Mapping[tuple[str, str], HelperTable]:
        return {(t.program_type, t.struct_ops): t for t in self._helpers.tables}

    @cached_property
    def _sets(self) -> Mapping[str, frozenset[str]]:
        return {
            item.id: frozenset(entry.kfunc for entry in item.entries) for item in self._helpers.sets
        }

    @cached_property
    def _read(self) -> dict[str, Mapping[str, HelperNode]]:
        return {}

    @cached_property
    def _capabilities(self) -> tuple[str, ...]:
        """Return the capabilities that some answer asks for."""
        atoms = self._atoms()
        found = {a.name for a in atoms if isinstance(a, ProgramHas) and a.kind == CAPABILITY}
        return tuple(sorted(found))

    def _atoms(self) -> Iterator[Condition]:
        """Yield what the answers of all functions ask of programs."""
        waiting: list[HelperNode] = []
        for function in self._helpers.functions:
            waiting += [function.otherwise, *(case.answer for case in function.cases)]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Choice):
                waiting += [node.then, node.otherwise]
                yield from find_atoms(node.condition)


def _has(condition: ProgramHas, program: _Program) -> bool | None:
    target = program.view.target
    match condition.kind:
        case Trait.SLEEPABLE:
            return program.sleepable
        case Trait.CAPABILITY:
            return condition.name != program.lacks
        case Trait.LOCKDOWN | Trait.TARGET_PROGRAM:
            return False
        case Trait.TARGET:
            return None if target is None else target == condition.name
        case Trait.TARGET_PREFIX:
            return None if target is None else target.startswith(condition.name)
    return None


def _all(parts: list[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def _is_alike(one: HelperProto, other: HelperProto) -> bool:
    """Return whether it makes no difference which of two prototypes a helper has."""
    mine = (one.might_sleep, one.gpl_only, one.condition)
    return mine == (other.might_sleep, other.gpl_only, other.condition)
