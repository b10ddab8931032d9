"""All mechanisms on the same cells of one kernel: what each gets wrong, when, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass

from kfmap.permission.bits import each_bit
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.mechanisms.capabilities import Capabilities, synthesise
from kfmap.permission.mechanisms.context_filter import ContextFilter
from kfmap.permission.mechanisms.local_decision import LocalDecision
from kfmap.permission.mechanisms.mechanism import Costs, Mechanism, find_meant
from kfmap.permission.mechanisms.program_type import ProgramTypeOnly
from kfmap.permission.mechanisms.run_time_masks import RunTimeMaskMechanism
from kfmap.permission.mechanisms.set_filter import SetFilter
from kfmap.permission.mechanisms.table import ALL, ANY

MAX_EXAMPLES = 12
MAX_OF_CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell to look at."""

    context: Context
    kfunc: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """One mechanism against what the kernel means; examples are the first cells of each kind.

    `late`: cells that are right but refused only while the program runs.
    """

    mechanism: Mechanism
    title: str
    cells: int
    over_permits: int
    over_refuses: int
    late: int
    costs: Costs
    permit_examples: tuple[Cell, ...]
    refuse_examples: tuple[Cell, ...]


def build_mechanisms(decider: Decider, contexts: tuple[Context, ...]) -> list[Mechanism]:
    """Return all mechanisms for these contexts; capabilities with both readings."""
    return [
        ProgramTypeOnly(decider, contexts),
        RunTimeMaskMechanism(decider, contexts),
        *(
            Capabilities(decider, contexts, reading, synthesise(decider, contexts, reading))
            for reading in (ALL, ANY)
        ),
        LocalDecision(decider, contexts),
        SetFilter(decider, contexts),
        ContextFilter(decider, contexts),
    ]


def compare_mechanisms(decider: Decider, contexts: tuple[Context, ...]) -> list[Comparison]:
    """Compare all mechanisms over these contexts and all kfuncs of the kernel."""
    return [compare_one(mechanism, contexts) for mechanism in build_mechanisms(decider, contexts)]


def compare_one(mechanism: Mechanism, contexts: tuple[Context, ...]) -> Comparison:
    """Compare one mechanism with what the kernel means; cells not known are left out."""
    decider = mechanism.decider
    permits: list[Cell] = []
    refuses: list[Cell] = []
    over_permits = over_refuses = late = cells = 0
    for context in contexts:
        allowed, possible = find_meant(decider, context)
        known = ((1 << len(decider.kfuncs)) - 1) & ~(possible & ~allowed)
        passes = mechanism.bits(context)[0]
        too_much, too_little = passes & ~allowed & known, allowed & ~passes & known
        cells += known.bit_count()
        over_permits += too_much.bit_count()
        over_refuses += too_little.bit_count()
        permits += _pick(context, too_much, decider, MAX_EXAMPLES - len(permits))
        refuses += _pick(context, too_little, decider, MAX_EXAMPLES - len(refuses))
        late += mechanism.late(context).bit_count()
    return Comparison(
        mechanism=mechanism,
        title=mechanism.full_title,
        cells=cells,
        over_permits=over_permits,
        over_refuses=over_refuses,
        late=late,
        costs=mechanism.costs(),
        permit_examples=tuple(permits),
        refuse_examples=tuple(refuses),
    )


def _pick(context: Context, bits: int, decider: Decider, room: int) -> list[Cell]:
    places = list(each_bit(bits))[: min(max(room, 0), MAX_OF_CONTEXT)]
    return [Cell(context, decider.kfuncs[place]) for place in places]
