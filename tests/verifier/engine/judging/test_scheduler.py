"""A compiled scheduler on a made-up kernel: what the loader writes decides what is live."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from kfmap.kernel.facts import KernelFacts
from tests.permission.small_kernel import (
    create_kernel,
    create_registration,
    create_set,
    create_struct_ops,
)
from tests.verifier.engine.object.objects import read
from verifier.engine.judging.loader import read_constants
from verifier.engine.result import PASSES, REFUSED, ObjectVerdict
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    LoaderChoices,
    check_object,
    prepare_object,
)

_MEMBERS = (
    "select_cpu", "enqueue", "dispatch", "tick", "running", "stopping", "enable", "init",
    "timeout_ms", "name",
)  # fmt: skip
_KFUNCS = ("scx_bpf_select_cpu_dfl", "scx_bpf_dsq_insert", "scx_bpf_dsq_move_to_local")
_SLOTS = "scx_bpf_dispatch_nr_slots"


def _facts(*more: str) -> KernelFacts:
    """A kernel that registers what the scheduler calls for tracing or for every struct_ops."""
    sets = (
        create_set("ops_ids", *_KFUNCS, *more),
        create_set("init_ids", "scx_bpf_create_dsq", flags=("KF_SLEEPABLE",), line=80),
        create_set("trace_ids", _SLOTS, line=90),
    )
    registrations = (
        create_registration("STRUCT_OPS", "ops_ids"),
        create_registration("STRUCT_OPS", "init_ids"),
        create_registration("TRACING", "trace_ids"),
    )
    ops = (create_struct_ops("sched_ext_ops", _MEMBERS),)
    return create_kernel(sets, registrations, struct_ops=ops)


@cache
def _check(name: str, *more: str, **values: int) -> ObjectVerdict:
    config = {"CONFIG_CPU_BIG_ENDIAN": "y"} if "bpfeb" in name else None
    kernel = KernelUnderTest(_facts(*more), None, config)
    return check_object(prepare_object(read(name), LoaderChoices(values=values)), kernel)


def _words(verdict: ObjectVerdict) -> dict[str, str]:
    return {program.program: program.verdict for program in verdict.programs}


@pytest.mark.parametrize("name", ["scheduler.bpf.o", "scheduler.bpfeb.o"])
def test_a_kfunc_refused_to_all_members_refuses_those_that_reach_it(name: str) -> None:
    words = _words(_check(name))
    assert {program for program, word in words.items() if word == REFUSED} == {
        "dispatch", "tick", "running", "enable",
    }  # fmt: skip
    assert words["stopping"] == words["init"] == words["pick"] == PASSES


def test_what_the_loader_sets_makes_dead_code_live() -> None:
    assert _words(_check("scheduler.bpf.o", with_slots=1))["stopping"] == REFUSED


def test_findings_have_lines_and_paths_of_the_source() -> None:
    [tick] = [item for item in _check("scheduler.bpf.o").programs if item.program == "tick"]
    [finding] = [item for item in tick.findings if item.kind == "not_allowed"]
    assert [step.function for step in finding.path] == ["tick", "on_timer"]
    assert finding.source is not None
    assert _SLOTS in finding.source.text
    assert any(_SLOTS in line for line in finding.disassembly)


def test_a_kernel_that_allows_everything_passes_everything() -> None:
    assert set(_words(_check("scheduler.bpf.o", _SLOTS)).values()) == {PASSES}


def test_types_of_the_kernel_may_have_more_functions_than_its_kfuncs() -> None:
    obj = read("scheduler.bpf.o")
    verdict = check_object(obj, KernelUnderTest(_facts(_SLOTS), obj.btf))
    [stopping] = [item for item in verdict.programs if item.program == "stopping"]
    assert [item.kfunc for item in stopping.findings] == ["scx_bpf_no_such_kfunc"]
    assert stopping.findings[0].kind == "not_allowed"


def test_a_prototype_that_does_not_fit_refuses_strong_references() -> None:
    obj = read("scheduler.bpf.o")
    externs = tuple(
        replace(item, type_id=_other_prototype(item.name)) if item.name == _SLOTS else item
        for item in obj.externs
    )
    verdict = check_object(replace(obj, externs=externs), KernelUnderTest(_facts(), obj.btf))
    strong = not next(item for item in obj.externs if item.name == _SLOTS).weak
    kinds = {finding.kind for program in verdict.programs for finding in program.findings}
    assert "prototype" in kinds
    assert strong == all(program.verdict == REFUSED for program in verdict.programs)


def _other_prototype(name: str) -> int:
    others = {item.name: item.type_id for item in read("scheduler.bpf.o").externs}
    return others["scx_bpf_dsq_insert" if name == _SLOTS else _SLOTS]


def test_values_are_written_where_the_variable_is() -> None:
    obj = read("scheduler.bpf.o")
    [variable] = [item for item in obj.variables if item.name == "with_slots"]
    before, after = read_constants(obj, {}), read_constants(obj, {"with_slots": 1})
    section = variable.section
    assert after[section][variable.offset] == 1
    assert before[section][variable.offset] == 0
    assert sum(a != b for a, b in zip(before[section], after[section], strict=True)) == 1


def test_a_variable_that_is_not_in_rodata_cannot_be_set() -> None:
    with pytest.raises(ChoiceError, match="seen is not a variable"):
        prepare_object(read("scheduler.bpf.o"), LoaderChoices(values={"seen": 1}))
