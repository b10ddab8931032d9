"""What becomes on one kernel of the programs of other objects that programs attach to."""

from __future__ import annotations

from collections.abc import Callable

from verifier.engine.judging.attaching import LoadedTarget
from verifier.engine.judging.interview import Interview
from verifier.engine.judging.live import Engines, Judges, LiveJudge
from verifier.engine.judging.prepared import Prepared, Target
from verifier.engine.judging.sharing import judge_object
from verifier.engine.result import REFUSED, ProgramVerdict

Ask = Callable[[Prepared], Interview]


def judge_targets(prepared: Prepared, ask: Ask) -> dict[int, LoadedTarget]:
    """Return it by the programs that attach to them; each object is asked about and judged once.

    `ask` has the kernel asked about an object.
    """
    known: dict[int, tuple[Interview, tuple[ProgramVerdict, ...]]] = {}
    found: dict[int, LoadedTarget] = {}
    for number, target in prepared.targets.items():
        whole, key = target.prepared, id(target.prepared)
        if key not in known:
            asked = ask(whole)
            known[key] = asked, judge_object(whole, asked)
        interview, verdicts = known[key]
        verdict = verdicts[target.to.number]
        is_live = None if verdict.verdict == REFUSED else _is_live(target, interview)
        found[number] = LoadedTarget(verdict, is_live)
    return found


def _is_live(target: Target, interview: Interview) -> bool | None:
    """Return whether the verifier walks the function of a target; None where that is not known."""
    program, prepared = target.to.program, target.prepared
    if target.function in (None, program.function, program.exception_callback):
        return True
    # What is noted at its exits tells that it was walked, if all that leads there is.
    for function in prepared.reached[target.to.number].functions:
        prepared.code.note_returned(function)
    if not prepared.code.returned(target.function):
        return None
    judges = Judges(prepared, interview, prepared.context_numbers[target.to.number])
    engines = Engines(prepared, interview)
    reach = LiveJudge(prepared, interview, engines, judges, target.to.number).reach()
    walked = [item.sure for item in reach.endings if item.node.function == target.function]
    if any(walked):
        return True
    return None if walked or not reach.complete else False
