"""Members of struct_ops maps that are unlike the kernel's, as libbpf compares them.

The texts are those of bpf_map__init_kern_struct_ops() in tools/lib/bpf/libbpf.c.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.object.objects import read
from verifier.engine.result import PASSES, REFUSED
from verifier.engine.verdict import check_object


def _check(name: str, kernel: str, file: str = "members.bpf.o") -> list[str]:
    """Return why the object does not load with one of its maps made and the others not."""
    obj = read(file)
    maps = tuple(replace(item, optional=item.name != name) for item in obj.struct_ops_maps)
    verdict = check_object(replace(obj, struct_ops_maps=maps), bundled_kernel(kernel))
    first = verdict.programs[0]
    assert (first.verdict == PASSES) == (not reasons_of(first))
    return reasons_of(first)


def test_an_unset_member_that_the_kernel_lacks_is_nothing() -> None:
    assert _check("fits", "6.18") == []


@pytest.mark.parametrize("kernel", ["6.1", "6.18", "7.3"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        # "Error in size of member %s: %zd != %zd(kernel)"
        ("wide", "wide.flags has 8 bytes where this kernel's has 4"),
        # "Unmatched member type %s %u != %u(kernel)"
        ("kind", "kind.flags is of kind PTR where this kernel's is INT"),
        # "bitfield %s is not supported"
        ("bits", "bits.flags is a bitfield"),
        # "kernel member %s is not a func ptr"
        ("pointer", "pointer.owner has a program, and this kernel's is no pointer to a function"),
    ],
)
def test_a_member_unlike_the_kernels_refuses_the_object(name: str, text: str, kernel: str) -> None:
    [told] = _check(name, kernel)
    assert told.startswith(text)
    assert told.endswith("libbpf refuses the whole object")


@pytest.mark.parametrize("kernel", ["6.1", "6.18", "7.3"])
@pytest.mark.parametrize(("name", "member"), [("data", "owner"), ("code", "cong_avoid")])
def test_a_pointer_that_holds_a_number_refuses_the_object(
    name: str, member: str, kernel: str
) -> None:
    """ "member %s is not a struct_ops program", whatever it points to."""
    [told] = _check(name, kernel, "no_programs.bpf.o")
    assert told.startswith(f"{name}.{member} has a value that is no program")
    assert _check("fits", kernel, "no_programs.bpf.o") == []


def test_of_an_optional_section_libbpf_leaves_out_the_first_map_alone() -> None:
    """The text of libbpf 1.5 on a booted 6.18: "struct_ops init_kern kind: Unmatched member"."""
    obj = read("members.bpf.o")
    assert [item.name for item in obj.struct_ops_maps if item.optional] == ["wide"]
    assert obj.notes[-1].startswith("of SEC('?.struct_ops') libbpf leaves out the first variable")
    assert "makes kind, bits, pointer" in obj.notes[-1]
    told = reasons_of(check_on("6.18", "members.bpf.o")["ssthresh"])
    assert told[0].startswith("kind.flags is of kind PTR")


def test_maps_that_are_not_made_refuse_only_the_programs_that_are_in_them_alone() -> None:
    obj = read("members.bpf.o")
    maps = tuple(replace(item, optional=item.name != "fits") for item in obj.struct_ops_maps)
    programs = tuple(
        replace(item, kind=item.kind._replace(optional=item.name == "other"))
        for item in obj.programs
    )
    changed = replace(obj, struct_ops_maps=maps, programs=programs)
    verdict = check_object(changed, bundled_kernel("6.18"))
    verdicts = {item.program: item for item in verdict.programs}
    assert verdicts["ssthresh"].verdict == PASSES
    assert verdicts["other"].verdict == REFUSED
    assert reasons_of(verdicts["other"])[0].startswith("wide.flags has 8 bytes")


def test_a_kernel_without_links_makes_no_map_for_one() -> None:
    """6.1.192 refuses BPF_F_LINK, and libbpf then the object: "failed to create: -EINVAL"."""
    obj = read("members.bpf.o")
    maps = tuple(
        replace(item, section=".struct_ops.link", optional=item.name != "fits")
        for item in obj.struct_ops_maps
    )
    linked = replace(obj, struct_ops_maps=maps)
    told = reasons_of(check_object(linked, bundled_kernel("6.1")).programs[0])
    assert "it knows no links of struct_ops (BPF_F_LINK)" in told[0]
    assert reasons_of(check_object(linked, bundled_kernel("6.18")).programs[0]) == []
