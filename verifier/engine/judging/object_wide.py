"""What keeps a whole object from loading, whatever its programs do, as libbpf finds it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from kfmap.btf.core import REFUSED
from verifier.engine.judging.externs import (
    FOUND,
    MODULE_ONLY,
    absent_reason,
    unlisted_symbol,
)
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.maps import MapJudge, maps_of_kernel
from verifier.engine.judging.struct_ops import object_problems
from verifier.engine.object.model import Extern, ExternKind
from verifier.engine.result import FindingKind, Reason


class ObjectProblem(NamedTuple):
    """Why nothing of the object loads; `kfunc` is the extern it is about, "" if none."""

    kind: FindingKind
    kfunc: str
    reason: Reason


def find_object_problems(loaded: Loaded, maps: MapJudge) -> tuple[ObjectProblem, ...]:
    """Return all such reasons, missing kfuncs first."""
    return (
        *_opening_problems(loaded),
        *_extern_problems(loaded),
        *(ObjectProblem(problem.kind, "", problem.reason) for problem in object_problems(loaded)),
        *_map_problems(loaded, maps),
        *_core_problems(loaded),
    )


def _opening_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """What libbpf refuses before it has seen a kernel, and a byte order that the kernel has not."""
    obj, kernel = loaded.object, loaded.kernel
    for text in obj.refusals:
        yield _unopened(text)
    for extern in obj.externs:
        if not extern.declared:
            yield _undeclared(extern, kernel)
    if kernel.little_endian is not None and kernel.little_endian != obj.little_endian:
        order = "little" if obj.little_endian else "big"
        text = f"it is {order}-endian, and this kernel is not: build it with -target bpf on it"
        yield ObjectProblem(
            FindingKind.LOAD, "", Reason("open", f"libbpf does not load the object: {text}")
        )
    elif kernel.little_endian is None and not obj.little_endian:  # hardly any kernel is
        text = "it is big-endian, and the byte order of this kernel is not known"
        yield ObjectProblem(FindingKind.UNKNOWN, "", Reason("open", text))


def _unopened(text: str, kfunc: str = "") -> ObjectProblem:
    return ObjectProblem(
        FindingKind.LOAD, kfunc, Reason("open", f"libbpf does not open the object: {text}")
    )


def _undeclared(extern: Extern, kernel: KernelUnderTest) -> ObjectProblem:
    if kernel.decider.find_kfunc(extern.kernel_name):
        text = f"{extern.name} is a kfunc and not declared as one: add __ksym to its declaration"
        return _unopened(text, extern.kernel_name)
    return _unopened(
        f"{extern.name} is undefined and declared neither __ksym nor __kconfig: link it with the "
        "object that defines it (bpftool gen object), or declare a kernel function __ksym"
    )


def _extern_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """What is strong must be there and fit, even if only dead code asks for it."""
    for index, extern in enumerate(loaded.object.externs):
        if not extern.declared:
            continue
        if extern.kind == ExternKind.KCONFIG:
            if problem := loaded.setting(index).problem:
                yield ObjectProblem(FindingKind.LOAD, "", Reason("kconfig", problem))
        elif extern.kind == ExternKind.KSYM and (text := loaded.unlike_variable(index)):
            yield ObjectProblem(FindingKind.LOAD, "", Reason("extern", text))
        elif extern.weak:
            continue
        elif extern.kind == ExternKind.KFUNC:
            resolved = loaded.kfunc(index)
            if resolved.outcome == MODULE_ONLY:
                reason = absent_reason(resolved, extern.name)
                yield ObjectProblem(FindingKind(resolved.outcome), extern.kernel_name, reason)
            elif resolved.outcome != FOUND:
                reason = absent_reason(resolved, extern.name)
                text = f"{reason.text}; the reference is strong, so the whole object is refused"
                strong = Reason(reason.rule, text, reason.file, reason.line)
                yield ObjectProblem(FindingKind(resolved.outcome), extern.kernel_name, strong)
        elif loaded.lacks_variable(index):
            text = f"this kernel has no variable {extern.kernel_name} of that type"
            yield ObjectProblem(FindingKind.LOAD, "", Reason("extern", text))
        elif text := unlisted_symbol(loaded.object, extern, loaded.kernel):
            yield ObjectProblem(FindingKind.UNKNOWN, "", Reason("extern", text))


def _map_problems(loaded: Loaded, maps: MapJudge) -> Iterator[ObjectProblem]:
    """A map that the kernel cannot make, for it has no such type, or that libbpf cannot map."""
    for reason in maps_of_kernel(loaded.kernel, loaded.object.maps):
        yield ObjectProblem(FindingKind.LOAD, "", reason)
    for reason in (*maps.unmade_maps(), *maps.shared_data_problems()):
        yield ObjectProblem(FindingKind.LOAD, "", reason)
    for reason in maps.maps_made_by_few():
        yield ObjectProblem(FindingKind.UNKNOWN, "", reason)


def _core_problems(loaded: Loaded) -> Iterator[ObjectProblem]:
    """A relocation that libbpf refuses, for its kind or because the kernel's types disagree."""
    for place in loaded.relocated():
        resolution = loaded.core(*place)
        if resolution is not None and resolution.outcome == REFUSED:
            text = f"CO-RE relocation at {place[0]}:{place[1]} fails: {resolution.reason}"
            yield ObjectProblem(FindingKind.LOAD, "", Reason("core", text))
            return
