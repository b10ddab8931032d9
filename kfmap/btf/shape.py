"""All of a type that `compat.types_are_compatible` looks at, in short.

Two types with the same shape, of whatever objects, fit the same types of a kernel.
"""

from __future__ import annotations

from collections.abc import Hashable

from kfmap.btf.compat import MAX_LEVEL
from kfmap.btf.kinds import ENUMS, Kind
from kfmap.btf.read import Btf, BtfError

Shape = tuple[Hashable, ...]

_MAX_STEPS = 200  # of usual prototypes; of others no shape is told


def find_shape(btf: Btf, type_id: int) -> Shape | None:
    """Return the shape of a function's or variable's type; None where it is an unusual one."""
    try:
        if btf.kind(type_id) in (Kind.FUNC, Kind.VAR):
            type_id = btf.type_of(type_id)
        return _Shaping(btf).shape(type_id)
    except BtfError:
        return None


class _Shaping:
    """The shaping of one type; the steps are counted."""

    def __init__(self, btf: Btf) -> None:
        self._btf = btf
        self._steps = 0

    def shape(self, type_id: int) -> Shape:
        btf = self._btf
        parts: list[Hashable] = []
        for _ in range(MAX_LEVEL):
            self._steps += 1
            if self._steps > _MAX_STEPS:
                break
            type_id = btf.resolve(type_id)
            kind = btf.kind(type_id)
            parts.append(Kind.ENUM if kind in ENUMS else kind)
            if kind is Kind.ARRAY:
                type_id = btf.array(type_id).type_id
                continue
            if kind is Kind.INT:
                parts.append(bool(btf.integer(type_id).bit_offset))
            if kind is Kind.FUNC_PROTO:
                parts.append(tuple(self.shape(item.type_id) for item in btf.params(type_id)))
            if kind not in (Kind.PTR, Kind.FUNC_PROTO):
                return tuple(parts)
            type_id = btf.type_of(type_id)
        raise BtfError(f"type {type_id} is nested too deep to be told in short")
