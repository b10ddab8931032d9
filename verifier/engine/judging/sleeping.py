"""Whether a kernel takes a sleepable program at all, whatever it calls: by its type and target.

Mirrors check_attach_btf_id() and can_be_sleepable() of kernel/bpf/verifier.c; struct_ops members
are judged with their maps (struct_ops.py).
"""

from __future__ import annotations

from kfmap.kernel.program_facts import MUST
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.judging.contexts import UNSPECIFIED
from verifier.engine.judging.kernel import ContextAnswers, KernelUnderTest
from verifier.engine.judging.problem import Objection
from verifier.engine.result import FindingKind, Reason

_ELSEWHERE = (STRUCT_OPS_TYPE, UNSPECIFIED)


def sleep_objection(answers: ContextAnswers, kernel: KernelUnderTest) -> Objection | None:
    """Return why a program may not be sleepable, or has to be; None where the kernel agrees.

    Nothing is said of kernels whose rules were not read.
    """
    context = answers.context
    if context.program_type in _ELSEWHERE or not kernel.facts.sleeping:
        return None
    answer = answers.sleep
    blocks = answer.blocks(context.sleepable)
    if blocks is False:
        return None
    reason = answer.reason
    text = reason.text if answer.word == MUST else f"{reason.text}, and this program is sleepable"
    told = Reason(reason.rule, text, reason.file, reason.line)
    return Objection(
        FindingKind.LOAD if blocks else FindingKind.UNKNOWN, (told,), certain=blocks is True
    )
