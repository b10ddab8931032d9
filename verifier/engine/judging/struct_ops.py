"""struct_ops maps and programs on one kernel: types, members, sleeping, one program in two places.

Mirrors bpf_map__init_kern_struct_ops() of libbpf and check_struct_ops_btf_id() of the verifier.
None of this is about kfuncs.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import Member, StructOps
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.reasons import reason_at
from verifier.engine.object.model import BpfObject, Program, StructOpsMap
from verifier.engine.result import Reason

RULE = "struct_ops"


def object_problems(obj: BpfObject, kernel: KernelUnderTest) -> Iterator[Reason]:
    """Say why libbpf cannot load the object's struct_ops maps, so nothing of it loads."""
    if not kernel.facts.struct_ops:
        return
    for program in obj.programs:
        members = sorted({f"{use.type}.{use.member}" for use in program.struct_ops})
        if len(members) > 1:
            yield Reason(RULE, f"{program.name} is used as {' and as '.join(members)}: one only")
    for struct_map in obj.struct_ops_maps:
        if not struct_map.optional:
            yield from _map_problems(struct_map, kernel)


def _map_problems(struct_map: StructOpsMap, kernel: KernelUnderTest) -> Iterator[Reason]:
    ops = kernel.decider.views.struct_ops.get(struct_map.kernel_type)
    if ops is None:
        yield Reason(RULE, f"this kernel has no struct_ops type {struct_map.kernel_type}")
        return
    known = {member.name for member in ops.members}
    for name in struct_map.nonzero:
        if name not in known:
            text = (
                f"{struct_map.name}.{name} is set and {ops.name} of this kernel has no such member:"
                " clear it before loading"
            )
            yield reason_at(RULE, text, ops.place)


def missing_member(program: Program, kernel: KernelUnderTest) -> Reason | None:
    """Say that the kernel lacks the member a program implements; libbpf then leaves it out."""
    ops = _type_of(program, kernel)
    if ops is None or _member_of(program, ops) is not None:
        return None
    use = program.struct_ops[0]
    text = f"{ops.name} of this kernel has no member {use.member}: the program is not loaded"
    return reason_at(RULE, text, ops.place)


def program_problem(program: Program, kernel: KernelUnderTest) -> Reason | None:
    """Say why the verifier refuses a struct_ops program as such, whatever it calls."""
    if program.program_type != STRUCT_OPS_TYPE:
        return None
    if not program.struct_ops:
        when = " if something switches it on" if program.optional else ""
        return Reason(RULE, f"no struct_ops map refers to it, so it has no attach target{when}")
    ops = _type_of(program, kernel)
    if ops is None:
        if not kernel.facts.struct_ops:
            return None
        return Reason(RULE, f"this kernel has no struct_ops type {program.struct_ops[0].type}")
    member = _member_of(program, ops)
    return None if member is None else _member_problem(program, ops, member)


def _member_problem(program: Program, ops: StructOps, member: Member) -> Reason | None:
    name = f"{ops.name}.{member.name}"
    if member.supported is False:
        text, place = f"attach to unsupported member {name}", member.supported_place
    elif program.sleepable and member.sleepable == "never":
        text, place = f"{name} may not sleep, and the section says .s", member.sleepable_place
    elif not program.sleepable and member.sleepable == "must":
        text, place = f"{name} must be sleepable (struct_ops.s)", member.sleepable_place
    else:
        return None
    return reason_at(RULE, text, place)


def _type_of(program: Program, kernel: KernelUnderTest) -> StructOps | None:
    if not program.struct_ops:
        return None
    return kernel.decider.views.struct_ops.get(program.struct_ops[0].type)


def _member_of(program: Program, ops: StructOps) -> Member | None:
    wanted = program.struct_ops[0].member
    return next((member for member in ops.members if member.name == wanted), None)
