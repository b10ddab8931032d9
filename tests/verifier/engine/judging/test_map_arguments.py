"""Which maps helpers are given: judged where the call is live, by type of map and of program.

The verdicts are those of booted kernels on the selftests' verifier_prevent_map_lookup,
verifier_tailcall and verifier_sockmap_mutate.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.permission.section_names import ProgramKind, parse_section_name
from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.flow.given_maps import find_given_map
from verifier.engine.object.map_types import MAP_TYPES
from verifier.engine.object.model import BpfMap
from verifier.engine.result import PASSES, REFUSED, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

LOOKUP, UPDATE, DELETE, TAIL_CALL, KTIME = 1, 2, 3, 12, 5
_ITERATOR = parse_section_name("iter/sockmap")


def _check(
    text: str, *types: str, kernel: str = "7.3", kind: ProgramKind | None = None
) -> ProgramVerdict:
    """Check a program whose maps are of some types."""
    obj = assemble(text)
    maps = tuple(
        BpfMap(f"map{at}", MAP_TYPES.index(f"BPF_MAP_TYPE_{word}") if word else 0)
        for at, word in enumerate(types)
    )
    programs = tuple(replace(item, kind=kind or item.kind) for item in obj.programs)
    obj = replace(obj, maps=maps, programs=programs)
    [verdict] = check_object(obj, bundled_kernel(kernel)).programs
    return verdict


def _call(number: int, register: int = 1) -> str:
    return f"main: program; r{register} = &map0; call {number}; r0 = 0; exit"


@pytest.mark.parametrize("kernel", ["6.1", "6.12", "6.18", "7.3"])
@pytest.mark.parametrize(
    ("word", "number", "register", "verdict"),
    [
        ("HASH", LOOKUP, 1, PASSES),
        ("DEVMAP", LOOKUP, 1, PASSES),
        ("ARRAY_OF_MAPS", LOOKUP, 1, PASSES),
        ("ARRAY_OF_MAPS", UPDATE, 1, REFUSED),
        ("STACK_TRACE", LOOKUP, 1, REFUSED),
        ("RINGBUF", DELETE, 1, REFUSED),
        ("PROG_ARRAY", TAIL_CALL, 2, PASSES),
        ("ARRAY", TAIL_CALL, 2, REFUSED),
        ("", LOOKUP, 1, PASSES),  # its loader gives it a type
    ],
)
def test_types_of_maps_that_helpers_take(
    kernel: str, word: str, number: int, register: int, verdict: str
) -> None:
    assert _check(_call(number, register), word, kernel=kernel).verdict == verdict


def test_the_finding_says_what_the_kernel_says_and_where_it_decides() -> None:
    [finding] = _check(_call(TAIL_CALL, 2), "ARRAY").findings
    [reason] = finding.reasons
    assert reason.text == (
        "cannot pass map_type 2 into func bpf_tail_call#12: map map0 is of type ARRAY, and it "
        "takes PROG_ARRAY"
    )
    assert reason.file == "kernel/bpf/verifier.c"
    assert reason.line


@pytest.mark.parametrize(
    ("kernel", "number", "kind", "verdict"),
    [
        ("6.18", UPDATE, None, PASSES),
        ("7.3", UPDATE, None, REFUSED),  # XDP was taken out of may_update_sockmap()
        ("7.3", DELETE, _ITERATOR, PASSES),
    ],
)
def test_sockmaps_are_for_programs_of_some_types(
    kernel: str, number: int, kind: ProgramKind | None, verdict: str
) -> None:
    found = _check(_call(number), "SOCKMAP", kernel=kernel, kind=kind)
    assert found.verdict == verdict
    if verdict == REFUSED:
        assert "takes from programs of some other types only" in reasons_of(found)[0]


def test_a_kernel_whose_check_was_not_read_refuses_nothing() -> None:
    facts = bundled_kernel("7.3").facts
    older = tuple(line for line in facts.helpers if not line.startswith('["maps"'))
    kernel = KernelUnderTest(replace(facts, helpers=older))
    obj = replace(assemble(_call(TAIL_CALL, 2)), maps=(BpfMap("map0", 2),))
    assert check_object(obj, kernel).programs[0].verdict == PASSES


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        # another argument, and what is left in a register that the helper does not have
        (f"main: program; r2 = &map0; call {LOOKUP}; exit", PASSES),
        (f"main: program; r1 = &map0; call {KTIME}; exit", PASSES),
        # dead
        (f"main: program; r1 = 0; if r1 == 0 goto o; r1 = &map0; call {LOOKUP}; o:; exit", PASSES),
        # kept in another register, over a call
        (f"main: program; r6 = &map0; call {KTIME}; r1 = r6; call {LOOKUP}; exit", REFUSED),
        # from the caller of a subprogram
        (f"main: program; r1 = &map0; call f; exit; f: static; call {LOOKUP}; exit", REFUSED),
        # kept on the stack
        (
            f"main: program; r1 = &map0; *(u64 *)(r10 - 8) = r1; r1 = *(u64 *)(r10 - 8); "
            f"call {LOOKUP}; exit",
            REFUSED,
        ),
        # the other map
        (f"main: program; r1 = &map1; call {LOOKUP}; r1 = &map0; r0 = 0; exit", PASSES),
    ],
)
def test_the_map_is_followed_to_the_call(text: str, verdict: str) -> None:
    assert _check(text, "RINGBUF", "HASH").verdict == verdict


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("main: program; r1 = &map0; r2 = 5; call 1", 0),
        ("main: program; r6 = &map0; call 5; r1 = r6; call 1", 0),
        ("main: program; r1 = &map0; call 5; call 1", None),
        ("main: program; r1 = &map0; r1 = 0; call 1", None),
        ("main: program; r1 = &.data; call 1", None),
        ("main: program; call 1", None),
    ],
)
def test_the_code_before_a_call_shows_the_map(text: str, index: int | None) -> None:
    obj = assemble(text)
    code = obj.code["text"]
    slot = len(code.opcodes) - 1
    references = {at: found for (_, at), found in obj.references.items()}
    assert find_given_map(code, 0, slot, 1, references) == index
