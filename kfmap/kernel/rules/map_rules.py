"""Which maps programs may use: the tree's own check_map_prog_compatibility() is asked.

It is run for each special field of map values that it speaks of and each program type, and for each
type of map, once with a sleepable program and once with another (kernel/bpf/verifier.c). What else
it tests (offload, hashes, a second arena) is taken not to refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Constant, NotUnderstood, Place
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import MapRefusal
from kfmap.kernel.rules.hooks import find_enum
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.rules.verifier_functions import VerifierFunctions
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import Function, field_of, text_of
from kfmap.quick_dataclass import dataclass

_ASKED = "check_map_prog_compatibility"
_HAS_FIELD = "btf_record_has_field"
# 6.1 has a function for each field: map_value_has_spin_lock() (include/linux/bpf.h). "bpf:
# Consolidate spin_lock, timer management into btf_record" made one of them (6.12).
_OLDER = re.compile(r"\bmap_value_has_(\w+)\s*\(")
_FIELD = re.compile(rf"\b{_HAS_FIELD}\s*\([^,]*,([^)]*)\)")
_MAP_TYPES = "bpf_map_type"
_USUAL_MAP = "BPF_MAP_TYPE_ARRAY"  # for questions about fields: programs of every kind use it
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_MAX_FIELDS = 40


def read_map_refusals(
    code: Code, program_types: tuple[Constant, ...]
) -> tuple[tuple[MapRefusal, ...] | None, tuple[NotUnderstood, ...]]:
    """Return the maps that programs may not use; None where the tree has no such check."""
    item = next((i for i in code.items(VERIFIER_C) if i.function == _ASKED), None)
    if item is None:
        return None, ()
    fields = _fields(item)
    place = Place(VERIFIER_C, item.function_line)
    if len(fields) > _MAX_FIELDS:
        return None, (NotUnderstood(place, "maps of programs", f"{len(fields)} fields"),)
    asking = _Asking(code, item)
    try:
        found = [*asking.by_field(fields, program_types), *asking.by_map_type()]
    except TooLongError as error:
        return None, (NotUnderstood(place, "maps of programs", str(error)),)
    return tuple(sorted(found, key=lambda r: (r.field, r.map_type, r.sleepable, r.place))), ()


def _fields(item: Item) -> list[str]:
    """Return the special fields that the check speaks of, by the names of btf_field_type."""
    named = re.findall(r"\bBPF_\w+", " ".join(_FIELD.findall(item.text)))
    older = [f"BPF_{name.upper()}" for name in _OLDER.findall(item.text)]
    return list(dict.fromkeys(named + older))


@dataclass(frozen=True, slots=True)
class _Question:
    """A program and a map: values of enumerators, 0 for a type that nothing is said of."""

    program_type: int = 0
    sleepable: int = 0
    map_type: Value = None
    field: str = ""


@dataclass(frozen=True, slots=True)
class _Refused:
    message: str
    line: int


class _Asking:
    """Asks about one field or type of map after the other."""

    def __init__(self, code: Code, item: Item) -> None:
        self.code = code
        self.constants = Constants(code, VERIFIER_C)
        self._lines = code.tree.lines(VERIFIER_C)
        self.functions = VerifierFunctions(code)
        self._function = self.functions[item.function]
        self._usual = self.constants.name_value(_USUAL_MAP)

    def by_field(
        self, fields: list[str], program_types: tuple[Constant, ...]
    ) -> Iterator[MapRefusal]:
        """Return what is refused for a special field of a map's values."""
        for field in fields:
            groups: dict[_Refused, list[str]] = {}
            for kind in program_types:
                refused = self._ask(_Question(kind.value, 0, self._usual, field))
                if refused:
                    groups.setdefault(refused, []).append(kind.name)
            for refused, names in groups.items():
                yield self._refusal(refused, field=field, program_types=tuple(names))
            asleep = self._ask(_Question(0, 1, self._usual, field))
            if asleep and not self._ask(_Question(0, 0, self._usual, field)):
                yield self._refusal(asleep, field=field, sleepable=True)

    def by_map_type(self) -> Iterator[MapRefusal]:
        """Return the types of maps that are refused, to all programs or to sleepable ones."""
        for kind in find_enum(self.code, _MAP_TYPES, VERIFIER_C):
            if not kind.value or kind.name.startswith("__"):
                continue  # BPF_MAP_TYPE_UNSPEC is no map, __MAX_BPF_MAP_TYPE a count
            refused = self._ask(_Question(map_type=kind.value))
            asleep = None if refused else self._ask(_Question(sleepable=1, map_type=kind.value))
            if refused or asleep:
                yield self._refusal(
                    refused or asleep, map_type=kind.name, sleepable=refused is None
                )

    def message(self, node: Node) -> str:
        """Return the text of a call of verbose(); `Source` keeps no contents of strings."""
        first = self._function.line_of(node) - 1
        last = first + node.end_point.row - node.start_point.row
        text = "".join(_TEXT.findall("\n".join(self._lines[first : last + 1])))
        return text.replace("\\n", "").strip()

    def _ask(self, question: _Question) -> _Refused | None:
        run = _Run(self, self._function, question)
        run.execute()
        value = run.returned[0] if run.returned else None
        return run.last if value is not None and value < 0 else None

    def _refusal(
        self,
        refused: _Refused | None,
        *,
        field: str = "",
        map_type: str = "",
        program_types: tuple[str, ...] = (),
        sleepable: bool = False,
    ) -> MapRefusal:
        message, line = (refused.message, refused.line) if refused else ("", 0)
        place = Place(VERIFIER_C, line)
        return MapRefusal(field, map_type, program_types, sleepable, message, place)


class _Run(Runner):
    """One call of the check, or of a function that it calls with values that are known."""

    def __init__(
        self,
        asking: _Asking,
        function: Function,
        question: _Question,
        variables: dict[str, Value] | None = None,
    ) -> None:
        super().__init__(function, variables or dict.fromkeys(function.parameters))
        self._asking = asking
        self._question = question
        self._said: Node | None = None
        self.last: _Refused | None = None

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        return self._asking.constants.name_value(name)

    def field_value(self, node: Node) -> Value:
        """Return what is known of the program and the map."""
        name = field_of(node, "field")
        word = text_of(name) if name is not None else ""
        if word == "sleepable":
            return self._question.sleepable
        return self._question.map_type if word == "map_type" else None

    def condition_value(self, node: Node) -> Value:
        """Return whether a branch is taken: one on what nothing is asked about is not."""
        return self.value(node) or 0

    def returns(self, node: Node, values: list[Value]) -> None:
        """Note the line of a return and what was said before it."""
        super().returns(node, values)
        said = self._asking.message(self._said) if self._said is not None else ""
        self.last = _Refused(said, self.function.line_of(node))

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Answer for the fields and the program type; run what is called with known values."""
        older = _OLDER.match(f"{name}(")
        if name == "verbose":
            self._said = node
        elif name == "resolve_prog_type":
            return self._question.program_type
        elif older:
            return int(f"BPF_{older[1].upper()}" == self._question.field)
        elif name == _HAS_FIELD and len(values) == 2:
            asked = self.constant(self._question.field) if self._question.field else 0
            return None if asked is None or values[1] is None else int(bool(asked & values[1]))
        elif len(values) == 1 and values[0] is not None:
            function = self._asking.functions.find(name)
            if function is not None and function.name != self.function.name:
                variables = dict(zip(function.parameters, values, strict=False))
                return _Run(self._asking, function, self._question, variables).execute()
        return None
