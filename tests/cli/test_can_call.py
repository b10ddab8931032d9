"""`kfmap can-call` on a kernel of the map: its forms, its sentences, its exit codes."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_struct_ops, create_toy_kernel

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def toy() -> None:
    """Put the toy kernel into the map."""
    save_kernel(replace(create_toy_kernel(), name="toy"), None)


def run(command: str, *args: str, code: int = 0, **options: Any) -> str:
    """Run a command that exits with `code` and give what it printed."""
    out = io.StringIO()
    if code:
        with pytest.raises(SystemExit) as caught:
            call_command(command, *args, stdout=out, **options)
        assert caught.value.code == code
    else:
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
        run("can_call", "toy", "struct_ops:toy_ops.running", "toy_move", "--format=json", code=1)
    )
    assert answer["outcome"] == "refused"
    assert answer["because"].startswith("toy_filter lets toy_move only into dispatch (kernel/")
    assert answer["instead"] == ["struct_ops:toy_ops.dispatch"]
    assert answer["needs"] == []
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
    with pytest.raises(CommandError, match="1 line could not be asked") as caught:
        call_command("can_call", "--kernel=toy", "--stdin", stdout=out)
    assert caught.value.returncode == 2
    error = json.loads(out.getvalue())["error"]
    assert error.startswith("line 2: ")
    assert problem in error


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("9.9", "xdp", "bpf_common"), "'9.9'; there are 7.3, 7.3-all, "),
        (("toy", "struct_ops:toy_opz.init", "bpf_common"), "near it: toy_ops"),
        (("toy", "xdp"), "Give a kernel, several, or `all`"),
        (("--stdin",), "With --stdin give --kernel KERNEL"),
    ],
)
def test_can_call_says_what_is_wrong(arguments: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as caught:
        run("can_call", *arguments)
    assert caught.value.returncode == 2


def test_can_call_exits_with_what_becomes_of_the_call() -> None:
    allowed = run("can_call", "toy", "toy_ops.dispatch", "toy_move")
    head, because, *_ = allowed.splitlines()
    assert head == "toy: struct_ops:toy_ops.dispatch → toy_move: allowed"
    assert because.startswith("  because toy_move is in toy_dispatch")
    refused = run("can_call", "toy", "toy_ops.running", "toy_move", code=1)
    assert "  instead: struct_ops:toy_ops.dispatch\n" in refused
    asleep = run("can_call", "toy", "lsm/file_open", "bpf_trace_it", code=1)
    assert asleep.splitlines()[0].endswith(": only if the program may sleep")
    misspelt = run("can_call", "toy", "xdp", "toy_mov", code=1)
    assert "  similar names: toy_move" in misspelt
    helper = run("can_call", "toy", "xdp", "bpf_map_lookup_elem", code=1)
    assert "a helper, not a kfunc" in helper


def test_can_call_suggests_no_other_name_for_one_that_another_kernel_has() -> None:
    toy = create_toy_kernel()
    kfuncs = tuple(item for item in toy.kfuncs if item.name != "toy_move")
    sets = tuple(
        replace(item, entries=tuple(e for e in item.entries if e.kfunc != "toy_move"))
        for item in toy.sets
    )
    save_kernel(replace(toy, name="9.3", kfuncs=kfuncs, sets=sets), None)
    lacking = run("can_call", "9.3", "toy_ops.dispatch", "toy_move", code=1)
    assert "not on this kernel" in lacking.splitlines()[0]
    assert "similar names" not in lacking
    assert "similar names" in run("can_call", "9.3", "toy_ops.dispatch", "toy_mov", code=1)


def test_can_call_answers_for_every_kernel_the_newest_first_and_grouped() -> None:
    save_kernel(replace(create_toy_kernel(struct_ops=()), name="9.1", version="9.1.7"), None)
    save_kernel(replace(create_toy_kernel(), name="9.2"), None)
    text = run("can_call", "all", "toy_ops.dispatch", "toy_move", code=1)
    assert [line.split()[0] for line in text.splitlines()][:7] == [
        *("struct_ops:toy_ops.dispatch", "allowed:", "9.2", "toy", "not", "9.1", "7.3"),
    ]
    assert "9.1 has no struct_ops type toy_ops; 9.2 and toy have it" in text
    assert "allowed" in run("can_call", "toy", "newest", "toy_ops.dispatch", "toy_move")
    body = json.loads(
        run("can_call", "toy", "9.1.7", "toy_ops.dispatch", "toy_move", "--format=json", code=1)
    )
    found = [(answer["kernel"], answer["outcome"]) for answer in body["answers"]]
    assert found == [("toy", "allowed"), ("9.1", "not_on_this_kernel")]


def test_can_call_lists_what_an_ambiguous_name_may_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    two = tuple(create_struct_ops(name) for name in ("toy_ops", "sched_ext_ops"))
    save_kernel(replace(create_toy_kernel(struct_ops=two), name="two"), None)
    with pytest.raises(CommandError, match=r"^enqueue may be struct_ops:sched_ext_ops") as caught:
        run("can_call", "two", "enqueue", "toy_insert")
    assert caught.value.returncode == 2
    monkeypatch.setattr("sys.stdin", io.StringIO('{"context": "enqueue", "kfunc": "toy_insert"}\n'))
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("can_call", "--kernel=two", "--stdin", stdout=out)
    assert json.loads(out.getvalue())["candidates"] == [
        "struct_ops:sched_ext_ops.enqueue",
        "struct_ops:toy_ops.enqueue",
    ]
