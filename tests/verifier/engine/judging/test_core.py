"""Live CO-RE relocations: what the kernel lacks refuses, what a module may have stays open."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.ext import CoreKind, read_btf_ext
from kfmap.btf.read import Btf, read_btf
from tests.btf.btf_writer import BtfWriter, write_btf_ext
from tests.verifier.engine.flow.assembly import SECTION, assemble
from tests.verifier.engine.judging.toy import kernel_facts, only_finding, strong
from verifier.engine.judging.loader import UNTYPED
from verifier.engine.result import PASSES, REFUSED, UNKNOWN, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, check_object


def _types(*members: str, struct: str = "thing") -> tuple[BtfWriter, int]:
    writer = BtfWriter()
    number = writer.integer("int")
    rows = [(name, number, 32 * at) for at, name in enumerate(members)]
    return writer, writer.struct(struct, 4 * len(members), rows)


def _kernel(*members: str, struct: str = "thing") -> Btf:
    return read_btf(_types(*members, struct=struct)[0].build())


_ASKS = "main: program; r1 = core 0; if r1 != 1 goto end; call nope; end: ; exit"


def _check(kernel: Btf | None, kind: CoreKind, text: str = _ASKS) -> ProgramVerdict:
    """Check a program that asks for thing.a, and calls what no kernel has if that gives 1."""
    writer, thing = _types("a")
    slot = assemble(text).btf_ext.core[SECTION].slots[0]  # type: ignore[union-attr]  # it has one
    rows = [(8 * slot, thing, writer.string("0:0"), kind)]
    ext = write_btf_ext(writer, core={SECTION: rows})
    local = read_btf(writer.build())
    obj = replace(strong(assemble(text)), btf=local, btf_ext=read_btf_ext(ext, local))
    [verdict] = check_object(obj, KernelUnderTest(kernel_facts(), kernel)).programs
    return verdict


def test_a_field_of_the_kernel_passes() -> None:
    assert _check(_kernel("b", "a"), CoreKind.FIELD_BYTE_OFFSET).verdict == PASSES


def test_a_field_that_the_type_lacks_is_refused() -> None:
    verdict = _check(_kernel("b"), CoreKind.FIELD_BYTE_OFFSET)
    assert verdict.verdict == REFUSED
    assert verdict.findings[0].reasons[0].text == "struct thing has no field a on this kernel"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("main: program; r1 = core 0; exit", REFUSED),  # no kernel function is called at all
        ("main: program; call s; exit\ns: static; r1 = core 0; exit", REFUSED),
        ("main: program; call g; exit\ng: global; r1 = core 0; exit", REFUSED),
        ("main: program; r1 = 3; r2 = &c; call 181; exit\nc: static; r1 = core 0; exit", REFUSED),
        ("main: program; r1 = core 0; call bpf_common; exit", REFUSED),
        ("main: program; call bpf_common; r1 = core 0; exit", REFUSED),
        ("main: program; r6 = 1; if r6 == 1 goto end; r1 = core 0; end: ; exit", PASSES),
        ("main: program; exit\nother: global; r1 = core 0; exit", PASSES),
    ],
)
def test_every_function_that_is_walked_is_looked_at(text: str, expected: str) -> None:
    verdict = _check(_kernel("b"), CoreKind.FIELD_BYTE_OFFSET, text)
    assert verdict.verdict == expected


def test_a_field_that_may_be_read_is_unknown() -> None:
    text = """
        main: program; *(u64 *)(r10 - 8) = 0; r1 = r10; r1 += -8; r2 = 8; call 113
        r6 = *(u64 *)(r10 - 8); if r6 == 0 goto end; r1 = core 0
        end: ; exit
    """
    assert _check(_kernel("b"), CoreKind.FIELD_BYTE_OFFSET, text).verdict == UNKNOWN


def test_a_type_that_a_module_may_have_is_unknown() -> None:
    verdict = _check(_kernel("a", struct="other"), CoreKind.FIELD_BYTE_OFFSET)
    assert verdict.verdict == UNKNOWN
    assert verdict.findings[0].reasons[0].text == (
        "struct thing is not in the kernel itself, and what its loaded modules have is not known"
    )


@pytest.mark.parametrize(
    ("kernel", "expected"),
    [
        (_kernel("a"), REFUSED),
        (_kernel("b"), PASSES),
        (_kernel("a", struct="other"), PASSES),  # as for libbpf, if no module that has it is loaded
    ],
)
def test_whether_a_field_exists_decides(kernel: Btf, expected: str) -> None:
    assert _check(kernel, CoreKind.FIELD_EXISTS).verdict == expected


def test_without_types_the_reason_is_told() -> None:
    verdict = _check(None, CoreKind.FIELD_EXISTS)
    assert verdict.verdict == UNKNOWN
    texts = [reason.text for reason in only_finding(verdict).reasons]
    assert texts[-1].endswith("this kernel came without its types")


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (CoreKind.FIELD_BYTE_OFFSET, UNKNOWN),
        (CoreKind.FIELD_RSHIFT_U64, UNKNOWN),
        (CoreKind.FIELD_EXISTS, PASSES),  # 0 where it is not there
        (CoreKind.TYPE_SIZE, PASSES),
        (CoreKind.TYPE_ID_LOCAL, PASSES),
    ],
)
def test_a_field_of_a_kernel_without_types_is_unknown(kind: CoreKind, expected: str) -> None:
    verdict = _check(None, kind, "main: program; r1 = core 0; exit")
    assert verdict.verdict == expected
    texts = [finding.reasons[0].text for finding in verdict.findings]
    assert texts == [f"it is not known {UNTYPED}"] * (expected == UNKNOWN)


def test_what_is_refused_anyway_is_not_said_to_be_unknown() -> None:
    verdict = _check(
        None, CoreKind.FIELD_BYTE_OFFSET, "main: program; r1 = core 0; call nope; exit"
    )
    assert verdict.verdict == REFUSED
    assert UNTYPED not in str(verdict.findings)
