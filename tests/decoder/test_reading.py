"""Distinct messages once, in the order of cause; hostile text is bounded in time and size."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfmap.decoder.kinds import Kind
from kfmap.decoder.lines import WINDOW
from kfmap.decoder.reading import (
    CUT_MARK,
    MAX_LOG,
    MAX_MESSAGES,
    MAX_TEXT,
    MAX_UNRECOGNISED,
    read_log,
)
from kfmap.text_bytes import decode_bytes
from tests.decoder.corpus import EVERYTHING
from tests.decoder.logs import BANNER, EXIT_IN_JOURNAL, REPORT, WHOLE_LOGS

_SAID = "calling kernel function toy_move is not allowed"


def test_message_said_again_is_given_once_with_its_first_line() -> None:
    (message,) = read_log(f"x\n{_SAID}\n{_SAID}\n  {_SAID}").messages
    assert message.line == 2


def test_message_of_two_programs_is_two_messages() -> None:
    log = "".join(
        f"libbpf: prog '{name}': -- BEGIN PROG LOAD LOG --\n{_SAID}\n-- END PROG LOAD LOG --\n"
        for name in "ab"
    )
    assert [m.program for m in read_log(log).messages] == ["a", "b"]


@pytest.mark.parametrize("named_first", [True, False])
def test_message_with_and_without_program_is_one(named_first: bool) -> None:
    named = f"program a: load program: permission denied: {_SAID} (2 line(s) omitted)"
    log = f"{named}\n{_SAID}" if named_first else f"{_SAID}\n{named}"
    (message,) = read_log(log).messages
    assert (message.program, message.line) == ("a", 1)


def test_messages_come_in_the_order_of_cause() -> None:
    log = "\n".join(
        [
            "EXIT: runnable task stall (cat[3] failed to run for 30.0s)",
            _SAID,
            "nonsense: cannot do it",
            "libbpf: extern (func ksym) 'toy_new': not found in kernel or module BTFs",
            "R1 invalid mem access 'scalar'",
            "libbpf: struct_ops init_kern: struct toy_ops is not found in kernel BTF",
            "libbpf: failed to load object 'toy'",
        ]
    )
    assert [message.kind for message in read_log(log).messages] == [
        Kind.STRUCT_OPS_MISSING,
        Kind.MISSING,
        Kind.NOT_ALLOWED,
        Kind.VERIFIER,
        Kind.SCX_STALL,
        Kind.UNRECOGNISED,
    ]


def test_failed_load_is_a_message_only_where_nothing_says_why() -> None:
    alone = "libbpf: failed to load object 'toy'\nlibbpf: prog 'a': failed to load: -13"
    (message,) = read_log(alone).messages
    assert (message.kind, message.program) == (Kind.LOAD_FAILED, "a")
    assert [m.kind for m in read_log(f"{alone}\n{_SAID}").messages] == [Kind.NOT_ALLOWED]


def test_failed_load_stays_beside_what_is_not_known() -> None:
    log = (
        "Error: Failed to load BPF program\n\nCaused by:\n"
        "    Permission denied (os error 13)\nodd error"
    )
    assert [m.kind for m in read_log(log).messages] == [Kind.LOAD_FAILED, Kind.UNRECOGNISED]


def test_what_a_service_manager_says_of_the_end_is_no_message() -> None:
    log = (
        "May 24 16:18:06 box systemd[1]: scx.service: Main process exited, code=exited, status=1\n"
        "May 24 16:18:06 box systemd[1]: scx.service: Failed with result 'exit-code'."
    )
    assert read_log(log).messages == ()


@pytest.mark.parametrize(
    "aside",
    [
        "Global function toy() doesn't return scalar. Only those are supported.",
        "Unrecognized arg#0 type PTR",
    ],
)
def test_aside_of_the_verifier_counts_only_alone(aside: str) -> None:
    assert [m.kind for m in read_log(aside).messages] == [Kind.VERIFIER]
    assert [m.kind for m in read_log(f"{aside}\n{_SAID}").messages] == [Kind.NOT_ALLOWED]


@pytest.mark.parametrize("text", ["", "\n\n\n", "all is well", "\x00" * 1000, "\u202e" * 99])
def test_text_without_messages_gives_none(text: str) -> None:
    reading = read_log(text)
    assert reading.messages == ()
    assert not reading.recognised


def test_binary_is_read_without_harm() -> None:
    noise = random.Random(7).randbytes(200_000)
    text = decode_bytes(noise + b"\n" + _SAID.encode() + b"\n" + noise)
    assert _SAID in [message.text for message in read_log(text).messages]


def test_utf_16_is_read() -> None:
    (message,) = read_log(decode_bytes(_SAID.encode("utf-16"))).messages
    assert message.text == _SAID


def test_message_deep_in_a_long_line_is_found_and_cut_with_a_mark() -> None:
    for before in (WINDOW - 10, WINDOW * 3 + 17, WINDOW * 4 - len(_SAID) // 2):
        (message,) = read_log("x " * (before // 2) + _SAID + " y" * WINDOW).messages
        assert message.text == _SAID
    (message,) = read_log("failed: " + "ab " * 3000).messages
    assert len(message.text) == MAX_TEXT + len(CUT_MARK)
    assert message.text.endswith(CUT_MARK)


def test_messages_are_bounded() -> None:
    many = "\n".join(f"calling kernel function f{n} is not allowed" for n in range(999))
    reading = read_log(many)
    assert (len(reading.messages), reading.truncated) == (MAX_MESSAGES, True)
    odd = "\n".join(f"gadget {n} failed" for n in range(999))
    assert len(read_log(odd).messages) == MAX_UNRECOGNISED


def test_text_beyond_the_limit_is_not_read() -> None:
    reading = read_log(("a" * 3999 + "\n") * (MAX_LOG // 4000 + 1) + _SAID)
    assert (reading.messages, reading.truncated) == ((), True)


def _long_log(size: int) -> str:
    lines = (
        f"{n}: (79) r6 = *(u64 *)(r1 +{n % 512})        ; R1=ctx() R6_w=scalar(umax={n})"
        if n % 3
        else f"; x = toy(y, {n}); @ toy.bpf.c:{n}"
        for n in range(size // 40)
    )
    return "\n".join([BANNER, "\n".join(lines)[:size], _SAID])


def test_three_megabytes_are_read_within_a_second() -> None:
    log = _long_log(3_000_000)
    began = time.process_time()
    (message,) = read_log(log).messages
    assert time.process_time() - began < 1
    assert message.kernel == "6.18.15+deb13-amd64"


_HOSTILE = {
    "letters": "a" * 1_000_000,
    "registers": "R1 " * 300_000,
    "blanks": " " * 1_000_000,
    "stamps": "[1.1]" * 200_000,
    "openings": "scx_bpf_error (" * 66_000,
    "programs": "prog 'x': " * 100_000,
    "halves": "x must be a rcu pointer R1 " * 37_000,
    "regions": "cannot be used inside bpf_rcu_read_lock-ed region " * 20_000,
    "sources": "; @ @ @ a:1 " * 80_000,
    "newlines": "\n" * 1_000_000,
    "escapes": "x\\n" * 330_000,
    "returns": "x\r" * 500_000,
    "colours": "\x1b[" * 500_000,
    "title": "\x1b]" + "a" * 1_000_000,
    "quotes": "'" * 1_000_000,
    "numbers": "12: \n" * 200_000,
    "records": 'level=x msg="' + '" a="x' * 160_000,
    "record_lines": ("a=b " * 7 + 'msg="' + '" a="x' * 600 + "\n") * 270,
    "backtraces": "scx_bpf_x+0x" * 80_000,
    "words": "kernel function is not allowed program must be sleepable region R1 " * 15_000,
}


@pytest.mark.parametrize("name", _HOSTILE)
def test_no_text_takes_long(name: str) -> None:
    began = time.process_time()
    read_log(_HOSTILE[name])
    assert time.process_time() - began < 3


_PIECES = [
    *(said.line for said in EVERYTHING),
    *WHOLE_LOGS.values(),
    REPORT,
    EXIT_IN_JOURNAL,
    *("\x1b[31m", "\r", "\x00", "\\n", "'", "(", "prog '", "; @ ", "12: (", "\u202e", "🙂", "\n"),
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.sampled_from(_PIECES) | st.text(max_size=40), max_size=12),
    st.integers(0, 200),
    st.text(max_size=5),
)
def test_any_text_gives_bounded_clean_messages(
    pieces: list[str], place: int, inserted: str
) -> None:
    text = "".join(pieces)
    text = text[:place] + inserted + text[place:]
    reading = read_log(text)
    lines = text.count("\n") + 1
    for message in reading.messages:
        assert 1 <= message.line <= lines
        assert 0 < len(message.text) <= MAX_TEXT + len(CUT_MARK)
        assert "\n" not in message.text and "\u202e" not in message.text
        assert message.kind in Kind
    assert read_log(text) == reading
