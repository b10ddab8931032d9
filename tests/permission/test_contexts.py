"""Contexts: those of a kernel, and their short names and JSON forms both ways."""

import json

import pytest

from kfmap.permission.context import Context
from kfmap.permission.context_text import ContextError, parse_context, read_context, write_context
from kfmap.permission.context_words import render_context
from kfmap.permission.contexts import build_contexts
from tests.permission.small_kernel import create_toy_kernel

FACTS = create_toy_kernel()
SHORT = [
    ("xdp", Context("BPF_PROG_TYPE_XDP")),
    ("tc", Context("BPF_PROG_TYPE_SCHED_CLS")),
    ("sched_cls", Context("BPF_PROG_TYPE_SCHED_CLS")),
    ("BPF_PROG_TYPE_XDP", Context("BPF_PROG_TYPE_XDP")),
    ("syscall", Context("BPF_PROG_TYPE_SYSCALL", sleepable=True)),
    ("fentry", Context("BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY")),
    (
        "fentry.s:do_exit",
        Context("BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY", "do_exit", sleepable=True),
    ),
    ("tracing:iter:task", Context("BPF_PROG_TYPE_TRACING", "BPF_TRACE_ITER", "bpf_iter_task")),
    ("lsm:file_open", Context("BPF_PROG_TYPE_LSM", "BPF_LSM_MAC", "bpf_lsm_file_open")),
    ("lsm:bpf_lsm_file_open", Context("BPF_PROG_TYPE_LSM", "BPF_LSM_MAC", "bpf_lsm_file_open")),
    ("kprobe:session", Context("BPF_PROG_TYPE_KPROBE", "BPF_TRACE_KPROBE_SESSION")),
    ("freplace:xdp", Context("BPF_PROG_TYPE_EXT", replaces="BPF_PROG_TYPE_XDP")),
    (
        "struct_ops:toy_ops.enqueue",
        Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="enqueue"),
    ),
    (
        "struct_ops.s:toy_ops.init",
        Context("BPF_PROG_TYPE_STRUCT_OPS", struct_ops="toy_ops", member="init", sleepable=True),
    ),
]


@pytest.mark.parametrize(("text", "context"), SHORT)
def test_parse_context_reads_short_names(text: str, context: Context) -> None:
    assert parse_context(text, FACTS) == context


def test_render_context_gives_what_parse_context_reads() -> None:
    contexts = [*build_contexts(FACTS), *(context for _, context in SHORT)]
    for context in contexts:
        assert parse_context(render_context(context), FACTS) == context


def test_short_names_of_a_kernel_are_all_different() -> None:
    names = [render_context(context) for context in build_contexts(FACTS)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("xpd", "near it: xdp"),
        ("struct_ops:toy_op.enqueue", "no struct_ops type 'toy_op'; near it: toy_ops"),
        ("struct_ops:toy_ops.enqeue", "no member of toy_ops 'enqeue'; near it: enqueue"),
        ("struct_ops:toy_ops", "which member of toy_ops"),
        ("lsm:file_opn", "no LSM hook 'file_opn'; near it: file_open"),
        ("iter:tsk", "no iterator 'tsk'; near it: task"),
        ("kprobe:trace_kprobe_sesion", "no attach type"),
        ("freplace", "which program"),
        ("freplace:struct_ops:toy_ops.init", "cannot replace"),
        ("", "no context given"),
        ("x" * 501, "at most 500"),
    ],
)
def test_parse_context_says_what_is_wrong_and_what_is_near(text: str, words: str) -> None:
    with pytest.raises(ContextError, match=words):
        parse_context(text, FACTS)


def test_contexts_go_through_json_unchanged() -> None:
    for context in build_contexts(FACTS):
        assert read_context(json.loads(json.dumps(write_context(context)))) == context


@pytest.mark.parametrize(
    "record",
    [
        None,
        [],
        "xdp",
        {},
        {"program_type": 6},
        {"program_type": "X", "target": 1},
        {"program_type": "X", "sleepable": "no"},
    ],
)
def test_read_context_refuses_other_json(record: object) -> None:
    with pytest.raises(ContextError):
        read_context(record)


def test_build_contexts_has_every_callback_and_iterator() -> None:
    names = {render_context(context) for context in build_contexts(FACTS)}
    assert {f"struct_ops:toy_ops.{m}" for m in ("select_cpu", "enqueue", "init")} <= names
    assert {"iter:task", "iter:tcp", "lsm:file_open", "kprobe:session", "freplace:xdp"} <= names


def test_struct_ops_callback_needs_no_first_word() -> None:
    facts = create_toy_kernel()
    assert parse_context("toy_ops.enqueue", facts) == parse_context(
        "struct_ops:toy_ops.enqueue", facts
    )
    with pytest.raises(ContextError, match="no member of toy_ops 'enq'"):
        parse_context("toy_ops.enq", facts)
