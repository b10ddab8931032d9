"""Make kernel BTF small enough to ship: what CO-RE relocations and kfunc externs can ask for stays.

That is every named type, whatever those types lead to, variables, and the functions asked for with
their declaration tags. Nothing is merged or reordered, so candidates and ambiguities stay the same;
only type ids are not those of the kernel.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection

from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.layout import write_btf
from kfmap.btf.read import Btf
from kfmap.btf.words import roles

_NAMED_ROOTS = COMPOSITE | ENUMS | {Kind.INT, Kind.FLOAT, Kind.TYPEDEF, Kind.FWD, Kind.VAR}


def trim_btf(btf: Btf, keep_functions: Collection[str]) -> bytes:
    """Return the smaller BTF, in the byte order of `btf`."""
    kept = _closure(btf, keep_functions)
    new_ids = {old: new for new, old in enumerate(kept, 1)}
    strings = _Strings(btf)
    words = array("I")
    for type_id in kept:
        row = btf.row(type_id)
        parts = roles(btf.kind(type_id), len(row))
        for at in parts.type_ids:
            row[at] = new_ids.get(row[at], 0)
        for at in parts.names:
            row[at] = strings.offset(row[at])
        words.extend(row)
    return write_btf(words, bytes(strings.section), btf.byteorder)


class _Strings:
    """The new string section; strings come in the order of their first use."""

    def __init__(self, btf: Btf) -> None:
        self.section = bytearray(b"\0")
        self._btf = btf
        self._offsets = {0: 0}

    def offset(self, old: int) -> int:
        new = self._offsets.get(old)
        if new is None:
            new = self._offsets[old] = len(self.section)
            self.section += self._btf.string(old).encode() + b"\0"
        return new


def _closure(btf: Btf, keep_functions: Collection[str]) -> list[int]:
    """Return the ids of all types to keep, rising."""
    functions = [i for name in keep_functions for i in btf.find_all(name, Kind.FUNC)]
    roots = [i for kind in _NAMED_ROOTS for i in btf.ids_of(kind) if btf.name(i)]
    kept: set[int] = {0}
    waiting = functions + roots
    while waiting:
        type_id = waiting.pop()
        if type_id in kept or btf.kind(type_id) is Kind.UNKN:
            continue
        kept.add(type_id)
        row = btf.row(type_id)
        waiting.extend([row[at] for at in roles(btf.kind(type_id), len(row)).type_ids])
    tags = [i for i in btf.ids_of(Kind.DECL_TAG) if btf.type_of(i) in kept]
    return sorted(kept.union(tags) - {0})
