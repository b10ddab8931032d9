"""A kernel's word beside kfmap's: it agrees, judges more, or one of the two is wrong."""

from __future__ import annotations

import pytest

from tests.verifier.opinions.pretended import LOG
from verifier.engine.result import ProgramVerdict
from verifier.opinions.agreement import Agreement, ComparedProgram, compare
from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word
from verifier.opinions.reason import find_reason

NOT_ALLOWED = "calling kernel function scx_bpf_dsq_insert is not allowed\n"


def _compare(verdict: str, word: Word, log: str = "", said: str = "") -> ComparedProgram:
    opinion = ProgramOpinion("toy", word, reason="r", log=log, said=said)
    verdicts = [ProgramVerdict("toy", verdict, (), (), ())] if verdict else []
    (compared,) = compare(KernelOpinion("7.2", "7.2.12", "v1.5", (opinion,)), verdicts)
    return compared


@pytest.mark.parametrize(
    ("verdict", "word", "log", "agreement"),
    [
        ("passes", Word.LOADS, "", Agreement.AGREES),
        ("fails_at_run_time", Word.LOADS, "", Agreement.AGREES),
        ("refused", Word.REFUSED, NOT_ALLOWED, Agreement.AGREES),
        ("refused", Word.LOADS, "", Agreement.DIFFERS),
        ("passes", Word.REFUSED, LOG, Agreement.NOT_JUDGED),
        ("passes", Word.REFUSED, NOT_ALLOWED, Agreement.DIFFERS),
        ("passes", Word.REFUSED, "nobody has ever said this\n", Agreement.NOT_JUDGED),
        ("passes", Word.REFUSED, "expected an initialized irq flag as R1\n", Agreement.NOT_JUDGED),
        (
            "passes",
            Word.REFUSED,
            "cannot pass map_type 1 into func bpf_get_local_storage#81\n",
            Agreement.DIFFERS,
        ),
        ("passes", Word.REFUSED, "bpf_spin_unlock of different lock\n", Agreement.DIFFERS),
        ("passes", Word.REFUSED, "the call stack of 9 frames is too deep\n", Agreement.DIFFERS),
        (
            "passes",
            Word.REFUSED,
            "At program exit the register R0 has smin=2 smax=2 should have been in [0, 1]\n",
            Agreement.DIFFERS,
        ),
        ("passes", Word.REFUSED, "At program exit the register R1 has 2\n", Agreement.NOT_JUDGED),
        ("unknown", Word.REFUSED, NOT_ALLOWED, Agreement.UNKNOWN),
        ("left_out", Word.LOADS, "", Agreement.NOT_COMPARED),
        ("passes", Word.NOT_ASKED, "", Agreement.NOT_COMPARED),
        ("", Word.LOADS, "", Agreement.NOT_COMPARED),
    ],
)
def test_both_words_make_an_agreement(
    verdict: str, word: Word, log: str, agreement: Agreement
) -> None:
    assert _compare(verdict, word, log).agreement == agreement


@pytest.mark.parametrize(
    "reason",
    [
        "missing BPF prog type, check ELF section name 'tcx/ingress'",
        "prog 'toy': missing BPF prog type, check ELF section name 'fsession/vfs_open'",
        "prog 'toy': bad map relo against 'jt0_0' in section '.jumptables'",
        "prog 'toy': bad map relo against 'nums' in section '.percpu'",
    ],
)
def test_a_section_that_is_newer_than_the_loader_is_not_compared(reason: str) -> None:
    opinion = KernelOpinion("7.2", "7.2", "v1.1", (ProgramOpinion("toy", Word.REFUSED, reason),))
    found = {
        word: compare(opinion, [ProgramVerdict("toy", word, (), (), ())])[0]
        for word in ("passes", "refused", "unknown")
    }
    assert found["passes"].agreement == Agreement.NOT_COMPARED
    assert "libbpf does not know such a section" in found["passes"].sentence
    assert found["refused"].agreement == Agreement.AGREES
    assert found["unknown"].agreement == Agreement.UNKNOWN


def test_the_complaint_is_put_at_its_source_line() -> None:
    compared = _compare("passes", Word.REFUSED, LOG)
    assert compared.source == "toy.bpf.c:12"
    assert compared.message is not None
    assert compared.message.source_text == "bpf_task_release(t);"
    assert compared.message.instruction == 3
    assert "does not judge: R1 must be referenced or trusted." in compared.sentence


def test_the_last_complaint_of_a_log_is_the_one_that_counts() -> None:
    """Verifiers go on after what they say of other paths and subprograms."""
    assert _compare("passes", Word.REFUSED, NOT_ALLOWED + LOG).agreement == Agreement.NOT_JUDGED


def test_without_a_log_libbpf_says_why() -> None:
    said = "libbpf: extern (func ksym) 'scx_bpf_gone': not found in kernel or module BTFs\n"
    message = _compare("passes", Word.REFUSED, said=said).message
    assert message is not None and message.kind == "missing"


@pytest.mark.parametrize(
    "account",
    [
        "verification time 9 usec\nstack depth 0 max 0\ninsns processed 3\nprocessed 3 insns\n",
        "verification time 9 usec\nstack depth max 0\n"
        "subprog 0 (toy) main insns_self 3 insns_total 3 stack 0\nprocessed 3 insns\n",
    ],
)
def test_the_verifiers_account_of_its_work_is_no_complaint(account: str) -> None:
    """7.2 and 7.3 say more there than kernels before them."""
    compared = _compare("passes", Word.REFUSED, NOT_ALLOWED + account)
    assert compared.agreement == Agreement.DIFFERS
    assert find_reason(NOT_ALLOWED + account) == NOT_ALLOWED.strip()
    title = "Verification failed: Register Type Safety: Invalid dereference"
    report = f"\n{title}\n\nReason:\n  R0 is a scalar.\n\nSuggestion:\n  Preserve a pointer.\n\n"
    assert find_reason(LOG.partition("processed")[0] + report + account) == (
        "R1 must be referenced or trusted"
    )
    assert find_reason(report + account) == title
