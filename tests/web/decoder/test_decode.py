"""The decoder: messages of the kernel and of libbpf lead to the cause and the legal places."""

from __future__ import annotations

import pytest
from django.test import Client

from kfmap.permission.log_text import MAX_MESSAGES, MAX_TEXT, parse_log
from tests.web.conftest import HTML


@pytest.mark.parametrize(
    ("line", "kind", "fields"),
    [
        ("calling kernel function toy_move is not allowed", "not_allowed", {"kfunc": "toy_move"}),
        (
            "program must be sleepable to call sleepable kfunc toy_new",
            "not_sleepable",
            {"kfunc": "toy_new"},
        ),
        (
            "EXIT: runtime error (kfunc with mask 0x1 called from an operation only allowing 0x2)",
            "run_time_mask",
            {"mask": 1, "allowing": 2},
        ),
        (
            "attach to unsupported member dump_stats of struct Qdisc_ops",
            "unsupported_member",
            {"member": "dump_stats", "struct_ops": "Qdisc_ops"},
        ),
        (
            "libbpf: extern (func ksym) 'toy_move': not found in kernel or module BTFs",
            "missing",
            {"kfunc": "toy_move"},
        ),
        (
            "libbpf: extern (func ksym) 'toy_move': func_proto [12] incompatible with vmlinux [34]",
            "prototype",
            {"kfunc": "toy_move"},
        ),
        ("cannot find function toy_move_impl in BTF", "no_twin", {"kfunc": "toy_move"}),
        ("metadata kfuncs require device-bound program", "device_bound", {}),
    ],
)
def test_message_is_recognised(line: str, kind: str, fields: dict[str, object]) -> None:
    (message,) = parse_log(f"0: R1=ctx() R10=fp0\n{line}\nprocessed 1 insns")
    assert (message.kind, message.line) == (kind, 2)
    assert {name: getattr(message, name) for name in fields} == fields


def test_message_said_twice_is_given_once() -> None:
    assert len(parse_log("calling kernel function a is not allowed\n" * 3)) == 1


def test_hostile_text_is_bounded() -> None:
    many = "\n".join(f"calling kernel function f{n} is not allowed" for n in range(500))
    assert len(parse_log(many)) == MAX_MESSAGES
    assert parse_log("x" * (2 * MAX_TEXT)) == []


@pytest.mark.usefixtures("toys")
def test_refused_call_leads_to_where_it_is_legal(client: Client) -> None:
    log = "calling kernel function toy_move is not allowed"
    text = client.post("/decode/", {"log": log, "kernel": "8.1"}).content.decode()
    assert "Legal in" in text
    assert ">dispatch</a>" in text


@pytest.mark.usefixtures("toys")
def test_mask_message_names_kfunc_op_and_legal_ops_on_the_kernel_with_masks(client: Client) -> None:
    log = "kfunc with mask 0x1 called from an operation only allowing 0x2"
    text = client.post("/decode/", {"log": log}).content.decode()
    assert "On Linux 8.0" in text
    for part in ("TOY_KF_NOW", "TOY_KF_REST", "kfuncs/toy_now/", "toy_ops/running/"):
        assert part in text
    assert text.index("It is legal in") < text.index("toy_ops/enqueue/")


@pytest.mark.usefixtures("toys")
def test_unknown_text_says_what_is_looked_for(client: Client) -> None:
    text = client.post("/decode/", {"log": HTML}).content.decode()
    assert "Nothing recognised" in text
    assert HTML not in text


@pytest.mark.usefixtures("toys")
def test_unknown_kernel_is_not_found(client: Client) -> None:
    answer = client.post("/decode/", {"log": "x", "kernel": "9.9"})
    assert answer.status_code == 404
