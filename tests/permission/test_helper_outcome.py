"""What becomes of calls of helpers: the outcomes of kfuncs, on bundled kernels; their columns."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.permission.asking import find_context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.verdict import Outcome


@cache
def judge(name: str) -> OutcomeJudge:
    [kernel] = [item for item in find_bundled() if item.name == name]
    return OutcomeJudge(Decider(kernel.read_facts()), lambda: (judge("7.3").decider,))


def ask(context: str, helper: str, kernel: str = "6.18") -> Outcome:
    asked = judge(kernel)
    return asked.decide(find_context(context, asked.decider.facts), helper)


@pytest.mark.parametrize(
    ("context", "helper", "outcome"),
    [
        ("xdp", "bpf_map_lookup_elem", "allowed"),
        ("xdp", "bpf_skb_store_bytes", "refused"),
        ("kprobe", "bpf_probe_write_user", "allowed"),
        ("lsm:file_open", "bpf_copy_from_user", "only_if_sleepable"),
        ("lsm.s:file_open", "bpf_copy_from_user", "allowed"),
        ("lsm.s:task_free", "bpf_copy_from_user", "will_not_load"),
        ("tc", "bpf_copy_from_user", "will_not_load"),
        ("lsm:file_open", "bpf_d_path", "allowed"),
        ("fentry:tcp_connect", "bpf_d_path", "refused"),
        ("sched_ext_ops.enqueue", "bpf_timer_start", "allowed"),
        ("tcp_congestion_ops.get_info", "bpf_map_lookup_elem", "will_not_load"),
        ("freplace/x", "bpf_map_lookup_elem", "unknown"),
        ("lirc_mode2", "bpf_map_lookup_elem", "not_on_this_kernel"),
    ],
)
def test_helpers_have_the_outcomes_of_kfuncs(context: str, helper: str, outcome: str) -> None:
    found = ask(context, helper)
    assert (found.outcome, found.kind) == (outcome, "helper")
    assert found.because.text
    assert not found.because.text.endswith(".")


def test_a_permission_says_through_which_prototype_and_where() -> None:
    because = ask("xdp", "bpf_map_lookup_elem").because
    assert because.text == "xdp programs get bpf_map_lookup_elem through bpf_map_lookup_elem_proto"
    assert because.file == "kernel/bpf/helpers.c"


def test_what_a_helper_needs_is_said() -> None:
    assert ask("kprobe", "bpf_probe_write_user").needs == ("sys_admin", "gpl")
    assert "sleepable" in ask("lsm.s:file_open", "bpf_copy_from_user").needs
    assert ask("xdp", "bpf_map_lookup_elem").needs == ()


def test_advice_names_the_sleepable_form_the_newer_helper_and_where_it_is_to_be_had() -> None:
    assert ask("lsm:file_open", "bpf_copy_from_user").instead == ("lsm.s:file_open",)
    assert ask("xdp", "bpf_probe_read").instead[:1] == ("bpf_probe_read_kernel",)
    assert ask("tc", "bpf_xdp_adjust_head").instead == ("xdp",)
    for name in ask("xdp", "bpf_skb_store_bytes").instead:
        assert ask(name, "bpf_skb_store_bytes").outcome == "allowed", name


def test_a_newer_helper_is_not_on_an_older_kernel() -> None:
    found = ask("xdp", "bpf_cgrp_storage_get", "6.1")
    assert (found.outcome, found.kind) == ("not_on_this_kernel", "helper")
    assert found.because.text == "6.1 has no helper bpf_cgrp_storage_get; 7.3 has it"


def test_columns_of_helpers_agree_with_single_answers() -> None:
    asked = judge("7.3")
    columns = asked.helpers.columns
    for number, context in enumerate(build_contexts(asked.decider.facts)):
        if number % 5:
            continue
        form = replace(context, sleepable=bool(number % 2))
        column, bits = columns.column(form), columns.bits(form)
        for row in range(number % 29, len(columns.names), 29):
            single = asked.decide(form, columns.names[row])
            assert column.word(row) == single.outcome
            if single.outcome != "not_on_this_kernel":
                assert bits.word(row) == single.verdict.verdict
