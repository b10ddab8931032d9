"""Checks that kfuncs of sched_ext make on each call, beside masks: task, dump, locked rq, idle.

Read from the functions that report an error with scx_error() (scx_ops_error() before 6.14): a
comparison with the recorded tasks (`kf_tasks`), with the CPU that dumps, of a task's rq with the
locked one, a test of scx_locked_rq(), of a static key. Which kfuncs come to them is followed call
by call.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Set

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.facts import Place, StructOps
from kfmap.kernel.items import Item
from kfmap.kernel.program_facts import (
    DUMP,
    IDLE,
    LOCKED_RQ,
    RQ_LOCK,
    RQ_TASK,
    TASK,
    OpCircumstances,
    RunTimeCheck,
)
from kfmap.kernel.rules.op_circumstances import Span, find_circumstances
from kfmap.kernel.rules.rq_locks import LockFinder, find_taken_lock
from kfmap.kernel.source import Macro
from kfmap.kernel.syntax import Function, called_name, field_of, parse_function, text_of, walk
from kfmap.quick_dataclass import dataclass

_REPORT = re.compile(r"scx_(?<!\wscx_)(?:\w+_)?(?:error|exit)\(")
_CALLS_OP = "CALL_OP"
_TYPE = "sched_ext_ops"
_TASKS = re.compile(r"\bkf_tasks\b")
_CPU = re.compile(r"\b(?:raw_)?smp_processor_id\s*\(\s*\)\s*!=\s*(\w+)\s*(?:->|\.)\s*cpu\b")
_KEY = re.compile(r"\bstatic_branch_likely\s*\(\s*&\s*(\w+)\s*\)")
_LOCKED = "scx_locked_rq"
_OF_RQ = re.compile(rf"\btask_rq\s*\([^()]*\)\s*!=\s*{_LOCKED}\s*\(")
_GOTO = re.compile(r"\bgoto\s+(\w+)\s*;")
_SETS_CPU = re.compile(r"(?:->|\.)\s*cpu\s*=\s*(?:raw_)?smp_processor_id\s*\(")
_CLEARS_CPU = re.compile(r"(?:->|\.)\s*cpu\s*=\s*-\s*1")
_TEXTS = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*)+')
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')
_OF_CHECKS = ("kf_tasks", "smp_processor_id", "static_branch_likely", _LOCKED, "_if_unlocked")
_CALL = re.compile(r"\b(\w+)\s*\(", re.ASCII)
_NOTHING = "(?!)"
_MAX_DEPTH = 5
_MAX_FUNCTIONS = 3_000

Path = tuple[tuple[str, Place], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """A check as one function comes to it; `key` is the static key that it tests."""

    asks: str
    sure: bool
    message: str
    path: Path
    key: str = ""


@dataclass(frozen=True, slots=True)
class RunTimeSource:
    """The files of sched_ext: their functions, and macros with parameters."""

    code: Code
    items: Mapping[str, Item]
    macros: Mapping[str, Macro]

    def texts_with(self, words: str) -> list[tuple[str, str]]:
        """Return the functions whose text has some words, and their texts."""
        return [(name, item.text) for name, item in self.items.items() if words in item.text]


def extract_run_time_checks(
    code: Code, struct_ops: Collection[StructOps], kfuncs: Collection[str]
) -> tuple[tuple[RunTimeCheck, ...], tuple[OpCircumstances, ...]]:
    """Return the checks of kfuncs and what holds around ops; nothing for trees without them."""
    home = next((ops.place.file for ops in struct_ops if ops.name == _TYPE), "")
    if not home.endswith(".c"):
        return (), ()
    source = _read_source(code, home)
    reader = _Reader(source)
    found = [(kfunc, check) for kfunc in sorted(kfuncs) for check in reader.checks_of(kfunc)]
    checks = [
        RunTimeCheck(kfunc, check.asks, check.sure, check.message, check.path)
        for kfunc, check in found
    ]
    keys = {check.key for _, check in found if check.asks == IDLE}
    spans = {"dump": _dump_span(source), "idle": _idle_span(source, keys)}
    types = [ops for ops in struct_ops if ops.place.file == home]
    find_lock = LockFinder(code, home).find_lock
    items = tuple(source.items.values())
    around = find_circumstances(items, source.macros, types, spans, find_lock)
    return tuple(checks), around


def _read_source(code: Code, home: str) -> RunTimeSource:
    folder = home.rpartition("/")[0]
    items: dict[str, Item] = {}
    macros: dict[str, Macro] = {}
    for file in (*code.tree.find_c_files(folder), *code.tree.find_headers(folder)):
        text = code.tree.read(file) or ""
        if _CALLS_OP not in text and not _REPORT.search(text):
            continue
        for item in code.items(file):
            if item.function and len(items) < _MAX_FUNCTIONS:
                items.setdefault(item.function, item)
        source = code.source(file)
        for name, found in (source.macros if source else {}).items():
            if found and found[-1].parameters is not None:
                macros.setdefault(name, found[-1])
    return RunTimeSource(code, items, macros)


def _dump_span(source: RunTimeSource) -> Span:
    """Return the functions that begin and end a dump: they set and clear the CPU that dumps."""
    assigning = dict(source.texts_with("cpu ="))
    begin = [name for name, text in assigning.items() if _SETS_CPU.search(text)]
    end = [name for name, text in assigning.items() if _CLEARS_CPU.search(text)]
    return Span(_calls_of(begin), _calls_of(end))


def _idle_span(source: RunTimeSource, keys: Set[str]) -> Span:
    """Return what switches keys off: statements, and the functions that only switch them off."""
    names = "|".join(sorted(keys)) or _NOTHING
    off = re.compile(rf"\bstatic_branch_disable\w*\s*\(\s*&\s*(?:{names})\s*\)")
    on = re.compile(rf"\bstatic_branch_enable\w*\s*\(\s*&\s*(?:{names})\s*\)")
    switches = [
        name
        for name, text in source.texts_with("static_branch_disable")
        if off.search(text) and not on.search(text)
    ]
    return Span(re.compile(f"{off.pattern}|{_calls_of(switches).pattern}"), None, on)


def _calls_of(names: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(names)) or _NOTHING})\s*\(")


def _find_leading(items: Mapping[str, Item]) -> set[str]:
    """Return the functions that have something of a check in their text, or lead to one soon."""
    calls = {name: set(_CALL.findall(item.text)) for name, item in items.items()}
    leading = {
        name for name, item in items.items() if any(word in item.text for word in _OF_CHECKS)
    }
    for _ in range(_MAX_DEPTH):
        leading |= {name for name, called in calls.items() if not called.isdisjoint(leading)}
    return leading


class _Reader:
    """Follows kfuncs to their checks, each function once."""

    def __init__(self, source: RunTimeSource) -> None:
        self._source = source
        self._lines: dict[str, list[str]] = {}
        self._found: dict[str, tuple[_Found, ...]] = {}
        self._reading: set[str] = set()
        self._leading = _find_leading(source.items)

    def checks_of(self, name: str) -> tuple[_Found, ...]:
        """Return the checks that a function comes to, the first of each kind."""
        if name not in self._leading or name in self._reading:
            return ()
        if name not in self._found:
            self._reading.add(name)
            try:
                first: dict[str, _Found] = {}
                for found in self._in_function(self._source.items[name]):
                    if found.asks not in first or (found.sure and not first[found.asks].sure):
                        first[found.asks] = found
                self._found[name] = tuple(first[asks] for asks in sorted(first))
            finally:
                self._reading.discard(name)
        return self._found[name]

    def _in_function(self, item: Item) -> Iterator[_Found]:
        lock = find_taken_lock(item)
        if lock:
            yield _Found(RQ_LOCK, False, "", ((item.function, lock),))
        function = parse_function(item)
        yield from self._in_block(function, function.body, sure=True)

    def _in_block(self, function: Function, block: Node, *, sure: bool) -> Iterator[_Found]:
        """Return the checks of the statements of a block; those further in are not sure."""
        statements = block.named_children if block.type == "compound_statement" else (block,)
        for statement in statements:
            if statement.type == "if_statement":
                yield from self._in_if(function, statement, sure=sure)
            elif statement.type in ("expression_statement", "declaration", "return_statement"):
                yield from self._in_expression(function, statement, sure=sure)
            elif statement.type == "compound_statement":
                yield from self._in_block(function, statement, sure=sure)
            else:
                for child in statement.named_children:
                    yield from self._in_block(function, child, sure=False)

    def _in_if(self, function: Function, node: Node, *, sure: bool) -> Iterator[_Found]:
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        if condition is None or taken is None:
            return
        asks, key = self._asks(function, text_of(condition))
        if asks and self._refuses(function, node, key):
            where = ((function.name, Place(function.file, function.line_of(node))),)
            yield _Found(asks, sure, self._message(function, node), where, key)
            return
        yield from self._in_expression(
            function, condition, sure=sure and "||" not in text_of(condition)
        )
        for branch in (taken, other):
            if branch is not None:
                yield from self._in_block(function, branch, sure=False)

    def _in_expression(self, function: Function, node: Node, *, sure: bool) -> Iterator[_Found]:
        for call in walk(node):
            if call.type != "call_expression":
                continue
            name = called_name(call)
            step = (function.name, Place(function.file, function.line_of(call)))
            for found in self.checks_of(name) if name != function.name else ():
                path = (step, *found.path)
                yield _Found(found.asks, sure and found.sure, found.message, path, found.key)

    def _asks(self, function: Function, condition: str) -> tuple[str, str]:
        """Return what a condition asks, and the static key of it."""
        if _TASKS.search(condition):
            return TASK, ""
        if _CPU.search(condition):
            return DUMP, ""
        if _OF_RQ.search(condition):
            return RQ_TASK, ""
        key = _KEY.search(condition)
        if key:
            return IDLE, key[1]
        tested = re.fullmatch(r"\(?\s*!\s*(\w+)\s*\)?", condition.strip())
        assigned = rf"\b{tested[1]}\s*=\s*{_LOCKED}\s*\(" if tested else ""
        if tested and re.search(assigned, text_of(function.body)):
            return LOCKED_RQ, ""
        return "", ""

    def _refuses(self, function: Function, node: Node, key: str) -> bool:
        """Return whether the kernel reports an error where the condition does not hold.

        The report may be behind a label. A static key may be tested the other way round: the error
        then follows the return.
        """
        taken = field_of(node, "consequence")
        if taken is not None and _reports(text_of(taken)):
            return True
        away = _GOTO.search(text_of(taken)) if taken is not None else None
        if away:
            return _reports(text_of(function.body).rpartition(f"\n{away[1]}:")[2])
        rest = text_of(function.body)[node.end_byte - function.body.start_byte :]
        is_plain = "!" not in text_of(field_of(node, "condition") or node)
        returns = taken is not None and "return" in text_of(taken)
        return bool(key) and is_plain and returns and _reports(rest)

    def _message(self, function: Function, node: Node) -> str:
        """Return the text of the error that is reported at a check, or after it."""
        if function.file not in self._lines:
            text = self._source.code.tree.read(function.file) or ""
            self._lines[function.file] = text.split("\n")
        lines = self._lines[function.file]
        first = function.line_of(node) - 1
        last = first + (function.body.end_point.row - node.start_point.row)
        for at in range(first, min(last + 1, len(lines))):
            if _reports(lines[at]):
                joined = _TEXTS.search("\n".join(lines[at : at + 3]))
                text = "".join(_TEXT.findall(joined[0])) if joined else ""
                return text.replace("\\n", "").strip()
        return ""


def _reports(text: str) -> bool:
    return _REPORT.search(text) is not None
