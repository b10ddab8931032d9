"""What the verifier of 6.1 walks otherwise: each was loaded on 6.1.192 and 6.12.107 (Debian)."""

from __future__ import annotations

from tests.verifier.bundled import bundled_kernel, reasons_of
from tests.verifier.engine.flow.assembly import assemble
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import check_object

_EMPTY = (
    "main: program; r1 = 0; r2 = &each; r3 = 0; r4 = 0; call 181; r0 = 0; exit\n"
    "each: static; call 9999; r0 = 0; exit"
)
_LOCKED = (
    "main: program; r1 = &map0; r2 = &each; r3 = 0; r4 = 0; call 164; r0 = 0; exit\n"
    "each: static; r6 = r3; r1 = r6; call 93; r1 = r6; call 94; r0 = 0; exit"
)


def _check(text: str, kernel: str) -> ProgramVerdict:
    return check_object(assemble(text), bundled_kernel(kernel)).programs[0]


def test_the_callback_of_a_loop_of_no_turns_was_walked() -> None:
    assert _check(_EMPTY, "6.1").verdict == REFUSED
    assert _check(_EMPTY, "6.12").verdict == PASSES
    live = _EMPTY.replace("r1 = 0;", "r1 = 1;", 1)
    assert _check(live, "6.12").verdict == REFUSED


def test_a_lock_in_an_element_that_a_callback_gets_was_none() -> None:
    """ "bpf_spin_unlock without taking a lock" """
    verdict = _check(_LOCKED, "6.1")
    assert verdict.verdict == REFUSED
    assert "in an element that a callback gets" in reasons_of(verdict)[0]
    assert _check(_LOCKED, "6.12").verdict == PASSES


def test_a_lock_in_a_section_of_data_is_known_by_the_load_of_its_address() -> None:
    """6.1.192 says "bpf_spin_unlock of different lock" where it is loaded again; 6.12.107 not."""
    text = "main: program; r1 = &.data; call 93; r1 = &.data; call 94; r0 = 0; exit"
    assert _check(text, "6.1").verdict == UNKNOWN
    assert _check(text, "6.12").verdict == PASSES


def test_global_functions_were_verified_whether_or_not_they_are_called() -> None:
    """do_check_subprogs(): "unknown func bpf_copy_from_user#148" on 6.1.192; 6.12.107 loads it."""
    text = (
        "main: program; r6 = 0; if r6 == 0 goto end; call between; end: ; r0 = 0; exit\n"
        "between: static; call other; exit\n"
        "other: global; call 9999; r0 = 0; exit"
    )
    verdict = _check(text, "6.1")
    assert verdict.verdict == REFUSED
    path = [step.function for step in verdict.findings[0].path]
    assert path == ["main", "between", "other"]
    assert _check(text, "6.12").verdict == PASSES
    assert _check(text.replace("global", "static"), "6.1").verdict == PASSES
