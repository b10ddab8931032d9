"""The declaration of a kfunc as a program writes it, with a guard for kernels that lack it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.catalogue.rows.read import FunctionOn
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts import Place

_CALL = "if (bpf_ksym_exists({name}))\n\t{name}(…);"


@dataclass(frozen=True, slots=True)
class Declaration:
    """C to copy; `guard` is "" where every kernel has the kfunc. `lacking`: newest first."""

    prototype: str
    text: str
    guard: str
    lacking: tuple[str, ...]
    place: Place | None


def declare(kernel: LoadedKernel, kfunc: str, kernels: Iterable[FunctionOn]) -> Declaration | None:
    """Return the declaration for a kernel's kfunc; `kernels` has it on others, newest first.

    None where the prototype is not known.
    """
    known = kernel.decider.find_kfunc(kfunc)
    if known is None or not known.prototype:
        return None
    lacking = tuple(on.kernel.name for on in kernels if on.kernel.released and not on.is_kfunc)
    weak = " __weak" if lacking else ""
    return Declaration(
        known.prototype,
        f"extern {known.prototype} __ksym{weak};",
        _CALL.format(name=kfunc) if lacking else "",
        lacking,
        known.place,
    )
