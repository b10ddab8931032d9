"""`kfmap probe` compares evidence with the map, and says in a sentence why it cannot ask."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.cli.main import main
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from tests.probe.evidence_writer import context, write

pytestmark = pytest.mark.django_db


def _evidence(tmp_path: Path, *, wrong: int = 0, release: str = "7.3.4+deb13-amd64") -> Path:
    """Write evidence that agrees with the bundled 7.3 but for the first `wrong` cells of xdp."""
    facts = next(bundled for bundled in find_bundled() if bundled.name == "7.3").read_facts()
    decider = Decider(facts)
    bits = decider.bits(Context("BPF_PROG_TYPE_XDP"))
    letters = [bits.letter(place) for place in range(len(decider.kfuncs))]
    for place in range(wrong):
        letters[place] = {"A": "D", "D": "A"}[letters[place]]
    path = tmp_path / "evidence.json"
    given = [context(verdicts="".join(letters))]
    kfuncs = list(decider.kfuncs)
    path.write_bytes(write(kernel=release, build_id="", kfuncs=kfuncs, contexts=given))
    return path


def test_evidence_that_agrees_exits_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", "--evidence", str(_evidence(tmp_path))]) == 0
    said = capsys.readouterr().err
    assert "7.3.4+deb13-amd64 answered" in said
    assert "agree with 7.3;" in said


def test_a_cell_that_differs_is_named_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", "--evidence", str(_evidence(tmp_path, wrong=21))]) == 1
    said = capsys.readouterr().err
    assert "in xdp: the kernel says" in said
    assert "… and 1 more cells." not in said
    assert "… and one more cell." in said


def test_a_release_that_the_map_lacks_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _evidence(tmp_path, release="4.19.0-1-amd64")
    assert main(["probe", "--evidence", str(path)]) == 0
    assert "The map has no kernel 4.19.0-1-amd64" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--image", "/nonexistent/vmlinuz"], "cannot be read: No such file"),
        (["--modules", "/lib/modules"], "--modules goes with --image"),
        (["--evidence", __file__], "not JSON"),
    ],
)
def test_what_cannot_be_asked_is_a_sentence_and_exits_with_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["probe", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_the_file_of_evidence_is_json(tmp_path: Path) -> None:
    assert json.loads(_evidence(tmp_path).read_text())["format"] == "kfmap-evidence"


def test_another_build_of_a_release_is_not_compared_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _evidence(tmp_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "build_id": "0a1b2c"}))
    assert main(["probe", "--evidence", str(path)]) == 0
    assert "The map has no kernel 7.3.4+deb13-amd64" in capsys.readouterr().err
