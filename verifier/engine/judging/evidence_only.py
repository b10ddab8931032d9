"""What can be said of programs on a kernel that was booted and asked, and whose source nobody read.

Its facts are which kfuncs it lets a context call, and its types. A call that it refused is refused,
and so is one of a kfunc that its types lack or have with another prototype. Everything else takes
rules that are not known, so no program passes.
"""

from __future__ import annotations

from kfmap.quick_dataclass import replace
from verifier.engine.result import Finding, FindingKind, ProgramVerdict, Reason, find_word

RULE = "observed"
KNOWN = frozenset({FindingKind.NOT_ALLOWED, FindingKind.MISSING, FindingKind.PROTOTYPE})
_TEXT = (
    "only permissions are known of this kernel: it was booted and asked, but its source was not"
    " read"
)
_SUGGESTION = "have it load the object: kfmap ask-kernel"


def keep_what_is_known(verdict: ProgramVerdict) -> ProgramVerdict:
    """Return a verdict that rests on nothing but what such a kernel was asked."""
    findings = tuple(item for item in verdict.findings if item.kind in KNOWN)
    if not findings:
        findings = (_say_unknown(),)
    return replace(verdict, verdict=find_word(item.kind for item in findings), findings=findings)


def _say_unknown() -> Finding:
    return Finding(
        kind=FindingKind.UNKNOWN,
        kfunc="",
        path=(),
        instruction=None,
        source=None,
        disassembly=(),
        reasons=(Reason(RULE, _TEXT),),
        suggestion=_SUGGESTION,
    )
