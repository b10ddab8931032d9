"""What becomes of an object's externs on one kernel (bpf_object__resolve_externs() of libbpf)."""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.compat import FOUND as TYPES_FIT
from kfmap.btf.compat import MISSING as NO_TYPE
from kfmap.btf.compat import resolve_function, resolve_variable
from kfmap.btf.read import Btf, BtfError
from kfmap.kernel.facts import VMLINUX, Kfunc, Place
from verifier.engine.flow.values import OBJECT, VAGUE, Value
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.model import BpfObject, Extern
from verifier.engine.result import FindingKind

FOUND = "found"
MISSING = FindingKind.MISSING
PROTOTYPE = FindingKind.PROTOTYPE
MALFORMED = FindingKind.MALFORMED_KERNEL


class Resolved(NamedTuple):
    """An extern function on a kernel: FOUND, or why not, and the kernel's line that shows it.

    `loads` is False where the function is there and yet no program that names it can be loaded.
    """

    outcome: str
    text: str = ""
    place: Place | None = None
    loads: bool = True


def resolve_kfunc(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> Resolved:
    """Find an extern function in a kernel, as libbpf does by name and prototype."""
    name = extern.kernel_name
    known = kernel.decider.find_kfunc(name)
    if kernel.types is None or obj.btf is None or not extern.type_id:
        return _resolve_by_facts(name, known, kernel)
    outcome = resolve_function(obj.btf, extern.type_id, kernel.types, name)
    if outcome == TYPES_FIT:
        return _loadable(name, known)
    if outcome == NO_TYPE:
        if known and known.owner != VMLINUX:
            return Resolved(FOUND)
        return Resolved(MISSING, f"this kernel has no {name}", known.place if known else None)
    if known and known.callable_in_btf is False:
        return _malformed(known)
    return Resolved(
        PROTOTYPE,
        f"the prototype of {extern.name} does not fit this kernel's: "
        f"{known.prototype if known else name}",
        known.place if known else None,
    )


def _resolve_by_facts(name: str, known: Kfunc | None, kernel: KernelUnderTest) -> Resolved:
    """Without types a kfunc is there if the facts have it."""
    if known:
        return _loadable(name, known)
    if name in kernel.facts.observed_kfuncs:
        return Resolved(FOUND)
    return Resolved(MISSING, f"this kernel has no {name}")


def _loadable(name: str, known: Kfunc | None) -> Resolved:
    if known and known.callable_in_btf is False:
        return _malformed(known)._replace(outcome=FOUND, loads=False)
    return Resolved(FOUND)


def _malformed(known: Kfunc) -> Resolved:
    text = (
        f"this build's BTF is damaged for {known.name}: it keeps the implicit argument and has no "
        f"{known.name}_impl, so no program can call it"
    )
    return Resolved(MALFORMED, text, known.place)


def resolve_address(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> Value:
    """Return the address of an extern variable: 0 if it is weak and not there."""
    if obj.btf is None or is_typeless(obj.btf, extern):
        return VAGUE if extern.weak else OBJECT
    if kernel.types is None:
        return VAGUE if extern.weak else OBJECT
    outcome = resolve_variable(obj.btf, extern.type_id, kernel.types, extern.kernel_name)
    return OBJECT if outcome == TYPES_FIT else 0


def is_typeless(btf: Btf, extern: Extern) -> bool:
    """Return whether a variable is declared void: then only kallsyms knows it."""
    try:
        return not extern.type_id or btf.resolve(btf.type_of(extern.type_id)) == 0
    except BtfError:
        return True
