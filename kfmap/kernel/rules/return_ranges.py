"""What programs and callbacks may return: the tree's own check_return_code() is asked.

It is run for each program type that it names, and where it asks for them, for each attach type and
for targets that return nothing, a number or a pointer (kernel/bpf/verifier.c). What callbacks may
return is set by the functions that enter them, `set_loop_callback_state()` and the like.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Constant, NotUnderstood, Place
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import ReturnRange, Returns
from kfmap.kernel.rules.attach_targets import LSM_C
from kfmap.kernel.rules.id_sets import find_id_sets
from kfmap.kernel.rules.return_machine import MARKS_PRECISE, RANGES, Cell, Question, ask
from kfmap.kernel.rules.sleep_rules import VERIFIER_C
from kfmap.kernel.rules.verifier_functions import VerifierFunctions
from kfmap.kernel.statements import Case, Runner, TooLongError
from kfmap.kernel.syntax import Function, parse_expression
from kfmap.quick_dataclass import replace

_ASKED = "check_return_code"
_CONSTRUCT = "what programs return"
_LSM = "BPF_PROG_TYPE_LSM"
_ABOUT_PROGRAMS = re.compile(r"\b(?:expected_attach_type|attach_func_proto|prog_type)\b")
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE_\w+")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
# include/linux/limits.h, with casts in them that constants do not follow
_LIMITS = {"S32_MIN": -(1 << 31), "S32_MAX": (1 << 31) - 1}
# Callbacks: what the functions say that enter them, and where callers wait what the way out asks
_SETTER = re.compile(r"set_\w+_callback_state")
_SET = re.compile(r"\bcallback_ret_range\s*=\s*(\w+)\s*\(([^()]*)\)")
_LATER = re.compile(r"\bin_async_callback_fn\s*=\s*true\b")
_WAITING = "prepare_func_exit"


def read_return_ranges(
    code: Code,
    program_types: Iterable[Constant],
    attach_types: Iterable[Constant],
    *,
    has_lsm: bool,
) -> tuple[tuple[ReturnRange, ...], tuple[NotUnderstood, ...]]:
    """Return the ranges, none for a tree without the check.

    A program type that is not read wholly has none; nor has LSM without kernel/bpf/bpf_lsm.c.
    """
    functions = VerifierFunctions(code, *([LSM_C] if has_lsm else []))
    item = functions.item(_ASKED)
    if item is None:
        return (), ()
    asking = _Asking(code, functions, item, attach_types)
    found: list[ReturnRange] = []
    problems: list[str] = []
    for program_type in program_types:
        if program_type.name == _LSM and not has_lsm:
            continue
        try:
            found += asking.about(program_type)
        except (TooLongError, _LostError) as error:
            problems.append(f"{program_type.name}: {error}")
    found += asking.about_callbacks()
    place = Place(VERIFIER_C, item.function_line)
    return tuple(found), tuple(NotUnderstood(place, _CONSTRUCT, text) for text in problems)


class _LostError(Exception):
    """It is not known what programs of a type may return."""


class _Asking:
    """Asks about one program type after the other; what runs share."""

    def __init__(
        self,
        code: Code,
        functions: VerifierFunctions,
        item: Item,
        attach_types: Iterable[Constant],
    ) -> None:
        self._code = code
        self._functions = functions
        self._function = functions[item.function]
        self._constants = Constants(code, VERIFIER_C)
        self._known: dict[str, Value] = dict(_LIMITS)
        self._cases: dict[int, list[Case] | None] = {}
        self._attach_types = tuple(attach_types)
        values = {kind.value for kind in self._attach_types}
        self._other = next(n for n in range(len(values) + 1) if n not in values)

    # what runs share

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        if name not in self._known:
            known = _CONSTANT.fullmatch(name) is not None
            self._known[name] = self._constants.name_value(name) if known else None
        return self._known[name]

    def find(self, name: str) -> Function | None:
        """Return a function of the verifier, or of the LSM, that answers for a program."""
        item = self._functions.item(name)
        if item is None or not _ABOUT_PROGRAMS.search(item.text):
            return None
        return self._functions[name]

    def cases_of(self, switch: Node, read: Runner) -> list[Case] | None:
        """Return the cases of a switch, which are the same in every run."""
        if switch.id not in self._cases:
            self._cases[switch.id] = Runner.read_cases(read, switch)
        return self._cases[switch.id]

    # programs

    def about(self, program_type: Constant) -> Iterator[ReturnRange]:
        """Return what programs of a type may return, nothing for one that the check does not name.

        Raises _LostError, TooLongError.
        """
        name = program_type.name
        if name not in self._named:
            return
        plain, names = self._ask(program_type.value, self._other)
        yield from (replace(item, program_type=name) for item in plain)
        for kind in self._attach_types:
            if kind.name in names:
                found, _ = self._ask(program_type.value, kind.value)
                if [_bounds(item) for item in found] != [_bounds(item) for item in plain]:
                    for item in found:
                        yield replace(item, program_type=name, attach_type=kind.name)

    @cached_property
    def _named(self) -> frozenset[str]:
        """Return the program types that the check speaks of, or a function that it calls."""
        ask(self, self._function, Question(-1, self._other, Returns.NUMBER))
        return frozenset(_PROGRAM_TYPE.findall("\n".join(self._functions.read_texts())))

    def _ask(self, program_type: int, attach_type: int) -> tuple[list[ReturnRange], set[str]]:
        """Return what programs may return, for each kind of target that makes a difference, and
        the constants that were asked for."""
        question = Question(program_type, attach_type, Returns.NUMBER)
        number = self._answer(question)
        others: list[ReturnRange] = []
        for returns in (
            *([Returns.NOTHING] if question.asked_target else ()),
            *([Returns.POINTER] if question.asked_pointer else ()),
        ):
            other = self._answer(Question(program_type, attach_type, returns))
            others.append(replace(other, returns=returns))
        for name in question.asked_sets:
            other = self._answer(Question(program_type, attach_type, Returns.NUMBER, in_set=True))
            targets = self._members(name)
            others.append(replace(other, returns=Returns.NUMBER, targets=targets))
        told = [item for item in others if _limits(item) != _limits(number)]
        if any(item.returns != Returns.NUMBER for item in told):
            told = [item for item in others if item.returns != Returns.NUMBER or item in told]
            number = replace(number, returns=Returns.NUMBER)
        return [number, *told], question.names

    def _answer(self, question: Question) -> ReturnRange:
        outcome = ask(self, self._function, question)
        if not outcome.sure:
            raise _LostError(f"line {question.line or self._function.line}")
        cell = outcome.cell
        place = Place(VERIFIER_C, question.line or self._function.line)
        if cell is None:
            return ReturnRange("", None, Returns.ANYTHING, (), None, None, False, True, place)
        return ReturnRange("", None, Returns.ANYTHING, (), *cell, place)

    def _members(self, name: str) -> tuple[str, ...]:
        found = find_id_sets(self._code, LSM_C, only=name)
        return tuple(sorted({entry.kfunc for item in found for entry in item.entries}))

    # callbacks

    def about_callbacks(self) -> Iterator[ReturnRange]:
        """Return what callbacks may return, by the function that enters them."""
        waiting = self._functions.item(_WAITING)
        is_asked = waiting is not None and "callback_ret_range" in waiting.text
        is_precise = waiting is not None and MARKS_PRECISE in waiting.text
        for name in self._functions.names():
            item = self._functions.item(name)
            found = _SET.search(item.text) if item and _SETTER.fullmatch(name) else None
            if item is None or found is None:
                continue
            cell = self._cell_of(found[1], found[2])
            if _LATER.search(item.text):
                cell = self._later(cell)
            elif cell is not None:
                cell = cell._replace(precise=is_precise) if is_asked else None
            if cell is not None:
                place = Place(VERIFIER_C, item.line_at(found.start()))
                yield ReturnRange(name, None, Returns.ANYTHING, (), *cell, place)

    def _later(self, cell: Cell | None) -> Cell | None:
        """Return what is asked of a callback that is run later, where the function that enters it
        has set a range."""
        if cell is None:
            return None
        question = Question(0, self._other, Returns.NUMBER, callback=cell)
        try:
            return ask(self, self._function, question).cell
        except TooLongError:
            return None

    def _cell_of(self, call: str, arguments: str) -> Cell | None:
        """Return the range that a call makes of constants."""
        values = [self._value_of(part.strip()) for part in arguments.split(",")]
        if len(values) != RANGES.get(call) or values[0] is None or values[-1] is None:
            return None
        return Cell(values[0], values[-1], False)

    def _value_of(self, text: str) -> Value:
        if text in _LIMITS:
            return _LIMITS[text]
        return self._constants.value(parse_expression(text))


def _limits(item: ReturnRange) -> tuple[object, ...]:
    return item.minimum, item.maximum, item.low_half


def _bounds(item: ReturnRange) -> tuple[object, ...]:
    return item.returns, item.targets, *_limits(item)
