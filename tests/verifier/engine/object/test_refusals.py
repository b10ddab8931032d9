"""What libbpf does not open, though it can be read: each for a reason of its own.

The reasons are those of tools/lib/bpf/libbpf.c in Linux 7.3, named with each.
"""

from __future__ import annotations

import struct

import pytest

from tests.verifier.engine.object.objects import Patched, object_bytes, read
from verifier.engine.object.elf import PROGRAM, Section
from verifier.engine.object.maps import refused_arenas
from verifier.engine.object.model import BpfMap, ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.object.sections import Sections

SCHEDULER = "scheduler.bpf.o"


def _refusals(patched: Patched) -> tuple[str, ...]:
    return read_object(bytes(patched.data)).refusals


def test_well_kept_objects_are_opened() -> None:
    for name in (SCHEDULER, "kinds.bpf.o", "linked.bpf.o", "options.bpf.o", "members.bpf.o"):
        assert read(name).refusals == ()


def test_legacy_maps_and_data_of_other_names_are_refused_once_a_section() -> None:
    # bpf_object__elf_collect(): "legacy map definitions in 'maps' section are not supported";
    # bpf_object__init_kversion(): "invalid kver section in %s";
    # bpf_program__record_reloc(): "bad map relo against '%s' in section '%s'"
    maps, version, more, settings = read("legacy.bpf.o").refusals
    assert version == "section version has 3 bytes, not 4: leave it out"
    assert maps.startswith("section maps holds legacy map definitions")
    assert more.startswith("socket, instruction 10: refers to older in section maps/more: define")
    assert "limit in section settings, which is neither maps nor data" in settings


def test_a_static_program_is_refused_and_read() -> None:
    # bpf_object__add_programs(): "program '%s' is static and not supported"
    undeclared = read("undeclared.bpf.o")
    assert undeclared.refusals == ("program hidden_away in section xdp is static: remove `static`",)
    assert [item.name for item in undeclared.programs] == ["locks", "hidden_away"]


def test_externs_that_are_not_declared_to_libbpf_are_told_apart() -> None:
    # bpf_object__collect_externs(): "failed to find BTF for extern '%s' [%d] section"
    externs = {item.name: item for item in read("undeclared.bpf.o").externs}
    assert {name: item.declared for name, item in externs.items()} == {
        "bpf_rcu_read_lock": False,
        "bpf_rcu_read_unlock": True,
        "elsewhere": False,
    }
    assert externs["bpf_rcu_read_lock"].kind == "kfunc"


def test_externs_without_btf_are_refused() -> None:
    # find_extern_btf_id(): -ESRCH without BTF
    assert read("bare.bpf.o").refusals == ("it needs some_kfunc and has no BTF: build it with -g",)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("coloured", "has a member 'colour', which libbpf does not know"),
        ("typeless", "has no type: add __uint(type, BPF_MAP_TYPE_...)"),
        ("two_sizes", "says of its key that it has 8 bytes and that it has 4"),
        ("plain_number", "has a member max_entries that is not written with __uint()"),
        ("pinned", "has the pinning 7, which libbpf does not know"),
        ("no_array", "has `values` and is neither a program array nor a map of maps"),
        ("too_deep", "has inner maps that have inner maps themselves"),
        ("private", "is static or hidden, which maps may not be"),
        ("number", "is not a struct of __uint() and __type() members"),
    ],
)
def test_map_definitions_that_libbpf_does_not_take_are_refused(name: str, why: str) -> None:
    # parse_btf_map_def() and bpf_object__init_user_btf_map()
    assert f"map {name} {why}" in read("definitions.bpf.o").refusals


def test_variables_of_maps_that_are_no_struct_are_refused() -> None:
    # bpf_object__init_user_btf_map(): "map '%s': unexpected def kind %s", also where clang writes
    # void as their type, as it does for pointers and arrays
    variables = ("number", "pointer", "several")
    why = "is not a struct of __uint() and __type() members"
    assert read("void_maps.bpf.o").refusals == tuple(f"map {name} {why}" for name in variables)


def test_a_map_smaller_than_its_struct_is_refused() -> None:
    # bpf_object__init_user_btf_map(): "map '%s': invalid def size"
    patched = Patched("void_maps.bpf.o")
    patched.put(".symtab", patched.symbol("fine") + 16, struct.pack("<Q", 8))
    told = "map fine has 8 bytes, fewer than its struct: build the object again"
    assert told in _refusals(patched)


def test_maps_that_btf_does_not_declare_are_refused() -> None:
    # bpf_object__init_user_btf_maps(): "DATASEC '.maps' not found"
    patched = Patched("void_maps.bpf.o")
    start, size = patched.place(".BTF")
    name = patched.data.index(b"\0.maps\0", start, start + size) - start
    patched.put(".BTF", name, b"\0.mops")
    [told] = _refusals(patched)
    assert told == "its BTF knows no variable of section .maps: build all of it with -g"


def test_what_a_map_may_not_begin_with_is_refused() -> None:
    # bpf_object__collect_map_relos(): ".maps relo #%d: '%s' isn't a valid program reference",
    # "'%s' isn't a BTF-defined map", "hash-of-maps '%s' should have key size %zu"
    jumps = "which is no program with a section of its own"
    assert read("map_values.bpf.o").refusals == (
        f"map subprograms begins with subprogram, {jumps}",
        f"map data begins with number, {jumps}",
        "map data_inside begins with number, which is no map of .maps",
        "map long_keys is a hash of maps that begins with maps, so its keys have 4 bytes",
    )


def test_map_definitions_that_libbpf_takes_are_read_whole() -> None:
    definitions = read("definitions.bpf.o")
    maps = {item.name: item for item in definitions.maps}
    told = " ".join(definitions.refusals)
    assert "map fine" not in told
    assert "map outer" not in told
    fine, inner = maps["fine"], maps["outer"].inner
    assert (fine.kind, fine.key_size, fine.value_size, fine.max_entries) == (1, 4, 8, 16)
    assert fine.flags == 1
    assert definitions.btf is not None
    assert definitions.btf.name(fine.value_type) == "u64"
    assert inner is not None
    assert (inner.kind, inner.key_size, inner.value_size, inner.value_type) == (2, 4, 8, 0)


def test_an_object_has_one_arena_and_it_is_declared() -> None:
    # bpf_object__init_user_btf_maps(): "only single ARENA map is supported"
    # and "to use global __arena variables the ARENA map should be explicitly declared"
    arena, other = BpfMap("first", 33), BpfMap("second", 33)
    with_data = Section(1, ".addr_space.1", PROGRAM, False, 8, 0, 0, memoryview(bytes(8)))
    sections = Sections((), (with_data,), (), None, {})
    assert refused_arenas(sections, (arena,)) == []
    assert "maps first and second are both arenas" in refused_arenas(sections, (arena, other))[0]
    assert 'no map in SEC(".maps") is an arena' in refused_arenas(sections, ())[0]


def test_a_relocation_of_an_instruction_that_takes_none_is_refused() -> None:
    # bpf_program__record_reloc(): "invalid relo against '%s' for insns[%u].code"
    patched = Patched(SCHEDULER)
    start, _ = patched.place(".rel.text")
    (offset,) = struct.unpack_from("<Q", patched.data, start)
    patched.put(".text", offset, b"\x95")
    assert "is not at a call or a 64-bit load" in _refusals(patched)[0]


def test_a_call_of_a_program_is_refused() -> None:
    # bpf_program__record_reloc(): "bad call relo against '%s' in section '%s'"
    patched = Patched(SCHEDULER)
    start, _ = patched.place(".symtab")
    at = start + patched.symbol("running") + 6
    patched.put(".symtab", patched.symbol("global_slots") + 6, bytes(patched.data[at : at + 2]))
    assert "programs cannot be called" in _refusals(patched)[0]


def test_data_in_no_section_is_refused() -> None:
    # bpf_program__record_reloc(): "in special section 0x%x; forgot to initialize global var?.."
    common = struct.pack("<H", 0xFFF2)
    patched = Patched(SCHEDULER)
    patched.put(".symtab", patched.symbol("seen") + 6, common)
    assert "refers to seen, which is in no section: initialize" in _refusals(patched)[0]


def test_headers_of_no_size_are_refused() -> None:
    """Section names in the extended place, and headers of no bytes to look it up in."""
    data = bytearray(object_bytes(SCHEDULER))
    struct.pack_into("<H", data, 58, 0)  # e_shentsize
    struct.pack_into("<H", data, 62, 0xFFFF)  # e_shstrndx
    with pytest.raises(ObjectError, match="the ELF headers cannot be read: the file"):
        read_object(bytes(data))
