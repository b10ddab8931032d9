"""How deep calls may nest: 8 frames in 6.1 to 7.1, 16 in 7.2, and what of a program counts.

Each text was asked of booted kernels: 6.18.15, 7.1.13, 7.2.12 and 7.3.4 say what is said here.
"""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import behaving, kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, FindingKind, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_END = "r0 = 0; exit"
_SET_CALLBACK = 170  # bpf_timer_set_callback()
_LOOP = 181  # bpf_loop()


def _chain(names: list[str], last: str = _END, globals_: tuple[str, ...] = ()) -> list[str]:
    """Return functions that call each other in this order; the last one does what is given."""
    calls = [(name, f"call {callee}; {_END}") for name, callee in pairwise(names)]
    return [
        f"{name}: {'global' if name in globals_ else 'static'}; {code}"
        for name, code in (*calls, (names[-1], last))
    ]


def _nest(count: int, *globals_: str, last: str = _END) -> str:
    """Return a program from which so many calls nest."""
    names = [f"f{at}" for at in range(1, count + 1)]
    return "\n".join((f"main: program; call f1; {_END}", *_chain(names, last, globals_)))


def _check(text: str, kernel: KernelUnderTest | None = None) -> ProgramVerdict:
    return check_object(assemble(text), kernel or _kernel()).programs[0]


def _kernel(frames: int = 8, anew: bool = False) -> KernelUnderTest:
    counted = {f"call_frames:{frames}": True, "frames_anew_in_globals": anew}
    return KernelUnderTest(behaving(kernel_facts(), **counted))


@pytest.mark.parametrize(("count", "word"), [(7, PASSES), (8, REFUSED)])
def test_the_program_has_the_first_frame(count: int, word: str) -> None:
    assert _check(_nest(count)).verdict == word


@pytest.mark.parametrize(("count", "word"), [(15, PASSES), (16, REFUSED)])
def test_how_many_frames_there_are_is_the_kernels_number(count: int, word: str) -> None:
    assert _check(_nest(count), _kernel(16)).verdict == word


def test_the_way_leads_to_the_call_that_is_too_deep() -> None:
    finding = only_finding(_check(_nest(9)))
    assert finding.kind == FindingKind.LOAD
    assert [step.function for step in finding.path] == ["main", *(f"f{at}" for at in range(1, 8))]
    assert finding.reasons[0].text == (
        "the call stack of 8 frames is too deep: no more than 7 calls may nest in one another,"
        " dead code included, and calls of global functions"
    )
    assert finding.suggestion.startswith("mark a function on the way __always_inline")


@pytest.mark.parametrize(("anew", "word"), [(False, REFUSED), (True, PASSES)])
@pytest.mark.parametrize("at", ["f1", "f5", "f8"])
def test_a_global_function_begins_a_new_chain_where_the_kernel_says_so(
    anew: bool, word: str, at: str
) -> None:
    assert _check(_nest(8, at), _kernel(anew=anew)).verdict == word


def test_below_a_global_function_calls_nest_too_deep_as_well() -> None:
    finding = only_finding(_check(_nest(9, "f1"), _kernel(anew=True)))
    assert finding.reasons[0].text.endswith("and counted anew from each global function")
    assert [step.function for step in finding.path][-1] == "f8"


def test_dead_code_counts() -> None:
    text = _nest(8).replace("call f1", "r1 = 0; if r1 == 0 goto end; call f1; end:")
    assert text.startswith("main: program; r1 = 0")
    assert _check(text).verdict == REFUSED


@pytest.mark.parametrize("kernel", [_kernel(), _kernel(16, True), KernelUnderTest(kernel_facts())])
@pytest.mark.parametrize("linkage", ["static", "global"])
def test_functions_that_call_each_other_nest_without_end(
    kernel: KernelUnderTest, linkage: str
) -> None:
    text = f"main: program; call f1; {_END}\nf1: {linkage}; call f2; {_END}\n"
    finding = only_finding(_check(f"{text}f2: {linkage}; call 1; call f1; {_END}", kernel))
    assert [step.function for step in finding.path] == ["main", "f1", "f2"]
    assert finding.reasons[0].text.startswith("recursive call from f2() to f1()")


def test_a_callback_that_sets_itself_again_does_not_call_itself() -> None:
    text = f"main: program; r2 = &back; call {_SET_CALLBACK}; {_END}\n"
    assert _check(f"{text}back: static; r2 = &back; call {_SET_CALLBACK}; {_END}").verdict == PASSES


@pytest.mark.parametrize(("count", "word"), [(6, PASSES), (7, REFUSED)])
def test_a_callback_is_a_frame_on_top_of_who_waits_for_it(count: int, word: str) -> None:
    last = f"r1 = 2; r2 = &back; r3 = 0; r4 = 0; call {_LOOP}; {_END}"
    assert _check(_nest(count, last=last) + f"\nback: static; {_END}").verdict == word


def _sets_timer(above: int, below: int, is_dead: bool = False) -> str:
    call = f"r2 = &back; call {_SET_CALLBACK}; "
    call = f"r3 = 0; if r3 == 0 goto end; {call}end: ; " if is_dead else call
    back = _chain(["back", *(f"b{at}" for at in range(1, below + 1))])
    return "\n".join((_nest(above, last=call + _END), *back))


@pytest.mark.parametrize(("above", "below", "word"), [(5, 7, PASSES), (2, 8, REFUSED)])
def test_what_runs_later_has_a_stack_of_its_own(above: int, below: int, word: str) -> None:
    assert _check(_sets_timer(above, below)).verdict == word


def test_what_would_run_later_is_a_frame_where_nothing_sets_it() -> None:
    assert _check(_sets_timer(4, 3, is_dead=True)).verdict == REFUSED
    assert _check(_sets_timer(3, 3, is_dead=True)).verdict == PASSES


@pytest.mark.parametrize(("count", "word"), [(7, PASSES), (8, UNKNOWN), (20, UNKNOWN)])
def test_of_a_kernel_whose_number_is_not_known_nothing_is_said(count: int, word: str) -> None:
    verdict = _check(_nest(count), KernelUnderTest(kernel_facts()))
    assert verdict.verdict == word
    if word == UNKNOWN:
        reasons = [reason.text for reason in only_finding(verdict).reasons]
        assert reasons[-1] == "it is not known how many frames this kernel allows"


@pytest.mark.parametrize(
    ("name", "deep", "around"),
    [
        ("6.1", 8, 8),
        ("6.12", 8, 8),
        ("6.18", 8, 8),
        ("7.1", 8, 9),
        ("7.2", 16, 17),
        ("7.3", 16, 17),
    ],
)
def test_what_each_kernel_allows(name: str, deep: int, around: int) -> None:
    """`deep`: the fewest static calls that are too many; `around`: with a global function first."""
    kernel = bundled_kernel(name)
    for count, text in ((deep, _nest), (around, lambda n: _nest(n, "f1"))):
        below, above = (_check(text(n), kernel).findings for n in (count - 1, count))
        assert not any("frames" in item.reasons[0].text for item in below)
        assert any("frames is too deep" in item.reasons[0].text for item in above)
