"""What the kernel asks of a program's licence before it looks at its code.

Each check is in every tree from Linux 6.1 to 7.3; what helpers ask is said of their calls.
"""

from __future__ import annotations

from kfmap.permission.context_words import LSM
from kfmap.permission.view import STRUCT_OPS_TYPE
from verifier.engine.judging.problem import Objection
from verifier.engine.object.model import Program
from verifier.engine.result import FindingKind, Reason

LICENCE_RULE = "license"

# license_is_gpl_compatible() of include/linux/license.h
_GPL_COMPATIBLE = (
    "GPL",
    "GPL v2",
    "GPL and additional rights",
    "Dual BSD/GPL",
    "Dual MIT/GPL",
    "Dual MPL/GPL",
)
_ASK = {
    STRUCT_OPS_TYPE: "struct_ops programs",  # check_struct_ops_btf_id(), kernel/bpf/verifier.c
    LSM: "LSM programs",  # bpf_lsm_verify_prog(), kernel/bpf/bpf_lsm.c
}


def is_gpl_compatible(licence: str) -> bool:
    """Return whether the kernel takes a licence for one that goes with the GPL."""
    return licence in _GPL_COMPATIBLE


def licence_objection(program: Program, licence: str) -> Objection | None:
    """Return the objection that programs of this type need a GPL-compatible licence."""
    who = _ASK.get(program.kind.program_type)
    if who is None or is_gpl_compatible(licence):
        return None
    return Objection(FindingKind.LOAD, (Reason(LICENCE_RULE, licence_text(who, licence)),))


def licence_text(who: str, licence: str) -> str:
    """Return the sentence that `who` needs another licence than the object has."""
    has = f"is {licence!r}" if licence else "is not given"
    return (
        f"{who} must have a GPL compatible license, and that of this object {has}: add "
        'char LICENSE[] SEC("license") = "GPL"'
    )
