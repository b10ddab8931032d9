"""Which branch of an object is live on which kernel."""

from __future__ import annotations

import json

from verifier.engine.reports.branches import Branch, find_branches
from verifier.engine.reports.json_report import render_json
from verifier.engine.reports.model import CheckedObject
from verifier.engine.result import PASSES, REFUSED, ObjectVerdict, ProgramVerdict

_BOTH = ("new", "old")


def _verdict(kernel: str, live: tuple[str, ...], word: str = PASSES) -> ObjectVerdict:
    program = ProgramVerdict("main", word, (), live, (*_BOTH, "always", "never"))
    return ObjectVerdict(kernel, (program,))


def test_each_kernel_takes_one_of_two_branches() -> None:
    verdicts = [
        _verdict("6.18", ("always", "old")),
        _verdict("7.2", ("always", "new")),
        _verdict("7.3", ("always", "new")),
    ]
    assert find_branches(verdicts) == (
        Branch(("7.3", "7.2"), ("new",)),
        Branch(("6.18",), ("old",)),
    )


def test_programs_that_do_not_pass_take_none() -> None:
    verdicts = [_verdict("6.18", ("old",), REFUSED), _verdict("7.2", ("new",))]
    assert find_branches(verdicts) == ()


def test_many_kfuncs_are_named_in_part() -> None:
    branch = Branch(("7.3",), tuple(f"kfunc_{number}" for number in range(9)))
    assert branch.words.startswith("on 7.3: kfunc_0, kfunc_1")
    assert branch.words.endswith("kfunc_5 and 3 more")


def test_json_has_the_branches() -> None:
    verdicts = (_verdict("6.18", ("always", "old")), _verdict("7.2", ("always", "new")))
    body = json.loads(render_json([CheckedObject("toy.bpf.o", "", None, verdicts)]))
    assert body["objects"][0]["summary"]["branches"] == [
        {"kernels": ["7.2"], "kfuncs": ["new"]},
        {"kernels": ["6.18"], "kfuncs": ["old"]},
    ]
