"""What may end a program: which types of programs have it, and what subprograms with it return.
What callbacks are, and what an object without types of its functions may not do.

The texts are those of check_ld_abs(), check_btf_func(), check_abnormal_return() and check_ld_imm()
of kernel/bpf/verifier.c, which are alike in 6.1 and 7.3.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, FindingKind, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_TAIL = "main: program; call below; r0 = 0; exit\nbelow: static; call 12; r0 = 0; exit"
_DEAD = (
    "main: program; r1 = 0; if r1 == 0 goto end; call below; end: ; r0 = 0; exit\n"
    "below: static; call 12; r0 = 0; exit"
)


def _check(
    text: str, returns: str = "number", typed: bool = True, kernel: KernelUnderTest | None = None
) -> ProgramVerdict:
    writer = BtfWriter()
    number = writer.integer("int")
    types = {
        "number": number,
        "named": writer.typedef("number_t", writer.const(number)),
        "wide": writer.integer("__int128", size=16),
        "choice": writer.enum("choice", [("ONE", 1)]),
        "pointer": writer.pointer(number),
        "tagged": writer.pointer(writer.type_tag("arena", number)),
        "nothing": 0,
    }
    ids = {"main": writer.function("main", number)}
    ids["below"] = writer.function("below", types[returns])
    obj = assemble(text)
    functions = tuple(replace(item, type_id=ids.get(item.name, 0)) for item in obj.functions)
    obj = replace(obj, functions=functions, btf=read_btf(writer.build()), has_function_types=typed)
    return check_object(obj, kernel or KernelUnderTest(kernel_facts())).programs[0]


@pytest.mark.parametrize("returns", ["number", "named", "choice"])
def test_a_subprogram_that_returns_a_number_may_call_a_program(returns: str) -> None:
    assert _check(_TAIL, returns).verdict == PASSES


@pytest.mark.parametrize("text", [_TAIL, _DEAD])
@pytest.mark.parametrize("returns", ["nothing", "pointer", "wide"])
def test_others_may_not_even_in_dead_code(text: str, returns: str) -> None:
    finding = only_finding(_check(text, returns))
    assert finding.kind == FindingKind.LOAD
    assert finding.reasons[0].text.startswith("tail_call is only allowed in functions that return")
    assert [step.function for step in finding.path] == ["main", "below"]


def test_nobody_asks_what_the_program_itself_returns() -> None:
    assert _check("main: program; call 12; r0 = 0; exit", "nothing").verdict == PASSES


def test_without_types_no_subprogram_may() -> None:
    finding = only_finding(_check(_TAIL, typed=False))
    assert finding.reasons[0].text.startswith("tail_call is not allowed in subprogs without BTF")


@pytest.mark.parametrize(
    ("linkage", "typed", "told"),
    [
        ("static", True, ""),
        ("global", True, "callback function not static"),
        ("static", False, "missing btf func_info"),
    ],
)
def test_a_callback_is_static_and_has_a_type(linkage: str, typed: bool, told: str) -> None:
    text = (
        "main: program; r1 = 3; r2 = &each; r3 = 0; r4 = 0; call 181; r0 = 0; exit\n"
        f"each: {linkage}; r0 = 0; exit"
    )
    verdict = _check(text, typed=typed)
    assert verdict.verdict == (REFUSED if told else PASSES)
    if told:
        assert only_finding(verdict).reasons[0].text.startswith(told)


def test_a_function_for_exceptions_is_global() -> None:
    obj = assemble("main: program; r0 = 0; exit\nback: global; call 5; exit")
    obj = replace(obj, programs=(replace(obj.programs[0], exception_callback=1),))
    assert check_object(obj, KernelUnderTest(kernel_facts())).programs[0].verdict == PASSES


def test_a_global_function_that_dead_code_passes_on_is_fine() -> None:
    text = (
        "main: program; r6 = 0; if r6 == 0 goto end\n"
        "r1 = 3; r2 = &each; r3 = 0; r4 = 0; call 181\n"
        "end: ; r0 = 0; exit\neach: global; r0 = 0; exit"
    )
    assert _check(text).verdict == PASSES


def _check_type(text: str, program_type: str, replaces: str | None = None) -> ProgramVerdict:
    obj = assemble(text)
    [program] = obj.programs
    kind = program.kind._replace(program_type=program_type)
    program = replace(program, kind=kind, replaces=replaces)
    obj = replace(obj, programs=(program,))
    return check_object(obj, KernelUnderTest(kernel_facts())).programs[0]


_PACKET = "main: program; r6 = r1; r0 = packet 4; exit"
_DEAD_PACKET = "main: program; r6 = r1; r0 = 0; if r0 == 0 goto end; r0 = packet 4; end: ; exit"
_REPLACED = "BPF_PROG_TYPE_EXT"


@pytest.mark.parametrize(
    ("text", "program_type", "replaces", "verdict"),
    [
        (_PACKET, "BPF_PROG_TYPE_SCHED_CLS", None, PASSES),
        (_PACKET, "BPF_PROG_TYPE_SOCKET_FILTER", None, PASSES),
        (_PACKET, "BPF_PROG_TYPE_XDP", None, REFUSED),
        (_DEAD_PACKET, "BPF_PROG_TYPE_XDP", None, PASSES),
        (_PACKET, _REPLACED, "BPF_PROG_TYPE_SCHED_CLS", PASSES),
        (_PACKET, _REPLACED, "BPF_PROG_TYPE_XDP", REFUSED),
    ],
)
def test_programs_of_some_types_load_from_packets(
    text: str, program_type: str, replaces: str | None, verdict: str
) -> None:
    found = _check_type(text, program_type, replaces)
    told = [reason.text for item in found.findings for reason in item.reasons]
    refused = "BPF_LD_[ABS|IND] instructions not allowed for this program type"
    assert (refused in told) == (verdict == REFUSED)


def test_below_a_program_too() -> None:
    text = "main: program; call below; exit\nbelow: static; r6 = r1; r0 = packet 4; exit"
    finding = only_finding(_check_type(text, "BPF_PROG_TYPE_XDP"))
    assert [step.function for step in finding.path] == ["main", "below"]


_GLOBAL = "main: program; call below; r0 = 0; exit\nbelow: global; r0 = 0; exit"
_DEAD_GLOBAL = (
    "main: program; r1 = 0; if r1 == 0 goto end; call below; end: ; r0 = 0; exit\n"
    "below: global; r0 = 0; exit"
)


@pytest.mark.parametrize(
    ("text", "returns", "kernel", "verdict"),
    [
        (_GLOBAL, "number", "6.18", PASSES),
        (_GLOBAL, "wide", "6.18", PASSES),
        (_GLOBAL, "nothing", "6.1", REFUSED),
        (_GLOBAL, "nothing", "6.18", REFUSED),
        (_GLOBAL, "nothing", "7.3", PASSES),
        (_GLOBAL, "pointer", "6.1", REFUSED),
        (_GLOBAL, "pointer", "7.3", REFUSED),
        (_GLOBAL, "tagged", "7.3", PASSES),
        (_DEAD_GLOBAL, "pointer", "7.3", PASSES),
    ],
)
def test_a_global_function_returns_a_number(
    text: str, returns: str, kernel: str, verdict: str
) -> None:
    """btf_prepare_func_args() of kernel/bpf/btf.c: 7.1.13 is the first read that takes nothing."""
    assert _check(text, returns, kernel=bundled_kernel(kernel)).verdict == verdict


def test_whether_it_may_return_nothing_is_not_known_of_every_kernel() -> None:
    assert _check(_GLOBAL, "nothing").verdict == UNKNOWN
