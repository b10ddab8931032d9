"""The run-time oracle over as many guests as it takes: QEMU is a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kfmap.probe import guest
from kfmap.probe.guest import Guest
from kfmap.probe.host import ProbeError
from kfmap.probe.run_time_asking import ask_at_run_time
from kfmap.probe.run_time_evidence import RunTimeWord, read_run_time
from tests.verifier.opinions.pretended import pretend, printing

HEAD = {"format": "kfmap-run-time", "version": 1, "release": "6.18.15+deb13-amd64"}
KFUNC = "scx_bpf_dsq_move"


def _begin(number: int, op: str = "running") -> dict[str, Any]:
    return {"begin": number, "op": op, "kfunc": KFUNC}


def _answer(op: str = "running", message: str = "") -> dict[str, Any]:
    return {"op": op, "kfunc": KFUNC, "called": True, "absent": False, "message": message}


def _console(*lines: dict[str, Any], ends: bool = True) -> str:
    body = "\n".join(json.dumps(line) for line in (HEAD, *lines))
    end = guest.ENDS.decode() if ends else ""
    return f"SeaBIOS\n{guest.BEGINS.decode()}\n{body}\n{end}\n"


def _guest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *consoles: str, after: str = ""
) -> Guest:
    kernel = pretend(
        tmp_path, monkeypatch, 'echo "$@" >>"$0.lines"\n' + printing(*consoles) + after
    )
    return Guest(kernel.image, b"init", {}, seconds=20)


def _starts(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "qemu.lines").read_text().splitlines()
    return [word for line in lines for word in line.split() if word.startswith("from=")]


def test_every_answer_of_one_guest_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = _console(_begin(0), _answer(), _begin(1, "tick"), _answer("tick", "kfunc with mask 0x2"))
    evidence = read_run_time(ask_at_run_time(_guest(tmp_path, monkeypatch, said)))
    assert [(item.op, item.word) for item in evidence.answers] == [
        ("running", RunTimeWord.PASSES),
        ("tick", RunTimeWord.FAILS),
    ]


def test_a_call_that_stops_two_guests_has_that_as_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = _console(_begin(0), _answer(), _begin(1, "cgroup_move"), ends=False)
    again = _console(_begin(1, "cgroup_move"), ends=False)
    rest = _console(_begin(2, "tick"), _answer("tick"))
    told: list[str] = []
    kept: list[bytes] = []
    asked = _guest(tmp_path, monkeypatch, first, again, rest)
    evidence = read_run_time(ask_at_run_time(asked, say=told.append, keep=kept.append))
    assert [(item.op, item.word) for item in evidence.answers] == [
        ("running", RunTimeWord.PASSES),
        ("cgroup_move", RunTimeWord.STOPS),
        ("tick", RunTimeWord.PASSES),
    ]
    assert _starts(tmp_path) == ["from=0", "from=1", "from=2"]
    assert told[0].startswith(f"{KFUNC} from cgroup_move: The guest ended")
    assert [item.op for item in read_run_time(kept[0]).answers] == ["running"]


def test_a_guest_that_only_once_stops_in_a_call_is_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, again = _console(_begin(0), ends=False), _console(_begin(0), _answer())
    evidence = read_run_time(ask_at_run_time(_guest(tmp_path, monkeypatch, first, again)))
    assert [item.word for item in evidence.answers] == [RunTimeWord.PASSES]


def test_a_guest_that_says_nothing_more_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy = _console(_begin(0), ends=False)
    asked = _guest(tmp_path, monkeypatch, busy, busy, after="sleep 30\n")
    monkeypatch.setattr("kfmap.probe.run_time_asking._MOST_BOOTS", 2)
    evidence = read_run_time(ask_at_run_time(asked, silent=0.6))
    assert [item.word for item in evidence.answers] == [RunTimeWord.STOPS]


def test_a_guest_that_boots_slowly_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = pretend(tmp_path, monkeypatch, "sleep 2\n" + printing(_console(_begin(0), _answer())))
    asked = Guest(kernel.image, b"init", {}, seconds=20)
    evidence = read_run_time(ask_at_run_time(asked, silent=0.6))
    assert [item.word for item in evidence.answers] == [RunTimeWord.PASSES]


def test_an_image_that_never_answers_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _guest(tmp_path, monkeypatch, "Kernel panic - not syncing: no init\n")
    with pytest.raises(ProbeError, match="Kernel panic"):
        ask_at_run_time(asked)
