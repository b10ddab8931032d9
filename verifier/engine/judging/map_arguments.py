"""What a kernel says of the types of maps that live calls give to helpers.

Mirrors check_map_func_compatibility() of kernel/bpf/verifier.c.
"""

from __future__ import annotations

from collections.abc import Iterable

from kfmap.kernel.helper_form import HelperMaps
from kfmap.permission.context import Context
from kfmap.permission.view import EXT_TYPE
from verifier.engine.flow.given_maps import find_given_map
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.flow.summary import MapUse
from verifier.engine.judging.contexts import UNSPECIFIED
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.problem import Objection
from verifier.engine.object.map_types import map_type_name
from verifier.engine.result import FindingKind, Reason

_RULE = "map"
_DEPRECATED = "_DEPRECATED"  # newer kernels' other name for the same number


class MapArguments:
    """Judges which maps helpers are given in the programs of one object on one kernel."""

    def __init__(self, code: ObjectCode, kernel: KernelUnderTest) -> None:
        self._code = code
        self._taken = kernel.helpers.maps
        self._refused: dict[tuple[int, int, str | None, str | None], bool] = {}
        self._given: dict[tuple[int, int], int | None] = {}

    def objection(self, context: Context, number: int, maps: Iterable[MapUse]) -> Objection | None:
        """Return why a helper does not take the map that it is given."""
        taken = self._taken.get(number)
        if taken is None:
            return None
        for use in maps:
            is_asked = use.register == taken.argument and not use.is_data
            if is_asked and self._refuses(context, number, use.number):
                return self._object(taken, number, use.number)
        return None

    def may_refuse(
        self, context: Context, helpers: Iterable[int], map_types: Iterable[int]
    ) -> bool:
        """Return whether one of some helpers does not take a map of one of some types."""
        return any(
            number in self._taken
            and any(self._refuses_type(context, number, kind) for kind in map_types)
            for number in helpers
        )

    def may_object(self, context: Context, functions: Iterable[int], maps: Iterable[int]) -> bool:
        """Return whether any call in some functions may be given a map that it does not take.

        `maps`: those that the functions name.
        """
        named = tuple(maps)
        refused: dict[int, list[int]] = {}
        for function in functions if named else ():
            for slot, number in self._code.graph.calls[function].helpers:
                taken = self._taken.get(number)
                if taken is None:
                    continue
                if number not in refused:
                    refused[number] = [at for at in named if self._refuses(context, number, at)]
                if refused[number]:
                    at = self._given_at(function, slot, taken.argument)
                    if at is None or at in refused[number]:
                        return True
        return False

    def _given_at(self, function: int, slot: int, register: int) -> int | None:
        """Return the map that the code itself shows in a register at a call of a helper."""
        key = (function, slot)
        if key not in self._given:
            item = self._code.object.functions[function]
            code = self._code.object.code[item.section]
            references = self._code.graph.references(item.section)
            self._given[key] = find_given_map(code, item.start, slot, register, references)
        return self._given[key]

    def _refuses(self, context: Context, number: int, index: int) -> bool:
        """Return whether a helper surely refuses a map to programs in a context."""
        kind = self._code.object.maps[index].kind
        # Where it is not known, the loader says what it is.
        return bool(kind) and self._refuses_type(context, number, kind)

    def _refuses_type(self, context: Context, number: int, kind: int) -> bool:
        program_type = context.replaces or context.program_type
        key = (number, kind, program_type, context.attach_type)
        if key not in self._refused:
            self._refused[key] = _is_refused(self._taken[number], map_type_name(kind), context)
        return self._refused[key]

    def _object(self, taken: HelperMaps, number: int, index: int) -> Objection:
        item = self._code.object.maps[index]
        kind = map_type_name(item.kind)
        words = [_word(name) for name in taken.types]
        text = (
            f"cannot pass map_type {item.kind} into func bpf_{taken.helper}#{number}: map "
            f"{item.name} is of type {_word(kind)}, "
        )
        if any(_is_of(kind, line) for line in taken.programs):
            text += "which it takes from programs of some other types only"
        else:
            text += f"and it takes {', '.join(words) or 'none'}"
        place = taken.place
        return Objection(FindingKind.LOAD, (Reason(_RULE, text, place.file, place.line),))


def _is_refused(taken: HelperMaps, kind: str, context: Context) -> bool:
    if any(name.removesuffix(_DEPRECATED) == kind for name in taken.types):
        return False
    program_type = context.replaces or context.program_type
    for line in taken.programs:
        _, wanted, *attach = line.split(" ")
        if not _is_of(kind, line):
            continue
        if program_type in (EXT_TYPE, UNSPECIFIED):  # it is not known whose
            return False
        if wanted == program_type and (not attach or attach[0] == context.attach_type):
            return False
    return True


def _is_of(kind: str, line: str) -> bool:
    return line.split(" ")[0].removesuffix(_DEPRECATED) == kind


def _word(kind: str) -> str:
    return kind.removeprefix("BPF_MAP_TYPE_")
