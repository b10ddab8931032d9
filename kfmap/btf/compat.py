"""Do types of an object fit those of a kernel, as libbpf asks before it links an extern?

Mirrors bpf_core_types_are_compat and the two bpf_object__resolve_ksym_* functions of
tools/lib/bpf: kinds and the number of parameters count, names, sizes and signs do not.
"""

from __future__ import annotations

from kfmap.btf.declare import declare
from kfmap.btf.kinds import COMPOSITE, ENUMS, Kind
from kfmap.btf.read import Btf, BtfError

FOUND = "found"
MISSING = "missing"
INCOMPATIBLE = "incompatible"

MAX_LEVEL = 32  # of libbpf, for pointers and arrays in a row and for nested prototypes
_MAX_STEPS = 10_000
_ALIKE = COMPOSITE | ENUMS | {Kind.UNKN, Kind.FWD}


def resolve_function(local: Btf, type_id: int, kernel: Btf, name: str) -> str:
    """Return what becomes of an extern function: FOUND, MISSING or INCOMPATIBLE.

    `type_id` is the extern's FUNC or FUNC_PROTO in the object; `name` is without flavor.
    """
    return _resolve(local, type_id, kernel, kernel.find(name, Kind.FUNC))


def resolve_variable(local: Btf, type_id: int, kernel: Btf, name: str) -> str:
    """Return what becomes of an extern variable of `type_id` (a VAR or its type), as above."""
    return _resolve(local, type_id, kernel, kernel.find(name, Kind.VAR))


def _resolve(local: Btf, type_id: int, kernel: Btf, found: int | None) -> str:
    if found is None:
        return MISSING
    if local.kind(type_id) in (Kind.FUNC, Kind.VAR):
        type_id = local.type_of(type_id)
    try:
        theirs = kernel.resolve(kernel.type_of(found))
        fits = types_are_compatible(local, local.resolve(type_id), kernel, theirs)
    except BtfError:
        fits = False
    return FOUND if fits else INCOMPATIBLE


def explain_function(local: Btf, type_id: int, kernel: Btf, name: str) -> str:
    """Return where an extern function that is INCOMPATIBLE differs from the kernel's of that name.

    "" where that cannot be said of one place in its prototype.
    """
    found = kernel.find(name, Kind.FUNC)
    if found is None:
        return ""
    try:
        ours = local.type_of(type_id) if local.kind(type_id) is Kind.FUNC else type_id
        return _explain(local, ours, kernel, kernel.type_of(found))
    except BtfError:
        return ""


def _explain(local: Btf, ours: int, kernel: Btf, theirs: int) -> str:
    mine, its = local.params(ours), kernel.params(theirs)
    if len(mine) != len(its):
        return f"it is declared with {count_arguments(len(mine))}, the kernel's takes {len(its)}"
    for number, (one, other) in enumerate(zip(mine, its, strict=True), 1):
        if not _Comparison(local, kernel).compare(one.type_id, other.type_id, MAX_LEVEL):
            named = f"argument {number}" + (f" ({one.name})" if one.name else "")
            forward = _forward(local, one.type_id)
            if forward:
                return (
                    f"{forward} of {named} is only declared, not defined: include its definition "
                    "(vmlinux.h has it)"
                )
            return (
                f"{named} is {declare(local, one.type_id)}, the kernel's is "
                f"{declare(kernel, other.type_id)}"
            )
    returned, expected = local.type_of(ours), kernel.type_of(theirs)
    if _Comparison(local, kernel).compare(returned, expected, MAX_LEVEL):
        return ""
    mine_returns, its_returns = declare(local, returned), declare(kernel, expected)
    return f"it returns {mine_returns}, the kernel's returns {its_returns}"


def count_arguments(arguments: int) -> str:
    """Return a number of arguments in words."""
    return "1 argument" if arguments == 1 else f"{arguments} arguments"


def _forward(btf: Btf, type_id: int) -> str:
    """Return `struct x` where a type leads by pointers to one that is only declared, else ""."""
    for _ in range(MAX_LEVEL):
        type_id = btf.resolve(type_id)
        if btf.kind(type_id) is Kind.FWD:
            return f"{'union' if btf.kind_flag(type_id) else 'struct'} {btf.name(type_id)}"
        if btf.kind(type_id) is not Kind.PTR:
            return ""
        type_id = btf.type_of(type_id)
    return ""


def kinds_are_compatible(first: Kind, second: Kind) -> bool:
    """Compare kinds, where ENUM and ENUM64 are one."""
    return first is second or (first in ENUMS and second in ENUMS)


def types_are_compatible(local: Btf, local_id: int, kernel: Btf, kernel_id: int) -> bool:
    """Compare two types; BtfError where libbpf gives up (nested too deep, damaged)."""
    if not kinds_are_compatible(local.kind(local_id), kernel.kind(kernel_id)):
        return False
    return _Comparison(local, kernel).compare(local_id, kernel_id, MAX_LEVEL)


class _Comparison:
    """One comparison; the steps are counted, since hostile prototypes can branch without end."""

    def __init__(self, local: Btf, kernel: Btf) -> None:
        self.local = local
        self.kernel = kernel
        self.steps = 0

    def compare(self, local_id: int, kernel_id: int, level: int) -> bool:
        for _ in range(MAX_LEVEL):
            self.steps += 1
            if self.steps > _MAX_STEPS:
                break
            local_id, kernel_id = self.local.resolve(local_id), self.kernel.resolve(kernel_id)
            kind = self.local.kind(local_id)
            if not kinds_are_compatible(kind, self.kernel.kind(kernel_id)):
                return False
            if kind in _ALIKE:
                return True
            if kind is Kind.INT:
                return not (
                    self.local.integer(local_id).bit_offset
                    or self.kernel.integer(kernel_id).bit_offset
                )
            if kind is Kind.ARRAY:
                local_id = self.local.array(local_id).type_id
                kernel_id = self.kernel.array(kernel_id).type_id
                continue
            if kind is Kind.FUNC_PROTO and not self._params(local_id, kernel_id, level):
                return False
            if kind not in (Kind.PTR, Kind.FUNC_PROTO):
                return False
            local_id, kernel_id = self.local.type_of(local_id), self.kernel.type_of(kernel_id)
        raise BtfError(f"type {local_id} is nested too deep to be compared")

    def _params(self, local_id: int, kernel_id: int, level: int) -> bool:
        ours, theirs = self.local.params(local_id), self.kernel.params(kernel_id)
        if len(ours) != len(theirs):
            return False
        if level <= 0 and ours:
            raise BtfError(f"prototype {local_id} is nested too deep to be compared")
        return all(
            self.compare(mine.type_id, its.type_id, level - 1)
            for mine, its in zip(ours, theirs, strict=True)
        )
