"""Answers to questions as people ask them: a context in words and the name of a function."""

from __future__ import annotations

from pathlib import PurePosixPath

from kfmap.permission.asking import AmbiguousContextError, find_contexts, names_a_section
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.verdict import Outcome
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer for one context; `alike` are other contexts the words may mean, answered alike."""

    context: Context
    kfunc: str
    outcome: Outcome
    alike: tuple[Context, ...] = ()

    @property
    def context_name(self) -> str:
        """Return the short name of the context."""
        return render_context(self.context)


def answer(judge: OutcomeJudge, asked: str, kfunc: str) -> Answer:
    """Answer for a context in words. Raises ContextError, AmbiguousContextError.

    A section name does not say which structure's callback it is: where everything it may mean has
    the same outcome, that is the answer.
    """
    facts = judge.decider.facts
    found = find_contexts(asked, facts, (other.facts for other in judge.others()))
    if len(found) > 1 and not names_a_section(asked):
        raise AmbiguousContextError(asked.strip(), found)
    likely = _at_home(judge.decider, found, kfunc)
    outcomes = [judge.decide(context, kfunc) for context in likely]
    if len({(item.outcome, item.needs) for item in outcomes}) > 1:
        raise AmbiguousContextError(asked.strip(), likely)
    return Answer(likely[0], kfunc, outcomes[0], likely[1:])


def _at_home(decider: Decider, found: tuple[Context, ...], kfunc: str) -> tuple[Context, ...]:
    """Return the callbacks whose structure stands beside the kfunc in the tree, all if none does.

    A section `struct_ops.s/init` that calls scx_bpf_create_dsq() is not one of a queueing
    discipline.
    """
    known = decider.find_kfunc(kfunc)
    if known is None or known.place is None:
        return found
    home = _folder(known.place.file)
    ours = tuple(
        context
        for context in found
        if (ops := decider.views.find_struct_ops(context)) and _folder(ops.place.file) == home
    )
    return ours or found


def _folder(file: str) -> str:
    return str(PurePosixPath(file).parent)
