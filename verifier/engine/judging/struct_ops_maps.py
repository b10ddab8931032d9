"""struct_ops maps on one kernel: does libbpf find their type and every member that they set.

Mirrors bpf_map__init_kern_struct_ops() of tools/lib/bpf/libbpf.c (read in Linux 7.3); what fails
there keeps the whole object from loading.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError, Member
from kfmap.kernel.facts import StructOps
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.name_list import list_names
from kfmap.permission.verdict import give_reason
from verifier.engine.judging.built_without import options_off
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.loader import Loaded
from verifier.engine.object.model import BpfObject, Program, StructOpsMap, StructOpsUse
from verifier.engine.result import FindingKind, Reason

RULE = "struct_ops"
_LINK, _MAKES_LINKS = ".link", "bpf_struct_ops_link_create"
_MOST_MEMBERS = 60  # that are named: more than any ops structure of these kernels has

# What SCX_OPS_OPEN() clears in sched_ext_ops where the kernel's struct lacks it, after asking
# __COMPAT_struct_has_field() (tools/sched_ext/include/scx/compat.h of Linux 7.3).
_SCX_TYPE = "sched_ext_ops"
_SCX_CLEARED = frozenset(
    {
        "cgroup_set_bandwidth",
        "cgroup_set_idle",
        "sub_attach",
        "sub_detach",
        "sub_cgroup_id",
        "rescue_bandwidth_ppt",
        "rescue_quantum_us",
    }
)


class _Content(Enum):
    """What the object's file gives a member."""

    NOTHING = 0
    NUMBER = 1
    PROGRAM = 2


class Problem(NamedTuple):
    """What is wrong; `kind` is that of a finding."""

    kind: FindingKind
    reason: Reason


def map_problems(struct_map: StructOpsMap, loaded: Loaded) -> Iterator[Problem]:
    """Return why libbpf cannot set up a map on this kernel."""
    ops = loaded.kernel.decider.views.struct_ops.get(struct_map.kernel_type)
    if ops is None:
        yield absent_type(struct_map.kernel_type, loaded.kernel)
        return
    # "bpf: Create links for BPF struct_ops maps."; not in 6.1.192, in 6.12.107.
    if struct_map.section.endswith(_LINK) and loaded.kernel.has_function(_MAKES_LINKS) is False:
        text = (
            f"this kernel does not make map {struct_map.name}: it knows no links of struct_ops "
            f"(BPF_F_LINK): put the map into section {struct_map.section.removesuffix(_LINK)}"
        )
        yield Problem(FindingKind.STRUCT_OPS, give_reason(RULE, text, ops.place))
    known = {member.name for member in ops.members}
    missing = [
        name
        for name in set_members(struct_map)
        if name not in known and not loaded.choices.clears(struct_map.name, name)
    ]
    if missing:
        text = _missing_text(struct_map, missing)
        yield Problem(FindingKind.STRUCT_OPS, give_reason(RULE, text, ops.place))
    for reason in _unlike_members(loaded.object, struct_map, ops, loaded.kernel):
        yield Problem(FindingKind.STRUCT_OPS, reason)


def absent_type(name: str, kernel: KernelUnderTest) -> Problem:
    """Return that the kernel lacks a struct_ops type; one that no kernel has may be a module's."""
    if kernel.known is not None and name not in kernel.known.struct_ops:
        text = f"no kernel of the map has a struct_ops type {name}: only a module can have it"
        return Problem(FindingKind.UNKNOWN, Reason(RULE, text))
    off = options_off(kernel.facts, KernelPart.STRUCT_OPS, name)
    text = f"this kernel has no struct_ops type {name}{off}"
    return Problem(FindingKind.STRUCT_OPS, Reason(RULE, text))


def set_members(struct_map: StructOpsMap) -> Iterator[str]:
    """Return the members of a map that have a program or a value when libbpf opens it."""
    yield from (name for name, program in struct_map.members if program is not None)
    yield from struct_map.nonzero


def is_cleared(use: StructOpsUse, loaded: Loaded) -> bool:
    """Return whether the loader clears the member that a program is for, as the kernel lacks it."""
    ops = loaded.kernel.decider.views.struct_ops.get(use.type)
    if ops is None or any(member.name == use.member for member in ops.members):
        return False
    return loaded.choices.clears(use.map, use.member)


def left_out(program: Program, loaded: Loaded) -> Reason | None:
    """Return that the loader clears every member a program is for; libbpf then leaves it out."""
    uses = program.struct_ops
    if not uses or not all(is_cleared(use, loaded) for use in uses):
        return None
    ops = loaded.kernel.decider.views.struct_ops[uses[0].type]
    text = (
        f"{ops.name} of this kernel has no member {uses[0].member}, and the loader clears it: "
        "libbpf leaves the program out"
    )
    return give_reason(RULE, text, ops.place)


def _missing_text(struct_map: StructOpsMap, names: list[str]) -> str:
    if len(names) == 1:
        sets = f"{names[0]}, and {struct_map.kernel_type} of this kernel has no such member: libbpf"
        clears = "the member"
    else:
        sets = (
            f"{len(names)} members that {struct_map.kernel_type} of this kernel does not have "
            f"({list_names(names, most=_MOST_MEMBERS)}): libbpf"
        )
        clears = "all of them"
    text = (
        f"{struct_map.name} sets {sets} refuses the whole object (Cannot find member {names[0]} in "
        f"kernel BTF), unless its loader clears {clears} first"
    )
    cleared = [
        name for name in names if struct_map.kernel_type == _SCX_TYPE and name in _SCX_CLEARED
    ]
    if cleared:
        which = "" if len(cleared) == len(names) else f" with {', '.join(cleared)}"
        text += (
            f", as SCX_OPS_OPEN() of tools/sched_ext does{which} in Linux 7.3 and some scx_utils do"
        )
    say = " ".join(f"--cleared {name}" for name in names[:_MOST_MEMBERS])
    return f"{text}; if yours does, say so: {say}, or in the form of an upload"


def _unlike_members(
    obj: BpfObject, struct_map: StructOpsMap, ops: StructOps, kernel: KernelUnderTest
) -> Iterator[Reason]:
    """Compare the members that both have, where the types of both are known."""
    theirs = kernel.types.find(ops.name, Kind.STRUCT) if kernel.types else None
    if obj.btf is None or kernel.types is None or theirs is None or not struct_map.type_id:
        return
    # find_member_by_name() of libbpf.c takes the first of several without a name
    known = {member.name: member for member in reversed(kernel.types.members(theirs))}
    programs = dict(struct_map.members)
    for member in obj.btf.members(struct_map.type_id):
        other = known.get(member.name)
        if other is None:
            continue
        try:
            content = _content(struct_map, programs, member)
            text = _difference(obj.btf, member, kernel.types, other, content)
        except BtfError:  # a type that the trimmed BTF of the kernel does not keep
            continue
        if text:
            place = f"{struct_map.name}.{member.name}"
            yield give_reason(RULE, f"{place} {text}: libbpf refuses the whole object", ops.place)


def _content(
    struct_map: StructOpsMap, programs: Mapping[str, str | None], member: Member
) -> _Content:
    if programs.get(member.name) is not None:
        return _Content.PROGRAM
    return _Content.NUMBER if member.name in struct_map.nonzero else _Content.NOTHING


def _difference(ours: Btf, member: Member, theirs: Btf, other: Member, content: _Content) -> str:
    """Return what libbpf finds wrong with a member that the kernel has too, "" if nothing."""
    if member.bitfield_size or other.bitfield_size:
        return "is a bitfield, which struct_ops maps may not have"
    our_type, their_type = ours.resolve(member.type_id), theirs.resolve(other.type_id)
    kind, their_kind = ours.kind(our_type), theirs.kind(their_type)
    if Kind.FWD in (kind, their_kind):
        return ""
    if kind is not their_kind:
        return f"is of kind {kind.name} where this kernel's is {their_kind.name}"
    if kind is Kind.PTR:
        # Since "libbpf: Convert st_ops->data to shadow type." (1.5), what a pointer holds has to be
        # a program, of whatever type the pointer is: "member %s is not a struct_ops program".
        if content is _Content.NUMBER:
            return "has a value that is no program, which a pointer may not have"
        pointee = theirs.kind(theirs.resolve(theirs.type_of(their_type)))
        if content is _Content.PROGRAM and pointee is not Kind.FUNC_PROTO:
            return "has a program, and this kernel's is no pointer to a function"
        return ""
    size, their_size = ours.size(member.type_id), theirs.size(their_type)
    if size != their_size:
        return f"has {size} bytes where this kernel's has {their_size}"
    return ""
