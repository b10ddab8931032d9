"""What a scheduler in a guest was let do, held against the masks of the map."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.kernel.facts import KernelFacts
from kfmap.probe.evidence import EvidenceError
from kfmap.probe.run_time_evidence import (
    SCHEDULER,
    SOURCE,
    RunTimeWord,
    compare_run_time,
    read_run_time,
    render_run_time,
)
from verifier.engine.object.read import read_object

HEAD = {"format": "kfmap-run-time", "version": 1, "release": "6.18.15+deb13-amd64"}
REFUSED = "kfunc with mask 0x2 called from an operation only allowing 0x10"


def test_the_scheduler_names_no_folder_of_whoever_built_it() -> None:
    assert re.findall(rb"/(?:tmp|home|root|work|srv|usr)/[\w/.]*", SCHEDULER.read_bytes()) == []


@pytest.fixture(scope="module")
def facts() -> KernelFacts:
    return next(item.read_facts() for item in find_bundled() if item.name == "6.18")


def _document(*answers: tuple[str, str, bool, str]) -> bytes:
    lines = [
        {"op": op, "kfunc": kfunc, "called": called, "message": message}
        for op, kfunc, called, message in answers
    ]
    return "\n".join(json.dumps(line) for line in (HEAD, *lines)).encode()


def test_a_call_agrees_differs_or_is_not_driven(facts: KernelFacts) -> None:
    document = _document(
        ("running", "scx_bpf_dsq_move_to_local", True, REFUSED),
        ("dispatch", "scx_bpf_dsq_move_to_local", True, ""),
        ("enqueue", "scx_bpf_dsq_insert", True, REFUSED),
        ("tick", "scx_bpf_dsq_insert", False, ""),
    )
    cells = {
        (cell.answer.op, cell.answer.kfunc): cell
        for cell in compare_run_time(facts, read_run_time(document))
    }
    assert not cells["running", "scx_bpf_dsq_move_to_local"].differs
    assert not cells["dispatch", "scx_bpf_dsq_move_to_local"].differs
    assert cells["enqueue", "scx_bpf_dsq_insert"].differs
    undriven = cells["tick", "scx_bpf_dsq_insert"]
    assert undriven.answer.word == RunTimeWord.UNDRIVEN
    assert "made the kernel call the op" in undriven.reason
    assert "ending already" in cells["exit", "scx_bpf_dsq_insert"].reason


def test_another_error_comes_after_the_mask_has_passed(facts: KernelFacts) -> None:
    document = _document(("dispatch", "scx_bpf_dispatch_cancel", True, "dispatch buffer underflow"))
    (answer,) = read_run_time(document).answers
    assert answer.word == RunTimeWord.PASSES


def test_every_cell_is_printed_or_counted(facts: KernelFacts) -> None:
    document = _document(("enqueue", "scx_bpf_dsq_insert", True, REFUSED))
    evidence = read_run_time(document)
    text = render_run_time("6.18", evidence, compare_run_time(facts, evidence))
    assert "0 of 1 calls do what the masks of 6.18 say" in text
    assert "differs: scx_bpf_dsq_insert in enqueue: the kernel: fails" in text
    assert "not driven: timer" in text


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (b"", "not what the run-time oracle writes"),
        (b"[" * 10_000, "not what the run-time oracle writes"),
        (json.dumps({**HEAD, "version": 2}).encode(), "not what the run-time oracle writes"),
        (
            json.dumps(HEAD).encode() + b'\n{"problem": "the kernel does not load it"}',
            "does not load it",
        ),
    ],
)
def test_what_is_no_evidence_is_said(document: bytes, message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        read_run_time(document)


def test_a_kernel_without_masks_is_said(facts: KernelFacts) -> None:
    with pytest.raises(EvidenceError, match="refuses at load time"):
        compare_run_time(replace(facts, run_time=None), read_run_time(_document()))


def test_the_scheduler_has_a_program_for_every_op_with_a_mask(facts: KernelFacts) -> None:
    """A committed object that its source has outgrown would leave ops undriven in silence."""
    assert facts.run_time is not None
    made = {
        use.member
        for program in read_object(SCHEDULER.read_bytes()).programs
        for use in program.struct_ops
    }
    ops = {op.member for op in facts.run_time.ops}
    assert ops <= made


@pytest.mark.parametrize("name", ["6.17", "6.18", "6.19"])
def test_the_oracle_knows_every_kfunc_with_a_mask(name: str) -> None:
    facts = next(item.read_facts() for item in find_bundled() if item.name == name)
    assert facts.run_time is not None
    source = SOURCE.read_text()
    assert [
        guard.kfunc for guard in facts.run_time.guards if f'"{guard.kfunc}"' not in source
    ] == []


def test_a_call_that_stops_the_machine_had_passed_the_mask(facts: KernelFacts) -> None:
    lines = [
        {"op": op, "kfunc": "scx_bpf_dsq_move", "stopped": True} for op in ("cgroup_move", "tick")
    ]
    document = "\n".join(json.dumps(line) for line in (HEAD, *lines)).encode()
    evidence = read_run_time(document)
    cells = compare_run_time(facts, evidence)
    stopped = {cell.answer.op: cell for cell in cells if cell.answer.word == RunTimeWord.STOPS}
    assert not stopped["cgroup_move"].differs
    assert stopped["tick"].differs  # a mask that refuses returns at once
    assert "stops the machine: scx_bpf_dsq_move in cgroup_move" in render_run_time(
        "6.18", evidence, cells
    )
