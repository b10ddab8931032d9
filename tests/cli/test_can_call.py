"""`kfmap can-call` on a kernel of the map: its forms, its sentences, its exit codes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def run(command: str, *args: str, **options: Any) -> str:
    """Run a command and give what it printed."""
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    return out.getvalue()


def ask(monkeypatch: pytest.MonkeyPatch, *queries: object) -> list[dict[str, Any]]:
    """Return the answers to JSON lines."""
    lines = "".join(
        f"{query if isinstance(query, str) else json.dumps(query)}\n" for query in queries
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(lines))
    return [json.loads(line) for line in run("can_call", "--kernel=toy", "--stdin").splitlines()]


def test_can_call_says_verdict_and_line() -> None:
    text = run("can_call", "toy", "struct_ops:toy_ops.dispatch", "toy_move")
    assert text.startswith("toy: struct_ops:toy_ops.dispatch → toy_move: allowed\n")
    assert "kernel/filter.c:" in text


def test_can_call_json_has_the_promised_keys() -> None:
    answer = json.loads(
        run("can_call", "toy", "struct_ops:toy_ops.running", "toy_move", "--format=json")
    )
    assert answer["verdict"] == "refused"
    assert answer["run_time"] is None
    assert all({"rule", "text", "file", "line"} == set(reason) for reason in answer["reasons"])


def test_can_call_answers_json_lines_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    context = {
        "program_type": "BPF_PROG_TYPE_XDP",
        "attach_type": None,
        "target": None,
        "struct_ops": None,
        "member": None,
        "sleepable": False,
    }
    answers = ask(
        monkeypatch,
        {"context": context, "kfunc": "bpf_xdp_it"},
        {"context": context, "kfunc": "toy_move"},
    )
    assert [answer["verdict"] for answer in answers] == ["allowed", "refused"]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("not json", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "a query is an object"),
        ('{"context": "xdp"}', "a query is an object"),
        ('{"context": 7, "kfunc": "x"}', "context"),
        ('{"context": {"program_type": 3}, "kfunc": "x"}', "program_type"),
    ],
)
def test_can_call_names_the_line_that_is_no_query(
    monkeypatch: pytest.MonkeyPatch, line: str, problem: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"\n{line}\n"))
    out = io.StringIO()
    with pytest.raises(CommandError, match="1 of the lines") as caught:
        call_command("can_call", "--kernel=toy", "--stdin", stdout=out)
    assert caught.value.returncode == 2
    error = json.loads(out.getvalue())["error"]
    assert error.startswith("line 2: ")
    assert problem in error


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("9.9", "xdp", "bpf_common"), "'9.9'; there are 6.1, "),
        (("toy", "struct_ops:toy_opz.init", "bpf_common"), "near it: toy_ops"),
        (("toy", "xdp"), "Use: can_call"),
        (("--stdin",), "Use: can_call --kernel"),
    ],
)
def test_can_call_says_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as caught:
        run("can_call", *arguments)
    assert caught.value.returncode == 2
