"""Helpers by program type: who answers for whom, what the answers are, what prototypes demand.

Begins at the verifier operations of each program type (include/linux/bpf_types.h) and struct_ops
type, reads their `.get_func_proto` and every function that those ask (kernel/bpf/helpers.c,
net/core/filter.c, kernel/trace/bpf_trace.c, …).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.facts import UNREAD_HELPERS, Constant, KfuncSet, NotUnderstood, Place
from kfmap.kernel.handed_on import find_changed_parts
from kfmap.kernel.helper_facts import HelperFacts
from kfmap.kernel.helper_form import (
    Ask,
    Choice,
    HelperFunction,
    HelperNode,
    HelperProto,
    HelperTable,
    NoProto,
    Proto,
)
from kfmap.kernel.items import Item
from kfmap.kernel.rule_form import Condition, ProgramHas, Trait, Unknown, find_atoms
from kfmap.kernel.rules.filter_meanings import Known, NotInSubsetError
from kfmap.kernel.rules.helper_conditions import HelperTables, ProgramConditions
from kfmap.kernel.rules.helper_functions import compile_helper_function
from kfmap.kernel.rules.helper_maps import read_helper_maps
from kfmap.kernel.rules.id_sets import find_id_sets
from kfmap.kernel.rules.initializers import read_designated, read_fields
from kfmap.kernel.source import Source
from kfmap.kernel.syntax import parse_function
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import dataclass

UAPI_H = "include/uapi/linux/bpf.h"
TYPES_H = "include/linux/bpf_types.h"
_MAPPERS = ("___BPF_FUNC_MAPPER", "__BPF_FUNC_MAPPER")  # the first came with 6.2
_MAPPED = re.compile(r"\bFN\s*\(\s*(\w+)\s*(?:,\s*(\d+))?")
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE\s*\(\s*(BPF_PROG_TYPE_\w+)\s*,\s*(\w+)")
_LISTS = frozenset({"BPF_PROG_TYPE", "BPF_MAP_TYPE", "BPF_LINK_TYPE"})  # all that the header has
_USED = re.compile(r"^[ \t]*(\w+)", re.M)
_WEAK = re.compile(r"\b(?:__)?weak\b")
_CONST = re.compile(r"\bconst\b")
_RETURNS_PROTO = re.compile(r"\bstruct\s+bpf_func_proto\s*\*")
# Those of the struct_ops type, and of the program that is replaced, take the place of theirs.
_OTHERS_ANSWER = ("BPF_PROG_TYPE_STRUCT_OPS", "BPF_PROG_TYPE_EXT")
_ITERATED = "bpf_iter_get_func_proto"  # goes through the iterators (kernel/bpf/bpf_iter.c)
_ITERATOR = re.compile(r'\.\s*target\s*=\s*"(\w+)"')
_MAP_ARGUMENT = "ARG_CONST_MAP_PTR"
_MAX_FUNCTIONS = 300
_MAX_PROTOS = 3_000


@dataclass(frozen=True, slots=True)
class HelperFiles:
    """Files that hold prototypes or verifier operations, and the registered struct_ops types.

    `struct_ops` are (type, variable, file) of each.
    """

    built: tuple[str, ...]
    struct_ops: tuple[tuple[str, str, str], ...]


def extract_helpers(
    code: Code, files: HelperFiles
) -> tuple[HelperFacts | None, tuple[NotUnderstood, ...]]:
    """Return which helpers programs get, None for a tree without any, and what was not read."""
    reader = _Reader(code, files)
    tables = tuple(reader.tables())
    if not tables:
        return None, ()
    functions = reader.functions(tables)
    ids = _read_ids(code)
    maps, unread = read_helper_maps(code, ids, reader.map_arguments(functions))
    facts = HelperFacts(
        helpers=ids,
        tables=tuple(sorted(tables, key=lambda t: (t.program_type, t.struct_ops))),
        functions=functions,
        protos=reader.protos(functions),
        sets=tuple(reader.sets[key] for key in sorted(reader.sets)),
        maps=maps,
    )
    return facts, (*reader.problems, *unread)


def _read_ids(code: Code) -> tuple[Constant, ...]:
    """Return the helpers with their numbers, as the macro behind enum bpf_func_id lists them."""
    source = code.source(UAPI_H)
    for name in _MAPPERS:
        macro = source.macro_at(name, 1 << 29) if source else None
        if macro is not None:
            found = _MAPPED.findall(macro.body)
            return tuple(
                Constant(helper, int(number) if number else at)
                for at, (helper, number) in enumerate(found)
            )
    return ()


class _Reader:
    """Reads the helpers of one tree, keeping what is not understood."""

    def __init__(self, code: Code, files: HelperFiles) -> None:
        self._code = code
        self._files = files
        self._ids: dict[str, Item] = {}  # functions that answer, by the id they got
        self._items: dict[str, list[Item]] = {}
        for file in files.built:
            for item in code.items(file):
                name = item.function or item.variable
                if name:
                    self._items.setdefault(name, []).append(item)
        self.sets: dict[str, KfuncSet] = {}
        self.problems: list[NotUnderstood] = []
        self._map_places: dict[tuple[str, str], int] = {}

    def tables(self) -> Iterator[HelperTable]:
        """Return who answers for each program type and struct_ops type."""
        source = self._code.source(TYPES_H)
        self._note_other_lists(source)
        for match in _PROGRAM_TYPE.finditer(source.code) if source else ():
            if match[1] in _OTHERS_ANSWER:
                continue
            place = Place(TYPES_H, source.line_at(match.start()) if source else 0)
            operations = self._variable(f"{match[2]}_verifier_ops", TYPES_H)
            yield from self._table(match[1], "", operations, place)
        for name, variable, file in self._files.struct_ops:
            item = self._variable(variable, file)
            fields = _designated(item) if item else {}
            near = item.file if item else file
            operations = self._variable(fields.get("verifier_ops", "").lstrip("& "), near)
            place = Place(file, item.line if item else 1)
            yield from self._table("BPF_PROG_TYPE_STRUCT_OPS", name, operations, place)

    def _note_other_lists(self, source: Source | None) -> None:
        """Note what may stand for a program type in the header that lists them."""
        code = "" if source is None else source.code
        depth = 0
        for number, line in enumerate(code.split("\n"), 1):
            word = _USED.match(line) if not depth else None
            depth += line.count("(") - line.count(")")
            if word is not None and word[1] not in _LISTS:
                self.problems.append(NotUnderstood(Place(TYPES_H, number), UNREAD_HELPERS, word[1]))

    def functions(self, tables: tuple[HelperTable, ...]) -> tuple[HelperFunction, ...]:
        """Return the answers of the functions that are asked, and of those they ask.

        Raises TreeError where there are more than in any kernel.
        """
        meanings = HelperTables(
            self._find_set, lambda name, file: (), lambda name, file, unit: False, self._answering
        )
        waiting = [table.function for table in tables if table.function]
        done: dict[str, HelperFunction] = {}
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            if len(done) > _MAX_FUNCTIONS:
                raise TreeError(f"more than {_MAX_FUNCTIONS} functions answer for helpers")
            item = self._ids[name]
            if item.function == _ITERATED:
                done[name] = self._iterators(name, item)
            else:
                done[name] = compile_helper_function(self._code, item, name, meanings)
            waiting += _asked_by(done[name])
        for function in done.values():
            self.problems += _unknowns(function)
        return tuple(done[name] for name in sorted(done))

    def protos(self, functions: Collection[HelperFunction]) -> tuple[HelperProto, ...]:
        """Return the prototypes that answers name, as far as built files define them."""
        named = {(proto, f.file) for f in functions for proto in _protos_of(f)}
        found: dict[str, HelperProto] = {}
        for name, file in sorted(named)[:_MAX_PROTOS]:
            item = self._variable(name, file) if name not in found else None
            proto = self._proto(name, item) if item is not None else None
            if proto is not None:
                found[name] = proto
            elif item is None and name not in found:
                place = self._place_of(name, file, functions)
                self.problems.append(NotUnderstood(place, "prototype of a helper", name))
        return tuple(found[name] for name in sorted(found))

    def map_arguments(self, functions: Collection[HelperFunction]) -> Mapping[str, int]:
        """Return which argument of a helper is a map, of those that have one whatever answers."""
        found: dict[str, set[int]] = {}
        for function in functions:
            for helper, proto in _answers_of(function, functions):
                found.setdefault(helper, set()).add(self._map_argument(proto, function.file))
        return {
            helper: next(iter(places))
            for helper, places in found.items()
            if len(places) == 1 and 0 not in places
        }

    def _map_argument(self, proto: str, file: str) -> int:
        """Return the number of the argument that is a map, 0 for none."""
        if (proto, file) not in self._map_places:
            item = self._variable(proto, file)
            fields = (self._fields(item) if item else None) or {}
            places = (at for at in range(1, 6) if fields.get(f"arg{at}_type") == _MAP_ARGUMENT)
            self._map_places[proto, file] = next(places, 0)
        return self._map_places[proto, file]

    @staticmethod
    def _place_of(name: str, file: str, functions: Collection[HelperFunction]) -> Place:
        """Return the first line of a file that gives a prototype as an answer."""
        rows = (row.split(" ") for f in functions if f.file == file for row in f.plain)
        lines = [int(line) for _, proto, line in rows if proto == name]
        nodes = (node for f in functions if f.file == file for node in _nodes(f))
        lines += [n.line for n in nodes if isinstance(n, Proto) and n.proto == name]
        return Place(file, min(lines, default=1))

    def _proto(self, name: str, item: Item) -> HelperProto | None:
        """Return a prototype, None where a field of it is not known."""
        place = Place(item.file, item.line_at(item.text.find(name)))
        fields = self._fields(item)
        flags = [self._flag(fields, flag, item) for flag in ("might_sleep", "gpl_only")]
        if fields is None or flags[0] is None or flags[1] is None:
            self.problems.append(NotUnderstood(place, "prototype of a helper", name))
            return None
        allowed = fields.get("allowed", "").lstrip("& ")
        return HelperProto(
            name,
            flags[0],
            flags[1],
            self._demand(allowed, item) if allowed else None,
            place,
        )

    def _flag(self, fields: Mapping[str, str] | None, name: str, item: Item) -> bool | None:
        text = (fields or {}).get(name, "false")
        if text in ("true", "false"):
            return text == "true"
        value = self._code.evaluate(text, item.file)
        return None if value is None else value != 0

    def _fields(self, item: Item) -> Mapping[str, str] | None:
        """Return what the fields of a struct hold and go on holding, None where that is not known.

        Nearly all are written as `.name = value`, for which nothing is looked up.
        """
        name, head = item.variable, item.text[: item.brace]
        if self._code.find_doubt(item.file, item.line, item.file) or _WEAK.search(head):
            return None
        if not _CONST.search(head) and any(find_changed_parts(self._code, item.file, name)):
            return None
        fields = read_designated(item)
        return read_fields(self._code, item, name) if fields is None else fields

    def _demand(self, name: str, near: Item) -> Condition | Unknown:
        """Return what `.allowed` asks of a program."""
        place = Place(near.file, near.line)
        item = self._code.function(name, near.file)
        if item is None:
            return Unknown(f"call of {name}", place.file, place.line)
        function = parse_function(item)
        tables = HelperTables(
            self._find_set, lambda name, file: (), lambda name, file, unit: False, self._answering
        )
        reader = ProgramConditions(self._code, function, tables)
        given = dict.fromkeys(function.parameters, Known("prog"))
        try:
            return reader.returned(function, dict(given), function.body)
        except (NotInSubsetError, RecursionError) as error:
            self.problems.append(NotUnderstood(place, "demand of a helper", name))
            return Unknown(str(error) or "function too large", item.file, item.function_line)

    def _table(
        self, program_type: str, struct_ops: str, operations: Item | None, place: Place
    ) -> Iterator[HelperTable]:
        """Return who answers: nobody where operations have no function for it."""
        fields = self._fields(operations) if operations else None
        name = (fields or {}).get("get_func_proto", "")
        found = self._answering(name, operations.file) if operations and name else None
        doubt = self._code.find_doubt(place.file, place.line, place.file)
        if found is not None and operations is not None and doubt is None:
            line = operations.line_at(operations.text.find(name))
            yield HelperTable(program_type, struct_ops, found, Place(operations.file, line))
        elif operations is not None and fields is not None and not name and doubt is None:
            at = Place(operations.file, operations.line)
            yield HelperTable(program_type, struct_ops, "", at)
        else:
            self.problems.append(NotUnderstood(place, UNREAD_HELPERS, program_type))

    def _answering(self, name: str, file: str) -> str | None:
        """Return the id of a function that returns a prototype, None for another function."""
        near = [item for item in self._items.get(name, ()) if item.function]
        near.sort(key=lambda item: ("__weak" in item.text[: item.brace], item.file != file))
        item = near[0] if near else None
        if item is None or not _RETURNS_PROTO.search(item.text[: item.brace].rsplit(name, 1)[0]):
            return None
        is_own = self._ids.setdefault(name, item) is item
        id_ = name if is_own else f"{name}@{item.file}"
        self._ids[id_] = item
        return id_

    def _variable(self, name: str, file: str) -> Item | None:
        found = [item for item in self._items.get(name, ()) if item.variable]
        return min(found, key=lambda item: item.file != file, default=None)

    def _find_set(self, name: str, file: str) -> str | None:
        id_ = f"{name}@{file}"
        if id_ not in self.sets:
            found = find_id_sets(self._code, file, only=name)
            if not found:
                return None
            first = found[0]
            self.sets[id_] = KfuncSet(id_, name, first.kind, "", first.place, first.entries)
        return id_

    def _iterators(self, name: str, item: Item) -> HelperFunction:
        """Return the answers that iterators give with a function of their own."""
        file, line = item.file, item.function_line
        answer: HelperNode = NoProto(file, line)
        for found in reversed([i for items in self._items.values() for i in items]):
            fields = _designated(found) if "bpf_iter_reg" in found.text[: found.brace] else {}
            asked = self._answering(fields.get("get_func_proto", ""), found.file)
            target = _target_of(self._code.tree.read(found.file) or "", found) if asked else ""
            if asked and target:
                at = found.line
                has = ProgramHas(Trait.TARGET, f"bpf_iter_{target}")
                answer = Choice(has, found.file, at, Ask(asked, found.file, at), answer)
        return HelperFunction(name, file, line, (), (), answer)


def _target_of(text: str, item: Item) -> str:
    """Return `.target`, whose string `Source` does not keep."""
    lines = text.split("\n")[item.line - 1 : item.line_at(len(item.text))]
    found = _ITERATOR.search("\n".join(lines))
    return found[1] if found else ""


def _designated(item: Item) -> Mapping[str, str]:
    return read_designated(item) or {}


def _nodes(function: HelperFunction) -> Iterator[HelperNode]:
    waiting = [function.otherwise, *(case.answer for case in function.cases)]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, Choice):
            waiting += [node.then, node.otherwise]


def _asked_by(function: HelperFunction) -> set[str]:
    asked = set()
    for node in _nodes(function):
        if isinstance(node, Ask):
            asked.add(node.function)
        elif isinstance(node, Choice):
            asked |= {
                atom.name
                for atom in find_atoms(node.condition)
                if isinstance(atom, ProgramHas) and atom.kind == Trait.HELPER_OF
            }
    return asked


def _protos_of(function: HelperFunction) -> set[str]:
    plain = {line.split(" ")[1] for line in function.plain}
    return plain | {node.proto for node in _nodes(function) if isinstance(node, Proto)}


def _answers_of(
    function: HelperFunction, functions: Collection[HelperFunction]
) -> Iterator[tuple[str, str]]:
    """Return (helper, prototype) for what a function answers of itself.

    Some of its cases ask a function that has one answer alone: bpf_get_*_proto().
    """
    for line in function.plain:
        helper, proto, _ = line.split(" ")
        yield helper, proto
    alone = {f.name: f.otherwise for f in functions if not f.plain and not f.cases}
    for case in function.cases:
        waiting = [case.answer]
        while waiting:
            node = waiting.pop()
            if isinstance(node, Proto):
                yield case.helper, node.proto
            elif isinstance(node, Choice):
                waiting += [node.then, node.otherwise]
            elif isinstance(node, Ask) and node.function in alone:
                waiting.append(alone[node.function])


def _unknowns(function: HelperFunction) -> Iterator[NotUnderstood]:
    for node in _nodes(function):
        if isinstance(node, Unknown):
            yield NotUnderstood(Place(node.file, node.line), node.construct, function.name)
