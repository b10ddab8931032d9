"""The answer to "may this context call this kfunc", in values: verdict, reasons, later layers."""

from __future__ import annotations

from enum import StrEnum

from kfmap.kernel.facts import Place
from kfmap.permission.outcome_words import ALLOWED as WORKS
from kfmap.permission.outcome_words import KFUNC
from kfmap.quick_dataclass import dataclass

ALLOWED = "allowed"
REFUSED = "refused"
UNKNOWN = "unknown"
FAILS = "fails"


class Step(StrEnum):
    """What a reason of the permission check and of the run-time layer says, as its `rule`."""

    BRANCH = "branch"
    CAPABILITIES = "capabilities"
    COMMON = "common"
    CONTEXT = "context"
    FILTER = "filter"
    HELPER = "helper"
    HOOK = "hook"
    LOCAL = "local"
    MISSING = "missing"
    NO_KFUNC = "no_kfunc"
    OBSERVED = "observed"
    OVERFLOW = "overflow"
    RUN_TIME_CHECK = "run_time_check"
    RUN_TIME_CONDITION = "run_time_condition"
    RUN_TIME_DEADLOCK = "run_time_deadlock"
    RUN_TIME_GUARD = "run_time_guard"
    RUN_TIME_MASK = "run_time_mask"
    RUN_TIME_OP = "run_time_op"
    RUN_TIME_TASK = "run_time_task"
    SET = "set"
    SET_FILTER = "set_filter"
    TABLE = "table"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reason:
    """One step of the decision, with the line of the kernel that makes it (file "" if none)."""

    rule: str
    text: str
    file: str = ""
    line: int = 0

    @property
    def where(self) -> str:
        """Return the line as `file:line`, "" if there is none."""
        return f"{self.file}:{self.line}" if self.file else ""

    @property
    def full_text(self) -> str:
        """Return the text with its line behind it."""
        return f"{self.text} ({self.where})" if self.file else self.text


def give_reason(rule: str, text: str, place: Place | None = None) -> Reason:
    """Make a reason from a place of the kernel tree, or from none."""
    return Reason(rule, text, place.file, place.line) if place else Reason(rule, text)


class LayerKind(StrEnum):
    """What a check beside permission is about."""

    ATTACH_TARGET = "attach_target"
    ATTACH_TYPE = "attach_type"
    DESTRUCTIVE = "destructive"
    DEVICE_BOUND = "device_bound"
    FLAGS = "flags"
    FUNCTION_ADDRESS = "function_address"
    JIT = "jit"
    MALFORMED_BTF = "malformed_btf"
    MODULE = "module"
    NEEDS = "needs"
    PERFMON = "perfmon"
    SLEEPABLE = "sleepable"
    SLEEPABLE_CONTEXT = "sleepable_context"
    SLEEPABLE_MEMBER = "sleepable_member"
    TRAP = "trap"
    UNSUPPORTED_MEMBER = "unsupported_member"


@dataclass(frozen=True, slots=True)
class Layer:
    """What the kernel checks beside permission.

    `blocks`: True where the call cannot load in this context, False where it can once the
    condition in the text is met, None where the facts do not say.
    """

    kind: LayerKind
    blocks: bool | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """The permission verdict of one cell, and what comes after permission.

    `verdict`: ALLOWED, REFUSED or UNKNOWN. `run_time`: ALLOWED or FAILS where the kernel checks a
    run-time mask for this kfunc in this context, else None. `reasons` are in the kernel's order.
    """

    verdict: str
    run_time: str | None
    reasons: tuple[Reason, ...]
    layers: tuple[Layer, ...] = ()
    flags: tuple[str, ...] = ()

    @property
    def blocked_by(self) -> tuple[Layer, ...]:
        """The later layers that make the call impossible although permission is given."""
        return tuple(layer for layer in self.layers if layer.blocks)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one call on one kernel.

    `outcome`: one of `OUTCOMES`. `needs`: what the program must bring besides permission, words of
    `NEEDS`. `because`: one sentence without a full stop, with the line that decides. `instead`:
    short names of contexts and names of kfuncs, the nearest first. `verdict`: the permission check
    alone, with its trace. `kind`: what is called, KFUNC, HELPER or FUNCTION.
    """

    outcome: str
    needs: tuple[str, ...]
    because: Reason
    instead: tuple[str, ...]
    verdict: Verdict
    kind: str = KFUNC

    @property
    def works(self) -> bool:
        """Return whether the call works as it was asked for, given what it needs."""
        return self.outcome == WORKS
