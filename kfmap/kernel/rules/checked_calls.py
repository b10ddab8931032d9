"""Kfuncs of kernels whose verifier operations decide: bpf_verifier_ops.check_kfunc_call.

From "bpf: Support bpf program calling kernel function" (5.13) until "bpf: Remove check_kfunc_call
callback and old kfunc BTF ID API" (5.18) check_kfunc_call() (kernel/bpf/verifier.c) asks the
operations of the program type (include/linux/bpf_types.h) or, for struct_ops, those of the type
(`env->ops = st_ops->verifier_ops`). Such a function tests sets of BTF ids and, since "bpf:
Introduce BPF support for kernel module function calls" (5.16), a list that modules add theirs to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from tree_sitter import Node as Syntax

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.place import Place
from kfmap.kernel.rule_form import All, AnyOf, Condition, InSet
from kfmap.kernel.rules.conditions import join, negate
from kfmap.kernel.rules.filter_meanings import (
    Global,
    Holds,
    Known,
    Meaning,
    NotInSubsetError,
    Opaque,
    Tables,
)
from kfmap.kernel.rules.filters import FilterCompiler, as_condition
from kfmap.kernel.rules.hooks import BTF_C
from kfmap.kernel.rules.kfunc_id_sets import plain_name
from kfmap.kernel.rules.struct_ops_types import Registered as StructOpsType
from kfmap.kernel.syntax import arguments_of, called_name, parse_function, split_list
from kfmap.quick_dataclass import dataclass

VERIFIER_C = "kernel/bpf/verifier.c"
TYPES_H = "include/linux/bpf_types.h"
LIST_TEST = "bpf_check_mod_kfunc_call"
LIST_ADD = "register_kfunc_btf_id_set"
_CHECKED = re.compile(r"ops->check_kfunc_call(?<!\w.{21})\b")  # read quickly, as \b at first is not
_NEWER = re.compile(r"^int\s+register_btf_kfunc_id_set\s*\(", re.M)
_CHECK = re.compile(r"\.\s*check_kfunc_call\s*=\s*&?\s*(\w+)")
_PROGRAM_TYPE = re.compile(r"\bBPF_PROG_TYPE\s*\(\s*(BPF_PROG_TYPE_\w+)\s*,\s*(\w+)")
_OPERATIONS = re.compile(r"\.\s*verifier_ops\s*=\s*&?\s*(\w+)")
_ADDED = re.compile(rf"(?<!un)\b{LIST_ADD}\s*\(([^;]*)\)\s*;")
# include/linux/btf.h: DEFINE_KFUNC_BTF_ID_SET(&ids, name) is a struct kfunc_btf_id_set.
_DEFINED_SET = re.compile(r"\bDEFINE_KFUNC_BTF_ID_SET\s*\(\s*&\s*(\w+)\s*,\s*(\w+)\s*\)")
# "bpf: Fix bpf_check_mod_kfunc_call for built-in modules" (5.16) took this test away: before, what
# is built in and on a list was not found there.
_NEEDS_OWNER = re.compile(r"\bif\s*\(\s*!\s*owner\s*\)\s*return\s+false\s*;")
_STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"
_ANSWERED_ELSEWHERE = (_STRUCT_OPS, "BPF_PROG_TYPE_EXT")


def asks_operations(code: Code) -> bool:
    """Return whether the verifier operations of a tree decide which kfuncs may be called."""
    checks = _CHECKED.search(code.tree.read(VERIFIER_C) or "")
    return checks is not None and not _NEWER.search(code.tree.read(BTF_C) or "")


def find_check_names(code: Code, files: Collection[str]) -> set[str]:
    """Return the names of the functions that verifier operations in these files ask."""
    return {name for file in files for name in _CHECK.findall(code.tree.read(file) or "")}


@dataclass(frozen=True, slots=True)
class Check:
    """Verifier operations that a program type, or a struct_ops type, is checked by.

    `operations` is their variable and `place` the line with the function's name, or theirs where
    they have none: then `item` is None and `name` "". `item` None with a name: it was not found.
    `variable` is that of the struct_ops type, "" for a program type.
    """

    program_type: str
    variable: str
    operations: str
    name: str
    item: Item | None
    place: Place


def find_checks(
    code: Code, files: Collection[str], struct_ops: Collection[StructOpsType]
) -> Iterator[Check]:
    """Return the checks of all program types, then of the struct_ops types."""
    variables = _find_operations(code, files)
    source = code.source(TYPES_H)
    for match in _PROGRAM_TYPE.finditer(source.code) if source else ():
        if match[1] in _ANSWERED_ELSEWHERE:
            continue
        place = Place(TYPES_H, source.line_at(match.start()) if source else 1)
        yield _check(code, match[1], "", variables.get(f"{match[2]}_verifier_ops"), place)
    for found in struct_ops:
        item = code.variable(found.variable, found.file)
        named = _OPERATIONS.search(item.text) if item else None
        operations = code.variable(named[1], found.file) if named else None
        yield _check(code, _STRUCT_OPS, found.variable, operations, found.place)


def _find_operations(code: Code, files: Collection[str]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for file in files:
        if "bpf_verifier_ops" in (code.tree.read(file) or ""):
            found |= {i.variable: i for i in code.items(file) if "_verifier_ops" in i.variable}
    return found


def _check(
    code: Code, program_type: str, variable: str, operations: Item | None, place: Place
) -> Check:
    if operations is None:
        return Check(program_type, variable, "", "", None, place)
    named = _CHECK.search(operations.text)
    if named is None or named[1] == "NULL":
        at = Place(operations.file, operations.line)
        return Check(program_type, variable, operations.variable, "", None, at)
    at = Place(operations.file, operations.line_at(named.start()))
    item = code.function(named[1], operations.file)
    return Check(program_type, variable, operations.variable, named[1], item, at)


@dataclass(frozen=True, slots=True)
class ListedSet:
    """A set of BTF ids that a file adds to a list; `name` "" where that was not understood."""

    list: str
    name: str
    owner: str
    place: Place


def find_listed_sets(code: Code, files: Collection[BuiltFile]) -> Iterator[ListedSet]:
    """Return what files add to the lists; nothing where the tree's lists are not compiled in."""
    adding = next((i for i in code.items(BTF_C) if i.function == LIST_ADD), None)
    if adding is None:
        return
    testing = next((i for i in code.items(BTF_C) if i.function == LIST_TEST), None)
    needs_owner = testing is not None and _NEEDS_OWNER.search(testing.text) is not None
    for file in files:
        source = code.source(file.name)
        if source is None or file.name == BTF_C or LIST_ADD not in source.code:
            continue
        ids = {name: ids for ids, name in _DEFINED_SET.findall(source.code)}
        for match in _ADDED.finditer(source.code):
            parts = [plain_name(part) for part in split_list(match[1])]
            name = ids.get(parts[1], "") if len(parts) == 2 else ""
            place = Place(file.name, source.line_at(match.start()))
            if not (needs_owner and file.owner == "vmlinux"):
                yield ListedSet(parts[0] if name else "", name, file.owner, place)


@dataclass(frozen=True, slots=True)
class CheckTables(Tables):
    """What the names in a check mean; `lists` are the ids of the sets on each list."""

    lists: Mapping[str, tuple[str, ...]]


def compile_check(code: Code, item: Item, tables: CheckTables) -> Condition:
    """Return the condition under which a check lets a kfunc be called.

    Raises NotInSubsetError where the function is more than tests of sets and lists.
    """
    function = parse_function(item)
    if not function.parameters:
        raise NotInSubsetError("check without a parameter", function.body)
    env: dict[str, Meaning] = dict.fromkeys(
        function.parameters, Opaque("the module that owns a kfunc")
    )
    env[function.parameters[0]] = Known("kfunc")
    compiler = _CheckCompiler(code, function, tables)
    try:
        rule = compiler.statements(list(function.body.named_children), env)
        return _simplify(as_condition(rule, function.body))
    except RecursionError as error:
        raise NotInSubsetError("check too large", function.body) from error


def _simplify(condition: Condition) -> Condition:
    """Return `A || (!A && B)`, which `if (A) return true; return B;` gives, as `A || B`."""
    if not isinstance(condition, AnyOf) or len(condition.conditions) != 2:
        return condition
    first, second = condition.conditions
    if isinstance(second, All) and second.conditions[0] == negate(first):
        rest = join(True, second.conditions[1:])
        return join(False, (first, _simplify(rest)))
    return condition


class _CheckCompiler(FilterCompiler):
    """Compiles a check, whose answer is true where the kfunc may be called."""

    def _call(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        arguments = arguments_of(node)
        if called_name(node) != LIST_TEST or len(arguments) < 2:
            return super()._call(node, env)
        item = self.code.function(LIST_TEST, self.file)
        if item is not None and item.file.endswith(".h"):
            # It stands for the test where modules have no BTF, and looks at no argument.
            return Holds(self.returned(parse_function(item), {}, node))
        asked, kfunc = (self.meaning(argument, env) for argument in arguments[:2])
        if not isinstance(asked, Global) or kfunc != Known("kfunc"):
            raise NotInSubsetError(f"call of {LIST_TEST}", node)
        lists = self.tables.lists if isinstance(self.tables, CheckTables) else {}
        return Holds(join(False, tuple(InSet(id_) for id_ in lists.get(asked.name, ()))))
