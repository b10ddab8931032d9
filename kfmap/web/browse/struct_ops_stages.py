"""An ops structure, and one member of it, through the kernels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.kernel_names import series_of
from kfmap.catalogue.models import Kernel, Member, StructOpsType
from kfmap.catalogue.rows.build import BuiltContext
from kfmap.catalogue.rows.read import RowsOnAll
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.web.shared.kernel_map import KernelMap


@dataclass(frozen=True, slots=True)
class MemberStage:
    """A member on one kernel of its timeline; `member` None where it is not there.

    `known`: the source says which structures and members the kernel has.
    """

    kernel: str
    known: bool
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
        MemberStage(row.name, row.has_rules, members.get(row.pk), calls)
        for row, calls in zip(rows.kernels, rows.find_context(name), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class OpsStage:
    """An ops structure on one kernel: what came and went since the release before it.

    Of kernels that are built from the same source as a release, the difference from that one.
    `known`: the source says which structures the kernel has.
    """

    kernel: str
    known: bool
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
    before = _Before(kernels.line, having)
    return [_compare(row, having.get(row.pk), before.find(row)) for row in reversed(kernels.rows)]


class _Before:
    """The members on the kernel that each is compared with."""

    def __init__(self, line: Sequence[Kernel], having: Mapping[int, list[str]]) -> None:
        self._in_line: dict[int, list[str] | None] = {}
        self._of_series: dict[str, list[str]] = {}
        last: list[str] | None = None
        for kernel in line:
            self._in_line[kernel.pk] = last
            if kernel.pk in having:
                last = self._of_series[series_of(kernel)] = having[kernel.pk]

    def find(self, row: Kernel) -> list[str] | None:
        """Return them, None where there is no such kernel."""
        if row.pk in self._in_line:
            return self._in_line[row.pk]
        return self._of_series.get(series_of(row))


def _compare(row: Kernel, now: list[str] | None, before: list[str] | None) -> OpsStage:
    if now is None:
        return OpsStage(row.name, row.has_rules, False, 0, [], [])
    known = now if before is None else before
    added = [member for member in now if member not in known]
    removed = sorted(set(known) - set(now))
    return OpsStage(row.name, row.has_rules, True, len(now), added, removed)
