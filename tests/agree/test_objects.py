"""The verdicts on 65 small objects are those of the booted kernels (objects/verdicts.tsv).

`objects/objects.tar.xz` holds `objects/sources` compiled as `objects/README.md` says.
"""

from __future__ import annotations

import csv
import tarfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kfmap.btf.pack import unpack
from kfmap.btf.read import read_btf
from kfmap.catalogue.bundled_kernels import BUNDLED
from tests.agree.truth import read_bundled
from verifier.engine.object.read import read_object
from verifier.engine.result import FAILS_AT_RUN_TIME, PASSES, REFUSED, FindingKind, ProgramVerdict
from verifier.engine.verdict import KernelUnderTest, Prepared, check_object, prepare_object

_FOLDER = Path(__file__).parent / "objects"
_ROWS = 146
_WORDS = {"success": (PASSES, FAILS_AT_RUN_TIME), "failure": (REFUSED,), "unprepared": (REFUSED,)}

# What the kernel said → kinds of the finding that has to say the same of the same kfunc.
_ABSENT = ("missing", "prototype", "malformed_kernel")
_KINDS = {
    "denied": ("not_allowed",),
    "poison": _ABSENT,
    "kfunc_missing": ("missing",),
    "kfunc_proto": ("prototype", "malformed_kernel"),
    "sleepable": ("not_sleepable",),
    "sleepable2": ("not_sleepable",),
    "global_sleep": ("not_sleepable",),
    "other": ("struct_ops",),
    "prepare": ("struct_ops",),
}
_OF_KFUNCS = {"not_allowed", "not_sleepable", *_ABSENT}

Row = dict[str, str]


def _read_rows() -> list[Row]:
    with (_FOLDER / "verdicts.tsv").open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@cache
def _read_objects() -> dict[str, Prepared]:
    with tarfile.open(_FOLDER / "objects.tar.xz") as archive:
        members = ((member.name, archive.extractfile(member)) for member in archive)
        return {name: prepare_object(read_object(file.read())) for name, file in members if file}


@cache
def _read_kernel(name: str) -> KernelUnderTest:
    types = read_btf(unpack((BUNDLED / f"{name}.types.xz").read_bytes()))
    return KernelUnderTest(read_bundled(name), types)


@cache
def _check(obj: str, kernel: str) -> dict[str, ProgramVerdict]:
    verdict = check_object(_read_objects()[obj], _read_kernel(kernel))
    return {program.program: program for program in verdict.programs}


def _agrees(row: Row) -> bool:
    """Compare verdict and, where the kernel named one, kind and kfunc of what decided it."""
    ours = _check(row["object"], row["kernel"])[row["program"]]
    told = {(item.kind, item.kfunc) for item in ours.findings if item.kind != "dead"}
    if ours.verdict not in _WORDS[row["verdict"]]:
        return False
    if row["verdict"] == "success":
        return {kind for kind, _ in told} <= {"run_time"}
    kinds = _KINDS[row["reason"]]
    if kinds == ("struct_ops",):
        return "struct_ops" in {kind for kind, _ in told} and not _about_kfuncs(told)
    # the kernel names the global function that may sleep, we the kfunc in it
    named = "" if row["reason"] == "global_sleep" else row["symbol"]
    return any(kind in kinds and named in ("", kfunc) for kind, kfunc in told)


def _about_kfuncs(told: set[tuple[FindingKind, str]]) -> set[tuple[FindingKind, str]]:
    return {item for item in told if item[0] in _OF_KFUNCS}


def test_every_verdict_and_its_kfunc_is_that_of_the_kernel(
    record_property: Callable[[str, object], None],
) -> None:
    rows = _read_rows()
    wrong = [(row["object"], row["program"], row["kernel"]) for row in rows if not _agrees(row)]
    record_property("agreement", f"objects: {len(rows) - len(wrong)} of {len(rows)} verdicts agree")
    assert (len(rows), wrong) == (_ROWS, [])


@pytest.mark.parametrize(
    ("obj", "kernel", "program", "function"),
    [
        ("s43_sleepable_kfunc_in_global_sub.bpf.o", "7.2", "t_running", "gsub"),
        ("s30_timer_cb_in_running.bpf.o", "7.2", "t_running", "tcb"),
        ("s63_timer_cb_global_sub_denied.bpf.o", "7.2", "t_running", "gsub"),
    ],
)
def test_the_path_leads_to_the_function_that_calls(
    obj: str, kernel: str, program: str, function: str
) -> None:
    finding = _check(obj, kernel)[program].findings[0]
    assert finding.path[0].function == program
    assert finding.path[-1].function == function
    assert finding.source is not None
    assert "scx_bpf_" in finding.source.text or "bpf_copy_from_user_str" in finding.source.text


def test_masks_fail_at_run_time_what_filters_refuse_at_load() -> None:
    for obj in ("s01_direct.bpf.o", "s31_timer_cb_in_dispatch.bpf.o"):
        [verdict] = [
            item for name, item in _check(obj, "6.18").items() if name != "scx_lib_init_probe"
        ]
        assert verdict.verdict == FAILS_AT_RUN_TIME
