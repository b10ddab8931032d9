"""Who may sleep, and which targets take no program at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.permission.asking import find_context
from kfmap.permission.attach_targets import find_target_problem
from kfmap.permission.sleeping import find_sleep_answer
from kfmap.permission.view import ViewBuilder
from tests.permission.small_kernel import create_kernel, create_toy_kernel

FACTS = create_toy_kernel()
BUNDLED = {item.name: item for item in find_bundled()}


@pytest.mark.parametrize(
    ("context", "word"),
    [
        ("xdp", "never"),
        ("syscall", "must"),
        ("uprobe", "may"),
        ("iter/task", "may"),
        ("lsm/file_open", "may"),
        ("lsm/task_free", "never"),
        ("lsm", "may"),
        ("fentry", "may"),
        ("fentry/__x64_sys_open", "may"),
        ("fentry/vfs_open", "never"),
        ("tp_btf/sys_enter", "may"),
        ("tp_btf/sched_switch", "never"),
        ("struct_ops:toy_ops.init", "may"),
        ("struct_ops:toy_ops.enqueue", "never"),
    ],
)
def test_the_kernel_says_who_may_sleep(context: str, word: str) -> None:
    answer = find_sleep_answer(find_context(context, FACTS), ViewBuilder(FACTS))
    assert answer.word == word
    assert answer.blocks(sleepable=True) is (word == "never")
    assert answer.blocks(sleepable=False) is (word == "must")


def test_without_its_rules_nothing_is_known_of_a_kernel() -> None:
    bare = replace(create_kernel(), sleeping=(), targets=None)
    answer = find_sleep_answer(find_context("xdp", bare), ViewBuilder(bare))
    assert (answer.word, answer.blocks(sleepable=True)) == ("unknown", None)
    lists = replace(create_kernel(), targets=None)
    hook = find_sleep_answer(find_context("lsm/file_open", lists), ViewBuilder(lists))
    assert hook.word == "unknown"


@pytest.mark.parametrize(
    ("kernel", "context", "word"),
    [
        ("6.18", "tp_btf/sys_enter", "never"),
        ("7.1", "tp_btf/sys_enter", "may"),
        ("6.18", "raw_tp", "never"),
        ("7.3", "raw_tp", "may"),
        ("7.3", "lsm/task_free", "never"),
        ("7.3", "fentry/vfs_open", "never"),
        ("6.18", "struct_ops:sched_ext_ops.init", "may"),
    ],
)
def test_bundled_kernels_say_who_may_sleep(kernel: str, context: str, word: str) -> None:
    facts = BUNDLED[kernel].read_facts()
    assert find_sleep_answer(find_context(context, facts), ViewBuilder(facts)).word == word


@pytest.mark.parametrize(
    ("context", "part"),
    [
        ("lsm/socket_connect", "no program attaches to bpf_lsm_socket_connect"),
        ("fentry/migrate_disable", "no tracing program attaches"),
        ("fexit/do_exit", "does not return"),
        ("fmod_ret/vfs_open", "not to vfs_open"),
        ("fmod_ret/security_file_open", None),
        ("fentry/do_exit", None),
        ("lsm/file_open", None),
        ("fentry", None),
    ],
)
def test_some_targets_take_no_program(context: str, part: str | None) -> None:
    problem = find_target_problem(find_context(context, FACTS), FACTS)
    assert (problem is None) if part is None else (problem and part in problem.text)
