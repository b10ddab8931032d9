"""Extract the facts of a kernel from its source tree, its .config and its BTF."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from kfmap.btf.read import Btf, read_btf
from kfmap.collection import collection_paused
from kfmap.kernel.built_files import Built, find_built
from kfmap.kernel.checking import add_check_files
from kfmap.kernel.code import Code
from kfmap.kernel.config import read_config
from kfmap.kernel.deciding import read_decided
from kfmap.kernel.facts import (
    AS_CONFIGURED,
    EVERY_OPTION_ON,
    VMLINUX,
    Constant,
    KernelFacts,
    Kfunc,
    KfuncSet,
    NotUnderstood,
    Origin,
    Place,
    StructOps,
)
from kfmap.kernel.gates import Gates
from kfmap.kernel.kbuild import Kbuild
from kfmap.kernel.losing import add_lost, add_lost_files, add_undecided
from kfmap.kernel.macro_expansion import expand_registering_macros
from kfmap.kernel.mechanism import check_found
from kfmap.kernel.named_sets import NamedSets, read_file_sets
from kfmap.kernel.otherwise import add_otherwise
from kfmap.kernel.program_extract import Files, add_program_facts, sort_problems
from kfmap.kernel.registering import Registered
from kfmap.kernel.rules.attach_targets import LSM_C
from kfmap.kernel.rules.error_injection import INJECTION_OPTION
from kfmap.kernel.rules.hooks import BTF_C, find_enum
from kfmap.kernel.rules.jit import read_lacks
from kfmap.kernel.rules.kfunc_flags import read_kfunc_flags
from kfmap.kernel.rules.kfuncs import KfuncReader, find_device_bound_set, flags_by_kfunc
from kfmap.kernel.rules.run_time_masks import extract_run_time
from kfmap.kernel.rules.struct_ops import StructOpsReader
from kfmap.kernel.rules.struct_ops_types import Registered as StructOpsType
from kfmap.kernel.rules.struct_ops_types import find_types
from kfmap.kernel.rules.targets import find_iterators, read_lsm_hooks
from kfmap.kernel.scan import Found, scan_tree
from kfmap.kernel.tree import Tree, TreeError
from kfmap.kernel.version import read_version
from kfmap.kernel.written_out import write_out_headers
from kfmap.quick_dataclass import dataclass, replace

__all__ = ["TreeError", "extract_kernel", "find_origin"]


@collection_paused()
def extract_kernel(
    tree: Path | Tree,
    *,
    config: bytes | None = None,
    btf: bytes | None = None,
    name: str = "",
    label: str = "",
) -> KernelFacts:
    """Return the facts of the kernel in a folder, or in a tree that is opened already.

    Without `config` every option counts as on; `btf` is raw BTF.
    Raises TreeError where it holds no kernel.
    """
    opened = tree if isinstance(tree, Tree) else Tree(tree)
    version = read_version(opened)
    code = Code(opened, read_config(config))
    injection = code.config.is_builtin(INJECTION_OPTION)
    found = add_check_files(code, scan_tree(opened, code.architecture.folder, injection=injection))
    kbuild = Kbuild(opened, code.config)
    built = find_built(code, kbuild, found, BTF_C)
    code.set_linked(built.linked)
    for file in built.all:
        code.settle(file.name, is_module=file.owner != VMLINUX)
    write_out_headers(code, [file.name for file in built.all], found.acting)
    built = built.with_marked(expand_registering_macros(code, [f.name for f in built.all]))
    origin = find_origin(version, config, btf, label)
    shape = _Shape(name or ".".join(version.split(".")[:2]), version, origin)
    facts = _extract_facts(code, shape, built, None if btf is None else read_btf(btf))
    facts = _note_unread(facts, found)
    check_found(code, facts, found, Gates(code, kbuild))
    facts = replace(facts, lacks=read_lacks(code, lambda file: bool(kbuild.owner(file))))
    files = _program_files(found, built, has_lsm=bool(kbuild.owner(LSM_C)))
    return add_program_facts(code, facts, files, Gates(code, kbuild))


def _note_unread(facts: KernelFacts, found: Found) -> KernelFacts:
    unread = (
        NotUnderstood(Place(file, 1), "file that cannot be read", "a link, or too large")
        for file in found.unread
    )
    return replace(facts, not_understood=sort_problems((*unread, *facts.not_understood)))


def find_origin(version: str, config: bytes | None, btf: bytes | None, label: str) -> Origin:
    """Return where the facts of a kernel come from, which is known before its code is read."""
    profile = AS_CONFIGURED if config is not None else EVERY_OPTION_ON
    return Origin(version, _hash(config), _hash(btf), profile, label)


def _hash(data: bytes | None) -> str:
    return "" if data is None else hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True)
class _Shape:
    """What is known of a kernel before its code is read."""

    name: str
    version: str
    origin: Origin


def _extract_facts(code: Code, shape: _Shape, built: Built, btf: Btf | None) -> KernelFacts:
    """Read the kernel stage by stage: each takes what those before it gave."""
    program_types = _read_enum(code, "bpf_prog_type")
    names = NamedSets(read_file_sets(code, file) for file in built.files)
    types = find_types(code, built.names, built.has)
    decided = read_decided(code, built, names, program_types, types.registered)
    registered, filters = decided.registered, decided.filters
    add_lost_files(code, built.lost, registered)
    hooks = {item.program_type: item.hook for item in decided.hook_of}
    add_undecided(code, built.all, names, registered, hooks)
    add_otherwise(code, built.all, names, registered)
    add_lost(code, built.all, names, registered, registered.sets.keys() | filters.sets.keys())
    struct_ops, unread_ops = _read_struct_ops(code, built, types.registered)
    kfuncs, bound = _read_kfuncs(code, built, names, registered, btf)
    run_time, unmasked = extract_run_time(
        code, list(built.names), struct_ops, [kfunc.name for kfunc in kfuncs]
    )
    sets = registered.sets | filters.sets | bound
    found = (decided, registered, filters, types)
    problems = (*chain.from_iterable(part.problems for part in found), *unread_ops, *unmasked)
    return KernelFacts(
        name=shape.name,
        version=shape.version,
        origin=shape.origin,
        program_types=program_types,
        attach_types=_read_enum(code, "bpf_attach_type"),
        kfunc_flags=read_kfunc_flags(code),
        hooks=decided.hooks,
        hook_of=decided.hook_of,
        decision=decided.decision,
        sets=tuple(sets[key] for key in sorted(sets)),
        registrations=tuple(registered.registrations),
        filters=filters.filters,
        tables=tuple(filters.tables[key] for key in sorted(filters.tables)),
        kfuncs=kfuncs,
        struct_ops=struct_ops,
        run_time=run_time,
        lsm_hooks=read_lsm_hooks(code),
        iterators=_find_iterators(code, built.names),
        not_understood=sort_problems(problems),
        unread=tuple(sorted(set(registered.unread), key=lambda u: (u.place, u.construct, u.text))),
    )


def _read_enum(code: Code, name: str) -> tuple[Constant, ...]:
    found = find_enum(code, name, BTF_C)
    return tuple(item for item in found if not item.name.startswith("__MAX"))


def _program_files(found: Found, built: Built, *, has_lsm: bool) -> Files:
    return Files(found.marked, built.names, built.injecting, has_lsm, built.helping)


def _find_iterators(code: Code, files: Iterable[str]) -> tuple[str, ...]:
    found: set[str] = set()
    for file in files:
        found |= find_iterators(code, file)
    return tuple(sorted(found))


def _read_struct_ops(
    code: Code, built: Built, types: Iterable[StructOpsType]
) -> tuple[tuple[StructOps, ...], tuple[NotUnderstood, ...]]:
    reader = StructOpsReader(code)
    owners = {file.name: file.owner for file in built.files}
    read = [reader.read(item, owners[item.file]) for item in types]
    known = sorted((item for item in read if item is not None), key=lambda item: item.name)
    return tuple(known), tuple(reader.problems)


def _read_kfuncs(
    code: Code, built: Built, names: NamedSets, registered: Registered, btf: Btf | None
) -> tuple[tuple[Kfunc, ...], dict[str, KfuncSet]]:
    """Return the kfuncs, and the set of those that only a device-bound program may call."""
    files = [file.name for file in built.all]
    reader = KfuncReader(code, files, btf)
    bound_name, bound_file = find_device_bound_set(code, files)
    bound_set = names.find(bound_name, bound_file) if bound_name else None
    bound = {entry.kfunc for entry in bound_set.entries} if bound_set else set()
    owners: dict[str, str] = {}
    for entry, owner in registered.entries:
        owners.setdefault(entry.kfunc, owner)
    flags = flags_by_kfunc((entry.kfunc, entry.flags) for entry, _ in registered.entries)
    kfuncs = tuple(
        reader.read(name, owners[name], flags[name], device_bound=name in bound)
        for name in sorted(owners)
    )
    return kfuncs, {bound_set.id: bound_set} if bound_set else {}
