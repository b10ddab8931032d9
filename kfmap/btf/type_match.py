"""Does a type of an object match one of a kernel, for bpf_core_type_matches()?

Mirrors bpf_core_types_match of tools/lib/bpf/relo_core.c: members and enumerators of the object's
type must be in the kernel's under the same name (less flavor), with matching types; behind a
pointer only names and kinds count.
"""

from __future__ import annotations

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import COMPOSITE, ENUMS, INT_SIGNED, Kind
from kfmap.btf.read import Btf, BtfError

_MAX_LEVEL = 32
_MAX_STEPS = 10_000
_LEAVES = ENUMS | {Kind.UNKN, Kind.FWD, Kind.INT}


def types_match(local: Btf, local_id: int, kernel: Btf, kernel_id: int) -> bool:
    """Compare two types whose names were compared; BtfError where libbpf gives up."""
    return _Match(local, kernel).match(local_id, kernel_id, False, _MAX_LEVEL)


def _same_name(ours: str, theirs: str) -> bool:
    return essential_name(ours) == essential_name(theirs) if theirs else not ours


class _Match:
    """One comparison; the steps are counted, since hostile types can branch without end."""

    def __init__(self, local: Btf, kernel: Btf) -> None:
        self.local = local
        self.kernel = kernel
        self.steps = 0

    def match(self, ours: int, theirs: int, behind_pointer: bool, level: int) -> bool:
        local, kernel = self.local, self.kernel
        for _ in range(_MAX_LEVEL if level > 0 else 0):
            self.steps += 1
            if self.steps > _MAX_STEPS:
                break
            ours, theirs = local.resolve(ours), kernel.resolve(theirs)
            if not _same_name(local.name(ours), kernel.name(theirs)):
                return False
            kind, other = local.kind(ours), kernel.kind(theirs)
            if kind in _LEAVES or kind in COMPOSITE:
                return self._match_named(ours, theirs, behind_pointer, level)
            if kind is not other or not self._same_shape(ours, theirs, behind_pointer, level):
                return False
            behind_pointer = behind_pointer or kind is Kind.PTR
            if kind is Kind.ARRAY:
                ours, theirs = local.array(ours).type_id, kernel.array(theirs).type_id
            else:
                ours, theirs = local.type_of(ours), kernel.type_of(theirs)
        raise BtfError(f"type {ours} is nested too deep to be matched")

    def _match_named(self, ours: int, theirs: int, behind_pointer: bool, level: int) -> bool:
        kind, other = self.local.kind(ours), self.kernel.kind(theirs)
        if kind in ENUMS:
            return other in ENUMS and self._match_enums(ours, theirs)
        if behind_pointer and _keyword(self.local, ours):
            return _keyword(self.local, ours) == _keyword(self.kernel, theirs)
        if kind is not other:
            return False
        if kind is Kind.INT:
            return self._match_integers(ours, theirs)
        if kind is Kind.FWD:
            return self.local.kind_flag(ours) == self.kernel.kind_flag(theirs)
        return kind is Kind.UNKN or self._match_members(ours, theirs, level)

    def _match_integers(self, ours: int, theirs: int) -> bool:
        signs = self.local.integer(ours).encoding ^ self.kernel.integer(theirs).encoding
        return not signs & INT_SIGNED and self.local.size(ours) == self.kernel.size(theirs)

    def _match_enums(self, ours: int, theirs: int) -> bool:
        known = {essential_name(name) for name, _ in self.kernel.enumerators(theirs)}
        wanted = self.local.enumerators(ours)
        fits = self.local.size(ours) == self.kernel.size(theirs)
        fits = fits and len(wanted) <= self.kernel.vlen(theirs)
        return fits and all(essential_name(name) in known for name, _ in wanted)

    def _match_members(self, ours: int, theirs: int, level: int) -> bool:
        candidates: dict[str, list[int]] = {}
        for member in self.kernel.members(theirs):
            candidates.setdefault(essential_name(member.name), []).append(member.type_id)
        wanted = self.local.members(ours)
        return len(wanted) <= self.kernel.vlen(theirs) and all(
            any(
                self.match(member.type_id, candidate, False, level - 1)
                for candidate in candidates.get(essential_name(member.name), ())
            )
            for member in wanted
        )

    def _same_shape(self, ours: int, theirs: int, behind_pointer: bool, level: int) -> bool:
        """Compare what pointers, arrays and prototypes of the same kind have beside their type."""
        kind = self.local.kind(ours)
        if kind is Kind.ARRAY:
            return self.local.array(ours).length == self.kernel.array(theirs).length
        if kind is not Kind.FUNC_PROTO:
            return kind is Kind.PTR
        mine, its = self.local.params(ours), self.kernel.params(theirs)
        return len(mine) == len(its) and all(
            self.match(first.type_id, second.type_id, behind_pointer, level - 1)
            for first, second in zip(mine, its, strict=True)
        )


def _keyword(btf: Btf, type_id: int) -> str:
    """Return which of struct and union a type is, as its declaration or its definition."""
    kind = btf.kind(type_id)
    if kind is Kind.FWD:
        return "union" if btf.kind_flag(type_id) else "struct"
    return {Kind.STRUCT: "struct", Kind.UNION: "union"}.get(kind, "")
