"""What is read from the committed objects; each has its C source beside it."""

from __future__ import annotations

import pytest

from tests.verifier.engine.object.objects import (
    NAMES,
    Patched,
    function,
    object_bytes,
    program,
    read,
    references_of,
)
from verifier.engine.object.model import Reference, ReferenceKind, StructOpsUse
from verifier.engine.object.read import read_object


@pytest.mark.parametrize("name", NAMES)
def test_reading_twice_gives_the_same(name: str) -> None:
    first, second = read(name), read.__wrapped__(name)
    for part in ("functions", "programs", "externs", "references", "maps", "variables"):
        assert getattr(first, part) == getattr(second, part)
    assert first.size == len(object_bytes(name))


def test_functions_are_static_global_or_programs() -> None:
    scheduler = read("scheduler.bpf.o")
    linkages = {item.name: item.linkage for item in scheduler.functions}
    assert linkages["slots_if"] == linkages["on_timer"] == "static"
    assert linkages["global_slots"] == "global"
    assert linkages["hidden_slots"] == "static", "libbpf makes hidden functions static"
    assert linkages["running"] == "program"


def test_functions_know_their_btf() -> None:
    scheduler = read("scheduler.bpf.o")
    assert scheduler.btf is not None
    for item in scheduler.functions:
        assert scheduler.btf.name(item.type_id) == item.name


def test_call_of_kfunc_refers_to_its_extern() -> None:
    scheduler = read("scheduler.bpf.o")
    ((_, reference), *_) = references_of(scheduler, "running")
    assert reference.kind == "kfunc"
    assert scheduler.externs[reference.index].name == "scx_bpf_dispatch_nr_slots"


def test_call_of_static_function_by_section_symbol_finds_it() -> None:
    scheduler = read("scheduler.bpf.o")
    called = [r for _, r in references_of(scheduler, "dispatch") if r.kind == "call"]
    assert [scheduler.functions[r.index].name for r in called] == ["slots_if", "hidden_slots"]


def test_callback_passed_by_address_is_a_function_reference() -> None:
    scheduler = read("scheduler.bpf.o")
    (passed,) = [r for _, r in references_of(scheduler, "tick") if r.kind == "function"]
    assert scheduler.functions[passed.index].name == "on_timer"


def test_load_of_global_variable_refers_into_its_section() -> None:
    scheduler = read("scheduler.bpf.o")
    (loaded,) = [r for _, r in references_of(scheduler, "enqueue") if r.kind == "data"]
    variable = next(item for item in scheduler.variables if item.name == "slice")
    assert (variable.section, variable.offset) == (loaded.index, loaded.addend)
    section = scheduler.data[loaded.index]
    assert section.frozen
    value = section.data[variable.offset : variable.offset + variable.size]
    assert int.from_bytes(value, "little") == 20_000_000


def test_only_rodata_is_frozen() -> None:
    frozen = {section.name: section.frozen for section in read("scheduler.bpf.o").data}
    assert frozen == {".rodata": True, ".bss": False, ".data": False}


def test_weak_externs_and_flavors() -> None:
    externs = {item.name: item for item in read("scheduler.bpf.o").externs}
    assert externs["scx_bpf_no_such_kfunc"].weak
    assert not externs["scx_bpf_dsq_insert"].weak
    compat = externs["scx_bpf_dispatch_nr_slots___compat"]
    assert (compat.kernel_name, compat.weak) == ("scx_bpf_dispatch_nr_slots", True)


def test_externs_are_kfuncs_ksyms_and_kconfig() -> None:
    kinds = {item.name: item.kind for item in read("kinds.bpf.o").externs}
    assert kinds["LINUX_KERNEL_VERSION"] == kinds["CONFIG_NO_SUCH_NUMBER"] == "kconfig"
    assert kinds["runqueues"] == kinds["bpf_link_fops"] == "ksym"
    assert kinds["bpf_session_is_return"] == "kfunc"


def test_address_of_weak_kfunc_is_an_extern_reference() -> None:
    kinds = read("kinds.bpf.o")
    first, second = [reference for _, reference in references_of(kinds, "session")]
    assert (first.kind, second.kind) == ("extern", "kfunc")
    assert first.index == second.index


def test_struct_ops_members_lead_to_programs() -> None:
    scheduler = read("scheduler.bpf.o")
    (ops,) = scheduler.struct_ops_maps
    assert (ops.name, ops.type_name, ops.section) == (
        "scheduler",
        "sched_ext_ops",
        ".struct_ops.link",
    )
    members = dict(ops.members)
    assert members["select_cpu"] == "pick"
    assert members["exit"] is None
    assert ops.nonzero == ("timeout_ms", "name")
    assert b"small\0" in ops.data


def test_program_knows_its_members() -> None:
    assert program(read("scheduler.bpf.o"), "pick").struct_ops == (
        StructOpsUse("sched_ext_ops", "select_cpu", "scheduler"),
    )
    assert program(read("scheduler.bpf.o"), "init").kind.sleepable


def test_struct_ops_type_loses_its_suffix() -> None:
    old = next(item for item in read("optional.bpf.o").struct_ops_maps if item.name == "old")
    assert (old.type_name, old.kernel_type) == ("sched_ext_ops___old", "sched_ext_ops")
    assert old.nonzero == ("gone",)


@pytest.mark.parametrize(
    ("name", "optional", "maps"),
    [
        ("running", False, ["made", "old"]),  # its section is optional, its map is not
        ("tick", True, ["not_made"]),  # the other way round
        ("unused", False, []),
        ("switched_off", True, []),
    ],
)
def test_program_is_optional_as_its_maps_are(name: str, optional: bool, maps: list[str]) -> None:
    found = program(read("optional.bpf.o"), name)
    assert (found.kind.optional, [use.map for use in found.struct_ops]) == (optional, maps)


def test_section_of_optional_program_has_no_question_mark() -> None:
    optional = read("optional.bpf.o")
    assert program(optional, "running").section == "struct_ops/running"
    assert function(optional, "running").section == "?struct_ops/running"


def test_several_programs_share_a_section() -> None:
    kinds = read("kinds.bpf.o")
    first, second = function(kinds, "xdp_first"), function(kinds, "xdp_second")
    assert (first.section, second.start) == (second.section, first.start + first.count)


def test_program_array_names_its_tail_calls() -> None:
    kinds = read("kinds.bpf.o")
    (calls,) = kinds.maps
    assert calls.kind == 3
    assert [kinds.functions[number].name for number in calls.tail_calls] == ["xdp_second"]


def test_exception_callback_comes_from_its_declaration_tag() -> None:
    kinds = read("kinds.bpf.o")
    number = program(kinds, "tc_throws").exception_callback
    assert number is not None
    assert kinds.functions[number].name == "on_throw"
    assert program(kinds, "xdp_first").exception_callback is None


def test_license_is_the_first_string_of_its_section() -> None:
    assert read("kinds.bpf.o").license == "Dual BSD/GPL"
    assert read("linked.bpf.o").license == "GPL"


def test_linked_object_keeps_functions_of_one_name_apart() -> None:
    linked = read("linked.bpf.o")
    same = [number for number, item in enumerate(linked.functions) if item.name == "same_name"]
    assert len(same) == 2
    (first, *_) = [r for _, r in references_of(linked, "one") if r.kind == "call"]
    assert first == Reference(ReferenceKind.CALL, same[0])
    (only, *_) = [r for _, r in references_of(linked, "other_half") if r.kind == "call"]
    assert only == Reference(ReferenceKind.CALL, same[1])


def test_code_of_replaced_weak_function_is_left_out() -> None:
    linked = read("linked.bpf.o")
    assert min(item.start for item in linked.functions if item.section == ".text") > 0
    assert [item.name for item in linked.functions].count("replaced") == 1


def test_static_variables_of_one_name_have_their_own_places() -> None:
    linked = read("linked.bpf.o")
    hidden = [item for item in linked.variables if item.name == "hidden_value"]
    data = linked.data[hidden[0].section].data
    assert [data[item.offset] for item in hidden] == [1, 2]


def test_big_endian_object_reads_as_the_little_endian_one() -> None:
    little, big = read("scheduler.bpf.o"), read("scheduler.bpfeb.o")
    assert (little.little_endian, big.little_endian) == (True, False)
    assert big.functions == little.functions
    assert big.programs == little.programs
    assert big.references == little.references
    for section, code in little.code.items():
        other = big.code[section]
        assert (code.opcodes, code.registers) == (other.opcodes, other.registers)
        assert code.offsets.tolist() == other.offsets.tolist()
        assert code.immediates.tolist() == other.immediates.tolist()


def test_names_that_are_markup_are_kept_as_they_are() -> None:
    markup = read("markup.bpf.o")
    assert {item.name for item in markup.programs} == {
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
    }
    assert {item.name for item in markup.functions if item.linkage == "global"} == {"<b>bold</b>"}


def test_object_without_btf_is_read_as_far_as_names_go() -> None:
    bare = read("bare.bpf.o")
    assert bare.btf is None
    assert any("no BTF" in note and "-g" in note for note in bare.notes)
    (extern,) = bare.externs
    assert (extern.name, extern.kind, extern.type_id) == ("some_kfunc", "kfunc", 0)
    assert [r.kind for _, r in references_of(bare, "bare")] == ["call", "call"]


def test_well_kept_objects_have_no_notes() -> None:
    for name in NAMES:
        if name not in ("bare.bpf.o", "members.bpf.o"):
            assert read(name).notes == ()


def test_without_types_of_functions_all_subprograms_are_static() -> None:
    """A kernel follows their calls then with the caller's values (subprog_is_global())."""
    bare = read_object(bytes(Patched("markup.bpf.o").set(".BTF.ext", "type", 0).data))
    assert not bare.has_function_types
    assert {item.linkage for item in bare.functions} <= {"static", "program"}
    assert read("markup.bpf.o").has_function_types
