"""Kfunc id sets and their registrations.

Runs each function that registers: an unknown call succeeds, an unknown test may go both ways, a
registration returns 0. A function that nothing mentions is not reached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import UNREAD_FUNCTION, NotUnderstood, Place
from kfmap.kernel.items import Item
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import Function, arguments_of, parse_function, split_list, text_of
from kfmap.kernel.tree import TreeError

REGISTER = "register_btf_kfunc_id_set"
# "bpf: do not rely on ALLOW_ERROR_INJECTION for fmod_ret": seen first in 6.12.
REGISTER_FMODRET = "register_btf_fmodret_id_set"
_ID_SET = re.compile(r"\bstruct\s+btf_kfunc_id_set\s+(\w+)\s*=\s*\{")
_MAX_FUNCTIONS = 100  # that register, in one file
_FIELD = re.compile(r"^\.(\w+)\s*=\s*(.*)$", re.S)


@dataclass(frozen=True, slots=True)
class KfuncIdSet:
    """A `struct btf_kfunc_id_set`: the names of its set and its filter ("" for none)."""

    name: str
    set: str
    filter: str
    place: Place


@dataclass(frozen=True, slots=True)
class RegisterCall:
    """A registration that is reached; no program type for FMODRET."""

    program_type: str
    kfunc_id_set: str
    place: Place


@dataclass(slots=True)
class _Met:
    calls: list[RegisterCall] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)


def find_kfunc_id_sets(code: Code, file: str) -> Iterator[KfuncIdSet]:
    """Return the kfunc id sets that a file defines."""
    for item in code.items(file):
        match = _ID_SET.search(item.text) if "btf_kfunc_id_set" in item.text else None
        if not match or item.function:
            continue
        body = item.text[match.end() : item.text.rfind("}")]
        fields = {
            found[1]: found[2].strip() for found in map(_FIELD.match, split_list(body)) if found
        }
        yield KfuncIdSet(
            match[1],
            fields.get("set", "").lstrip("&").strip(),
            fields.get("filter", "").lstrip("&").strip(),
            Place(file, item.line_at(match.start())),
        )


def find_register_calls(code: Code, file: str) -> Iterator[RegisterCall | NotUnderstood]:
    """Return the registrations that functions of a file reach, and those too large to run.

    Raises TreeError where a file has more such functions than any of a kernel.
    """
    count = 0
    for item in code.items(file):
        if not item.function or not re.search(
            rf"\b({REGISTER}|{REGISTER_FMODRET})\s*\(", item.text
        ):
            continue
        count += 1
        if count > _MAX_FUNCTIONS:
            raise TreeError(f"{file} has more than {_MAX_FUNCTIONS} functions that register")
        if item.function.endswith((REGISTER, REGISTER_FMODRET)) or not _is_used(code, item):
            continue
        met = _Met()
        try:
            _Registering(code, parse_function(item), met).execute()
        except TooLongError as error:
            place = Place(file, item.function_line)
            yield NotUnderstood(place, UNREAD_FUNCTION, str(error))
        yield from met.calls


def _is_used(code: Code, item: Item) -> bool:
    """Return whether anything but its definition mentions a static function."""
    head = item.text[: item.brace]
    if not re.search(r"\bstatic\b", head):
        return True
    source = code.source(item.file)
    mentions = re.findall(rf"\b{re.escape(item.function)}\b", source.code if source else "")
    return len(mentions) > 1


class _Registering(Runner):
    def __init__(self, code: Code, function: Function, met: _Met) -> None:
        super().__init__(function, {})
        self._code = code
        self._met = met

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Note a registration, which succeeds."""
        arguments = [text_of(argument) for argument in arguments_of(node)]
        if name in (REGISTER, REGISTER_FMODRET):
            line = self.function.line_of(node)
            if node.start_byte not in self._met.seen and arguments:
                self._met.seen.add(node.start_byte)
                program_type = arguments[0] if name == REGISTER else ""
                place = Place(self.function.file, line)
                self._met.calls.append(
                    RegisterCall(program_type, arguments[-1].lstrip("&").strip(), place)
                )
            return 0
        return config_call(self._code.config, name, arguments)
