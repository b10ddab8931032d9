"""struct_ops programs on one kernel: types, members, sleeping, one program in two places.

Mirrors check_struct_ops_btf_id() of the verifier, and what bpf_map__init_kern_struct_ops() of
libbpf says of programs. None of this is about kfuncs.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import Member, MemberSleep, StructOps
from kfmap.permission.verdict import give_reason
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.problem import Objection
from verifier.engine.judging.struct_ops_maps import (
    RULE,
    Problem,
    absent_type,
    is_cleared,
    left_out,
    map_problems,
)
from verifier.engine.object.model import Program
from verifier.engine.result import FindingKind, Reason


def object_problems(loaded: Loaded) -> Iterator[Problem]:
    """Return why libbpf cannot load the object's struct_ops maps, so nothing of it loads."""
    if not loaded.object.struct_ops_maps or not loaded.kernel.facts.struct_ops:
        return
    for struct_map in loaded.object.struct_ops_maps:
        if not struct_map.optional:
            yield from map_problems(struct_map, loaded)
    yield from _reuse_problems(loaded)


def _reuse_problems(loaded: Loaded) -> Iterator[Problem]:
    """Name the programs that maps use as several members: "invalid reuse of prog" of libbpf."""
    made = {item.name for item in loaded.object.struct_ops_maps if not item.optional}
    for program in loaded.object.programs:
        uses = [use for use in program.struct_ops if use.map in made]
        members = sorted(
            {f"{use.type}.{use.member}" for use in uses if not is_cleared(use, loaded)}
        )
        if len(members) > 1:
            words = " and as ".join(members)
            text = f"{program.name} is used as {words}: a program can be one of them"
            yield Problem(FindingKind.STRUCT_OPS, Reason(RULE, text))


def find_obstacle(program: Program, loaded: Loaded, is_told: bool) -> Objection | None:
    """Return why the kernel does not look at the code of a program at all.

    `is_told`: something that keeps the whole object from loading was found before.
    """
    absent = left_out(program, loaded)
    if absent:
        return Objection(FindingKind.LEFT_OUT, (absent,))
    if is_told and lacks_member(program, loaded.kernel):
        return Objection(FindingKind.STRUCT_OPS, ())
    broken = optional_map_problem(program, loaded) or program_problem(program, loaded.kernel)
    return Objection(broken.kind, (broken.reason,)) if broken else None


def optional_map_problem(program: Program, loaded: Loaded) -> Problem | None:
    """Return why every map that a program is in fails; all of them are made only when asked for."""
    if not program.kind.optional or not loaded.kernel.facts.struct_ops:
        return None
    named = {use.map for use in program.struct_ops}
    maps = [item for item in loaded.object.struct_ops_maps if item.name in named]
    problems = [next(map_problems(item, loaded), None) for item in maps]
    return problems[0] if problems and all(problems) else None


def lacks_member(program: Program, kernel: KernelUnderTest) -> bool:
    """Return whether the kernel has the ops structure of a program and not its member."""
    ops = _type_of(program, kernel)
    return ops is not None and _member_of(program, ops) is None


def program_problem(program: Program, kernel: KernelUnderTest) -> Problem | None:
    """Return why the verifier refuses a struct_ops program as such, whatever it calls."""
    if program.kind.program_type != STRUCT_OPS_TYPE:
        return None
    if not program.struct_ops:
        when = " if something switches it on" if program.kind.optional else ""
        text = f"no struct_ops map refers to it, so it has no attach target{when}"
        return Problem(FindingKind.STRUCT_OPS, Reason(RULE, text))
    ops = _type_of(program, kernel)
    if ops is None:
        name = program.struct_ops[0].type
        return absent_type(name, kernel) if kernel.facts.struct_ops else None
    member = _member_of(program, ops)
    if member is None:
        text = f"{ops.name} of this kernel has no member {program.struct_ops[0].member}"
        return Problem(FindingKind.STRUCT_OPS, give_reason(RULE, text, ops.place))
    reason = _member_problem(program, ops, member)
    return Problem(FindingKind.STRUCT_OPS, reason) if reason else None


def _member_problem(program: Program, ops: StructOps, member: Member) -> Reason | None:
    name = f"{ops.name}.{member.name}"
    if member.supported is False:
        text, place = f"attach to unsupported member {name}", member.supported_place
    elif program.kind.sleepable and member.sleepable == MemberSleep.NEVER:
        text, place = f"{name} may not sleep, and the section says .s", member.sleepable_place
    elif not program.kind.sleepable and member.sleepable == MemberSleep.MUST:
        text, place = f"{name} must be sleepable (struct_ops.s)", member.sleepable_place
    else:
        return None
    return give_reason(RULE, text, place)


def _type_of(program: Program, kernel: KernelUnderTest) -> StructOps | None:
    if not program.struct_ops:
        return None
    return kernel.decider.views.struct_ops.get(program.struct_ops[0].type)


def _member_of(program: Program, ops: StructOps) -> Member | None:
    wanted = program.struct_ops[0].member
    return next((member for member in ops.members if member.name == wanted), None)
