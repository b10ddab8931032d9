"""Run-time masks (`scx_kf_allowed()` and kin): what passes while the scheduler runs.

The kernel ORs the mask of an op into the task while it calls the op; a kfunc with a guard fails
unless a bit of the guard's mask is in force. Only struct_ops members have a mask; elsewhere it is
what the task happens to be doing, which load time does not tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import Guard, OpMask, RunTime
from kfmap.permission.context import Context
from kfmap.permission.verdict import ALLOWED, FAILS, Reason, Step, give_reason
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class RunTimeMasks:
    """The masks of one kernel, indexed."""

    ops: dict[tuple[str, str], OpMask]
    guards: dict[str, Guard]
    bit_names: dict[int, str]
    boundaries: tuple[int, ...]

    def decide(self, context: Context, kfunc: str) -> tuple[str | None, list[Reason]]:
        """Return ALLOWED or FAILS for a call straight from this context, None without a mask."""
        op = self.ops.get((context.struct_ops or "", context.member or ""))
        guard = self.guards.get(kfunc)
        if guard is None:
            return (ALLOWED, []) if op else (None, [])
        if op is None:
            return None, [self._outside_reason(guard)]
        passes = self.passes(guard, op.mask)
        place = op.places[0] if op.places else None
        text = f"{op.struct_ops}.{op.member} is called with {self.name_mask(op.mask)} in force"
        reasons = [
            give_reason(Step.RUN_TIME_MASK, text, place),
            *self._guard_reasons(guard, passes),
        ]
        return (ALLOWED if passes else FAILS), reasons

    def decide_bare(self, what: str, kfunc: str) -> tuple[str | None, list[Reason]]:
        """Return ALLOWED or FAILS for what runs where no op does: no mask is in force."""
        guard = self.guards.get(kfunc)
        if guard is None:
            return None, []
        passes = self.passes(guard, 0)
        reason = give_reason(Step.RUN_TIME_MASK, f"{what} runs with no mask in force")
        return (ALLOWED if passes else FAILS), [reason, *self._guard_reasons(guard, passes)]

    def decide_nested(self, outer: OpMask, inner: OpMask, kfunc: str) -> str:
        """Return ALLOWED or FAILS for a call from `inner` while `outer` is still running."""
        guard = self.guards.get(kfunc)
        if guard is None:
            return ALLOWED
        return ALLOWED if self.passes(guard, outer.mask | inner.mask) else FAILS

    def passes(self, guard: Guard, in_force: int) -> bool:
        """Return whether the guard lets it pass: a bit in common, no nested op above a boundary."""
        if guard.unlocked and not in_force:
            return True
        if not in_force & guard.mask:
            return False
        top = 1 << (guard.mask.bit_length() - 1)
        return not (top in self.boundaries and in_force > (top << 1) - 1)

    def find_failing(self, in_force: int) -> Iterator[str]:
        """Return the kfuncs whose guard fails with these bits in force."""
        return (kfunc for kfunc, guard in self.guards.items() if not self.passes(guard, in_force))

    def name_mask(self, mask: int) -> str:
        """Return a mask by the kernel's names of its bits."""
        names = [name for bit, name in sorted(self.bit_names.items()) if bit and bit & mask]
        return " | ".join(names) or self.bit_names.get(mask, hex(mask))

    def _outside_reason(self, guard: Guard) -> Reason:
        text = (
            f"{guard.kfunc} checks for {self.name_mask(guard.mask)} on each call; which mask is"
            " in force here depends on what the task is doing"
        )
        return give_reason(Step.RUN_TIME_GUARD, text, guard.path[-1][1] if guard.path else None)

    def _guard_reasons(self, guard: Guard, passes: bool) -> list[Reason]:
        way = " → ".join(function for function, _ in guard.path)
        wants = self.name_mask(guard.mask) + (", or none in force" if guard.unlocked else "")
        text = f"{way or guard.kfunc} {'passes' if passes else 'fails'}: it wants {wants}"
        reasons = [
            give_reason(Step.RUN_TIME_GUARD, text, guard.path[-1][1] if guard.path else None)
        ]
        if guard.task_argument:
            text = "only for a task that is an argument of the op"
            reasons.append(give_reason(Step.RUN_TIME_TASK, text, guard.path[-1][1]))
        return reasons


def index_run_time(run_time: RunTime | None) -> RunTimeMasks | None:
    """Index the masks of a kernel; None where it has none."""
    if run_time is None:
        return None
    values = {bit.name: bit.value for bit in run_time.bits}
    return RunTimeMasks(
        ops={(op.struct_ops, op.member): op for op in run_time.ops},
        guards={guard.kfunc: guard for guard in run_time.guards},
        bit_names={bit.value: bit.name for bit in run_time.bits},
        boundaries=tuple(values[name] for name in run_time.boundary_bits if name in values),
    )
