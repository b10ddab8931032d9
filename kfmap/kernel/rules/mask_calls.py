"""Where the kernel calls ops with a mask in force: `SCX_CALL_OP*()` and its call sites.

A macro counts when its body hands a parameter to `scx_kf_allow()` and calls a member named by
another one, or passes both on to a macro that does: so no order of arguments is assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kfmap.kernel.brackets import split_arguments
from kfmap.kernel.facts import Place
from kfmap.kernel.source import Macro
from kfmap.quick_dataclass import dataclass

ALLOW = "scx_kf_allow"
_ALLOWS = re.compile(rf"\b{ALLOW}\s*\(\s*(\w+)\s*\)")
_CALLS_MEMBER = re.compile(r"(?:\.|->)\s*(\w+)\s*\(")
_CALL = re.compile(r"\b(\w+)\s*\(")


@dataclass(frozen=True, slots=True)
class CallForm:
    """Which arguments of a macro are the mask and the member."""

    mask: int
    member: int


@dataclass(frozen=True, slots=True)
class OpCall:
    """One call of an op: the member and the expression of the mask, as written."""

    member: str
    mask: str
    place: Place


def find_call_forms(macros: Mapping[str, Macro]) -> dict[str, CallForm]:
    """Return the macros that call an op under a mask."""
    forms: dict[str, CallForm] = {}
    while True:
        found = {
            name: form
            for name, macro in macros.items()
            if name not in forms and (form := _own_form(macro) or _passed_form(macro, forms))
        }
        if not found:
            return forms
        forms |= found


def find_op_calls(text: str, file: str, forms: Mapping[str, CallForm]) -> Iterator[OpCall]:
    """Return the calls of ops in the code of a file (no comments, no #define)."""
    for match in _CALL.finditer(text):
        form = forms.get(match[1])
        arguments = split_arguments(text, match.end()) if form else []
        if form and len(arguments) > max(form.mask, form.member):
            place = Place(file, text.count("\n", 0, match.start()) + 1)
            yield OpCall(arguments[form.member], arguments[form.mask], place)


def _own_form(macro: Macro) -> CallForm | None:
    names = macro.parameters or ()
    masks = [name for name in _ALLOWS.findall(macro.body) if name in names]
    members = [name for name in _CALLS_MEMBER.findall(macro.body) if name in names]
    if not masks or not members:
        return None
    return CallForm(names.index(masks[0]), names.index(members[0]))


def _passed_form(macro: Macro, forms: Mapping[str, CallForm]) -> CallForm | None:
    for match in _CALL.finditer(macro.body):
        form = forms.get(match[1])
        passed = split_arguments(macro.body, match.end()) if form else []
        if form is None or len(passed) <= max(form.mask, form.member):
            continue
        mask, member = passed[form.mask], passed[form.member]
        names = macro.parameters or ()
        if mask in names and member in names:
            return CallForm(names.index(mask), names.index(member))
    return None
