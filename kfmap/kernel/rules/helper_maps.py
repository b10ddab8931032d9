"""Which types of maps each helper takes: the tree's own check_map_func_compatibility() is asked.

It is run for each helper that has a map argument and each type of map, and where it asks for the
program, as may_update_sockmap() does, for each program type and attach type
(kernel/bpf/verifier.c).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Constant, NotUnderstood, Place
from kfmap.kernel.helper_form import HelperMaps
from kfmap.kernel.items import Item
from kfmap.kernel.rules.hooks import find_enum
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.rules.verifier_functions import VerifierFunctions
from kfmap.kernel.statements import Case, Runner, TooLongError
from kfmap.kernel.syntax import Function, field_of, text_of
from kfmap.kernel.whole_word import has_word
from kfmap.quick_dataclass import dataclass, field

_ASKED = "check_map_func_compatibility"
_NUMBER = "func_id"
_HELPER = "BPF_FUNC_"
_CONSTRUCT = "maps of helpers"


def read_helper_maps(
    code: Code, helpers: Iterable[Constant], arguments: Mapping[str, int]
) -> tuple[tuple[HelperMaps, ...], tuple[NotUnderstood, ...]]:
    """Return what helpers take, none for a tree without the check.

    `arguments`: which argument of a helper is a map, from 1, by the helper's name.
    """
    item = next((i for i in code.items(VERIFIER_C) if i.function == _ASKED), None)
    if item is None or not arguments:
        return (), ()
    asking = _Asking(code, item, helpers)
    try:
        found = [asking.about(name, arguments[name]) for name in sorted(arguments)]
    except TooLongError as error:
        return (), (NotUnderstood(Place(VERIFIER_C, item.function_line), _CONSTRUCT, str(error)),)
    problems = tuple(
        NotUnderstood(maps.place, _CONSTRUCT, maps.helper)
        for maps, is_whole in found
        if not is_whole
    )
    return tuple(maps for maps, is_whole in found if is_whole), problems


@dataclass(frozen=True, slots=True)
class _Question:
    """A helper and a map, and perhaps a program, by the numbers of enumerators."""

    helper: int
    map_type: int
    program_type: Value = None
    attach_type: Value = None


@dataclass(slots=True)
class _Met:
    """What a run came to: `line` of the last jump, and what had a say: the program, helpers that
    are compared with, a switch by helper."""

    line: int = 0
    helpers: set[str] = field(default_factory=set)
    chose_by_helper: bool = False
    asked_program: bool = False
    asked_attach_type: bool = False
    depends_on_program: bool = False


class _Asking:
    """Asks about one helper after the other."""

    def __init__(self, code: Code, item: Item, helpers: Iterable[Constant]) -> None:
        self._line = item.function_line
        self._numbers = {helper.name: helper.value for helper in helpers}
        self._constants = Constants(code, VERIFIER_C)
        self._known: dict[str, Value] = {}
        self.functions = VerifierFunctions(code)
        self._function = self.functions[item.function]
        self._maps = [
            kind
            for kind in find_enum(code, "bpf_map_type", VERIFIER_C)
            if kind.value and not kind.name.startswith("__")
        ]
        self._named_maps = {kind.name for kind in self._maps if has_word(item.text, kind.name)}
        self._programs = find_enum(code, "bpf_prog_type", VERIFIER_C)
        self._attach_types = find_enum(code, "bpf_attach_type", VERIFIER_C)
        self._attach_types_of: dict[int, list[Constant]] = {}  # by how many functions are read
        self._of_any: dict[int, tuple[bool | None, _Met]] = {}  # by map type
        self.cases: dict[int, list[Case] | None] = {}  # of each switch, by its node's id

    def about(self, helper: str, argument: int) -> tuple[HelperMaps, bool]:
        """Return what a helper takes, and whether all of it is known."""
        taken: list[str] = []
        sometimes: list[str] = []
        place = self._line
        is_whole = helper in self._numbers
        for kind in self._maps if is_whole else ():
            answer, met = self._answer(helper, kind)
            if met.depends_on_program:
                sometimes += self._programs_for(helper, kind)
            elif answer:
                taken.append(kind.name)
            elif answer is None:
                is_whole = False
            elif kind.name not in self._named_maps:
                place = met.line  # refused by what the check says of the helper
        maps = HelperMaps(
            helper, argument, tuple(taken), tuple(sometimes), Place(VERIFIER_C, place)
        )
        return maps, is_whole

    def _answer(self, helper: str, kind: Constant) -> tuple[bool | None, _Met]:
        """Return an answer: that for any helper where nothing asked which one it is."""
        if kind.value not in self._of_any:
            any_number = max(self._numbers.values()) + 1
            self._of_any[kind.value] = self.run(_Question(any_number, kind.value))
        answer, met = self._of_any[kind.value]
        if met.chose_by_helper or met.depends_on_program or _HELPER + helper in met.helpers:
            return self.run(_Question(self._numbers[helper], kind.value))
        return answer, met

    def _programs_for(self, helper: str, kind: Constant) -> Iterator[str]:
        """Return the programs whose helper takes a type of map: its type, theirs, and what is
        attached, if that is told apart."""
        number = self._numbers[helper]
        values = {item.value for item in self._attach_types}
        other = next(n for n in range(len(values) + 1) if n not in values)
        for program in self._programs:
            question = _Question(number, kind.value, program.value, other)
            answer, met = self.run(question)
            if answer:
                yield f"{kind.name} {program.name}"
            elif met.asked_attach_type:
                for attached in self._named():
                    told = _Question(number, kind.value, program.value, attached.value)
                    if self.run(told)[0]:
                        yield f"{kind.name} {program.name} {attached.name}"

    def _named(self) -> list[Constant]:
        """Return the attach types that the functions which were run speak of."""
        texts = self.functions.read_texts()
        if len(texts) not in self._attach_types_of:
            self._attach_types_of[len(texts)] = [
                kind
                for kind in self._attach_types
                if any(has_word(text, kind.name) for text in texts)
            ]
        return self._attach_types_of[len(texts)]

    def run(self, question: _Question) -> tuple[bool | None, _Met]:
        """Return whether the check takes a map: None where that is not known."""
        met = _Met()
        variables: dict[str, Value] = dict.fromkeys(self._function.parameters)
        variables[_NUMBER] = question.helper
        run = _Run(self, self._function, question, met, variables)
        run.execute()
        values = set(run.returned)
        if len(values) != 1 or None in values:
            met.depends_on_program |= met.asked_program
            return None, met
        return values == {0}, met

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro; helpers' come from a macro of their own."""
        if name.startswith(_HELPER):
            return self._numbers.get(name.removeprefix(_HELPER))
        if name not in self._known:
            self._known[name] = self._constants.name_value(name)
        return self._known[name]


class _Run(Runner):
    """One call of the check, or of a function that it calls with the number of the helper."""

    def __init__(
        self,
        asking: _Asking,
        function: Function,
        question: _Question,
        met: _Met,
        variables: Mapping[str, Value],
    ) -> None:
        super().__init__(function, variables)
        self._asking = asking
        self._question = question
        self._met = met

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        if name.startswith(_HELPER):
            self._met.helpers.add(name)
        return self._asking.constant(name)

    def find_case(self, cases: list[Case], value: int) -> int | None:
        """Note a choice by the number of the helper."""
        self._met.chose_by_helper |= value == self._question.helper
        return super().find_case(cases, value)

    def read_cases(self, switch: Node) -> list[Case] | None:
        """Return the cases of a switch, which are the same in every run."""
        kept = self._asking.cases
        if switch.id not in kept:
            kept[switch.id] = super().read_cases(switch)
        return kept[switch.id]

    def field_value(self, node: Node) -> Value:
        """Return what is known of the program and the map."""
        name = field_of(node, "field")
        word = text_of(name) if name is not None else ""
        if word == "expected_attach_type":
            self._met.asked_attach_type = True
            return self._question.attach_type
        return self._question.map_type if word == "map_type" else None

    def condition_value(self, node: Node) -> Value:
        """Return whether a branch is taken: one on what nothing is asked about is not."""
        value = self.value(node)
        self._met.depends_on_program |= value is None and self._met.asked_program
        return value or 0

    def _statement(self, node: Node) -> set[str]:
        if node.type == "goto_statement":
            self._met.line = self.function.line_of(node)
        return super()._statement(node)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Answer for the program type; run what is called with the number of the helper."""
        if name == "resolve_prog_type":
            self._met.asked_program = True
            return self._question.program_type
        function = self._asking.functions.find(name) if self._question.helper in values else None
        if function is None or function.name == self.function.name:
            return None
        variables = dict(zip(function.parameters, values, strict=False))
        return _Run(self._asking, function, self._question, self._met, variables).execute()
