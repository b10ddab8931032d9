"""Whether programs in a context get a helper on a kernel, and whether it may sleep there.

Mirrors check_helper_call() of kernel/bpf/verifier.c, as far as the code around a call does not
matter.
"""

from __future__ import annotations

from kfmap.btf.kinds import Kind
from kfmap.btf.read import BtfError
from kfmap.permission.bpf_helpers import HelperAnswer
from kfmap.permission.function_address import GET_FUNC_IP, NO_FUNCTION, knows_function
from kfmap.permission.helper_names import helper_name
from kfmap.permission.verdict import give_reason
from verifier.engine.flow.forks import SPIN_LOCK, SPIN_UNLOCK
from verifier.engine.judging.kernel import ContextAnswers, KernelUnderTest
from verifier.engine.judging.licences import LICENCE_RULE
from verifier.engine.judging.problem import Objection
from verifier.engine.result import FindingKind, Reason

_RULE = "helper"
_SET_RETVAL = 187  # BPF_FUNC_set_retval
_HOOKS, _LSM = "security_list_options", "bpf_lsm_"  # its members are what hooks call


class HelpersGiven:
    """What one kernel says of helpers to programs in one context.

    `licensed`: the licence of the object is GPL-compatible. Where the facts have nothing of a
    kernel's helpers, it is not asked which of them programs get.
    """

    def __init__(self, kernel: KernelUnderTest, answers: ContextAnswers, licensed: bool) -> None:
        self._kernel = kernel
        self._answers = answers
        self._licensed = licensed
        self._refusals = answers.refusals[licensed]
        self._harmless = answers.harmless[licensed]

    def may_object_to(self, helpers: tuple[int, ...]) -> bool:
        """Return whether the kernel may object to one of some helpers."""
        return not self._harmless.issuperset(helpers) and any(map(self._may_object, helpers))

    def _may_object(self, number: int) -> bool:
        """Return whether the kernel may object to a helper where no kernel function is called."""
        if number in self._harmless:
            return False
        if number in (SPIN_LOCK, SPIN_UNLOCK) or self.sleeps(number):
            return True
        if self.refusal(number) is not None:
            return True
        self._harmless.add(number)
        return False

    def sleeps(self, number: int) -> bool:
        """Return whether a helper may sleep, as such programs get it: some have it in two forms.

        False also where that is not known.
        """
        answer = self._answer(number)
        return answer is not None and answer.might_sleep is True

    def refusal(self, number: int) -> Objection | None:
        """Return what keeps programs in this context from a helper, None for nothing."""
        if not self._kernel.helpers.knows:
            return None
        if number not in self._refusals:
            self._refusals[number] = self._find_refusal(number)
        return self._refusals[number]

    def _answer(self, number: int) -> HelperAnswer | None:
        """Return what the kernel says of a helper, None where it has none of this number."""
        name = self._kernel.helpers.numbers.get(number)
        return self._answers.helpers.answer(name) if name else None

    def _find_refusal(self, number: int) -> Objection | None:
        answer = self._answer(number)
        if answer is None:  # "invalid func %s#%d" of check_helper_call()
            called = helper_name(number) or "helper"
            text = f"this kernel has no {called}#{number}"
            return Objection(FindingKind.LOAD, (Reason(_RULE, text),))
        name = answer.helper
        if (
            answer.allowed
            and f"bpf_{name}" == GET_FUNC_IP
            and not knows_function(self._answers.context)
        ):
            text = f"func {GET_FUNC_IP}#{number} {NO_FUNCTION}"
            return Objection(FindingKind.LOAD, (Reason(_RULE, text),))
        if answer.allowed and answer.gpl_only and not self._licensed:
            text = (
                f"cannot call GPL-restricted function bpf_{name} from non-GPL compatible program: "
                'add char LICENSE[] SEC("license") = "GPL"'
            )
            return Objection(FindingKind.LOAD, (Reason(LICENCE_RULE, text),))
        if answer.allowed and number == _SET_RETVAL and self._hook_returns_nothing():
            # Of 6.1 to 7.3 every tree has it; "bpf: per-cgroup lsm flavor" came with the hooks.
            text = "BPF_LSM_CGROUP that attach to void LSM hooks can't modify return value"
            return Objection(FindingKind.LOAD, (Reason(_RULE, text),))
        if answer.allowed:
            return None
        kind = FindingKind.UNKNOWN if answer.allowed is None else FindingKind.LOAD
        text = f"whether programs of this type get bpf_{name} is not known: {answer.because}"
        if answer.allowed is False:
            text = f"{answer.because}#{number}"
            if name not in answer.because:
                text = f"{answer.because}: bpf_{name}#{number}"
        return Objection(kind, (give_reason(_RULE, text, answer.place),))

    def _hook_returns_nothing(self) -> bool:
        """Return whether the program is for an LSM hook, per cgroup, that is known to be void."""
        context, types = self._answers.context, self._kernel.types
        if context.attach_type != "BPF_LSM_CGROUP" or context.target is None or types is None:
            return False
        hooks = types.find(_HOOKS, Kind.UNION)
        try:
            field = types.fields(hooks).get(context.target.removeprefix(_LSM)) if hooks else None
            return field is not None and not types.type_of(types.type_of(field.type_id))
        except BtfError:  # a type that the trimmed BTF of the kernel does not keep
            return False
