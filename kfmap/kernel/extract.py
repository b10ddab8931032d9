"""Extract the facts of a kernel from its source tree, its .config and its BTF."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kfmap.btf.read import Btf, read_btf
from kfmap.kernel.code import Code
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import (
    AS_CONFIGURED,
    EVERY_OPTION_ON,
    UNREAD_HOOK,
    UNREAD_SET,
    Constant,
    Filter,
    KernelFacts,
    Kfunc,
    KfuncSet,
    NotUnderstood,
    Origin,
    Place,
    Registration,
    RunTime,
    StructOps,
)
from kfmap.kernel.gates import Gates
from kfmap.kernel.items import Item
from kfmap.kernel.kbuild import Kbuild
from kfmap.kernel.program_extract import (
    FMODRET_HOOK,
    Files,
    add_program_facts,
    sort_problems,
)
from kfmap.kernel.rule_form import Branch, MemberTable, Node, Unknown
from kfmap.kernel.rules.attach_targets import LSM_C
from kfmap.kernel.rules.error_injection import INJECTION_OPTION
from kfmap.kernel.rules.filter_meanings import Tables
from kfmap.kernel.rules.filters import compile_filter
from kfmap.kernel.rules.hooks import BTF_C, find_enum, read_decision, read_hook_map, read_hooks
from kfmap.kernel.rules.id_sets import IdSet, find_id_sets
from kfmap.kernel.rules.kfuncs import KfuncReader, find_device_bound_set, flags_by_kfunc
from kfmap.kernel.rules.member_tables import read_member_table
from kfmap.kernel.rules.registrations import (
    KfuncIdSet,
    RegisterCall,
    find_kfunc_id_sets,
    find_register_calls,
)
from kfmap.kernel.rules.run_time_masks import extract_run_time
from kfmap.kernel.rules.struct_ops import (
    STRUCT_OPS_C,
    StructOpsReader,
    find_listed,
    find_registered,
)
from kfmap.kernel.rules.targets import find_iterators, read_lsm_hooks
from kfmap.kernel.scan import Found, scan_tree
from kfmap.kernel.tree import Tree, TreeError

__all__ = ["TreeError", "extract_kernel"]
_VERSION = re.compile(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION)[ \t]*=[ \t]*(\S*)", re.M)


def extract_kernel(
    tree: Path,
    *,
    config: bytes | None = None,
    btf: bytes | None = None,
    name: str = "",
    label: str = "",
) -> KernelFacts:
    """Return the facts of the kernel in a folder. Raises TreeError where it holds none.

    Without `config` every option counts as on; `btf` is raw BTF.
    """
    opened = Tree(tree)
    version = _read_version(opened)
    code = Code(opened, read_config(config))
    injection = code.config.is_builtin(INJECTION_OPTION)
    found = scan_tree(opened, code.architecture.folder, injection=injection)
    reading = _Reading(code, found, None if btf is None else read_btf(btf))
    origin = Origin(
        version,
        _hash(config),
        _hash(btf),
        AS_CONFIGURED if config is not None else EVERY_OPTION_ON,
        label,
    )
    return reading.facts(name or ".".join(version.split(".")[:2]), version, origin)


def _hash(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


def _read_version(tree: Tree) -> str:
    parts: dict[str, str] = dict(_VERSION.findall(tree.read("Makefile") or ""))
    if "VERSION" not in parts or "PATCHLEVEL" not in parts or not tree.has(BTF_C):
        raise TreeError(f"{tree.root} is not a kernel tree with BPF: it lacks {BTF_C}")
    numbers = [parts[key] for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL") if parts.get(key)]
    return ".".join(numbers) + parts.get("EXTRAVERSION", "")


@dataclass(slots=True)
class _File:
    """What one file of the kernel holds."""

    name: str
    owner: str
    sets: dict[str, IdSet] = field(default_factory=dict)
    kfunc_id_sets: dict[str, KfuncIdSet] = field(default_factory=dict)
    calls: list[RegisterCall] = field(default_factory=list)


class _Reading:
    """Reads one kernel, keeping what is not understood."""

    def __init__(self, code: Code, found: Found, btf: Btf | None) -> None:
        self._code = code
        self._btf = btf
        self._kbuild = Kbuild(code.tree, code.config)
        self._problems = [
            NotUnderstood(Place(name, 1), "file that cannot be read", "a link, or too large")
            for name in found.unread
        ]
        self._marked = found.marked
        self._files = [
            self._read_file(name, owner)
            for name in found.marked
            if (owner := self._owner(name)) is not None
        ]
        self._helping = tuple(name for name in found.helping if self._owner(name))
        names = (*(file.name for file in self._files), *self._helping, *self._beside(BTF_C))
        code.set_linked(dict.fromkeys(names))
        self._defining = [name for name in found.defining if self._owner(name)]
        self._injecting = [name for name in found.injecting if self._owner(name)]
        self._tables: dict[str, MemberTable] = {}
        self._filter_items: dict[str, Item] = {}
        self._used_sets: dict[str, KfuncSet] = {}
        self._doubled = _find_doubled(self._files)

    def facts(self, name: str, version: str, origin: Origin) -> KernelFacts:
        """Put the facts together, sorted."""
        code = self._code
        program_types = self._enum("bpf_prog_type")
        attach_types = self._enum("bpf_attach_type")
        hook_of, problems = read_hook_map(code, program_types)
        self._problems += problems
        hooks = {item.program_type: item.hook for item in hook_of}
        registrations = tuple(sorted(self._registrations(hooks), key=lambda r: (r.place, r.hook)))
        filters = tuple(sorted(self._filters(), key=lambda f: f.id))
        struct_ops = tuple(sorted(self._struct_ops(), key=lambda s: s.name))
        kfuncs = self._kfuncs(registrations)
        run_time = self._run_time(struct_ops, kfuncs)
        facts = KernelFacts(
            name=name,
            version=version,
            origin=origin,
            program_types=program_types,
            attach_types=attach_types,
            kfunc_flags=self._kfunc_flags(),
            hooks=read_hooks(code),
            hook_of=hook_of,
            decision=read_decision(code),
            sets=tuple(self._used_sets[key] for key in sorted(self._used_sets)),
            registrations=registrations,
            filters=filters,
            tables=tuple(self._tables[key] for key in sorted(self._tables)),
            kfuncs=kfuncs,
            struct_ops=struct_ops,
            run_time=run_time,
            lsm_hooks=read_lsm_hooks(code),
            iterators=self._iterators(),
            not_understood=sort_problems(self._problems),
        )
        gates = Gates(code, self._kbuild)
        return add_program_facts(code, facts, self._program_files(), gates)

    def _beside(self, file: str) -> list[str]:
        """Return the files of a folder that are built: predicates may be in any of them."""
        folder = file.rpartition("/")[0]
        return [name for name in self._code.tree.find_c_files(folder) if self._kbuild.owner(name)]

    def _enum(self, name: str) -> tuple[Constant, ...]:
        found = find_enum(self._code, name, BTF_C)
        return tuple(item for item in found if not item.name.startswith("__MAX"))

    def _program_files(self) -> Files:
        return Files(
            self._marked,
            tuple(file.name for file in self._files),
            tuple(self._injecting),
            has_lsm=self._owner(LSM_C) is not None,
            helping=self._helping,
        )

    def _owner(self, file: str) -> str | None:
        """Return the object a file is part of, None where it is not built."""
        owner = self._kbuild.owner(file)
        if owner:
            return owner
        unit = self._kbuild.unit(file)
        if not unit or file not in self._code.includes(unit):
            return None
        self._code.set_unit(file, unit)
        return self._kbuild.owner(unit) or None

    def _read_file(self, name: str, owner: str) -> _File:
        code = self._code
        source = code.source(name)
        if source and not source.is_whole:
            raise TreeError(f"{name} has more preprocessor lines than any file of a kernel")
        calls = list(find_register_calls(code, name))
        self._problems += [call for call in calls if isinstance(call, NotUnderstood)]
        return _File(
            name,
            owner,
            {item.name: item for item in find_id_sets(code, name)},
            {item.name: item for item in find_kfunc_id_sets(code, name)},
            [call for call in calls if isinstance(call, RegisterCall)],
        )

    def _iterators(self) -> tuple[str, ...]:
        found: set[str] = set()
        for file in self._files:
            found |= find_iterators(self._code, file.name)
        return tuple(sorted(found))

    def _kfunc_flags(self) -> tuple[Constant, ...]:
        source = self._code.source("include/linux/btf.h")
        names = [n for n in (source.macros if source else {}) if n.startswith("KF_")]
        values = ((n, self._code.value(n, BTF_C)) for n in names)
        found = [Constant(n, v) for n, v in values if v]
        return tuple(sorted(found, key=lambda c: (c.value, c.name)))

    def _registrations(self, hooks: dict[str, str | None]) -> Iterator[Registration]:
        for file in self._files:
            for call in file.calls:
                found = self._find_id_set(call.kfunc_id_set, file)
                kfunc_set = found and self._use_set(found[0].set, found[1].name)
                if found is None or kfunc_set is None:
                    self._note(call.place, UNREAD_SET, call.kfunc_id_set)
                    continue
                hook = hooks.get(call.program_type) if call.program_type else FMODRET_HOOK
                if hook is None:
                    self._note(call.place, UNREAD_HOOK, call.program_type)
                    continue
                yield Registration(
                    call.program_type or "BPF_PROG_TYPE_TRACING",
                    hook,
                    kfunc_set.id,
                    self._filter_id(found[0]),
                    file.owner,
                    found[0].name,
                    call.place,
                    found[0].place,
                )

    def _find_id_set(self, name: str, file: _File) -> tuple[KfuncIdSet, _File] | None:
        for other in self._near(file.name):
            if name in other.kfunc_id_sets:
                return other.kfunc_id_sets[name], other
        return None

    def _near(self, file: str) -> list[_File]:
        """Return the files, this one first."""
        return sorted(self._files, key=lambda other: other.name != file)

    def _use_set(self, name: str, file: str) -> KfuncSet | None:
        """Return the set that a name means in a file, counting it as used."""
        for other in self._near(file):
            if name in other.sets:
                found = other.sets[name]
                id_ = f"{name}@{other.name}" if name in self._doubled else name
                if id_ not in self._used_sets:
                    self._used_sets[id_] = KfuncSet(
                        id_, name, found.kind, other.owner, found.place, found.entries
                    )
                return self._used_sets[id_]
        return None

    def _filter_id(self, kfunc_id_set: KfuncIdSet) -> str:
        """Return the id of a set's filter; two files may have static filters of one name."""
        name = kfunc_id_set.filter
        if not name:
            return ""
        item = self._code.function(name, kfunc_id_set.place.file)
        if item is None:
            self._note(kfunc_id_set.place, "filter", name)
            return name
        is_first = self._filter_items.get(name, item) is item
        id_ = name if is_first else f"{name}@{item.file}"
        self._filter_items[id_] = item
        return id_

    def _filters(self) -> Iterator[Filter]:
        for id_, item in self._filter_items.items():
            rule = compile_filter(self._code, item, self._meanings())
            self._problems += _unknowns(rule, item.function)
            yield Filter(id_, item.function, Place(item.file, item.function_line), rule)

    def _meanings(self) -> Tables:
        def find_set(name: str, file: str) -> str | None:
            found = self._use_set(name, file)
            return found.id if found else None

        def entries(name: str, file: str) -> tuple[str, ...]:
            found = self._use_set(name, file)
            return tuple(entry.kfunc for entry in found.entries) if found else ()

        def use_table(name: str, file: str, unit: int) -> bool:
            if name not in self._tables:
                table = read_member_table(self._code, name, file, unit)
                if table is None:
                    return False
                self._tables[name] = table
            return True

        return Tables(find_set, entries, use_table)

    def _struct_ops(self) -> Iterator[StructOps]:
        reader = StructOpsReader(self._code)
        owners = {file.name: file.owner for file in self._files}
        found = [item for file in owners for item in find_registered(self._code, file)]
        found += [
            item
            for item in find_listed(self._code, list(owners))
            if item.type not in {other.type for other in found}
        ]
        for item in found:
            if item.file == STRUCT_OPS_C:
                continue
            read = reader.read(item, owners[item.file])
            if read is not None:
                yield read
        self._problems += reader.problems

    def _kfuncs(self, registrations: tuple[Registration, ...]) -> tuple[Kfunc, ...]:
        files = [file.name for file in self._files] + self._defining
        reader = KfuncReader(self._code, files, self._btf)
        bound_name, bound_file = find_device_bound_set(self._code, files)
        bound_set = self._use_set(bound_name, bound_file) if bound_name else None
        bound = {entry.kfunc for entry in bound_set.entries} if bound_set else set()
        owners: dict[str, str] = {}
        entries = []
        for registration in registrations:
            for entry in self._used_sets[registration.set_id].entries:
                owners.setdefault(entry.kfunc, registration.owner)
                entries.append((entry.kfunc, entry.flags))
        flags = flags_by_kfunc(entries)
        return tuple(
            reader.read(name, owners[name], flags[name], device_bound=name in bound)
            for name in sorted(owners)
        )

    def _run_time(
        self, struct_ops: tuple[StructOps, ...], kfuncs: tuple[Kfunc, ...]
    ) -> RunTime | None:
        files = [file.name for file in self._files]
        names = [kfunc.name for kfunc in kfuncs]
        run_time, problems = extract_run_time(self._code, files, struct_ops, names)
        self._problems += problems
        return run_time

    def _note(self, place: Place, construct: str, text: str) -> None:
        self._problems.append(NotUnderstood(place, construct, text))


def _find_doubled(files: list[_File]) -> set[str]:
    seen: set[str] = set()
    doubled: set[str] = set()
    for file in files:
        doubled |= seen & file.sets.keys()
        seen |= file.sets.keys()
    return doubled


def _unknowns(rule: Node, name: str) -> Iterator[NotUnderstood]:
    waiting = [rule]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Branch):
            waiting += [node.then, node.otherwise]
        elif isinstance(node, Unknown):
            yield NotUnderstood(Place(node.file, node.line), node.construct, name)
