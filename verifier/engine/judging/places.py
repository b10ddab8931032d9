"""What a kernel says to a program for where it is to run: its type, its target, its sleeping.

Nothing of it depends on the object, and nearly all programs are for what the kernel has: those of
one kind are asked about once.
"""

from __future__ import annotations

from collections.abc import Hashable

from verifier.engine.judging.hooks import hook_objection
from verifier.engine.judging.kernel import ContextAnswers, KernelUnderTest
from verifier.engine.judging.problem import Objection
from verifier.engine.judging.sleeping import sleep_objection
from verifier.engine.judging.targets import MODULE_RULE, is_named, target_objection
from verifier.engine.object.model import Program

_MAX_KINDS = 1_000  # that are kept for a context; a target is whatever the object says


def what_places(program: Program) -> Hashable:
    """Return all that is asked about, and told, of where a program is to run."""
    kind = program.kind
    name = program.name if is_named(program) else ""
    return kind, program.replaces, program.on_program, program.section, name


def place_objections(
    program: Program, answers: ContextAnswers, kernel: KernelUnderTest
) -> tuple[Objection, ...]:
    """Return what the kernel says before it looks at the code, in its order."""
    alike = (program.kind, program.replaces, program.on_program)
    if alike in answers.unopposed:
        return ()
    target = target_objection(program, kernel) if kernel.facts.program_types else None
    in_module = target is not None and target.reasons[0].rule == MODULE_RULE
    found = (
        hook_objection(program, kernel),
        target,
        None if in_module or program.on_program else sleep_objection(answers, kernel),
    )
    told = tuple(objection for objection in found if objection)
    if not told and len(answers.unopposed) < _MAX_KINDS:
        answers.unopposed.add(alike)
    return told
