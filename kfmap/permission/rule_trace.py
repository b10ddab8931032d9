"""One walk through a filter for one kfunc in one context: its answer, and where it fell."""

from __future__ import annotations

from collections.abc import Iterator

from kfmap.kernel.facts import Filter, KfuncSet
from kfmap.kernel.rule_form import (
    Branch,
    Condition,
    Decide,
    InSet,
    KfuncIs,
    Node,
    TableHas,
    Unknown,
    find_atoms,
)
from kfmap.permission.rule_bits import Evaluate, Names, compile_condition
from kfmap.permission.rule_words import describe_condition
from kfmap.permission.verdict import ALLOWED, REFUSED, UNKNOWN, Reason, Step
from kfmap.permission.view import View
from kfmap.quick_dataclass import dataclass, field


@dataclass(frozen=True, slots=True)
class Asked:
    """The cell a filter is asked about: `bit` is the kfunc's, `member` only serves the words."""

    view: View
    kfunc: str
    bit: int
    member: str


@dataclass(frozen=True, slots=True)
class Tracer:
    """Walks filters of one kernel; `trees` are those compiled, by their id.

    The conditions on the way are compiled when they are first met.
    """

    names: Names
    sets: dict[str, KfuncSet]
    trees: dict[str, Evaluate]
    _conditions: dict[int, tuple[Condition, Evaluate]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def trace_filter(self, filter_: Filter, asked: Asked) -> tuple[str, list[Reason]]:
        """Return the filter's answer (ALLOWED: it lets pass) and the reasons that lead to it."""
        path = list(self._walk(filter_.rule, asked))
        steps = [(node, taken) for node, taken in path if isinstance(node, Branch)]
        reasons = []
        for number, (branch, taken) in enumerate(steps):
            is_last = number == len(steps) - 1
            if taken is None or is_last or self._concerns(branch.condition, asked):
                reasons.append(self._branch_reason(filter_, branch, taken))
                reasons.extend(self._row_reasons(branch.condition, asked))
        end = path[-1][0]
        answer = self._answer(filter_, asked)
        return answer, [*reasons, _end_reason(filter_, end, answer)]

    def _answer(self, filter_: Filter, asked: Asked) -> str:
        refused, may_refuse = self.trees[filter_.id](asked.view)
        if refused & asked.bit:
            return REFUSED
        return UNKNOWN if may_refuse & asked.bit else ALLOWED

    def _walk(self, node: Node, asked: Asked) -> Iterator[tuple[Node, bool | None]]:
        """Return the nodes on the way, each branch with its outcome, up to one not known."""
        while isinstance(node, Branch):
            taken = self._holds(node.condition, asked)
            yield node, taken
            if taken is None:
                return
            node = node.then if taken else node.otherwise
        yield node, None

    def _holds(self, condition: Condition, asked: Asked) -> bool | None:
        known = self._conditions.get(id(condition))
        if known is None:  # the condition is kept as well, lest another one gets its id
            known = self._conditions[id(condition)] = (
                condition,
                compile_condition(condition, self.names),
            )
        holds, may_hold = known[1](asked.view)
        if holds & asked.bit:
            return True
        return None if may_hold & asked.bit else False

    def _concerns(self, condition: Condition, asked: Asked) -> bool:
        """Return whether the condition names a set that this kfunc is in."""
        return any(
            isinstance(atom, InSet | KfuncIs) and bool(self._holds(atom, asked))
            for atom in find_atoms(condition)
        )

    def _branch_reason(self, filter_: Filter, branch: Branch, taken: bool | None) -> Reason:
        words = describe_condition(branch.condition, self.sets)
        outcome = {True: "yes", False: "no", None: "not known"}[taken]
        return Reason(Step.BRANCH, f"{filter_.name}: {words}? {outcome}", branch.file, branch.line)

    def _row_reasons(self, condition: Condition, asked: Asked) -> Iterator[Reason]:
        offset = asked.view.offset
        for atom in find_atoms(condition):
            table = self.names.tables.get(atom.table) if isinstance(atom, TableHas) else None
            if table is None or offset is None:
                continue
            index = offset // table.unit
            row = next((row for row in table.rows if row.index == index), None)
            if row:
                flags = " | ".join(row.names) or hex(row.value)
                text = f"{table.name}: the row of {row.member} is {flags}"
                yield Reason(Step.TABLE, text, table.file, row.line)
            elif index < table.length:
                text = f"{table.name} has no row for {asked.member or 'this member'}: 0"
                yield Reason(Step.TABLE, text, table.file, table.line)
            else:
                text = f"{table.name} has {table.length} rows; reading row {index} is past its end"
                yield Reason(Step.TABLE, text, table.file, table.line)


def _end_reason(filter_: Filter, end: Node, answer: str) -> Reason:
    if isinstance(end, Unknown):
        text = f"{filter_.name}: {end.construct} is not understood, so its answer is not known"
        return Reason(Step.UNKNOWN, text, end.file, end.line)
    if isinstance(end, Decide) and answer != UNKNOWN:
        words = "refuses" if answer == REFUSED else "lets pass"
        return Reason(Step.FILTER, f"{filter_.name} {words}", end.file, end.line)
    text = f"{filter_.name}: its answer is {'not known' if answer == UNKNOWN else answer}"
    return Reason(Step.UNKNOWN if answer == UNKNOWN else Step.FILTER, text, end.file, end.line)
