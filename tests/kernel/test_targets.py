"""Iterators and LSM hooks of small trees."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.facts import Place
from kfmap.kernel.program_facts import IteratorSleep
from tests.kernel.small_kernel import SET_C, extract

BPF_H = """\
enum bpf_iter_feature {
    BPF_ITER_RESCHED = (1 << 0),
};
"""
ITERATORS = """\
#include <linux/bpf.h>
DEFINE_BPF_ITER_FUNC(task, struct bpf_iter_meta *meta)
DEFINE_BPF_ITER_FUNC(map, struct bpf_iter_meta *meta)
static struct bpf_iter_reg task_reg_info = {
    .target = "task",
    .feature = BPF_ITER_RESCHED,
    .ctx_arg_info = { { 1, 2 }, },
};
static const struct bpf_iter_reg map_reg_info = {
    .target = "map",
};
static struct bpf_iter_reg odd_reg_info = {
    .target = "odd",
    .feature = feature_of(1),
};
"""


def test_iterators_say_whether_sleepable_programs_attach(tmp_path: Path) -> None:
    facts = extract(tmp_path, {"include/linux/bpf.h": BPF_H, SET_C: ITERATORS})
    assert facts.iterators == ("bpf_iter_map", "bpf_iter_task")
    assert facts.iterator_sleep == (
        IteratorSleep("bpf_iter_map", False, Place(SET_C, 10)),
        IteratorSleep("bpf_iter_odd", None, Place(SET_C, 13)),
        IteratorSleep("bpf_iter_task", True, Place(SET_C, 5)),
    )


def test_lsm_hooks_are_those_of_the_header(tmp_path: Path) -> None:
    far = "#ifdef CONFIG_FAR\nLSM_HOOK(int, 0, far, void)\n#endif\n"
    header = f"LSM_HOOK(int, 0, file_open, struct file *file)\n{far}"
    facts = extract(tmp_path, {"include/linux/lsm_hook_defs.h": header})
    assert facts.lsm_hooks == ("bpf_lsm_file_open",)
