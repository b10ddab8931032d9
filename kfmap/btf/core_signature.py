"""All of a CO-RE relocation that a kernel's types are compared with, in short.

Two relocations with the same signature, of whatever objects, find the same in a kernel's types: of
the object's own types `match_spec` looks at what is here, and at nothing else.
"""

from __future__ import annotations

from collections.abc import Hashable

from kfmap.btf.core_spec import ENUMERATOR_KINDS, FIELD_KINDS, TYPE_KINDS, Spec
from kfmap.btf.ext import CoreKind
from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.read import Btf, BtfError

Signature = tuple[Hashable, ...]

_MAX_STEPS = 64  # of arrays in arrays
_WHOLE = COMPOSITE | ENUMS  # types that are compared by their kind


def sign(btf: Btf, spec: Spec, kind: int) -> Signature | None:
    """Return the signature of a relocation of a kind; None where it is none of the usual ones."""
    root = btf.kind(spec.root_type_id)
    start = (kind, root, btf.name(spec.root_type_id))
    if kind in ENUMERATOR_KINDS:
        return (*start, spec.accessors[0].name)
    if kind in TYPE_KINDS:
        return start if kind != CoreKind.TYPE_MATCHES and root in _WHOLE else None
    if kind not in FIELD_KINDS:
        return None
    try:
        steps = tuple(
            (item.at if item.name is None else _field_type(btf, item.type_id, item.at), item.name)
            for item in spec.accessors
        )
    except BtfError:
        return None
    return (*start, steps)


def _field_type(btf: Btf, owner: int, number: int) -> Signature:
    """Return all of a member's type that bpf_core_fields_are_compat() looks at."""
    type_id = btf.member(owner, number).type_id
    for arrays in range(_MAX_STEPS):
        type_id = btf.resolve(type_id)
        kind = btf.kind(type_id)
        if kind is Kind.ARRAY:
            type_id = btf.array(type_id).type_id
        elif kind in COMPOSITE:
            return (arrays, Kind.STRUCT)
        elif kind in ENUMS or kind is Kind.FWD:
            return (arrays, kind, essential_name(btf.name(type_id)))
        elif kind is Kind.INT:
            return (arrays, kind, bool(btf.integer(type_id).bit_offset))
        else:
            return (arrays, kind)
    raise BtfError(f"array {type_id} is nested too deep to be compared")
