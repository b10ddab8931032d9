"""Make a kernel of evidence alone: verdicts that were asked, without the rules behind them."""

from __future__ import annotations

import re

from kfmap.kernel.facts import AS_CONFIGURED, Decision, KernelFacts, Origin
from kfmap.probe.evidence import Evidence

_VERSION = re.compile(r"\d+(?:\.\d+)*(?:-rc\d+)?")
_LSM, _ITER = "BPF_LSM_MAC", "BPF_TRACE_ITER"


def build_observed(evidence: Evidence, name: str, label: str, like: KernelFacts) -> KernelFacts:
    """Return the facts of a kernel whose source is not to be had.

    `like` gives the values of enum bpf_prog_type and bpf_attach_type: they are UAPI, so every
    kernel that has a name has it with the same value.
    """
    contexts = [answers.context for answers in evidence.answers if answers.loads]
    types = {context.program_type for context in contexts}
    attach = {context.attach_type for context in contexts}
    return KernelFacts(
        name=name,
        version=_find_version(evidence),
        origin=Origin("", "", evidence.btf_sha256, AS_CONFIGURED, label),
        program_types=tuple(item for item in like.program_types if item.name in types),
        attach_types=tuple(item for item in like.attach_types if item.name in attach),
        kfunc_flags=(),
        hooks=(),
        hook_of=(),
        decision=Decision(
            common=False, filters=False, split=False, set_limit=0, filter_limit=0, places=()
        ),
        sets=(),
        registrations=(),
        filters=(),
        tables=(),
        kfuncs=(),
        struct_ops=(),
        run_time=None,
        lsm_hooks=tuple(sorted(_targets(evidence, _LSM))),
        iterators=tuple(sorted(_targets(evidence, _ITER))),
        not_understood=(),
        observed_kfuncs=evidence.kfuncs,
        observed=tuple(contexts),
    )


def _find_version(evidence: Evidence) -> str:
    found = _VERSION.match(evidence.release)
    return found[0] if found else evidence.release


def _targets(evidence: Evidence, attach_type: str) -> set[str]:
    return {
        answers.context.target
        for answers in evidence.answers
        if answers.context.attach_type == attach_type and answers.context.target
    }
