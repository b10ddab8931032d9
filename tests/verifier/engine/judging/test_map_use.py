"""Maps with locks, timers and lists: which programs may use them, and what needs their types.

Each text is that of check_map_prog_compatibility() or check_map_field_pointer() of the kernel's
verifier, whose source of 6.1, 6.18 and 7.2 was read.
"""

from __future__ import annotations

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.object.objects import read
from verifier.engine.flow.summary import MapUse
from verifier.engine.judging.maps import MapJudge
from verifier.engine.object.special_fields import ObjectFields, find_special_fields
from verifier.engine.result import PASSES, REFUSED

_LOCK = "tracing progs cannot use bpf_spin_lock yet: map locked has one in its values"
_ASLEEP = "Sleepable programs can only use array, hash, ringbuf and local storage maps: map stacks"
# It takes the list beside this lock for nothing special, and so knows of the lock.
_MAPPED = ".data.A holds bpf_spin_lock, which the kernel lets nobody map into memory"


@pytest.mark.parametrize(
    ("kernel", "program", "text"),
    [
        ("7.2", "lock_tc", ""),
        ("7.2", "lock_kprobe", _LOCK),
        ("7.2", "lock_dead", _LOCK),
        ("7.2", "lock_socket", "socket filter progs cannot use bpf_spin_lock yet: map locked"),
        ("7.2", "lock_asleep", ""),
        ("6.1", "lock_asleep", "sleepable progs cannot use bpf_spin_lock yet: map locked"),
        ("6.18", "timer_nested", "tracing progs cannot use bpf_timer yet: map nested"),
        ("7.2", "timer_nested", ""),
        ("6.1", "timer_nested", _MAPPED),  # it does not look into structs in structs
        ("6.1", "lock_tc", _MAPPED),
        ("6.18", "timer_twice", ""),
        ("7.2", "list_in_data", ""),  # what it contains is no node: see the opinions of kernels
        ("7.2", "list_without_lock", ""),
        ("6.18", "stack_asleep", _ASLEEP),
        ("6.18", "stack_awake", "At program exit the register R0 may have any value"),
        (
            "7.2",
            "timer_without_types",
            "map 'sizes_only' has to have BTF in order to use bpf_timer",
        ),
        ("7.2", "timer_of_none", "map 'plain' has no valid bpf_timer"),
    ],
)
def test_maps_are_used_as_the_kernel_lets_programs_use_them(
    kernel: str, program: str, text: str
) -> None:
    verdict = check_on(kernel, "map_fields.bpf.o")[program]
    assert verdict.verdict == (REFUSED if text else PASSES)
    if text:
        assert any(reason.startswith(text) for reason in reasons_of(verdict))


def test_the_finding_leads_to_where_the_map_is_named() -> None:
    [finding] = check_on("7.2", "map_fields.bpf.o")["lock_kprobe"].findings
    assert finding.path[-1].function == "lock_kprobe"
    assert finding.source is not None
    assert "bpf_map_lookup_elem(&locked" in finding.source.text
    assert finding.reasons[0].file == "kernel/bpf/verifier.c"


def test_special_fields_are_found_at_any_depth() -> None:
    obj = read("map_fields.bpf.o")
    assert obj.btf is not None
    maps = {item.name: find_special_fields(obj.btf, item.value_type) for item in obj.maps}
    assert maps["locked"].found(looks_inside=False) == {"BPF_SPIN_LOCK"}
    assert maps["nested"].found(looks_inside=False) == set()
    assert maps["nested"].found(looks_inside=True) == {"BPF_TIMER"}
    assert maps["two"].found(looks_inside=True) == set()


def test_a_lock_in_data_is_none_where_a_list_beside_it_names_no_node() -> None:
    """ "map '.data.unknown' has no valid bpf_spin_lock", as 7.3 says."""
    obj = read("lists.bpf.o")
    judge = MapJudge(obj, ObjectFields(obj), bundled_kernel("7.3"))
    said = {
        item.name: judge.helper_objection(93, (MapUse(is_data=True, number=at),))
        for at, item in enumerate(obj.data)
    }
    assert said[".data.known"] is None
    assert said[".bss"] is None  # a pointer that is no lock's is not judged
    objection = said[".data.unknown"]
    assert objection is not None
    assert objection.reasons[0].text.startswith(
        "section .data.unknown has no valid bpf_spin_lock: each list and tree beside it needs"
    )


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.3"])
def test_a_storage_with_a_timer_is_made_neither_with_types_nor_without(kernel: str) -> None:
    """Error in bpf_create_map_xattr(per_task): -EOPNOTSUPP, and without BTF: -EINVAL."""
    [reason] = reasons_of(check_on(kernel, "storage_fields.bpf.o")["does_not_use_it"])
    assert reason.startswith(
        "this kernel does not make map per_task: the kernel takes no bpf_timer"
    )


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "7.3"])
def test_a_map_that_is_made_without_types_is_one_without_fields(kernel: str) -> None:
    verdicts = check_on(kernel, "percpu_fields.bpf.o")
    assert verdicts["counts"].verdict == verdicts["sees_no_lock"].verdict == PASSES
    for name, field in (("arms", "bpf_timer"), ("locks_it", "bpf_spin_lock")):
        assert verdicts[name].verdict == REFUSED
        assert f"has to have BTF in order to use {field}, and the" in reasons_of(verdicts[name])[0]
