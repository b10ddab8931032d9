"""A kernel without what calls of kfuncs need: every call is barred, with the line that asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.facts import CallNeed, KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.decide import Decider
from kfmap.permission.outcome import OutcomeJudge
from kfmap.permission.outcome_bits import OutcomeColumns
from kfmap.permission.outcome_words import ALLOWED, WILL_NOT_LOAD
from kfmap.permission.verdict import LayerKind
from tests.kernel.small_kernel import FILES, INCLUDES, SET_C, extract, id_set

VERIFIER = """\
static int add_kfunc_call(struct bpf_verifier_env *env)
{
    if (!btf_vmlinux)
        verbose(env, "calling kernel function is not supported without CONFIG_DEBUG_INFO_BTF");
    if (!env->prog->jit_requested)
        verbose(env, "JIT is required for calling kernel function");
    if (!bpf_jit_supports_kfunc_call())
        return -ENOTSUPP;
}
"""
WEAK = "bool __weak bpf_jit_supports_kfunc_call(void)\n{\n    return false;\n}\n"
JIT = "bool bpf_jit_supports_kfunc_call(void)\n{\n    return {0};\n}\n"
ON = b"CONFIG_NET=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_BPF_JIT=y\nCONFIG_DEBUG_INFO_BTF=y\n"
XDP = Context("BPF_PROG_TYPE_XDP")


def _extract(root: Path, config: bytes, answer: str = "true", arch: str = "x86") -> KernelFacts:
    files = {
        SET_C: INCLUDES + id_set("one"),
        "Kbuild": FILES["Kbuild"] + "obj-y += arch/$(SRCARCH)/\n",
        "kernel/bpf/Makefile": "obj-y += btf.o core.o verifier.o\n",
        "kernel/bpf/verifier.c": VERIFIER,
        "kernel/bpf/core.c": WEAK,
        f"arch/{arch}/Kbuild": "obj-y += net/\n",
        f"arch/{arch}/net/Makefile": "obj-$(CONFIG_BPF_JIT) += jit.o\n",
    }
    if answer:
        files[f"arch/{arch}/net/jit.c"] = JIT.replace("{0}", answer)
    return extract(root, files, config)


def _outcome(facts: KernelFacts) -> str:
    decider = Decider(facts)
    bits = decider.bits(XDP)
    column = OutcomeColumns(decider).column(XDP, bits.allowed, bits.possible)
    outcome = OutcomeJudge(decider).decide(XDP, "one")
    assert column.word(0) == outcome.outcome
    return outcome.outcome


@pytest.mark.parametrize(
    ("config", "answer"), [(ON, "true"), (ON + b"CONFIG_X=y\n", "IS_ENABLED(CONFIG_X)")]
)
def test_a_jit_that_can_bars_nothing(tmp_path: Path, config: bytes, answer: str) -> None:
    facts = _extract(tmp_path, config, answer)
    assert facts.lacks == ()
    assert _outcome(facts) == ALLOWED


@pytest.mark.parametrize(
    ("config", "answer", "says", "line"),
    [
        (ON.replace(b"CONFIG_BPF_JIT=y\n", b""), "true", "CONFIG_BPF_JIT is off", 6),
        (ON.replace(b"CONFIG_DEBUG_INFO_BTF=y\n", b""), "true", "CONFIG_DEBUG_INFO_BTF is off", 4),
        (ON.replace(b"CONFIG_BPF_SYSCALL=y\n", b""), "true", "CONFIG_BPF_SYSCALL is off", 6),
        (ON, "", "the JIT of x86 does not support calls of kernel functions", 1),
        (ON, "false", "the JIT of x86 does not support calls of kernel functions", 1),
        (ON, "IS_ENABLED(CONFIG_X)", "the JIT of x86 does not support", 1),
    ],
)
def test_without_a_jit_every_call_is_barred(
    tmp_path: Path, config: bytes, answer: str, says: str, line: int
) -> None:
    facts = _extract(tmp_path, config, answer)
    (lack,) = facts.lacks
    assert (lack.need, lack.place.line) == (CallNeed.KFUNC_CALL, line)
    assert lack.text.startswith(says)
    assert _outcome(facts) == WILL_NOT_LOAD
    (layer,) = Decider(facts).decide(XDP, "one").blocked_by
    assert (layer.kind, layer.reason.where) == (LayerKind.JIT, str(lack.place))


def test_the_jit_is_that_of_the_architecture(tmp_path: Path) -> None:
    config = ON + b"CONFIG_S390=y\n"
    assert _extract(tmp_path / "s390", config, arch="s390").lacks == ()
    (lack,) = _extract(tmp_path / "none", config, arch="x86").lacks
    assert lack.text == "the JIT of s390 does not support calls of kernel functions"


def test_a_jit_that_is_not_seen_to_be_built_bars_nothing(tmp_path: Path) -> None:
    files = {"arch/x86/net/Makefile": "obj-$(CONFIG_OTHER) += jit.o\n"}
    root = tmp_path / "tree"
    _extract(root, ON, "true")
    for file, text in files.items():
        (root / file).write_text(text)
    assert extract_kernel(root, config=ON).lacks == ()


def test_with_every_option_on_nothing_is_said(tmp_path: Path) -> None:
    facts = extract(tmp_path, {"kernel/bpf/verifier.c": VERIFIER, SET_C: INCLUDES}, None)
    assert facts.lacks == ()
