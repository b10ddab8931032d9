"""What a filter can see of a context, with the numbers of one kernel."""

from __future__ import annotations

from kfmap.kernel.facts import KernelFacts, Member, StructOps
from kfmap.permission.context import Context
from kfmap.quick_dataclass import dataclass

STRUCT_OPS_TYPE = "BPF_PROG_TYPE_STRUCT_OPS"
EXT_TYPE = "BPF_PROG_TYPE_EXT"


@dataclass(frozen=True, slots=True)
class View:
    """The fields of `struct bpf_prog` that filters read (include/linux/bpf.h).

    `attach_type` is a number, or the name where this kernel's enum has none (equal to nothing
    else). `offset` is 0 outside struct_ops, as in the kernel, None for a member this kernel lacks.
    """

    program_type: str
    attach_type: int | str
    target: str | None
    struct_ops: str | None
    offset: int | None


class ViewBuilder:
    """Turns contexts into views, with one kernel's attach types and struct_ops layouts."""

    def __init__(self, facts: KernelFacts) -> None:
        self.facts = facts
        self.attach_types = {item.name: item.value for item in facts.attach_types}
        self.struct_ops = {item.name: item for item in facts.struct_ops}
        self._members = {
            (ops.name, member.name): member for ops in facts.struct_ops for member in ops.members
        }

    def build_view(self, context: Context) -> View:
        """Return what filters see of this context."""
        ops = context.struct_ops if context.program_type == STRUCT_OPS_TYPE else None
        return View(
            context.program_type,
            self.attach_number(context.attach_type),
            context.target,
            ops,
            self._offset(context) if ops else 0,
        )

    def attach_number(self, name: str | None) -> int | str:
        """Return the value of an attach type; an unset one is 0, one this kernel lacks its name."""
        return 0 if name is None else self.attach_types.get(name, name)

    def find_struct_ops(self, context: Context) -> StructOps | None:
        """Return the struct_ops type of the context, None where the kernel has none of the name."""
        return self.struct_ops.get(context.struct_ops or "")

    def find_member(self, context: Context) -> Member | None:
        """Return the member of the context, None where this kernel has none of that name."""
        return self._members.get((context.struct_ops or "", context.member or ""))

    def may_attach(self, context: Context) -> bool:
        """Return whether a program can have this context: members may be closed to programs."""
        member = self.find_member(context)
        return member is None or member.supported is not False

    def _offset(self, context: Context) -> int | None:
        member = self.find_member(context)
        return member.offset if member else None
