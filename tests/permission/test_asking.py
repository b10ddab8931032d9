"""Contexts as people name them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.kernel.facts import Constant
from kfmap.permission.answers import answer
from kfmap.permission.asking import AmbiguousContextError, find_context, find_contexts
from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError
from kfmap.permission.context_words import render_context
from kfmap.permission.decide import Decider
from kfmap.permission.outcome import OutcomeJudge
from tests.permission.small_kernel import (
    PROGRAM_TYPES,
    create_kernel,
    create_struct_ops,
    create_toy_kernel,
)

FACTS = replace(
    create_toy_kernel(
        struct_ops=tuple(
            create_struct_ops(name, members)
            for name, members in (
                ("bpf_dummy_ops", ("enqueue",)),
                ("Qdisc_ops", ("enqueue", "init")),
                ("sched_ext_ops", ("enqueue", "dispatch", "init", "running")),
            )
        )
    ),
    program_types=tuple(
        Constant(f"BPF_PROG_TYPE_{name}", number)
        for number, name in enumerate((*PROGRAM_TYPES, "CGROUP_SKB", "RAW_TRACEPOINT"))
    ),
)
FACTS = replace(FACTS, attach_types=(*FACTS.attach_types, Constant("BPF_TCX_INGRESS", 46)))
STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("lsm.s/file_open", "lsm.s:file_open"),
        ("lsm/file_open", "lsm:file_open"),
        ("fentry/tcp_connect", "fentry:tcp_connect"),
        ("fexit.s/vfs_open", "fexit.s:vfs_open"),
        ("fentry/nf_nat:nf_nat_init", "fentry:nf_nat_init"),
        ("iter/task", "iter:task"),
        ("iter.s/task", "iter.s:task"),
        ("tp_btf/sched_switch", "tp_btf:sched_switch"),
        ("cgroup/skb", "cgroup_skb"),
        ("xdp", "xdp"),
        ("xdp.frags", "xdp"),
        ("usdt", "kprobe"),
        ("usdt/libc.so.6:libc:setjmp", "kprobe"),
        ("uprobe.s", "uprobe.s"),
        ("uprobe.s//bin/sh:main", "uprobe.s"),
        ("kprobe/tcp_connect", "kprobe"),
        ("raw_tp", "raw_tracepoint"),
        ("raw_tp/sched_switch", "raw_tracepoint"),
        ("syscall", "syscall"),
        ("tc", "tc"),
        ("classifier", "tc"),
        ("tcx/ingress", "tc:tcx_ingress"),
        ("tc/ingress", "tc:tcx_ingress"),
        ('SEC("xdp")', "xdp"),
        ('SEC("?lsm.s/file_open")', "lsm.s:file_open"),
        ("?xdp", "xdp"),
        ("BPF_PROG_TYPE_XDP", "xdp"),
        ("sched_ext_ops.enqueue", "struct_ops:sched_ext_ops.enqueue"),
        ("dispatch", "struct_ops:sched_ext_ops.dispatch"),
        ("struct_ops/simple_dispatch", "struct_ops:sched_ext_ops.dispatch"),
        ("struct_ops/sched_ext_ops.dispatch", "struct_ops:sched_ext_ops.dispatch"),
        ("  running ", "struct_ops:sched_ext_ops.running"),
    ],
)
def test_what_people_and_programs_write_names_a_context(text: str, name: str) -> None:
    (context,) = find_contexts(text, FACTS)
    assert render_context(context) == name
    assert find_context(name, FACTS) == context


def test_tc_sections_are_older_than_the_attach_types_of_tcx() -> None:
    older = create_toy_kernel()
    assert find_context("tc/ingress", older) == find_context("tc", older)
    with pytest.raises(ContextError, match="no attach type 'tcx_ingress'"):
        find_context("tcx/ingress", older)


def test_a_callback_of_several_structures_lists_them_the_likely_ones_first() -> None:
    with pytest.raises(AmbiguousContextError, match="enqueue may be") as caught:
        find_context("enqueue", FACTS)
    names = [context.struct_ops for context in caught.value.candidates]
    assert names == ["sched_ext_ops", "Qdisc_ops", "bpf_dummy_ops"]


def test_a_sleepable_section_means_the_callbacks_that_may_sleep() -> None:
    found = find_contexts("struct_ops.s/init", FACTS)
    assert [context.struct_ops for context in found] == ["sched_ext_ops", "Qdisc_ops"]
    assert all(context.sleepable for context in found)
    (never,) = find_contexts("struct_ops.s/running", FACTS)
    assert never == Context(
        STRUCT_OPS, struct_ops="sched_ext_ops", member="running", sleepable=True
    )


def test_a_section_whose_meanings_agree_is_answered() -> None:
    judge = OutcomeJudge(Decider(FACTS))
    found = answer(judge, "struct_ops/enqueue", "bpf_common")
    assert found.outcome.outcome == "allowed"
    assert found.context.struct_ops == "sched_ext_ops"
    assert [context.struct_ops for context in found.alike] == ["Qdisc_ops", "bpf_dummy_ops"]
    with pytest.raises(AmbiguousContextError):
        answer(judge, "enqueue", "bpf_common")


def test_what_only_another_kernel_has_is_a_context_all_the_same() -> None:
    bare = create_kernel(struct_ops=())
    with pytest.raises(ContextError):
        find_context("sched_ext_ops.enqueue", bare)
    found = find_context("sched_ext_ops.enqueue", bare, [FACTS])
    assert (found.struct_ops, found.member) == ("sched_ext_ops", "enqueue")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no context given"),
        ("xpd", "near it: xdp"),
        ("lsm/file_opem", "near it: file_open"),
        ("iter/tasks", "near it: task"),
        ("struct_ops", "which callback"),
        ("struct_ops/sched_ext_ops.nothing", "no member of sched_ext_ops 'nothing'"),
        ("struct_ops/nothing", "no struct_ops type of this kernel has a callback 'nothing'"),
        ("lsm/" + "x" * 600, "500 characters"),
        ("nothing_such", "no kind of program 'nothing_such'; write for example xdp, lsm/file_open"),
    ],
)
def test_what_names_no_context_is_explained(text: str, problem: str) -> None:
    with pytest.raises(ContextError, match=problem):
        find_context(text, FACTS)
