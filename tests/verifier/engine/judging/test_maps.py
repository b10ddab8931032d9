"""A map of a type that the kernel has not keeps the whole object from loading."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.read import Btf, read_btf
from tests.btf.btf_writer import BtfWriter
from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from tests.verifier.engine.object.objects import read
from verifier.engine.object.model import BpfMap
from verifier.engine.result import PASSES, REFUSED
from verifier.engine.verdict import KernelUnderTest, check_object


def _types() -> Btf:
    writer = BtfWriter()
    kinds = [("BPF_MAP_TYPE_UNSPEC", 0), ("BPF_MAP_TYPE_HASH", 1), ("__MAX_BPF_MAP_TYPE", 2)]
    writer.enum("bpf_map_type", kinds)
    return read_btf(writer.build())


@pytest.mark.parametrize(
    ("kind", "has_types", "expected"),
    [
        (1, True, PASSES),
        (2, True, REFUSED),  # __MAX_BPF_MAP_TYPE is none
        (33, True, REFUSED),
        (33, False, PASSES),
        (0, True, PASSES),  # not known
    ],
)
def test_map_types_have_to_be_there(kind: int, has_types: bool, expected: str) -> None:
    obj = replace(assemble("main: program; exit"), maps=(BpfMap("table", kind),))
    kernel = KernelUnderTest(kernel_facts(), _types() if has_types else None)
    [verdict] = check_object(obj, kernel).programs
    assert verdict.verdict == expected
    if expected == REFUSED:
        text = only_finding(verdict).reasons[0].text
        assert text.startswith("map table is of type ")
        assert text.endswith(", which this kernel does not have")


@pytest.mark.parametrize(
    ("kinds", "expected"), [((19, 19), REFUSED), ((19, 21), PASSES), ((2, 2), PASSES)]
)
def test_a_program_has_one_cgroup_storage_of_each_type(
    kinds: tuple[int, int], expected: str
) -> None:
    """bpf_cgroup_storage_assign(), kernel/bpf/local_storage.c, of 6.1 to 7.3; dead code counts."""
    obj = assemble(
        "main: program; r0 = 0; if r0 == 0 goto end; r1 = &map0; r2 = &map1; end: ; exit"
    )
    maps = tuple(BpfMap(name, kind) for name, kind in zip(("one", "two"), kinds, strict=True))
    [verdict] = check_object(replace(obj, maps=maps), KernelUnderTest(kernel_facts())).programs
    assert verdict.verdict == expected
    if expected == REFUSED:
        assert only_finding(verdict).reasons[0].text.endswith("there are one and two")


@pytest.mark.parametrize(
    ("inner", "kernel", "is_made"),
    [("locked", "6.1", False), ("locked", "6.12", True), ("plain", "6.1", True)],
)
def test_inner_maps_of_older_kernels_hold_no_lock(inner: str, kernel: str, is_made: bool) -> None:
    """ "map 'mom': failed to create: unknown error (-524)" on 6.1.192; 7.3.4 makes it."""
    obj = read("map_fields.bpf.o")
    held = next(item for item in obj.maps if item.name == inner)
    outer = BpfMap("outer", 12, (), 4, 4, 1, inner=held)  # BPF_MAP_TYPE_ARRAY_OF_MAPS
    obj = replace(obj, maps=(*obj.maps, outer))
    told = reasons_of(check_object(obj, bundled_kernel(kernel)).programs[0])
    assert any("does not make map outer" in text for text in told) != is_made
