"""Programs that attach to functions of BPF programs get what the kernel and libbpf say of the pair.

tests/agree/test_pairs.py sets each against what booted kernels said.
"""

from __future__ import annotations

import pytest

from kfmap.permission.section_names import parse_section_name
from kfmap.quick_dataclass import replace
from tests.verifier.bundled import bundled_kernel, check_on
from tests.verifier.engine.judging.pairs import check_pairs, said_of, target_choices
from tests.verifier.engine.object.objects import OBJECTS, program, read
from verifier.engine.judging.attached import TargetError, find_targets
from verifier.engine.judging.choices import LoaderChoices
from verifier.engine.judging.context_words import ContextRead, missing_word
from verifier.engine.result import PASSES


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("absent", "no_such is not found in prog's BTF"),
        ("uncalled", "Subprog not_called doesn't exist: entry does not call it"),
        ("statics", "static_one() is not a global function"),
        ("hidden", "hidden_one() is not a global function: declare it neither static nor"),
        ("parse_void", "parse_void() has 0 args while parse() has 1 args"),
        ("parse_int", "arg0 in parse_int() is INT while parse() has PTR"),
        ("parse_ptr", "arg0 in parse_ptr() is not a pointer to context"),
        ("parse_other", "arg0 parse_other(struct other *) doesn't match parse(struct xdp_md *)"),
        ("add_narrow", "arg1 in add_narrow() has size 4 while add() has 8"),
        ("parse_enum", "Return type ENUM of parse_enum() doesn't match type INT of parse()"),
        ("nothing_int", "doesn't match type UNKNOWN of nothing()"),
        ("odd_new", "odd counts as one: it does not take a struct xdp_md * alone"),
        ("probes_new", "probes counts as one"),
        ("call_new", "what programs of its type take is no struct of a name"),
        ("add_of_fentry", "Cannot extend fentry/fexit"),
        ("parse_adjusts", "Extension program changes packet data, while original does not"),
        ("parse_sleeps_dead", "Extension program may sleep, while original does not"),
        ("handler_new", "Extension programs cannot attach to exception callback handler"),
        ("handler_traced", "Tracing programs cannot attach to exception callback handler"),
        ("modifies", "can't modify return codes of BPF programs"),
        ("sleeps", "parse is not sleepable"),
        ("traces_tp", "Only FENTRY/FEXIT/FSESSION progs are attachable to another BPF prog"),
        ("traces_far", "parse has 1 argument, and the program reads word 2"),
        ("leaves_nothing", "nothing returns nothing, and the program reads its result"),
    ],
)
def test_what_cannot_attach_is_refused_for_what_the_kernel_says(program: str, text: str) -> None:
    said = said_of("7.3", program)
    assert said.startswith("refused: ")
    assert text in said


@pytest.mark.parametrize(
    "program",
    [
        "parse_ok", "parse_wide", "adjusts_ok", "add_ok", "add_unsigned", "entry_new", "alone_new",
        "nothing_ok", "add_of_kprobe", "add_of_tc", "add_of_syscall", "bare_named", "traces",
        "leaves", "entry_hidden", "hidden_entry_new", "traces_fentry", "traces_odd", "leaves_odd",
        "leaves_odd5", "traces_hidden",
    ],
)  # fmt: skip
def test_what_can_attach_passes(program: str) -> None:
    assert said_of("7.3", program) == PASSES


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("dead_new", "Subprog dead doesn't exist: what calls it in entry is dead"),
        ("traces_dead", "and its loader may set constants"),
        ("leaves_static", "it is not known whether static_one has word 6"),
        ("leaves_static1", "it is not known whether static_one has word 3"),
    ],
)
def test_what_only_the_kernel_or_the_loader_knows_is_unknown(program: str, text: str) -> None:
    said = said_of("7.3", program)
    assert said.startswith("unknown: ")
    assert text in said


def test_a_section_without_a_function_is_told_how_to_name_it() -> None:
    assert "name it with --target bare=OBJECT:entry:FUNCTION" in said_of("7.3", "bare")


@pytest.mark.parametrize(
    ("kernel", "program", "refused"),
    [
        ("6.1", "parse_adjusts", False),
        ("6.12", "parse_adjusts", True),
        ("6.12", "traces_fentry", False),
        ("6.1", "traces_fentry", True),
    ],
)
def test_kernels_are_told_apart_by_what_they_ask(kernel: str, program: str, refused: bool) -> None:
    assert said_of(kernel, program).startswith("refused") == refused


def test_what_a_kernel_does_not_load_cannot_be_replaced() -> None:
    """6.1 has no bpf_throw(), and lets no global function return nothing."""
    for name in ("nothing_ok", "handler_traced"):
        assert "does not load on this kernel: " in said_of("6.1", name)


@pytest.mark.parametrize(("kernel", "told"), [("7.2", False), ("7.3", True)])
def test_what_traces_an_op_is_unknown_where_ops_may_take_arenas(kernel: str, told: bool) -> None:
    files = {"scheduler.bpf.o": (OBJECTS / "scheduler.bpf.o").read_bytes()}
    words = {"traces": "scheduler.bpf.o:enqueue:enqueue"}
    choices = LoaderChoices(targets=words, attached=find_targets(words, files.get))
    findings = check_on(kernel, "replacing.bpf.o", choices)["traces"].findings
    reasons = [item.reasons[0].text for item in findings]
    assert any("takes pointers into an arena" in reason for reason in reasons) == told


def test_targets_are_judged_once_for_all_programs() -> None:
    assert check_pairs("7.3")["parse_ok"].verdict == PASSES
    own = check_on("7.3", "replacing.bpf.o", target_choices({"parse_ok": "entry"}))
    assert own["parse_ok"] == check_pairs("7.3")["parse_ok"]


@pytest.mark.parametrize(
    ("data", "text"),
    [(b"", "a.o cannot be read: "), (None, "")],
)
def test_a_target_that_is_no_object_is_named(data: bytes | None, text: str) -> None:
    if data is None:
        assert find_targets({"p": "a.o:main", "q": "vfs_read"}, lambda name: None) == {}
    else:
        with pytest.raises(TargetError, match=text):
            find_targets({"p": "a.o:main"}, lambda name: data)


@pytest.mark.parametrize(
    ("program", "text"),
    [
        ("throws_bad", "the register R1 has 5 and should have been in [0, 0]"),
        ("throws_any", "the register R1 has a value that is not known here"),
        ("throws_good", ""),
        ("throws_far", ""),
        ("throws_below", "the register R1 has 9 and should have been in [0, 0]"),
        ("throws", ""),
    ],
)
def test_what_an_exception_returns_is_what_the_program_may_return(program: str, text: str) -> None:
    """Of global functions only that it is a number counts (check_return_code())."""
    findings = check_on("7.3", "replaced.bpf.o")[program].findings
    told = findings[0].reasons[0].text if findings else ""
    assert text in told if text else not told


@pytest.mark.parametrize(
    ("section", "offset", "text"),
    [
        ("lsm/bprm_committing_creds", 8, "bpf_lsm_bprm_committing_creds returns nothing"),
        ("lsm_cgroup/bprm_committing_creds", 8, "the program reads its result"),
        ("lsm/bprm_committing_creds", 0, ""),
        ("lsm/file_open", 8, ""),
    ],
)
@pytest.mark.parametrize("kernel", ["6.1", "7.3"])
def test_void_hooks_have_no_result(section: str, offset: int, text: str, kernel: str) -> None:
    """As booted 6.1 and 7.3.4 said."""
    traces = program(read("replacing.bpf.o"), "traces")
    hooked = ContextRead(replace(traces, kind=parse_section_name(section)), offset, None)
    told = missing_word(hooked, bundled_kernel(kernel))
    assert text in told if text else not told
