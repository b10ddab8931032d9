"""Kconfig variables hold what libbpf reads from the kernel's .config, or keep the object out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.kinds import INT_SIGNED
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.verifier.engine.judging.toy import kernel_facts
from tests.verifier.engine.object.objects import read
from verifier.engine.judging.kconfig import read_setting, version_code
from verifier.engine.object.model import BpfObject, Extern, ExternKind
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ObjectVerdict
from verifier.engine.verdict import KernelUnderTest, check_object

_OPTIONS = {
    "CONFIG_NUMBER": "250",
    "CONFIG_LETTER": "m",
    "CONFIG_SWITCH": "y",
    "CONFIG_DRIVER": "m",
    "CONFIG_TEXT": '"abc"',
    "CONFIG_ARCH_HAS_SYSCALL_WRAPPER": "y",
}


def _check(config: dict[str, str] | None, *must_be_set: str) -> ObjectVerdict:
    obj = _demand(read("options.bpf.o"), must_be_set)
    return check_object(obj, KernelUnderTest(kernel_facts(), None, config))


def _demand(obj: BpfObject, names: tuple[str, ...]) -> BpfObject:
    externs = tuple(replace(item, weak=item.name not in names) for item in obj.externs)
    return replace(obj, externs=externs)


def _with(verdict: ObjectVerdict, word: str) -> set[str]:
    return {program.program for program in verdict.programs if program.verdict == word}


def _problem(config: dict[str, str] | None, *must_be_set: str) -> str:
    """Return the one reason why nothing of the object loads."""
    verdict = _check(config, *must_be_set)
    reasons = {
        finding.reasons[0].text
        for program in verdict.programs
        for finding in program.findings
        if finding.kind == "load"
    }
    assert _with(verdict, REFUSED) == {program.program for program in verdict.programs}
    assert len(reasons) == 1
    return reasons.pop()


def test_options_decide_what_is_live() -> None:
    verdict = _check(_OPTIONS)
    assert _with(verdict, PASSES) == {"made_up"}
    assert len(_with(verdict, REFUSED)) == len(verdict.programs) - 1


def test_a_weak_option_that_is_not_set_is_zero() -> None:
    verdict = _check({})
    assert _with(verdict, PASSES) == {program.program for program in verdict.programs}


@pytest.mark.parametrize(
    ("program", "name", "value"),
    [
        ("number", "CONFIG_NUMBER", "0xfa"),
        ("number", "CONFIG_NUMBER", "0372"),
        ("letter", "CONFIG_LETTER", "109"),
        ("text", "CONFIG_TEXT", '"abcdef"'),
    ],
)
def test_values_are_read_as_c_reads_them(program: str, name: str, value: str) -> None:
    assert _with(_check({name: value}), REFUSED) == {program}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONFIG_NUMBER", "y"),
        ("CONFIG_NUMBER", '"250"'),
        ("CONFIG_NUMBER", "0x100000000"),
        ("CONFIG_NUMBER", "250x"),
        ("CONFIG_LETTER", "128"),
        ("CONFIG_SWITCH", "m"),
        ("CONFIG_SWITCH", "1"),
        ("CONFIG_DRIVER", "2"),
        ("CONFIG_TEXT", "y"),
        ("CONFIG_TEXT", '"'),
    ],
)
def test_a_value_that_does_not_fit_its_type_keeps_the_object_out(name: str, value: str) -> None:
    assert _problem({name: value}).startswith(f"{name} is {value} in this kernel's configuration")


def test_an_option_that_must_be_set_keeps_the_object_out() -> None:
    assert "declare it __weak" in _problem({}, "CONFIG_NUMBER")
    assert "LINUX_NO_SUCH_VARIABLE" in _problem(_OPTIONS, "LINUX_NO_SUCH_VARIABLE")


def test_without_the_configuration_the_reason_is_told() -> None:
    verdict = _check(None)
    assert _with(verdict, PASSES) == {"made_up"}
    assert len(_with(verdict, UNKNOWN)) == len(verdict.programs) - 1
    [number] = [program for program in verdict.programs if program.program == "number"]
    texts = [reason.text for reason in number.findings[0].reasons]
    told = (
        "it is not known what value CONFIG_NUMBER has: this kernel came without its configuration"
    )
    assert told in texts


@pytest.mark.parametrize(
    ("version", "code"),
    [("6.12.94", 0x060C5E), ("7.2", 0x070200), ("6.1.300-rt", 0x0601FF), ("next", None)],
)
def test_version_codes_are_those_of_the_kernel(version: str, code: int | None) -> None:
    assert version_code(version) == code


@pytest.mark.parametrize("size", [0, 3, 16, 1 << 30])
def test_an_integer_of_no_size_of_c_keeps_the_object_out(size: int) -> None:
    btf = BtfWriter()
    variable = btf.variable("LINUX_KERNEL_VERSION", btf.integer("odd", size, INT_SIGNED))
    extern = Extern(
        "LINUX_KERNEL_VERSION", "LINUX_KERNEL_VERSION", ExternKind.KCONFIG, False, variable
    )
    obj = replace(read("options.bpf.o"), btf=read_btf(btf.build()))
    setting = read_setting(obj, extern, KernelUnderTest(kernel_facts()))
    assert "no kconfig variable may have" in setting.problem


def test_a_text_beyond_any_map_is_not_made() -> None:
    btf = BtfWriter()
    text = btf.array(btf.integer("char", 1), 1 << 30)
    extern = Extern(
        "CONFIG_X", "CONFIG_X", ExternKind.KCONFIG, True, btf.variable("CONFIG_X", text)
    )
    obj = replace(read("options.bpf.o"), btf=read_btf(btf.build()))
    setting = read_setting(obj, extern, KernelUnderTest(kernel_facts(), None, {}))
    assert setting.data is None
