"""What becomes of an object's externs on one kernel (bpf_object__resolve_externs() of libbpf)."""

from __future__ import annotations

from typing import NamedTuple

from kfmap.btf.compat import FOUND as TYPES_FIT
from kfmap.btf.compat import INCOMPATIBLE as UNLIKE
from kfmap.btf.compat import MISSING as NO_TYPE
from kfmap.btf.compat import explain_function, resolve_function, resolve_variable
from kfmap.btf.read import Btf, BtfError
from kfmap.btf.shape import Shape, find_shape
from kfmap.btf.written import explain_written
from kfmap.kernel.facts import VMLINUX, Kfunc, Place
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.verdict import give_reason
from verifier.engine.flow.values import OBJECT, VAGUE, Value
from verifier.engine.judging.built_without import options_off
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.object.model import BpfObject, Extern
from verifier.engine.result import FindingKind, Reason

FOUND = "found"
MISSING = FindingKind.MISSING
PROTOTYPE = FindingKind.PROTOTYPE
MALFORMED = FindingKind.MALFORMED_KERNEL
MODULE_RULE = "module"  # of a reason: a module may have it
MODULE_ONLY = FindingKind.UNKNOWN  # no kernel of the map has it: only a module from elsewhere can


class Resolved(NamedTuple):
    """An extern function on a kernel: FOUND, or why not, and the kernel's line that shows it.

    `loads` is False where the function is there and yet no program that names it can be loaded.
    """

    outcome: str
    text: str = ""
    place: Place | None = None
    loads: bool = True


def absent_reason(resolved: Resolved, name: str) -> Reason:
    """Return why libbpf takes an extern for absent."""
    text = resolved.text or f"this kernel has no {name}"
    rule = MODULE_RULE if resolved.outcome == MODULE_ONLY else resolved.outcome
    return give_reason(rule, text, resolved.place)


class Prototypes:
    """The prototypes of an object's extern functions, as kernels' are compared with them."""

    def __init__(self, obj: BpfObject) -> None:
        self._object = obj
        self._known: dict[int, Shape | None] = {}

    def of(self, index: int) -> Shape | None:
        """Return that of an extern, None where it is not told in short."""
        if index not in self._known:
            btf, type_id = self._object.btf, self._object.externs[index].type_id
            self._known[index] = find_shape(btf, type_id) if btf and type_id else None
        return self._known[index]


def resolve_kfunc(
    obj: BpfObject, extern: Extern, kernel: KernelUnderTest, prototype: Shape | None = None
) -> Resolved:
    """Find an extern function in a kernel, as libbpf does by name and prototype.

    `prototype`: its own in short, by which what was found for others is found again.
    """
    name = extern.kernel_name
    known = kernel.decider.find_kfunc(name)
    if kernel.types is None or obj.btf is None or not extern.type_id:
        return _resolve_by_facts(obj, extern, known, kernel)
    outcome = kernel.fits.get((name, prototype)) if prototype else None
    if outcome is None:
        outcome = resolve_function(obj.btf, extern.type_id, kernel.types, name)
        if prototype:
            kernel.keep_fit(name, prototype, outcome)
    if outcome == TYPES_FIT:
        return _loadable(name, known)
    if outcome == NO_TYPE:
        if known and known.owner != VMLINUX:
            return _resolve_by_text(obj.btf, extern, known)
        return _resolve_by_name(obj, extern, known, kernel)
    if known and known.callable_in_btf is False:
        return _malformed(known)
    text = f"the prototype of {extern.name} does not fit this kernel's"
    where = explain_function(obj.btf, extern.type_id, kernel.types, name)
    text += f": {where}" if where else f", {known.prototype if known else name}"
    return Resolved(PROTOTYPE, text, known.place if known else None)


def _resolve_by_facts(
    obj: BpfObject, extern: Extern, known: Kfunc | None, kernel: KernelUnderTest
) -> Resolved:
    """Without types a kfunc is there if the facts have it."""
    if known:
        return _loadable(extern.kernel_name, known)
    if extern.kernel_name in kernel.facts.observed_kfuncs:
        return Resolved(FOUND)
    return _resolve_by_name(obj, extern, known, kernel)


def _resolve_by_text(btf: Btf, extern: Extern, known: Kfunc) -> Resolved:
    """Compare with a module's kfunc: of its prototype, what the source says is known."""
    where = explain_written(btf, extern.type_id, known.prototype)
    if not where:
        return Resolved(FOUND)
    text = f"the prototype of {extern.name} does not fit this kernel's: {where}"
    return Resolved(PROTOTYPE, text, known.place)


def _resolve_by_name(
    obj: BpfObject, extern: Extern, known: Kfunc | None, kernel: KernelUnderTest
) -> Resolved:
    """Find a function whose types are not kept: any that is in BTF is there for libbpf.

    Of its prototype only the number of arguments is known.
    """
    name = extern.kernel_name
    expected = None if kernel.functions is None else kernel.functions.arguments(name)
    if expected is not None:
        declared = _count_arguments(obj.btf, extern.type_id)
        if declared is None or expected < 0 or declared == expected:
            return Resolved(FOUND)
        text = f"{extern.name} is declared with {declared} arguments, the kernel's takes {expected}"
        return Resolved(PROTOTYPE, text)
    if kernel.known is not None and name not in kernel.known.kfuncs:
        return Resolved(MODULE_ONLY, _module_text(name, kernel))
    text = f"this kernel has no {name}{options_off(kernel.facts, KernelPart.KFUNC, name)}"
    owners = kernel.known.kfuncs.get(name, ()) if kernel.known else ()
    if owners:
        text += f"; where other kernels have it, it is in module {', '.join(owners)}"
    return Resolved(MISSING, text, known.place if known else None)


def _count_arguments(btf: Btf | None, type_id: int) -> int | None:
    """Return how many arguments a FUNC takes, None where that is not known."""
    if btf is None or not type_id:
        return None
    try:
        return len(btf.params(btf.type_of(type_id)))
    except BtfError:
        return None


def _module_text(name: str, kernel: KernelUnderTest) -> str:
    text = f"no kernel of the map has a kfunc {name}: only a module can have it"
    if kernel.functions is not None and kernel.functions.module_may_have(name):
        text += ", and a module that comes with this kernel seems to have a function of that name"
    return text


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
        is_there = not extern.weak or is_function(extern, kernel)
        return OBJECT if is_there else VAGUE
    if kernel.types is None:
        return VAGUE if extern.weak else OBJECT
    outcome = resolve_variable(obj.btf, extern.type_id, kernel.types, extern.kernel_name)
    return OBJECT if outcome == TYPES_FIT else 0


def unlike_variable(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> str:
    """Return that the kernel's variable is of another type than the object's, "" if it is not.

    Mirrors bpf_object__resolve_ksym_var_btf_id(), which spares a weak variable that is not there
    and none of another type; a weak function of another type counts as absent.
    """
    if obj.btf is None or kernel.types is None or is_typeless(obj.btf, extern):
        return ""
    if resolve_variable(obj.btf, extern.type_id, kernel.types, extern.kernel_name) != UNLIKE:
        return ""
    return (
        f"{extern.name} is declared with another type than this kernel's variable has: libbpf "
        "refuses the whole object for incompatible types, also where it is __weak"
    )


def is_function(extern: Extern, kernel: KernelUnderTest) -> bool:
    """Return whether the kernel has a function of that name, which kallsyms always lists."""
    return kernel.functions is not None and kernel.functions.has(extern.name)


def unlisted_symbol(obj: BpfObject, extern: Extern, kernel: KernelUnderTest) -> str:
    """Return why it is not known whether kallsyms has a variable without a type, "" if it has it.

    libbpf looks up such a variable in /proc/kallsyms (bpf_object__read_kallsyms_file()); of what
    that lists, functions are known. Data is there with CONFIG_KALLSYMS_ALL alone.
    """
    if obj.btf is None or not is_typeless(obj.btf, extern) or is_function(extern, kernel):
        return ""
    text = f"{extern.name} has no type, so libbpf looks for it in the kernel's kallsyms"
    lists_data = kernel.has_option("CONFIG_KALLSYMS_ALL")
    if lists_data is None:
        return f"{text}, and what that has on this kernel is not known"
    if lists_data:
        return (
            f"{text}; it lists variables (CONFIG_KALLSYMS_ALL is set), and which ones is not known"
        )
    return (
        f"{text}; it lists functions only (CONFIG_KALLSYMS_ALL is not set), "
        "and is not known to have one of that name"
    )


def is_typeless(btf: Btf, extern: Extern) -> bool:
    """Return whether a variable is declared void: then only kallsyms knows it."""
    try:
        return not extern.type_id or btf.resolve(btf.type_of(extern.type_id)) == 0
    except BtfError:
        return True
