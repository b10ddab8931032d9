"""Which calls are live: constants, ranges, relocations, arguments, stack."""

from __future__ import annotations

import struct

import pytest

from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.flow.walking import PERHAPS, SURE, Walked, live
from verifier.engine.flow.inputs import POISON, UNRESOLVED, Patch


def test_a_call_behind_nothing_is_live() -> None:
    assert live(assemble("main: program; call f; exit")) == {"f": SURE}


@pytest.mark.parametrize(("knob", "expected"), [(0, {}), (1, {"f": SURE})])
def test_rodata_decides(knob: int, expected: dict[str, str]) -> None:
    text = """
        main: program
        r1 = &.rodata + 4; r1 = *(u8 *)(r1 + 0)
        if r1 == 0 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text, rodata=bytes([9, 9, 9, 9, knob]))) == expected


def test_ordinary_data_decides_nothing() -> None:
    text = "main: program; r1 = &.data; r1 = *(u8 *)(r1 + 0); if r1 == 0 goto x; call f; x: ; exit"
    assert live(assemble(text)) == {"f": SURE}


def test_a_rodata_read_beyond_the_end_is_not_guessed() -> None:
    text = (
        "main: program; r1 = &.rodata; r1 = *(u32 *)(r1 + 2); if r1 == 0 goto x; call f; x: ; exit"
    )
    assert live(assemble(text, rodata=bytes(4))) == {"f": PERHAPS}


def test_ranges_decide() -> None:
    text = "main: program; call 8; w0 &= 7; if w0 < 9 goto end; call f; end: ; exit"
    assert live(assemble(text)) == {}


def test_a_range_that_reaches_the_bound_does_not() -> None:
    text = "main: program; call 8; w0 &= 15; if w0 < 9 goto end; call f; end: ; exit"
    assert live(assemble(text)) == {"f": SURE}


def test_what_a_branch_told_decides_the_next() -> None:
    text = """
        main: program
        r6 = *(u32 *)(r1 + 0)
        if w6 s< 0 goto end
        if w6 s>= 0 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {}


@pytest.mark.parametrize(("value", "expected"), [(0, {}), (1, {"f": SURE})])
def test_core_values_decide(value: int, expected: dict[str, str]) -> None:
    text = "main: program; r1 = core 1; if r1 == 0 goto end; call f; end: ; exit"
    assert live(assemble(text), core={0: Patch("value", value)}) == expected


def test_a_poisoned_instruction_ends_its_path() -> None:
    obj = assemble("main: program; r1 = core 1; call f; exit")
    reach = Walked(obj, core={0: Patch(POISON)}).reach()
    assert [(poison.slot, poison.sure) for poison in reach.poisons] == [(0, True)]
    assert reach.calls == []


def test_an_absent_weak_extern_guards() -> None:
    text = "main: program; r1 = &f; if r1 == 0 goto end; call f; call g; end: ; exit"
    obj = assemble(text, weak=("f",))
    assert live(obj, absent=("f",)) == {}
    assert live(obj) == {"f": SURE, "g": SURE}


def test_the_opposite_guard_is_dead_where_the_extern_is_there() -> None:
    text = "main: program; r1 = &f; if r1 != 0 goto end; call g; end: ; exit"
    obj = assemble(text, weak=("f",))
    assert live(obj) == {}
    assert live(obj, absent=("f",)) == {"g": SURE}


def test_nothing_follows_the_call_of_an_absent_function() -> None:
    obj = assemble("main: program; call f; call g; exit", weak=("f",))
    assert live(obj, absent=("f",)) == {"f": SURE}


@pytest.mark.parametrize(("version", "expected"), [(0x60000, {}), (0x70000, {"f": SURE})])
def test_the_kernel_version_decides(version: int, expected: dict[str, str]) -> None:
    text = """
        main: program
        r1 = &LINUX_KERNEL_VERSION; r1 = *(u32 *)(r1 + 0)
        if w1 < 0x60500 goto end
        call f
        end: ; exit
    """
    obj = assemble(text, kconfig=("LINUX_KERNEL_VERSION",))
    kconfig = {"LINUX_KERNEL_VERSION": struct.pack("<I", version)}
    assert live(obj, kconfig=kconfig) == expected


def test_an_option_that_is_not_known_leaves_both_ways_open() -> None:
    text = (
        "main: program; r1 = &CONFIG_X; r1 = *(u8 *)(r1 + 0); if r1 == 0 goto x; call f; x: ; exit"
    )
    assert live(assemble(text, kconfig=("CONFIG_X",))) == {"f": PERHAPS}


def test_constants_reach_static_functions() -> None:
    text = """
        main: program; r1 = 0; call sub; exit
        sub: static; if r1 == 0 goto end; call f
        end: ; r0 = 0; exit
    """
    assert live(assemble(text)) == {}


def test_constants_do_not_reach_global_functions() -> None:
    text = """
        main: program; r1 = 0; call sub; exit
        sub: global; if r1 == 0 goto end; call f
        end: ; r0 = 0; exit
    """
    assert live(assemble(text)) == {"f": SURE}


def test_what_a_static_function_returns_decides() -> None:
    text = """
        main: program; r1 = 3; call sub; if r0 != 4 goto end; call f
        end: ; exit
        sub: static; r0 = r1; r0 += 2; call g; r0 = 5; exit
    """
    assert live(assemble(text)) == {"g": SURE}


def test_a_static_function_is_walked_for_each_argument() -> None:
    text = """
        main: program; r1 = 1; call sub; r1 = 2; call sub; exit
        sub: static; if r1 == 1 goto one; call two; exit
        one: ; call one_only; exit
    """
    assert live(assemble(text)) == {"two": SURE, "one_only": SURE}


def test_a_call_in_dead_code_does_not_count() -> None:
    text = """
        main: program; r1 = 0; if r1 == 0 goto end; call sub
        end: ; exit
        sub: global; call f; exit
    """
    assert live(assemble(text)) == {}


def test_the_stack_keeps_constants() -> None:
    text = """
        main: program
        r1 = 5; *(u64 *)(r10 - 8) = r1; r2 = *(u64 *)(r10 - 8)
        if r2 == 5 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {}


def test_the_stack_forgets_what_the_verifier_forgets() -> None:
    text = """
        main: program
        *(u8 *)(r10 - 1) = 5; r2 = *(u8 *)(r10 - 1)
        if r2 == 5 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {"f": SURE}


def test_a_helper_that_gets_the_address_may_write() -> None:
    text = """
        main: program
        *(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 8; call 113
        r2 = *(u64 *)(r10 - 8); if r2 == 0 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {"f": PERHAPS}


def test_a_helper_that_only_reads_does_not() -> None:
    text = """
        main: program
        *(u32 *)(r10 - 4) = 0; r2 = r10; r2 += -4; r1 = &map; call 1
        r2 = *(u32 *)(r10 - 4); if r2 == 0 goto end
        call f
        end: ; exit
    """
    assert live(assemble(text)) == {}


_FLAG = """
    main: program
    r6 = 0
    r7 = *(u32 *)(r1 + 0)
    if r7 == 0 goto join
    r6 = 1
    join: ; if r6 == {tested} goto yes
    exit
    yes: ; call f; exit
"""


def test_a_flag_set_on_some_way_is_open_at_first_and_live_on_a_closer_look() -> None:
    obj = assemble(_FLAG.format(tested=1))
    assert live(obj) == {"f": PERHAPS}
    assert live(obj, exact=True) == {"f": SURE}


def test_a_flag_never_set_so_is_dead_on_a_closer_look() -> None:
    obj = assemble(_FLAG.format(tested=2))
    assert live(obj) == {"f": PERHAPS}
    assert live(obj, exact=True) == {}


def test_what_follows_an_open_branch_is_sure_again() -> None:
    text = """
        main: program
        r6 = 0; r7 = *(u32 *)(r1 + 0); if r7 == 0 goto join
        r6 = 1
        join: ; if r6 == 1 goto after
        call perhaps
        after: ; call surely; exit
    """
    assert live(assemble(text)) == {"perhaps": PERHAPS, "surely": SURE}


def test_kernels_with_the_same_answers_share_what_was_found() -> None:
    obj = assemble("main: program; r1 = core 1; if r1 == 0 goto end; call f; end: ; exit")
    first = Walked(obj, core={0: Patch("value", 0)})
    first.reach()
    made = sum(map(len, first.code.summaries.values()))
    Walked(obj, core={0: Patch("value", 0)}, code=first.code).reach()
    assert sum(map(len, first.code.summaries.values())) == made
    other = Walked(obj, core={0: Patch("value", 1)}, code=first.code).reach()
    assert len(other.calls) == 1


@pytest.mark.parametrize(("version", "shared"), [(0x60100, True), (0x60400, False)])
def test_kernels_of_other_versions_share_where_their_branches_turn_out_alike(
    version: int, shared: bool
) -> None:
    text = "main: program; r1 = &v; r1 = *(u32 *)(r1 + 0); if r1 > 0x60300 goto end"
    text += "; call f; end: ; exit"
    obj = assemble(text, kconfig=("v",))
    first = Walked(obj, kconfig={"v": struct.pack("<I", 0x60200)})
    first.reach()
    other = Walked(obj, kconfig={"v": struct.pack("<I", version)}, code=first.code)
    assert len(other.reach().calls) == shared
    made = sum(map(len, first.code.summaries.values()))
    assert made == (1 if shared else 2)


def test_what_is_made_of_a_version_is_not_shared_between_versions() -> None:
    text = """
        main: program
        r1 = &v
        r1 = *(u32 *)(r1 + 0)
        r1 += 1
        if r1 == 6 goto end
        call f
        end: ; exit
    """
    obj = assemble(text, kconfig=("v",))
    first = Walked(obj, kconfig={"v": struct.pack("<I", 5)})
    assert first.reach().calls == []
    other = Walked(obj, kconfig={"v": struct.pack("<I", 6)}, code=first.code)
    assert len(other.reach().calls) == 1


def test_a_field_elsewhere_changes_nothing() -> None:
    text = "main: program; r2 = core 8; r1 += r2; r1 = *(u64 *)(r1 + 0); call f; exit"
    obj = assemble(text)
    first = Walked(obj, core={0: Patch("value", 8)})
    first.reach()
    Walked(obj, core={0: Patch("value", 16)}, code=first.code).reach()
    assert sum(map(len, first.code.summaries.values())) == 1


def test_without_types_a_core_value_is_not_known() -> None:
    obj = assemble("main: program; r1 = core 1; if r1 == 0 goto end; call f; end: ; exit")
    assert live(obj, core={0: Patch(UNRESOLVED)}) == {"f": PERHAPS}


@pytest.mark.parametrize("takes_context", [True, False])
def test_what_replaces_a_function_may_be_given_nothing(takes_context: bool) -> None:
    """The context of a program is never null, an argument of a function may be 0."""
    obj = assemble("main: program; if r1 != 0 goto end; call f\nend: ; exit")
    assert bool(Walked(obj).reach(takes_context=takes_context).calls) != takes_context
