"""Whether a kernel has what a program is for: its type and its attach type.

None of this is about kfuncs; libbpf or bpf_prog_load_check_attach() of the kernel refuses it.
"""

from __future__ import annotations

from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.context_words import TRACING
from kfmap.permission.verdict import give_reason
from verifier.engine.judging.contexts import UNSPECIFIED
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.problem import Objection
from verifier.engine.object.model import Program
from verifier.engine.result import FindingKind, Reason

_RULE = "hook"
# Other types may have an attach type that the kernel does not know when they are loaded.
_ATTACH_TYPES_CHECKED = (TRACING, "BPF_PROG_TYPE_CGROUP_SOCK_ADDR")


def hook_objection(program: Program, kernel: KernelUnderTest) -> Objection | None:
    """Return what the kernel lacks for a program to be loaded at all."""
    kind, attach_type, *_ = program.kind
    if kind == UNSPECIFIED:
        section = program.section
        text = (
            f"libbpf knows no program type for section {section}: its loader sets one "
            f"(bpf_program__set_type()); say which with --type {section}=TYPE"
        )
        return Objection(FindingKind.UNKNOWN, (Reason(_RULE, text),))
    if not kernel.program_types:
        return None
    if kind not in kernel.program_types:
        return _refused(f"this kernel has no program type {kind}")
    if left := kernel.left_out.get((KernelPart.PROGRAM_TYPE, kind)):
        verb = "is" if len(left.options) == 1 else "are"
        options = " and ".join(left.options)
        text = f"this kernel is built without program type {kind}: {options} {verb} off"
        return Objection(FindingKind.LOAD, (give_reason(_RULE, text, left.place),))
    known = kernel.decider.views.attach_types
    if kind in _ATTACH_TYPES_CHECKED and attach_type and attach_type not in known:
        return _refused(f"this kernel has no attach type {attach_type}")
    return None


def _refused(text: str) -> Objection:
    return Objection(FindingKind.LOAD, (Reason(_RULE, text),))
