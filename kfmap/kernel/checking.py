"""Registrations, hooks and filters that say what bpf_verifier_ops.check_kfunc_call decides.

Kernels of 5.13 to 5.17 register nothing. Here the operations of a program type are its hook, and
the sets that its check asks are registered there. All struct_ops types have one hook, with a filter
that asks for the type; so has a check that is more than the question whether a kfunc is in a set.
"""

from __future__ import annotations

from collections.abc import Collection

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import (
    UNREAD_FUNCTION,
    UNREAD_SET,
    Decision,
    Filter,
    HookOf,
    KfuncSet,
    Registration,
)
from kfmap.kernel.named_sets import NamedSets
from kfmap.kernel.place import Place
from kfmap.kernel.registering import Registered, Touched
from kfmap.kernel.rule_form import (
    AnyOf,
    Branch,
    Condition,
    Decide,
    InSet,
    Node,
    StructOpsIs,
    find_atoms,
)
from kfmap.kernel.rules.checked_calls import (
    VERIFIER_C,
    Check,
    CheckTables,
    asks_operations,
    compile_check,
    find_check_names,
    find_checks,
    find_listed_sets,
)
from kfmap.kernel.rules.filter_meanings import NotInSubsetError
from kfmap.kernel.rules.struct_ops_types import Registered as StructOpsType
from kfmap.kernel.scan import Found, find_definitions
from kfmap.quick_dataclass import dataclass, field, replace

STRUCT_OPS_HOOK = "bpf_struct_ops.verifier_ops"
_STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"
_FUNCTION = "check_kfunc_call"


def add_check_files(code: Code, found: Found) -> Found:
    """Add the files with the functions that decide, in a tree whose verifier operations do."""
    if not asks_operations(code):
        return found
    names = find_check_names(code, (*found.helping, *found.marked))
    more = find_definitions(code.tree, code.architecture.folder, names)
    return replace(found, marked=tuple(sorted({*found.marked, *more})))


@dataclass(slots=True)
class Checked:
    """What the verifier operations decide, in the form of registrations."""

    decision: Decision
    hooks: tuple[str, ...] = ()
    hook_of: list[HookOf] = field(default_factory=list)
    registered: Registered = field(default_factory=Registered)
    filters: tuple[Filter, ...] = ()


def read_checks(
    code: Code,
    files: tuple[BuiltFile, ...],
    helping: Collection[str],
    names: NamedSets,
    struct_ops: Collection[StructOpsType],
) -> Checked:
    """Return what the verifier operations of a tree decide."""
    return _Reading(code, files, names).read({*helping, *(f.name for f in files)}, struct_ops)


class _Reading:
    def __init__(self, code: Code, files: tuple[BuiltFile, ...], names: NamedSets) -> None:
        self._code = code
        self._files = files
        self._names = names
        self._owners = {file.name: file.owner for file in files}
        self._place = _find_place(code)
        self._checked = Checked(Decision(False, True, False, 0, 0, (self._place,)))
        self._sets = self._checked.registered.sets
        self._listed = self._read_lists()
        self._tables = CheckTables(
            self._find_set,
            lambda name, file: (),
            lambda name, file, unit: False,
            {name: tuple(s.id for s, _ in sets) for name, sets in self._listed.items()},
        )

    def read(self, files: Collection[str], struct_ops: Collection[StructOpsType]) -> Checked:
        checks = list(find_checks(self._code, sorted(files), struct_ops))
        done: set[str] = set()
        for check in (check for check in checks if not check.variable):
            hook = check.operations if check.name or not check.operations else None
            self._checked.hook_of.append(HookOf(check.program_type, hook or None, check.place))
            if check.name and check.operations not in done:
                done.add(check.operations)
                self._add(check, check.operations)
        self._add_struct_ops([check for check in checks if check.variable])
        registered = self._checked.registered
        registered.registrations.sort(key=lambda item: (item.place, item.hook))
        used = (r.hook for r in registered.registrations)
        unread = (hook for u in registered.unread for hook in u.hooks or ())
        self._checked.hooks = tuple(dict.fromkeys((*used, *unread)))
        return self._checked

    def _read_lists(self) -> dict[str, list[tuple[KfuncSet, str]]]:
        """Return the sets on each list with their owners."""
        listed: dict[str, list[tuple[KfuncSet, str]]] = {}
        for found in find_listed_sets(self._code, self._files):
            kfunc_set = self._names.find(found.name, found.place.file) if found.name else None
            if kfunc_set is None:
                touched = Touched(found.owner)
                registered = self._checked.registered
                registered.add_unread(found.place, UNREAD_SET, found.name or found.list, touched)
                continue
            self._sets[kfunc_set.id] = kfunc_set
            listed.setdefault(found.list, []).append((kfunc_set, found.owner))
        return listed

    def _find_set(self, name: str, file: str) -> str | None:
        found = self._names.find(name, file)
        if found is None:
            return None
        self._sets[found.id] = found
        return found.id

    def _compile(self, check: Check, hook: str) -> Condition | None:
        """Return when a check lets a kfunc be called; None where that is not known from it."""
        try:
            if check.item is None:
                raise NotInSubsetError(f"call of {check.name}")
            return compile_check(self._code, check.item, self._tables)
        except NotInSubsetError as error:
            owner = self._owners.get(check.place.file, "vmlinux")
            where = check.place
            if check.item is not None:
                where = Place(check.item.file, check.item.function_line)
            text = f"{check.name}: {error}"
            touched = Touched(owner, None, (hook,))
            self._checked.registered.add_unread(where, UNREAD_FUNCTION, text, touched)
            return None

    def _add(self, check: Check, hook: str) -> None:
        """Register what a program type's check lets be called."""
        condition = self._compile(check, hook)
        if condition is None:
            return
        filter_ = ""
        if not _is_membership(condition):
            filter_ = check.name
            rule = _refuse_unless(condition, check)
            self._checked.filters += (Filter(filter_, check.name, _place_of(check), rule),)
        self._register(check, hook, condition, filter_)

    def _add_struct_ops(self, checks: list[Check]) -> None:
        """Register what the checks of all struct_ops types let be called, with one filter."""
        place = self._place
        rule: Node = Decide(True, place.file, place.line)
        asked = [check for check in checks if check.name]
        hook = STRUCT_OPS_HOOK if asked else None
        self._checked.hook_of.append(HookOf(_STRUCT_OPS, hook, place))
        for check in reversed(asked):
            condition = self._compile(check, STRUCT_OPS_HOOK)
            if condition is None:
                continue
            then = _refuse_unless(condition, check)
            where = check.place
            rule = Branch(StructOpsIs(check.variable), where.file, where.line, then, rule)
            self._register(check, STRUCT_OPS_HOOK, condition, _FUNCTION)
        if isinstance(rule, Branch):
            self._checked.filters += (Filter(_FUNCTION, _FUNCTION, place, rule),)

    def _register(self, check: Check, hook: str, condition: Condition, filter_: str) -> None:
        """Add the registrations of all sets that a condition asks."""
        registered = self._checked.registered
        asked = dict.fromkeys(a.set_id for a in find_atoms(condition) if isinstance(a, InSet))
        owners = {s.id: owner for sets in self._listed.values() for s, owner in sets}
        for set_id in asked:
            found = self._sets[set_id]
            owner = owners.get(set_id, found.owner)
            registered.entries += [(entry, owner) for entry in found.entries]
            if any((r.hook, r.set_id) == (hook, set_id) for r in registered.registrations):
                continue
            registered.registrations.append(
                Registration(
                    check.program_type,
                    hook,
                    set_id,
                    filter_,
                    owner,
                    check.name,
                    check.place,
                    _place_of(check),
                )
            )
            for place, text in self._names.unread_in(found):
                registered.add_unread(place, UNREAD_SET, text, Touched(owner, None, (hook,)))


def _find_place(code: Code) -> Place:
    """Return where the verifier asks."""
    for item in code.items(VERIFIER_C):
        if item.function == _FUNCTION:
            return Place(VERIFIER_C, item.function_line)
    return Place(VERIFIER_C, 1)


def _place_of(check: Check) -> Place:
    item = check.item
    return check.place if item is None else Place(item.file, item.function_line)


def _refuse_unless(condition: Condition, check: Check) -> Node:
    place = _place_of(check)
    answers = (Decide(refuse, place.file, place.line) for refuse in (False, True))
    return Branch(condition, place.file, place.line, *answers)


def _is_membership(condition: Condition) -> bool:
    """Return whether a condition asks no more than whether a kfunc is in one of some sets."""
    parts = condition.conditions if isinstance(condition, AnyOf) else (condition,)
    return all(isinstance(part, InSet) for part in parts)
