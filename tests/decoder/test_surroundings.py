"""What stands around a message: program, source line, instruction, section, callback, kernel."""

from __future__ import annotations

import pytest

from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage, read_log
from tests.decoder.logs import BANNER, EXIT_IN_JOURNAL, LIBBPF, REPORT, WHOLE_LOGS
from tests.decoder.noise import NOISE

_SAID = "calling kernel function toy_move is not allowed"
_KERNEL = "6.18.15+deb13-amd64"


def _read_one(text: str) -> LogMessage:
    (message,) = read_log(text).messages
    return message


@pytest.mark.parametrize("noise", sorted(NOISE.keys() - {"libbpf"}))
@pytest.mark.parametrize("log", WHOLE_LOGS)
def test_whole_log_gives_one_message_with_all_that_stands_around_it(log: str, noise: str) -> None:
    message = _read_one(NOISE[noise](f"{BANNER}\n{WHOLE_LOGS[log]}"))
    assert message.kind is Kind.NOT_ALLOWED
    assert message.kfunc == message.called == "scx_bpf_dispatch_nr_slots"
    assert message.program == "toy_running"
    assert (message.source, message.source_text) == (
        "toy.bpf.c:113",
        "scx_bpf_dispatch_nr_slots();",
    )
    assert message.instruction == 5
    assert (message.attached, message.argument_type) == ("running", "task_struct")
    assert message.kernel == _KERNEL


def test_debug_output_of_libbpf_tells_section_and_callback() -> None:
    message = _read_one(LIBBPF)
    assert message.section == "struct_ops/toy_running"
    assert (message.struct_ops, message.member) == ("sched_ext_ops", "running")


def test_report_of_newer_verifiers_gives_the_source_and_no_message_of_its_own() -> None:
    message = _read_one(REPORT)
    assert (message.kind, message.program) == (Kind.NOT_ALLOWED, "toy_running")
    assert (message.source, message.instruction) == ("toy.bpf.c:113", 5)


def test_report_alone_is_a_message() -> None:
    report = REPORT[REPORT.index("Verification failed") :]
    message = _read_one(report)
    assert (message.kind, message.kfunc) == (Kind.NOT_ALLOWED, "scx_bpf_dispatch_nr_slots")


def test_exit_is_one_message_with_what_its_backtrace_names() -> None:
    message = _read_one(EXIT_IN_JOURNAL)
    assert (message.kind, message.line) == (Kind.RUN_TIME_MASK, 2)
    assert (message.facts["mask"], message.facts["allowing"]) == ("6", "10")
    assert (message.program, message.kfunc) == ("toy_running", "scx_bpf_dsq_insert")


@pytest.mark.parametrize(
    ("text", "release"),
    [
        (BANNER, _KERNEL),
        ("[    0.000000] " + BANNER, _KERNEL),
        ("Linux box 6.12.107+deb13-amd64 #1 SMP x86_64 GNU/Linux", "6.12.107+deb13-amd64"),
        ("$ uname -r\n7.3.4+deb13-amd64", "7.3.4+deb13-amd64"),
        ("uname -r: 6.18.15", "6.18.15"),
        ("vermagic:       6.18.15 SMP preempt mod_unload", "6.18.15"),
        ("toy: version magic '6.12.1 SMP' should be '6.18.15 SMP preempt '", "6.18.15"),
        ("Kernel: 6.8.0-40-generic x86_64", "6.8.0-40-generic"),
        ("Kernel Version: 6.19.6-arch1-1", "6.19.6-arch1-1"),
        ("CPU: 3 UID: 0 PID: 1 Comm: x Not tainted 7.2.12+deb13-amd64 #1", "7.2.12+deb13-amd64"),
        ("  OS: Linux 5.6.15+ #1 SMP Thu May 28 16:14:45 CST 2020", "5.6.15+"),
        ("load kprobe:f, version: 6.6.39 = -22: Invalid argument", "6.6.39"),
        ("/lib/modules/6.18.15/kernel/x.ko: cannot open", "6.18.15"),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_kernel_release_is_found_wherever_it_stands(text: str, release: str, before: bool) -> None:
    log = f"{text}\n{_SAID}" if before else f"{_SAID}\n{text}"
    message = next(m for m in read_log(log).messages if m.kind is Kind.NOT_ALLOWED)
    assert message.kernel == release


def test_each_message_has_the_kernel_that_was_named_last() -> None:
    other = _SAID.replace("toy_move", "toy_new")
    log = f"{BANNER}\n{_SAID}\nLinux version 7.3.4 (x)\n{other}"
    assert [m.kernel for m in read_log(log).messages] == [_KERNEL, "7.3.4"]
    assert read_log(log).kernels == (_KERNEL, "7.3.4")


def test_what_is_not_there_is_none() -> None:
    message = _read_one(_SAID)
    assert (message.program, message.source, message.kernel, message.instruction) == (None,) * 4


def test_source_of_one_program_is_not_that_of_the_next() -> None:
    log = (
        "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n; x(); @ a.c:1\n0: (95) exit\n"
        "-- END PROG LOAD LOG --\nlibbpf: prog 'b': -- BEGIN PROG LOAD LOG --\n"
        f"{_SAID}\n-- END PROG LOAD LOG --"
    )
    message = _read_one(log)
    assert (message.program, message.source) == ("b", None)


def test_source_without_a_place_is_kept_as_text() -> None:
    message = _read_one(f"; toy_move(p);\n3: (85) call toy_move#7\n{_SAID}")
    assert (message.source, message.source_text) == (None, "toy_move(p);")


def test_program_named_before_the_log_is_not_that_of_a_later_line() -> None:
    log = f"libbpf: prog 'a': failed to attach: -22\n{_SAID}"
    assert {m.kind: m.program for m in read_log(log).messages}[Kind.NOT_ALLOWED] is None


def test_poisoned_call_has_the_kfunc_that_libbpf_says_it_poisoned() -> None:
    log = (
        "libbpf: prog 'a': relo #0: poisoning insn #3 that calls kfunc 'toy_later'\n"
        "libbpf: prog 'a': -- BEGIN PROG LOAD LOG --\n3: (85) call unknown#2002000001\n"
        "invalid func unknown#2002000001\n-- END PROG LOAD LOG --"
    )
    assert _read_one(log).kfunc == "toy_later"


def test_poisoned_load_is_a_relocation_that_found_nothing() -> None:
    log = "4: (18) r10 = 0xbad2310\nframe pointer is read only\nprocessed 5 insns (limit 9)"
    assert _read_one(log).kind is Kind.CORE_RELOCATION


def test_section_that_iproute2_names_is_the_program() -> None:
    log = (
        "Prog section 'to-container' rejected: Permission denied (13)!\n - Type:         3\n"
        f"Verifier analysis:\n\n0: (bf) r6 = r1\n{_SAID}\nprocessed 1 insns (limit 9)"
    )
    assert _read_one(log).program == "to-container"
