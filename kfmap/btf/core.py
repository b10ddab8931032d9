"""Resolve CO-RE relocations of an object against the BTF of a kernel, with libbpf's outcomes.

Mirrors bpf_core_calc_relo_insn of tools/lib/bpf/relo_core.c: the kernel's types of the same
essential name are candidates; those that have what is named must agree on the value.
"""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.compat import kinds_are_compatible
from kfmap.btf.core_signature import Signature, sign
from kfmap.btf.core_spec import Spec, match_spec, name_part, parse_spec
from kfmap.btf.core_value import Value, value_of
from kfmap.btf.ext import CoreKind, CoreRelocation
from kfmap.btf.kinds import INT_SIGNED, Kind
from kfmap.btf.read import Btf, BtfError

RESOLVED = "resolved"
POISONED = "poisoned"
REFUSED = "refused"

_MOST_KEPT = 20_000  # of what was found in a kernel


class Resolution(NamedTuple):
    """What the loader makes of one relocation.

    `outcome`: RESOLVED (write `value`, a u64, cut to the field of the instruction), POISONED (the
    instruction becomes an invalid call, harmless where it is dead), REFUSED (the whole object).
    `expected`: the value that must be there before, None if any will do. `size`: the bytes a load
    or store must have from now on, 0 for as before; `bad_access`: loads and stores are poisoned.
    `candidates`: types of that name in the kernel; 0 may also mean that a module has it.
    """

    outcome: str
    value: int = 0
    expected: int | None = None
    size: int = 0
    bad_access: bool = False
    candidates: int = 0
    reason: str = ""


class _Found(NamedTuple):
    """What a kernel has for a relocation, whoever asks. `target`: what is written, None poisons;
    `differ`: its types of that name do not agree on it."""

    candidates: int
    target: Value | None
    differ: bool = False


class CoreMemory:
    """What was found in one kernel's types, by all of a relocation that these are compared with."""

    def __init__(self) -> None:
        self._known: dict[Signature, _Found] = {}

    def find(self, signature: Signature) -> _Found | None:
        return self._known.get(signature)

    def keep(self, signature: Signature, found: _Found) -> None:
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        self._known[signature] = found


class ObjectSpecs:
    """The relocations of one object, followed through its own types: the same for all kernels."""

    def __init__(self, btf: Btf) -> None:
        self.btf = btf
        self._known: dict[tuple[int, str, int], tuple[Spec, Value] | str] = {}
        self._signatures: dict[tuple[int, str, int], Signature | None] = {}

    def signature(self, relocation: CoreRelocation, spec: Spec) -> Signature | None:
        """Return all of a relocation that a kernel's types are compared with, None where that is
        not told in short; objects whose relocations have the same find the same."""
        key = relocation[1:]
        if key not in self._signatures:
            self._signatures[key] = sign(self.btf, spec, relocation.kind)
        return self._signatures[key]

    def spec(self, relocation: CoreRelocation) -> tuple[Spec, Value] | str:
        """Return what is named and its value in the object, or the reason why libbpf refuses it."""
        key = relocation[1:]
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._read(relocation)
        return known

    def _read(self, relocation: CoreRelocation) -> tuple[Spec, Value] | str:
        try:
            spec = parse_spec(self.btf, relocation)
            if relocation.kind == CoreKind.TYPE_ID_LOCAL:
                return spec, Value(relocation.type_id, exact=False)
            if not self.btf.name(relocation.type_id):
                return f"type {relocation.type_id} is anonymous: no kernel type can be found for it"
            value = value_of(self.btf, spec, relocation.kind)
        except BtfError as error:
            return str(error)
        assert value is not None  # only what is missing is poisoned, and the object has it
        return spec, value


class CoreResolver:
    """Resolves relocations of one object against one kernel; equal ones only once."""

    def __init__(self, specs: ObjectSpecs, kernel: Btf, memory: CoreMemory | None = None) -> None:
        """`memory`: what other objects found in the same types."""
        self.local = specs.btf
        self.kernel = kernel
        self._memory = memory or CoreMemory()
        self._specs = specs
        self._known: dict[tuple[int, str, int], Resolution] = {}

    def resolve(self, relocation: CoreRelocation) -> Resolution:
        """Return the outcome of a relocation; damaged BTF on either side refuses it."""
        key = relocation[1:]
        known = self._known.get(key)
        if known is None:
            try:
                known = self._resolve(relocation)
            except BtfError as error:
                known = Resolution(REFUSED, reason=str(error))
            self._known[key] = known
        return known

    def _resolve(self, relocation: CoreRelocation) -> Resolution:
        read = self._specs.spec(relocation)
        if isinstance(read, str):
            return Resolution(REFUSED, reason=read)
        spec, own = read
        if relocation.kind == CoreKind.TYPE_ID_LOCAL:
            return Resolution(RESOLVED, own.value)
        signature = self._specs.signature(relocation, spec)
        found = self._memory.find(signature) if signature else None
        if found is None:
            found = self._find(relocation, spec)
            if signature:
                self._memory.keep(signature, found)
        if found.differ:
            reason = f"the kernel's types {self._name(relocation)} differ here"
            return Resolution(REFUSED, candidates=found.candidates, reason=reason)
        return self._outcome(relocation, spec, own, found.target, found.candidates)

    def _find(self, relocation: CoreRelocation, spec: Spec) -> _Found:
        candidates = self._candidates(relocation.type_id)
        matches = [
            match_spec(self.local, spec, relocation.kind, self.kernel, candidate)
            for candidate in candidates
        ]
        found = [
            (match, value_of(self.kernel, match, relocation.kind)) for match in matches if match
        ]
        if any(_differs(found[0], other) for other in found[1:]):
            return _Found(len(candidates), None, differ=True)
        target = found[0][1] if found else value_of(self.kernel, None, relocation.kind)
        return _Found(len(candidates), target)

    def _candidates(self, type_id: int) -> list[int]:
        kind = self.local.kind(type_id)
        return [
            candidate
            for candidate in self.kernel.find_flavors(self.local.name(type_id))
            if kinds_are_compatible(kind, self.kernel.kind(candidate))
        ]

    def _outcome(
        self,
        relocation: CoreRelocation,
        spec: Spec,
        own: Value,
        target: Value | None,
        candidates: int,
    ) -> Resolution:
        expected = own.value if own.exact else None
        if target is None:
            what = name_part(spec, relocation.kind)
            missing = f"has no {what} on this kernel" if candidates else "is not in the kernel"
            return Resolution(
                POISONED,
                expected=expected,
                candidates=candidates,
                reason=f"{self._name(relocation)} {missing}",
            )
        resized = own.size != target.size
        return Resolution(
            RESOLVED,
            target.value,
            expected,
            target.size if resized else 0,
            resized and not self._may_resize(own.type_id, target.type_id),
            candidates,
        )

    def _may_resize(self, own_id: int, target_id: int) -> bool:
        """Loads of pointers and unsigned integers may change their width."""
        kinds = {self.local.kind(own_id), self.kernel.kind(target_id)}
        if kinds == {Kind.INT}:
            own, target = self.local.integer(own_id), self.kernel.integer(target_id)
            return INT_SIGNED not in (own.encoding, target.encoding)
        return kinds == {Kind.PTR}

    def _name(self, relocation: CoreRelocation) -> str:
        kind = self.local.kind(relocation.type_id)
        word = {Kind.STRUCT: "struct ", Kind.UNION: "union "}.get(kind, "")
        return word + self.local.name(relocation.type_id)


def _differs(first: tuple[Spec, Value | None], other: tuple[Spec, Value | None]) -> bool:
    (spec, value), (next_spec, next_value) = first, other
    if spec.bit_offset != next_spec.bit_offset:
        return True
    return (value and value.value) != (next_value and next_value.value)
