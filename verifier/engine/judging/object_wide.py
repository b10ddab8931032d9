"""What keeps a whole object from loading, whatever its programs do, as libbpf finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kfmap.btf.core import REFUSED
from verifier.engine.judging.calls import absent_reason
from verifier.engine.judging.externs import FOUND
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.struct_ops import object_problems
from verifier.engine.result import Reason


class ObjectProblem(NamedTuple):
    """Why nothing of the object loads; `kfunc` is the extern it is about, "" if none."""

    kind: str
    kfunc: str
    reason: Reason


def find_object_problems(loaded: Loaded) -> tuple[ObjectProblem, ...]:
    """Return all such reasons, missing kfuncs first."""
    return (
        *_extern_problems(loaded),
        *(ObjectProblem("struct_ops", "", reason) for reason in object_problems(loaded)),
        *_map_problems(loaded),
        *_core_problems(loaded),
    )


def _extern_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """What is strong must be there and fit, even if only dead code asks for it."""
    for index, extern in enumerate(loaded.object.externs):
        if extern.kind == "kconfig":
            if problem := loaded.setting(index).problem:
                yield ObjectProblem("load", "", Reason("kconfig", problem))
        elif extern.weak:
            continue
        elif extern.kind == "kfunc":
            resolved = loaded.kfunc(index)
            if resolved.outcome != FOUND:
                reason = absent_reason(resolved, extern.name)
                text = f"{reason.text}; the reference is strong, so the whole object is refused"
                strong = Reason(reason.rule, text, reason.file, reason.line)
                yield ObjectProblem(resolved.outcome, extern.kernel_name, strong)
        elif extern.kind == "ksym" and loaded.lacks_variable(index):
            text = f"this kernel has no variable {extern.kernel_name} of that type"
            yield ObjectProblem("load", "", Reason("extern", text))


def _map_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """A map that the kernel cannot make, for it has no such type."""
    known = loaded.kernel.map_kinds
    for item in loaded.object.maps:
        if known and item.kind and item.kind not in known:
            text = f"this kernel has no map type {item.kind}, which map {item.name} is of"
            yield ObjectProblem("load", "", Reason("map", text))


def _core_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """A relocation that libbpf refuses, for its kind or because the kernel's types disagree."""
    for place in loaded.relocated():
        resolution = loaded.core(*place)
        if resolution is not None and resolution.outcome == REFUSED:
            text = f"CO-RE relocation at {place[0]}:{place[1]} fails: {resolution.reason}"
            yield ObjectProblem("load", "", Reason("core", text))
            return
