"""The function that a program declares for its exceptions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.verifier.engine.flow.assembly import assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding
from verifier.engine.result import PASSES, REFUSED, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_PLAIN = "main: program; exit\nback: global; exit"


def _check(
    text: str = _PLAIN,
    returns: str = "number",
    takes: tuple[str, ...] = ("number",),
    tags: int = 1,
    kfuncs: tuple[str, ...] = ("bpf_throw",),
) -> ProgramVerdict:
    writer = BtfWriter()
    number = writer.integer("unsigned long long")
    types = {"number": number, "pointer": writer.pointer(number), "void": 0}
    program = writer.function("main", number)
    parameters = [(f"p{at}", types[kind]) for at, kind in enumerate(takes)]
    back = writer.function("back", types[returns], parameters)
    for _ in range(tags):
        writer.declaration_tag("exception_callback:back", program)
    obj = assemble(text)
    functions = tuple(
        replace(item, type_id={"main": program, "back": back}.get(item.name, 0))
        for item in obj.functions
    )
    programs = (replace(obj.programs[0], exception_callback=1),)
    obj = replace(obj, functions=functions, programs=programs, btf=read_btf(writer.build()))
    return check_object(obj, KernelUnderTest(kernel_facts(*kfuncs))).programs[0]


def test_one_that_takes_an_integer_and_returns_one_is_fine() -> None:
    assert _check().verdict == PASSES


@pytest.mark.parametrize(
    ("returns", "takes"),
    [("pointer", ("number",)), ("void", ("number",)), ("number", ()), ("number", ("pointer",))],
)
def test_others_are_refused(returns: str, takes: tuple[str, ...]) -> None:
    verdict = _check(returns=returns, takes=takes)
    assert verdict.verdict == REFUSED
    assert "has to take one integer" in only_finding(verdict).reasons[0].text


def test_there_is_one_only() -> None:
    assert "more than one" in only_finding(_check(tags=2)).reasons[0].text


@pytest.mark.parametrize(
    "how", ["call back; exit", "r1 = 0; if r1 == 0 goto end; call back; end: ; exit"]
)
def test_nobody_calls_it(how: str) -> None:
    verdict = _check(f"main: program; {how}\nback: global; exit")
    assert "may not be called like other" in only_finding(verdict).reasons[0].text


def test_kernels_without_exceptions_do_not_look() -> None:
    assert _check(takes=(), kfuncs=()).verdict == PASSES
