"""Elements of arrays that are known to be there: as 7.3.4 and 6.18.15 loaded or refused each, and
6.12.107 refused all (programs that leave preemption disabled where a lookup finds nothing)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import strong
from verifier.engine.object.model import BpfMap
from verifier.engine.result import PASSES, REFUSED, UNKNOWN
from verifier.engine.verdict import check_object

_ARRAY, _HASH, _PERCPU_ARRAY, _INNER = 2, 1, 6, 1 << 12
_LEAVES = "the program ends within a non-preemptible region"


def _check(kernel: str, key: str, place: int = 4, kind: int = _ARRAY, flags: int = 0) -> str:
    """Look an element up; where there is none, end within a region."""
    obj = assemble(
        "main: program; call bpf_preempt_disable\n"
        f"{key}; r2 = r10; r2 += -{place}; r1 = &map0; call 1; if r0 == 0 goto leave\n"
        f"call bpf_preempt_enable\nleave: ; r0 = 0; exit",
        weak=("bpf_preempt_disable", "bpf_preempt_enable"),
    )
    obj = replace(strong(obj), maps=(BpfMap("array", kind, max_entries=4, flags=flags),))
    kind_of = obj.programs[0].kind._replace(program_type="BPF_PROG_TYPE_SCHED_CLS")
    obj = replace(obj, programs=(replace(obj.programs[0], kind=kind_of),))
    verdict = check_object(obj, bundled_kernel(kernel)).programs[0]
    assert verdict.verdict == PASSES or reasons_of(verdict)[0] == _LEAVES
    return verdict.verdict


@pytest.mark.parametrize("kernel", ["6.18", "7.3"])
@pytest.mark.parametrize("kind", [_ARRAY, _PERCPU_ARRAY])
def test_a_constant_in_the_array_is_found(kernel: str, kind: int) -> None:
    assert _check(kernel, "r3 = 0; *(u32 *)(r10 - 4) = r3", kind=kind) == PASSES
    assert _check(kernel, "r3 = 3; *(u32 *)(r10 - 8) = r3", place=8, kind=kind) == PASSES


@pytest.mark.parametrize(
    ("key", "place", "kind", "flags"),
    [
        ("r3 = 4; *(u32 *)(r10 - 8) = r3", 8, _ARRAY, 0),  # behind the last one
        ("r3 = 1; *(u32 *)(r10 - 4) = r3", 4, _ARRAY, 0),  # no start of a slot of 8 bytes
        ("r3 = 0; *(u64 *)(r10 - 8) = r3", 8, _ARRAY, 0),  # written with what is beside it
        ("call 7; *(u32 *)(r10 - 8) = r0", 8, _ARRAY, 0),
        ("r3 = 0; *(u32 *)(r10 - 4) = r3", 4, _HASH, 0),
        ("r3 = 0; *(u32 *)(r10 - 4) = r3", 4, _ARRAY, _INNER),
    ],
)
def test_others_may_be_missing(key: str, place: int, kind: int, flags: int) -> None:
    assert _check("7.3", key, place, kind, flags) == REFUSED


def test_older_kernels_do_not_look_at_the_key() -> None:
    assert _check("6.12", "r3 = 0; *(u32 *)(r10 - 4) = r3") == REFUSED


def test_a_key_on_the_stack_of_a_caller_is_not_known() -> None:
    obj = assemble(
        "main: program; call bpf_preempt_disable; r3 = 0; *(u32 *)(r10 - 4) = r3\n"
        "r1 = r10; r1 += -4; call look; if r0 == 0 goto leave\n"
        "call bpf_preempt_enable\nleave: ; r0 = 0; exit\n"
        "look: static; r2 = r1; r1 = &map0; call 1; exit",
        weak=("bpf_preempt_disable", "bpf_preempt_enable"),
    )
    obj = replace(strong(obj), maps=(BpfMap("array", _ARRAY, max_entries=4),))
    assert check_object(obj, bundled_kernel("7.3")).programs[0].verdict == UNKNOWN
    assert check_object(obj, bundled_kernel("6.12")).programs[0].verdict == REFUSED
