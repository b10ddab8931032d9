"""`kfmap decode`: its JSON to the letter, its text, its exit codes, what it cannot read."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from kfmap.cli.main import main
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import MAX_LOG
from tests.decoder.logs import BANNER, LIBBPF

pytestmark = pytest.mark.django_db

_FIELDS = [
    *("kind", "line", "text", "program", "source", "kernel", "kfunc", "because", "instead"),
]
_REFUSED = "calling kernel function scx_bpf_dsq_insert is not allowed"


def _run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["decode", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def _decode(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], log: str, *arguments: str
) -> list[dict[str, Any]]:
    """Return the messages of a log that has some."""
    path = tmp_path / "log.txt"
    path.write_text(log)
    code, out, _ = _run(capsys, str(path), "--format", "json", *arguments)
    answer = json.loads(out)
    assert (code, list(answer), answer["version"]) == (0, ["version", "messages"], 1)
    return list(answer["messages"])


def test_json_has_the_fields_of_the_contract(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (message,) = _decode(tmp_path, capsys, f"{BANNER}\n{LIBBPF}")
    assert list(message) == _FIELDS
    assert message["kind"] == "not_allowed"
    assert message["line"] == 16
    assert message["text"] == "calling kernel function scx_bpf_dispatch_nr_slots is not allowed"
    assert message["program"] == "toy_running"
    assert message["source"] == "toy.bpf.c:113"
    assert message["kernel"] == "6.18.15+deb13-amd64"
    assert message["kfunc"] == "scx_bpf_dispatch_nr_slots"
    assert message["because"].endswith(".")


def test_what_the_log_does_not_tell_is_null_and_the_answer_says_for_which_kernel_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (message,) = _decode(tmp_path, capsys, _REFUSED)
    assert (message["program"], message["source"], message["kernel"]) == (None, None, None)
    assert (
        "answered for 7.3, the newest kernel of the map: the log names none" in message["because"]
    )
    assert "struct_ops:sched_ext_ops.dispatch" in message["instead"]


def test_asked_kernel_goes_before_the_one_in_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = "libbpf: extern (func ksym) 'scx_bpf_dsq_insert': not found in kernel or module BTFs"
    (message,) = _decode(tmp_path, capsys, missing, "--kernel", "6.12.107+deb13-amd64")
    assert message["kernel"] == "6.12"
    assert message["because"].startswith("6.12 has no kfunc scx_bpf_dsq_insert; 7.3")
    (message,) = _decode(tmp_path, capsys, f"{BANNER}\n{missing}", "--kernel", "6.12")
    assert message["kernel"] == "6.18.15+deb13-amd64"
    assert message["because"].startswith("6.12 has no kfunc")


def test_kinds_are_of_the_documented_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = f"{_REFUSED}\nR1 invalid mem access 'scalar'\ngadget: cannot gad"
    kinds = [message["kind"] for message in _decode(tmp_path, capsys, log)]
    assert kinds == ["not_allowed", "verifier", "unrecognised"]
    assert set(kinds) <= {kind.value for kind in Kind}


def test_help_lists_the_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["decode", "--help"])
    said = capsys.readouterr().out.split("Kinds of messages:")[1]
    assert {word.strip(" ,.\n") for word in said.split()} == {kind.value for kind in Kind}


def test_text_has_message_place_reason_and_advice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    path.write_text(f"{BANNER}\n{LIBBPF}".replace("scx_bpf_dispatch_nr_slots", "scx_bpf_kick_cpu"))
    code, out, _ = _run(capsys, str(path), "--kernel", "7.2")
    assert code == 0
    for part in (
        "line 16: calling kernel function scx_bpf_kick_cpu is not allowed",
        "  where:   program toy_running, section struct_ops/toy_running, instruction 5, Linux 6.18",
        "  source:  toy.bpf.c:113: scx_bpf_kick_cpu();",
        "because: ",
    ):
        assert part in out


@pytest.mark.parametrize(
    "data",
    [b"", b"\x00\xff\xfe" * 99, b"all is well\n", b"\n" * 99],
    ids=["empty", "binary", "quiet", "newlines"],
)
def test_nothing_recognised_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    path = tmp_path / "log.txt"
    path.write_bytes(data)
    code, out, _ = _run(capsys, str(path))
    assert code == 1
    assert "Nothing here is a message that kfmap knows." in out
    code, out, _ = _run(capsys, str(path), "--format", "json")
    assert (code, json.loads(out)) == (1, {"version": 1, "messages": []})


def test_unrecognised_complaint_alone_ends_with_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log.txt"
    path.write_text("gadget: cannot gad")
    code, out, _ = _run(capsys, str(path), "--format", "json")
    assert code == 1
    assert [message["kind"] for message in json.loads(out)["messages"]] == ["unrecognised"]


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_standard_input_is_read(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    stream = io.TextIOWrapper(io.BytesIO(b"\xff\n" + _REFUSED.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    code, out, _ = _run(capsys, *arguments)
    assert (code, out.startswith(f"line 2: {_REFUSED}")) == (0, True)


def test_what_cannot_be_read_ends_with_two_and_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    large = tmp_path / "large.txt"
    large.write_bytes(b"a" * (MAX_LOG + 1))
    for name, sentence in (
        (str(tmp_path / "absent"), "cannot be read: No such file or directory."),
        (str(tmp_path), "cannot be read: Is a directory."),
        (str(large), "has more than 16 MB: keep what stands around the first error"),
    ):
        code, out, err = _run(capsys, name)
        assert (code, out) == (2, "")
        assert sentence in err


def test_unknown_kernel_ends_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "log.txt"
    path.write_text(_REFUSED)
    code, _, err = _run(capsys, str(path), "--kernel", "9.9")
    assert code == 2
    assert "There is no kernel '9.9'; there are 7.3, 7.3-all," in err


def test_largest_log_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = "; x = toy(y); @ toy.bpf.c:1\n"
    log = line * ((MAX_LOG - 200) // len(line)) + _REFUSED
    (message,) = _decode(tmp_path, capsys, log)
    assert message["kind"] == "not_allowed"
