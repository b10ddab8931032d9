"""What holds while the kernel calls an op of sched_ext: `SCX_CALL_OP*()` and where it stands.

Nothing is known beforehand about macros and ops. A macro calls an op where its body calls a member
that a parameter names, or hands that on to a macro that does; its body says whether the op's tasks
are recorded (`kf_tasks`) and which argument is the locked rq. What stands around a call says the
rest: between which functions the kernel dumps, after which one a static key is off.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping

from kfmap.kernel.brackets import split_arguments
from kfmap.kernel.facts import Place, StructOps
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import ALWAYS, NEVER, SOMETIMES, OpCircumstances
from kfmap.kernel.source import Macro
from kfmap.quick_dataclass import dataclass

_CALLS_MEMBER = re.compile(r"(?:\.|->)\s*(\w+)\s*\(")
_CALL = re.compile(r"\b(\w+)\s*\(", re.ASCII)
_RECORDS_TASKS = "kf_tasks["
_LOCKS = re.compile(r"\bupdate_locked_rq\s*\(\s*(\w+)\s*\)")
_NO_RQ = ("NULL", "0")
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class _Form:
    """Which arguments of a macro are the member and the locked rq; whether tasks are recorded."""

    member: int
    rq: int | None
    tasks: bool


@dataclass(frozen=True, slots=True)
class Span:
    """What begins and ends a time, such as dumping; not in functions that `unless` matches."""

    begin: re.Pattern[str]
    end: re.Pattern[str] | None = None
    unless: re.Pattern[str] | None = None

    def holds(self, text: str, at: int) -> bool:
        """Return whether the time has begun, and not ended, at an offset of a function."""
        begun = [match.start() for match in self.begin.finditer(text, 0, at)]
        if not begun or (self.unless and self.unless.search(text)):
            return False
        return not (self.end and self.end.search(text, begun[-1], at))


@dataclass(frozen=True, slots=True)
class _Call:
    member: str
    function: str
    tasks: bool
    rq: bool | None
    dumping: bool
    idle_off: bool
    place: Place


def find_circumstances(
    items: Collection[Item],
    macros: Mapping[str, Macro],
    struct_ops: Collection[StructOps],
    spans: Mapping[str, Span],
    find_lock: Callable[[str], Place | None],
) -> tuple[OpCircumstances, ...]:
    """Return what holds around each op that functions call, for each type that has the op.

    `spans` says for "dump" and "idle" when they hold, `find_lock` where a caller of a function
    takes the lock of an rq.
    """
    forms = _find_forms(macros)
    calls: dict[str, list[_Call]] = {}
    for item in items:
        for call in _find_calls(item, forms, spans):
            calls.setdefault(call.member, []).append(call)
    types = [ops for ops in struct_ops if calls and _has_all(ops, calls)]
    found = [
        _join(ops.name, calls[member.name], find_lock)
        for ops in types
        for member in ops.members
        if member.name in calls
    ]
    return tuple(sorted(found, key=lambda item: (item.struct_ops, item.member)))


def _has_all(ops: StructOps, calls: Mapping[str, object]) -> bool:
    """Return whether most of the ops that are called are members: it is a type of this kind."""
    names = {member.name for member in ops.members}
    return 2 * len(names & calls.keys()) > len(calls)


def _find_forms(macros: Mapping[str, Macro]) -> dict[str, _Form]:
    """Return the macros that call an op; what a macro hands on to another counts before its own."""
    forms: dict[str, _Form] = {}
    for _ in range(_MAX_DEPTH):
        found = {
            name: form
            for name, macro in macros.items()
            if (form := _passed_form(macro, forms) or _own_form(macro))
        }
        if found == forms:
            break
        forms = found
    return forms


def _own_form(macro: Macro) -> _Form | None:
    names = macro.parameters or ()
    members = [name for name in _CALLS_MEMBER.findall(macro.body) if name in names]
    if not members:
        return None
    locked = [name for name in _LOCKS.findall(macro.body) if name in names]
    rq = names.index(locked[0]) if locked else None
    return _Form(names.index(members[0]), rq, _RECORDS_TASKS in macro.body)


def _passed_form(macro: Macro, forms: Mapping[str, _Form]) -> _Form | None:
    names = macro.parameters or ()
    for match in _CALL.finditer(macro.body):
        form = forms.get(match[1])
        passed = split_arguments(macro.body, match.end()) if form else []
        if form is None or len(passed) <= form.member or passed[form.member] not in names:
            continue
        given = passed[form.rq] if form.rq is not None and form.rq < len(passed) else ""
        rq = names.index(given) if given in names else None
        tasks = form.tasks or _RECORDS_TASKS in macro.body
        return _Form(names.index(passed[form.member]), rq, tasks)
    return None


def _find_calls(
    item: Item, forms: Mapping[str, _Form], spans: Mapping[str, Span]
) -> Iterator[_Call]:
    text = item.text
    for match in _CALL.finditer(text, max(0, item.brace)):
        form = forms.get(match[1])
        given = split_arguments(text, match.end()) if form else []
        if form is None or len(given) <= form.member:
            continue
        rq = given[form.rq] if form.rq is not None and form.rq < len(given) else None
        yield _Call(
            given[form.member],
            item.function,
            form.tasks,
            None if rq is None else rq not in _NO_RQ,
            "dump" in spans and spans["dump"].holds(text, match.start()),
            "idle" in spans and spans["idle"].holds(text, match.start()),
            Place(item.file, item.line_at(match.start())),
        )


def _join(
    struct_ops: str, calls: list[_Call], find_lock: Callable[[str], Place | None]
) -> OpCircumstances:
    untold = [call.function for call in calls if call.tasks and not call.rq]
    return OpCircumstances(
        struct_ops,
        calls[0].member,
        _how_often([call.tasks for call in calls]) or NEVER,
        _how_often([call.rq for call in calls]),
        _how_often([call.dumping for call in calls]) or NEVER,
        _how_often([call.idle_off for call in calls]) or NEVER,
        tuple(sorted(call.place for call in calls)),
        next((place for name in untold if (place := find_lock(name))), None),
    )


def _how_often(values: list[bool] | list[bool | None]) -> str | None:
    if None in values:
        return None
    return ALWAYS if all(values) else SOMETIMES if any(values) else NEVER
