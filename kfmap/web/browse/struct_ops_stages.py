"""An ops structure, and one member of it, through the kernels."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.catalogue.models import Member, StructOpsType
from kfmap.catalogue.rows.build import BuiltContext
from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.web.shared.kernel_map import KernelMap


@dataclass(frozen=True, slots=True)
class MemberStage:
    """A member on one kernel of its timeline; `member` None where it is not there."""

    kernel: str
    member: Member | None
    calls: BuiltContext | None


def list_member_stages(kernels: KernelMap, struct_ops: str, member: str) -> list[MemberStage]:
    """Return a member on every kernel, newest first, and how many kfuncs it may call there."""
    rows = RowsOnAll(kernels.rows[::-1])
    found = Member.objects.filter(
        struct_ops__kernel__in=kernels.rows, struct_ops__name=struct_ops, name=member
    )
    members = {item.struct_ops.kernel_id: item for item in found.select_related("struct_ops")}
    name = render_context(Context(STRUCT_OPS_TYPE, struct_ops=struct_ops, member=member))
    return [
        MemberStage(row.name, members.get(row.pk), calls)
        for row, calls in zip(rows.kernels, rows.find_context(name), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class OpsStage:
    """An ops structure on one kernel: what came and went since the kernel before it."""

    kernel: str
    present: bool
    members: int
    added: list[str]
    removed: list[str]


def list_ops_stages(kernels: KernelMap, name: str) -> list[OpsStage]:
    """Return an ops structure on every kernel, newest first."""
    found = StructOpsType.objects.filter(kernel__in=kernels.rows, name=name)
    having: dict[int, list[str]] = {kernel: [] for kernel in found.values_list("kernel", flat=True)}
    members = Member.objects.filter(struct_ops__in=found).order_by("struct_ops", "offset", "pk")
    for kernel, member in members.values_list("struct_ops__kernel", "name"):
        having[kernel].append(member)
    stages: list[OpsStage] = []
    before: set[str] | None = None
    for row in kernels.rows:
        now = having.get(row.pk)
        known = before if before is not None else set(now or ())
        added = [member for member in now or () if member not in known]
        removed = sorted(known - set(now)) if now is not None else []
        stages.append(OpsStage(row.name, now is not None, len(now or ()), added, removed))
        before = set(now) if now is not None else before
    return stages[::-1]
