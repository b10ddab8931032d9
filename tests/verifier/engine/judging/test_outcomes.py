"""Verdicts on small programs are those of the kernels themselves.

libbpf 1.8 loaded every program on Debian's 6.12.107, 6.18.15, 7.2.12 and 7.3.4, and all four said
the same; `_REFUSED` has what the kernel, or libbpf, said first.
"""

from __future__ import annotations

import lzma

import pytest

from kfmap.btf.function_names import HEADER, FunctionNames
from tests.verifier.bundled import bundled_kernel, check_on, reasons_of
from tests.verifier.engine.object.objects import read
from verifier.engine.result import PASSES, REFUSED
from verifier.engine.verdict import KernelUnderTest, check_object

KERNELS = ("6.12", "6.18", "7.2", "7.3")
_REFUSED = {
    "entry_third": "invalid bpf_context access off=16",
    "exit_fourth": "invalid bpf_context access off=24",
    "tracepoint_tenth": "invalid bpf_context access off=72",
    "address_of_none": "func bpf_get_func_ip#173",  # … not supported for program type 5
    "reads_absent": "invalid mem access 'scalar'",
    "caught_nowhere": "cannot find exception callback 'nowhere'",
    "ended_outside": "bpf_iter_task_destroy needs the RCU section",  # expected an RCU CS when …
}
_LOADED = (
    "entry_second",
    "exit_result",
    "exit_fourth_dead",
    "tracepoint_fourth",
    "address_of_probed",
    "asks_first",
)


@pytest.mark.parametrize("kernel", KERNELS)
def test_programs_that_kernels_refuse_are_refused_for_the_same_reason(kernel: str) -> None:
    verdicts = check_on(kernel, "outcomes.bpf.o")
    for program, text in _REFUSED.items():
        assert verdicts[program].verdict == REFUSED, program
        assert reasons_of(verdicts[program])[0].startswith(text), program


@pytest.mark.parametrize("kernel", KERNELS)
def test_programs_that_kernels_load_pass(kernel: str) -> None:
    verdicts = check_on(kernel, "outcomes.bpf.o")
    assert {program: verdicts[program].verdict for program in _LOADED} == dict.fromkeys(
        _LOADED, PASSES
    )
    assert verdicts.keys() == {*_LOADED, *_REFUSED}


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_lock_in_data_that_libbpf_maps_keeps_the_object_from_loading(kernel: str) -> None:
    # libbpf: "map '.data.shared': failed to re-mmap() contents: -ENOTSUPP"
    verdict = check_on(kernel, "shared_lock.bpf.o")["uses_none"]
    assert verdict.verdict == REFUSED
    [reason] = reasons_of(verdict)
    assert reason.startswith(".data.shared holds bpf_spin_lock")


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_list_in_data_counts_where_it_says_what_it_contains(kernel: str) -> None:
    verdicts = check_on(kernel, "lists.bpf.o")
    assert verdicts["known_tc"].verdict == verdicts["unknown_kprobe"].verdict == PASSES
    text = "tracing progs cannot use bpf_{list_head,rb_root} yet: map .data.known"
    assert reasons_of(verdicts["known_kprobe"])[0].startswith(text)


def test_where_the_words_of_arguments_are_not_known_no_load_is_refused() -> None:
    kernel = bundled_kernel("7.2")
    assert kernel.functions is not None
    named = lzma.compress(bytes((0, 2)) + b"do_nanosleep\n")  # as packed before words were counted
    old = FunctionNames(b"kfmap functions 1\n" + HEADER.pack(len(named), 1, 0) + named)
    unknowing = KernelUnderTest(kernel.facts, kernel.types, kernel.config, old)
    found = {p.program: p for p in check_object(read("outcomes.bpf.o"), unknowing).programs}
    assert found["exit_fourth"].verdict == PASSES
    assert found["tracepoint_tenth"].verdict == REFUSED


def test_a_refusal_names_the_option_that_leaves_something_out() -> None:
    verdicts = check_on("6.12", "scheduler.bpf.o").values()
    texts = {
        reason.text for item in verdicts for found in item.findings for reason in found.reasons
    }
    off = "(CONFIG_SCHED_CLASS_EXT is off)"
    assert f"this kernel has no struct_ops type sched_ext_ops {off}" in texts
    assert any(text.startswith("this kernel has no scx_bpf_") and off in text for text in texts)
