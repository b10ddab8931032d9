"""What a message is answered from: one kernel, the others beside it, the program it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from kfmap.btf.flavor import essential_name
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.answer_json import say_because
from kfmap.permission.asking import find_contexts
from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.helper_names import is_helper
from kfmap.permission.name_list import list_names
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.section_names import parse_section_name
from kfmap.permission.verdict import Outcome, Reason

_NO_TYPE = "BPF_PROG_TYPE_UNSPEC"
# How many names an answer lists as what to do instead.
MOST = 24
_FEW = 2


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a message was said, in one sentence, and what to do instead, the likeliest first.

    `instead` has short names of contexts, names of kfuncs, or steps. `context` is the cell that the
    answer is about, with the message's kfunc, None where it is about none. `outcome` is its word.
    `of_kernel` says whether the answer would be another on another kernel.
    """

    because: str
    instead: tuple[str, ...] = ()
    context: Context | None = None
    outcome: str = ""
    of_kernel: bool = False


class Asked:
    """The kernel that messages are answered for, and what else the map has."""

    def __init__(self, judge: OutcomeJudge) -> None:
        self.judge = judge

    @property
    def decider(self) -> Decider:
        """Return the decider of the kernel."""
        return self.judge.decider

    @property
    def facts(self) -> KernelFacts:
        """Return the facts of the kernel."""
        return self.judge.decider.facts

    @property
    def kernel(self) -> str:
        """Return the kernel's name in the map."""
        return self.facts.name

    def all_deciders(self) -> Iterator[Decider]:
        """Yield this kernel's decider, then those of the others, newest first."""
        yield self.decider
        yield from self.judge.others()

    def has_kfunc(self, name: str) -> bool:
        """Return whether the kernel has a kfunc of this name."""
        return name in self.decider.kfuncs

    def say_why_absent(self, kind: str, name: str) -> str:
        """Return why a kernel may lack what this one has: the option that others have off."""
        for other in self.judge.others():
            for left in other.facts.left_out or ():
                if (left.kind, left.name) == (kind, name):
                    are = "is" if len(left.options) == 1 else "are"
                    return f"is older, or {list_names(left.options)} {are} off in it"
        return "is older, or an option that it needs is off"

    def find_context(self, message: LogMessage) -> Context | None:
        """Return the context of the program that a message is about, None where it is not told.

        What the log says goes before what names suggest: the callback that libbpf set, the section,
        the function that the verifier says the program attaches to, then the program's own name.
        """
        member = message.facts.get("member") or message.member
        ops = message.facts.get("struct_ops") or message.struct_ops
        if ops and member:
            return self._find(f"{ops}.{member}", message)
        found = self._find(message.section, message) if message.section else None
        found = found or self._find_attached(message)
        return found or self._find_by_program(message)

    def _find_attached(self, message: LogMessage) -> Context | None:
        attached = message.attached
        if not attached:
            return None
        for prefix, word in (("bpf_lsm_", "lsm"), ("bpf_iter_", "iter")):
            if attached.startswith(prefix):
                return self._find(f"{word}:{attached.removeprefix(prefix)}", message)
        return self._find(attached, message)

    def _find_by_program(self, message: LogMessage) -> Context | None:
        """Take a program's name for a section name, or for that of a callback it ends with."""
        program = message.program
        if not program:
            return None
        is_section = parse_section_name(program).program_type != _NO_TYPE
        if is_section or "/" in program or ":" in program:
            return self._find(program, message)
        if (message.kfunc or "").startswith(("scx_", "__scx_")):
            return self._find(f"struct_ops/{program}", message)
        return None

    def _find(self, name: str, message: LogMessage) -> Context | None:
        try:
            found = find_contexts(name, self.facts)
        except ContextError:
            return None
        return _choose(found, message)

    def answer_cell(self, message: LogMessage, kfunc: str, context: Context) -> Explanation:
        """Answer with what becomes of the call, in the words of every other answer."""
        outcome = self.judge.decide(context, kfunc)
        return Explanation(
            say_because(outcome.because),
            outcome.instead[:MOST],
            context,
            outcome.outcome,
            of_kernel=True,
        )

    def decide(self, context: Context, kfunc: str) -> Outcome:
        """Return what becomes of a call."""
        return self.judge.decide(context, kfunc)

    def list_forms(self, kfunc: str) -> tuple[str, ...]:
        """Return the contexts that may call a kfunc, by their short names, no more than MOST.

        Where programs of a type may call it whatever they attach to, the type stands for them.
        """
        return self.list_who_may(kfunc)[:MOST]

    def list_who_may(self, kfunc: str) -> tuple[str, ...]:
        """Return the contexts that may call a kfunc or helper, those first that it is for."""
        forms = sorted(self.judge.find_forms(kfunc), key=lambda form: bool(form.struct_ops))
        if sum(not form.struct_ops for form in forms) <= _FEW:
            # A kfunc for callbacks, which a syscall program may call, too.
            forms.sort(key=lambda form: not form.struct_ops)
        targets = Counter((form.program_type, form.attach_type) for form in forms if form.target)
        names = (
            render_context(replace(form, target=None) if targets[_kind(form)] > 1 else form)
            for form in forms
        )
        return tuple(dict.fromkeys(names))

    def kernels_with(self, kfunc: str, deciders: Iterable[Decider] | None = None) -> list[str]:
        """Return the names of the map's other kernels that have a kfunc, newest first."""
        among = self.judge.others() if deciders is None else deciders
        return [other.facts.name for other in among if kfunc in other.kfuncs]


def _choose(found: tuple[Context, ...], message: LogMessage) -> Context | None:
    """Choose among the structures that have a callback: by the kfunc, then by the argument."""
    if len(found) == 1:
        return found[0]
    kfunc, argument = message.kfunc or "", message.argument_type or ""
    if kfunc.startswith(("scx_", "__scx_")) or argument in ("task_struct", "scx_exit_info"):
        return next(
            (c for c in found if (c.struct_ops or "").startswith("sched_ext_ops")), found[0]
        )
    if argument in ("sk_buff", "Qdisc"):
        return next((c for c in found if c.struct_ops == "Qdisc_ops"), found[0])
    return None


def _kind(context: Context) -> tuple[str, str | None]:
    return context.program_type, context.attach_type


def kfunc_name(name: str) -> str:
    """Return the kernel's name of a kfunc that a program declares, without a flavour's suffix."""
    return essential_name(name)


def say(reason: Reason) -> str:
    """Return a reason as a sentence, with its line."""
    return say_because(reason)


def is_called_helper(message: LogMessage) -> bool:
    """Return whether the instruction before a message calls a helper."""
    return bool(message.called) and is_helper(message.called or "")
