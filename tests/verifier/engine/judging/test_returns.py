"""What programs and callbacks return: judged at live exits, by what they are for.

The verdicts are those of booted kernels.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.permission.section_names import parse_section_name
from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.flow.returned import Returned
from verifier.engine.object.model import BpfMap, StructOpsUse
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object, prepare_object

_U32 = (1 << 32) - 1
RANDOM, LOOP, TIMER_SET_CALLBACK = 7, 181, 170


def _check(
    text: str, section: str, kernel: str = "7.3", use: StructOpsUse | None = None
) -> ProgramVerdict:
    obj = assemble(text)
    kind = parse_section_name(section)
    programs = tuple(
        replace(item, kind=kind, struct_ops=(use,) if use else ()) for item in obj.programs
    )
    obj = replace(obj, programs=programs, maps=(BpfMap("map0", 1),))
    [verdict] = check_object(obj, bundled_kernel(kernel)).programs
    return verdict


def _returning(number: int) -> str:
    return f"main: program; r0 = {number}; exit"


@pytest.mark.parametrize(
    ("section", "allowed", "refused"),
    [
        ("fentry/do_nanosleep", (0,), (1, -1)),
        ("fexit/do_nanosleep", (0,), (1, -1)),
        ("iter/task", (0, 1), (-1, 2)),
        ("kprobe/do_nanosleep", (-7, 7), ()),
        ("kprobe.session/do_nanosleep", (0, 1), (2,)),
        ("lsm/file_open", (-4095, 0), (-4096, 1)),
        ("lsm/audit_rule_known", (0, 1), (-1, 2)),
        ("lsm/task_to_inode", (-9, 9), ()),  # returns nothing
        ("lsm_cgroup/socket_bind", (0, 1), (-1, 2)),
        ("lsm_cgroup/inet_csk_clone", (1,), (0, 2)),  # returns nothing
        ("cgroup/bind4", (0, 3), (-1, 4)),
        ("cgroup/connect4", (0, 1), (2,)),
        ("cgroup/recvmsg4", (1,), (0, 2)),
        ("cgroup_skb/egress", (0, 3), (4,)),
        ("cgroup_skb/ingress", (0, 1), (2,)),
        ("cgroup/skb", (0, 1), (2,)),
        ("sk_lookup", (0, 1), (2,)),
        ("netfilter", (0, 1), (2,)),
        ("sockops", (0, 1), (2,)),
        ("tp_btf/task_newtask", (-3, 3), ()),
        ("raw_tp/task_newtask", (-3, 3), ()),
        ("xdp", (-3, 30), ()),
    ],
)
def test_what_programs_may_return(
    section: str, allowed: tuple[int, ...], refused: tuple[int, ...]
) -> None:
    for number in allowed:
        assert _check(_returning(number), section).verdict == PASSES, number
    for number in refused:
        assert _check(_returning(number), section).verdict == REFUSED, number


def test_lsm_programs_of_6_1_may_return_anything() -> None:
    assert _check(_returning(9), "lsm/file_open", "6.1").verdict == PASSES


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        # It takes the second way for the first, which ends in the same state but for r0.
        (f"call {RANDOM}; r1 = r0; r0 = 0; if r1 == 3 goto o; r0 = 2; o:; exit", UNKNOWN),
        (f"call {RANDOM}; r1 = r0; r0 = 5; if r1 == 3 goto o; r0 = 2; o:; exit", REFUSED),
        (f"call {RANDOM}; r1 = r0; r0 = 0; if r1 == 3 goto o; exit; o:; r0 = 2; exit", REFUSED),
        (f"call {RANDOM}; exit", REFUSED),
    ],
)
def test_6_1_does_not_keep_states_apart_by_what_is_returned(code: str, verdict: str) -> None:
    found = _check(f"main: program; {code}", "cgroup_skb/ingress", "6.1")
    assert found.verdict == verdict


def test_the_finding_says_what_the_kernel_says_and_where_it_decides() -> None:
    [finding] = _check(_returning(2), "cgroup/connect4").findings
    [reason] = finding.reasons
    assert reason.text == (
        "At program exit the register R0 has 2 and should have been in [0, 1], which is all that "
        "programs of its type and attach type may return"
    )
    assert reason.file == "kernel/bpf/verifier.c"
    assert reason.line
    assert finding.instruction == 1


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        # dead
        ("r1 = 0; if r1 == 0 goto o; r0 = 7; exit; o:; r0 = 0; exit", PASSES),
        ("r1 = 1; if r1 == 0 goto o; r0 = 7; exit; o:; r0 = 0; exit", REFUSED),
        # where ways meet
        (f"call {RANDOM}; r1 = r0; r0 = 0; if r1 == 3 goto o; r0 = 1; o:; exit", PASSES),
        (f"call {RANDOM}; r1 = r0; r0 = 0; if r1 == 3 goto o; r0 = 2; o:; exit", REFUSED),
        # calls and loads
        (f"call {RANDOM}; exit", REFUSED),
        (f"call {RANDOM}; r0 &= 1; exit", PASSES),
        (f"call {RANDOM}; r0 &= 3; exit", REFUSED),
        (f"call {RANDOM}; if r0 > 1 goto o; exit; o:; r0 = 0; exit", PASSES),
        ("r0 = *(u32 *)(r1 + 0); exit", REFUSED),
        ("r6 = *(u8 *)(r1 + 0); r6 &= 3; r0 = r6; exit", REFUSED),
        ("r6 = *(u8 *)(r1 + 0); r0 = r6; if r6 > 1 goto o; exit; o:; r0 = 0; exit", UNKNOWN),
        # addresses
        ("r0 = r1; exit", REFUSED),
        ("r0 = &map0; exit", REFUSED),
        # subprograms
        ("call f; exit; f: static; r0 = 1; exit", PASSES),
        ("call f; exit; f: static; r0 = 2; exit", REFUSED),
        # The verifier learns of one register what it learns of its copy.
        (f"call {RANDOM}; r6 = r0; if r6 > 1 goto o; exit; o:; r0 = 0; exit", UNKNOWN),
        # what some kernels calculate more exactly than others
        (f"call {RANDOM}; r0 %= 2; exit", UNKNOWN),
        (f"call {RANDOM}; r0 &= 1; r0 *= 3; exit", UNKNOWN),
    ],
)
def test_what_is_returned_is_followed_to_the_exit(code: str, verdict: str) -> None:
    found = _check(f"main: program; {code}", "cgroup_skb/ingress")
    assert found.verdict == verdict
    if verdict == UNKNOWN:
        assert found.findings[0].reasons[1].text == (
            "it could not be decided whether the verifier of this kernel takes what is returned "
            "here"
        )


def test_only_the_low_half_counts_for_hooks() -> None:
    assert _check("main: program; w0 = -13; exit", "lsm/file_open").verdict == PASSES
    assert _check("main: program; w0 = -1; exit", "cgroup_skb/ingress").verdict == REFUSED


def test_what_a_subprogram_returns_counts_for_hooks_too() -> None:
    of = f"main: program; call f; exit; f: static; call {RANDOM}; r1 = r0; r0 = 0;"
    assert _check(f"{of} if r1 == 3 goto o; r0 = 2; o:; exit", "lsm/file_open").verdict == REFUSED
    assert _check(f"{of} if r1 == 3 goto o; r0 = -2; o:; exit", "lsm/file_open").verdict == PASSES


def test_a_hook_may_return_what_it_was_about_to_return() -> None:
    word = 8  # file_open(file)
    assert _check(f"main: program; r0 = *(u64 *)(r1 + {word}); exit", "lsm/file_open").verdict == (
        PASSES
    )


@pytest.mark.parametrize(
    ("member", "number", "verdict"), [("dequeue", 0, PASSES), ("dequeue", 1, REFUSED)]
)
def test_an_op_that_returns_a_pointer_returns_none_or_an_object(
    member: str, number: int, verdict: str
) -> None:
    use = StructOpsUse("Qdisc_ops", member, "ops")
    assert _check(_returning(number), "struct_ops", use=use).verdict == verdict


def test_what_ops_return_otherwise_is_not_asked() -> None:
    use = StructOpsUse("tcp_congestion_ops", "ssthresh", "ops")
    assert _check(_returning(7), "struct_ops", use=use).verdict == PASSES


@pytest.mark.parametrize(
    ("text", "kernel", "verdict"),
    [
        (f"r1 = 9; r2 = &cb; call {LOOP}; r0 = 0; exit; cb: static; r0 = 1; exit", "7.3", PASSES),
        (f"r1 = 9; r2 = &cb; call {LOOP}; r0 = 0; exit; cb: static; r0 = 2; exit", "7.3", REFUSED),
        (f"r1 = 9; r2 = &cb; call {LOOP}; r0 = 0; exit; cb: static; r0 = 2; exit", "6.1", REFUSED),
        # never run
        (f"r1 = 0; r2 = &cb; call {LOOP}; r0 = 0; exit; cb: static; r0 = 2; exit", "6.18", PASSES),
    ],
)
def test_what_callbacks_return_whose_callers_wait(text: str, kernel: str, verdict: str) -> None:
    found = _check(f"main: program; {text}", "tc", kernel)
    assert found.verdict == verdict
    if verdict == REFUSED:
        assert reasons_of(found)[0].startswith("At callback return the register R0 has 2")


def test_a_kernel_whose_check_was_not_read_refuses_nothing() -> None:
    facts = replace(bundled_kernel("7.3").facts, return_ranges=())
    obj = assemble(_returning(2))
    kind = parse_section_name("sk_lookup")
    obj = replace(obj, programs=tuple(replace(item, kind=kind) for item in obj.programs))
    assert check_object(obj, KernelUnderTest(facts)).programs[0].verdict == PASSES


@pytest.mark.parametrize(
    ("section", "code", "noted"),
    [
        ("xdp", f"call {RANDOM}; exit", False),  # any number will do
        ("sk_lookup", "r0 = 1; exit", False),  # only what will do comes out
        ("sk_lookup", f"call {RANDOM}; exit", True),
    ],
)
def test_walks_note_only_what_a_kernel_may_object_to(section: str, code: str, noted: bool) -> None:
    obj = assemble(f"main: program; {code}")
    kind = parse_section_name(section)
    obj = replace(obj, programs=tuple(replace(item, kind=kind) for item in obj.programs))
    prepared = prepare_object(obj)
    check_object(prepared, bundled_kernel("7.3"))
    assert (0 in prepared.code.noted) == noted


def test_a_function_that_was_called_before_it_is_a_callback_is_looked_at_again() -> None:
    called = f"called: program; r1 = 0; call f; call {RANDOM}; exit"
    given = f"given: program; r1 = 9; r2 = &f; call {LOOP}; r0 = 0; exit"
    obj = assemble(f"{called}; {given}; f: static; r0 = 2; exit")
    kind = parse_section_name("sk_lookup")
    obj = replace(obj, programs=tuple(replace(item, kind=kind) for item in obj.programs))
    _, given_back = check_object(obj, bundled_kernel("7.3")).programs
    assert given_back.verdict == REFUSED


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("r0 = 1; exit", Returned({1}, writes=1)),
        ("w0 = -1; exit", Returned({0xFFFF_FFFF}, writes=1)),
        ("r0 = 0; if r1 == 0 goto o; r0 = 1; o:; exit", Returned({0, 1}, writes=2)),
        ("r0 = 5; call 7; exit", Returned(set(), True, True, 1)),
        ("call 7; r0 &= 3; exit", Returned(set(), True, True, 1)),
        ("call 7; r0 &= 2; exit", Returned(set(), True, False, 1)),
        ("call 7; r6 = r0; exit", Returned(set(), True, False, 1)),
        ("call 7; r6 = r0; r0 = r6; exit", Returned(set(), True, False, 1)),
        ("r6 = *(u8 *)(r1 + 0); r0 = r6; exit", Returned(set(), True, True, 1)),
        ("r6 = 4; call 7; r0 = r6; exit", Returned({4}, writes=1)),
        ("r6 = 4; if r1 == 0 goto o; r6 = 5; o:; r0 = r6; exit", Returned({4, 5}, writes=2)),
        ("r6 = -1; w0 = w6; exit", Returned({0xFFFF_FFFF}, False, False, 1)),
        ("r6 = 4; r7 = r6; call 7; r0 = r7; exit", Returned({4}, False, False, 1)),
        ("r0 = r1; exit", Returned(set(), True, False, 0)),
        ("again:; w0 = w1; if r2 != 0 goto again; exit", Returned(set(), True, False, 0)),
        ("call 7; if w0 > 1 goto o; o:; exit", Returned(set(), True, False, 1)),
        ("r0 = *(u64 *)(r10 - 8); exit", Returned(set(), True, False, 1)),
        ("r0 = &map0; exit", Returned(set(), True, False, 1)),
        ("exit", Returned(set(), True, True, 0)),
    ],
)
def test_the_code_before_an_exit_shows_what_is_returned(code: str, expected: Returned) -> None:
    assert _find_returned(f"main: program; {code}") == [expected]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("call f; exit; f: static; r0 = 1; exit", Returned({1}, False, False, 1)),
        ("call f; w0 = w0; exit; f: static; r0 = -1; exit", Returned({_U32}, False, False, 1)),
        ("call f; r0 = 7; exit; f: static; exit", Returned({7}, writes=1)),
        ("call f; exit; f: static; r0 = r1; exit", Returned(set(), True, False, 1)),
        ("call f; exit; f: static; call f; exit", Returned(set(), True, False, 1)),
        ("call f; exit; f: static; end:; goto end", Returned(set(), True, False, 1)),
        ("call f; exit; f: global; r0 = 1; exit", Returned(set(), True, True, 1)),
    ],
)
def test_static_functions_are_followed_to_what_they_return(code: str, expected: Returned) -> None:
    assert _find_returned(f"main: program; {code}") == [expected]


def test_a_long_chain_of_calls_is_not_followed_to_its_end() -> None:
    chain = [f"f{number}: static; call f{number + 1}; exit" for number in range(2000)]
    found = _find_returned(
        "; ".join(("main: program; call f0; exit", *chain, "f2000: static; r0 = 1; exit"))
    )
    assert found == [Returned(set(), True, False, 1)]


def _find_returned(text: str) -> list[Returned]:
    found = ObjectCode(assemble(text), {}).find_returned(0)
    assert found is not None
    return list(found.values())


def test_a_loop_without_a_way_in_from_the_start_is_followed_once() -> None:
    text = "main: program; r0 = 1; again:; r1 += 1; if r1 != 0 goto again; exit"
    assert [item.constants for item in _find_returned(text)] == [{1}]


def test_a_negated_number_has_bounds_on_newer_kernels_only() -> None:
    """A booted 6.12 knows nothing of -(x & 1), a booted 7.3 that it is in [-1, 0]."""
    obj = assemble(f"main: program; call {RANDOM}; r0 &= 1; r0 ^= 0; exit")
    code = obj.code["text"]
    negated = replace(code, opcodes=code.opcodes.replace(b"\xa7", b"\x87"))  # r0 = -r0
    programs = tuple(
        replace(item, kind=parse_section_name("lsm/file_open")) for item in obj.programs
    )
    obj = replace(obj, code={"text": negated}, programs=programs)
    [verdict] = check_object(obj, bundled_kernel("6.12")).programs
    assert verdict.verdict == UNKNOWN
