"""Run-time masks of sched_ext: which ops run under which mask, which kfuncs check for which.

Gives `RunTime` for a tree that has `scx_kf_allowed()` (kernel/sched/ext.c, 6.12 to 6.19), else
None: "sched_ext: Remove runtime kfunc mask enforcement" took it away after "sched_ext: Add
verifier-time kfunc context filter" (7.1). Nothing is known beforehand about ops, kfuncs or masks:
the call sites and the checks are read, the checks run.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    Constant,
    Guard,
    NotUnderstood,
    OpMask,
    Place,
    RunTime,
    StructOps,
)
from kfmap.kernel.rules.hooks import find_enum
from kfmap.kernel.rules.mask_calls import OpCall, find_call_forms, find_op_calls
from kfmap.kernel.rules.mask_machine import CHECK, Way, build_machine, decides
from kfmap.kernel.source import Macro
from kfmap.kernel.statements import TooLongError
from kfmap.kernel.syntax import Function, called_name, parse_function, text_of, walk
from kfmap.quick_dataclass import dataclass

_ENUM = "scx_kf_mask"
_MENTION = CHECK
_MAX_BITS = 8  # a run for every combination of bits
_CHECK_CALL = re.compile(rf"\b{CHECK}\w*\s*\([^;{{}}]*\)(?!\s*\{{)")


@dataclass(frozen=True, slots=True)
class MaskSource:
    """What the masks are read from: the files that mention them, with their functions and macros.

    `bits` are the enumerators of the mask's enum.
    """

    code: Code
    files: tuple[str, ...]
    functions: Mapping[str, Function]
    macros: Mapping[str, Macro]
    bits: tuple[Constant, ...]
    home: str

    def evaluate(self, expression: str) -> int | None:
        """Return the value of a constant expression, None where it is not known."""
        return self.code.evaluate(expression, self.home)


def extract_run_time(
    code: Code, files: Collection[str], struct_ops: Collection[StructOps], kfuncs: Collection[str]
) -> tuple[RunTime | None, tuple[NotUnderstood, ...]]:
    """Return the run-time masks of a tree and what was not understood of them.

    `files` are those that define kfuncs; the check is looked for in them.
    """
    check = next((i for f in files for i in code.items(f) if i.function == CHECK), None)
    if check is None:
        return None, ()
    source = read_mask_source(code, check.file, files)
    place = Place(check.file, check.function_line)
    bits = tuple(bit for bit in source.bits if bit.value & (bit.value - 1) == 0)
    if not 0 < len(bits) <= _MAX_BITS:
        return None, (NotUnderstood(place, "run-time masks", f"{len(bits)} mask bits"),)
    reader = _Reader(source, bits)
    run_time = RunTime(
        bits=bits,
        ops=reader.read_ops(struct_ops),
        guards=reader.read_guards(kfuncs),
        boundary_bits=tuple(bit.name for bit in bits if bit.value in reader.boundaries),
        place=place,
    )
    return run_time, tuple(reader.problems)


def read_mask_source(code: Code, home: str, files: Collection[str]) -> MaskSource:
    """Read the files beside the check that mention masks, and the headers these include."""
    folder = home.rpartition("/")[0]
    beside = [file for file in files if file.rpartition("/")[0] == folder]
    mentioning = sorted({f for file in beside for f in code.files_with(_MENTION, file)})
    functions: dict[str, Function] = {}
    macros: dict[str, Macro] = {}
    for file in mentioning:
        for item in code.items(file):
            if item.function:
                functions.setdefault(item.function, parse_function(item))
        source = code.source(file)
        for name, found in (source.macros if source else {}).items():
            if found[-1].parameters is not None:
                macros.setdefault(name, found[-1])
    bits = find_enum(code, _ENUM, home)
    return MaskSource(code, tuple(mentioning), functions, macros, bits, home)


class _Reader:
    """Reads one tree's masks, keeping what it does not understand."""

    def __init__(self, source: MaskSource, bits: tuple[Constant, ...]) -> None:
        self.problems: list[NotUnderstood] = []
        self._source = source
        self._machine = build_machine(source.functions, source.evaluate)
        self._single = [bit.value for bit in bits if bit.value]
        self._masks = range(sum(self._single) + 1)
        self.boundaries = {bit for bit in self._single if self._is_boundary(bit)}

    def _texts(self) -> Iterator[tuple[str, str]]:
        for file in self._source.files:
            source = self._source.code.source(file)
            if source is not None:
                yield file, source.code

    def read_ops(self, struct_ops: Collection[StructOps]) -> tuple[OpMask, ...]:
        """Return the mask of each op that is called under one."""
        forms = find_call_forms(self._source.macros)
        calls: dict[str, list[OpCall]] = {}
        for file, text in self._texts():
            for call in find_op_calls(text, file, forms):
                calls.setdefault(call.member, []).append(call)
        name = self._find_type(set(calls), struct_ops)
        found = [self._read_op(name, member, calls[member]) for member in sorted(calls)]
        return tuple(op for op in found if op is not None) if name else ()

    def read_guards(self, kfuncs: Collection[str]) -> tuple[Guard, ...]:
        """Return the check of each kfunc that makes one."""
        self._note_lost_checks()
        found = [self._read_guard(kfunc) for kfunc in sorted(self._machine.relevant & set(kfuncs))]
        return tuple(guard for guard in found if guard is not None)

    def _note_lost_checks(self) -> None:
        """Note the checks in places that do not parse as part of a function."""
        read = {
            (function.file, function.line_of(node))
            for function in self._source.functions.values()
            for node in walk(function.body)
            if node.type == "call_expression" and called_name(node).startswith(CHECK)
        }
        for function in self._source.functions.values():
            self._note_unfollowed(function)
        self._note_undecided()
        for file, text in self._texts():
            for match in _CHECK_CALL.finditer(text):
                place = Place(file, text.count("\n", 0, match.start()) + 1)
                if (place.file, place.line) not in read:
                    self._note(place, "run-time check", match[0])

    def _note_unfollowed(self, function: Function) -> None:
        """Note checks in a function that are hidden in a macro, or do not make it leave."""
        for node in walk(function.body):
            name = called_name(node) if node.type == "call_expression" else ""
            macro = self._source.macros.get(name)
            is_hidden = macro is not None and CHECK in macro.body
            if is_hidden or (name.startswith(CHECK) and not decides(node)):
                place = Place(function.file, function.line_of(node))
                self._note(place, "run-time check", text_of(node))

    def _note_undecided(self) -> None:
        """Note the #ifs around checks or call sites of which the branch is in doubt."""
        forms = "|".join([CHECK, *map(re.escape, find_call_forms(self._source.macros))])
        matters = re.compile(rf"\b(?:{forms})")
        for file in self._source.files:
            source = self._source.code.source(file)
            for doubt in source.undecided if source else ():
                lines = self._source.code.tree.lines(file)[doubt.start : doubt.end - 1]
                if matters.search("\n".join(lines)):
                    place = Place(file, doubt.start)
                    self._note(place, "run-time masks", f"#if {doubt.expression}")

    def _is_boundary(self, bit: int) -> bool:
        """Return whether a check for this bit fails while an op of a higher bit is nested."""
        higher = [other for other in self._single if other > bit]
        answers = {self._machine.check_passes(bit, bit | other) for other in higher}
        if answers <= {0} or answers <= {1}:
            return answers == {0}
        check = self._source.functions[CHECK]
        place = Place(check.file, check.line)
        self._note(place, "nesting of run-time masks", f"{CHECK}() with mask {bit:#x}")
        return False

    def _find_type(self, members: set[str], struct_ops: Collection[StructOps]) -> str:
        """Return the only struct_ops type that has all these members."""
        names = [ops.name for ops in struct_ops if members <= {m.name for m in ops.members}]
        if len(names) == 1:
            return names[0]
        check = self._source.functions[CHECK]
        place = Place(check.file, check.line)
        self._note(place, "ops called under a mask", f"struct_ops types: {', '.join(names)}")
        return ""

    def _read_op(self, name: str, member: str, calls: list[OpCall]) -> OpMask | None:
        values = {self._source.evaluate(call.mask) for call in calls}
        mask = values.pop() if len(values) == 1 else None
        if mask is None:
            text = f"{member}: {', '.join(sorted({call.mask for call in calls}))}"
            self._note(calls[0].place, "mask of an op", text)
            return None
        return OpMask(name, member, mask, tuple(sorted(call.place for call in calls)))

    def _read_guard(self, kfunc: str) -> Guard | None:
        function = self._source.functions[kfunc]
        place = Place(function.file, function.line)
        try:
            runs = [self._machine.run(kfunc, in_force) for in_force in self._masks]
        except TooLongError as error:
            self._note(place, "run-time check", f"{kfunc}: {error}")
            return None
        unclear = next((run.unclear[0] for run in runs if run.unclear), None)
        if unclear:
            self._note(unclear[-1][1], "mask of a run-time check", kfunc)
            return None
        if not any(run.failures for run in runs):
            return None
        guard = Guard(
            kfunc,
            mask=sum(bit for bit in self._single if not runs[bit].failures),
            unlocked=not runs[0].failures,
            path=_shorten(next(run.failures[0] for run in runs if run.failures)),
            task_argument=any(run.compares_tasks for run in runs),
        )
        if [self._passes(guard, mask) for mask in self._masks] != [not r.failures for r in runs]:
            self._note(place, "run-time check", f"{kfunc}: passes under no single mask")
            return None
        return guard

    def _passes(self, guard: Guard, in_force: int) -> bool:
        """Return what a guard stands for; it must agree with every run."""
        if not in_force:
            return guard.unlocked
        top = 1 << (guard.mask.bit_length() - 1) if guard.mask else 0
        nested = top in self.boundaries and in_force >= top << 1
        return bool(in_force & guard.mask) and not nested

    def _note(self, place: Place, construct: str, text: str) -> None:
        self.problems.append(NotUnderstood(place, construct, text))


def _shorten(path: Way) -> Way:
    """Leave out the way from one kind of check to another."""
    return tuple(step for step in path if not step[0].startswith(CHECK))
