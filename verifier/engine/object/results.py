"""What functions of an object return, as its BTF has it."""

from __future__ import annotations

from enum import StrEnum

from kfmap.btf.kinds import Kind
from kfmap.btf.read import Btf, BtfError

_MAX_BYTES = 8  # of an integer that counts as small (btf_type_is_small_int())


class Result(StrEnum):
    """What a function returns. NUMBER: an integer of 8 bytes at most, or an enum; WIDE: a larger
    integer; TAGGED: a pointer with a type tag, of which kernels ask more."""

    NOTHING = "nothing"
    NUMBER = "number"
    WIDE = "wide"
    TAGGED = "tagged"
    OTHER = "other"
    UNKNOWN = "unknown"


def find_result(btf: Btf | None, type_id: int) -> Result:
    """Return what the function with this FUNC returns."""
    if btf is None or not type_id:
        return Result.UNKNOWN
    try:
        returned = btf.type_of(btf.type_of(type_id))
        resolved = btf.resolve(returned) if returned else 0
        if not resolved:
            return Result.NOTHING
        kind = btf.kind(resolved)
        if kind is Kind.INT:
            return Result.NUMBER if btf.size(resolved) <= _MAX_BYTES else Result.WIDE
        if kind in (Kind.ENUM, Kind.ENUM64):
            return Result.NUMBER
        if kind is Kind.PTR and btf.kind(btf.type_of(resolved)) is Kind.TYPE_TAG:
            return Result.TAGGED
    except BtfError:
        return Result.UNKNOWN
    return Result.OTHER
