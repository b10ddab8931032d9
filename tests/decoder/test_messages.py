"""Every kind of message is read, bare and with any noise around it."""

from __future__ import annotations

import pytest

from kfmap.decoder.kinds import MEANINGS, Kind
from kfmap.decoder.messages import TABLES
from kfmap.decoder.reading import LogMessage, read_log
from tests.decoder.corpus import CONSEQUENCES, EVERYTHING, NOT_JUDGED, QUIET, RUNNING, Said
from tests.decoder.noise import CHAINS, NOISE

# Messages that count only alone, and that a loader's own words around them make idle.
_ALONE = {Kind.LOAD_FAILED, Kind.SCX_ERROR, Kind.SCX_EXIT}


def _read_one(text: str) -> LogMessage:
    (message,) = read_log(text).messages
    return message


def _check(message: LogMessage, said: Said) -> None:
    assert message.kind is said.kind
    assert message.kfunc == said.kfunc
    assert said.facts.items() <= message.facts.items()


@pytest.mark.parametrize("said", EVERYTHING, ids=lambda said: said.line[:50])
def test_message_is_read(said: Said) -> None:
    message = _read_one(f"\n{said.line}\n")
    _check(message, said)
    assert message.line == 2
    assert message.text == (said.text or message.text)
    assert message.text in said.line


@pytest.mark.parametrize("noise", NOISE)
def test_messages_are_read_through_noise(noise: str) -> None:
    wrong = []
    for said in EVERYTHING:
        if noise == "libbpf" and said in CONSEQUENCES + RUNNING:
            continue
        found = read_log(NOISE[noise](said.line)).messages
        bare = _read_one(said.line)
        if [(m.kind, m.text, m.facts) for m in found] != [(bare.kind, bare.text, bare.facts)]:
            wrong.append((said.line, found))
    assert not wrong


@pytest.mark.parametrize("chain", CHAINS)
def test_messages_are_read_inside_the_errors_of_other_loaders(chain: str) -> None:
    wrong = []
    for said in EVERYTHING:
        if said.kind in _ALONE or said.line.startswith("Error"):
            continue
        found = read_log(CHAINS[chain](said.line)).messages
        if [(m.kind, m.kfunc) for m in found] != [(said.kind, said.kfunc)]:
            wrong.append((said.line, found))
    assert not wrong


@pytest.mark.parametrize(("line", "about"), NOT_JUDGED)
def test_what_the_verifier_alone_judges_is_named_by_its_class(line: str, about: str) -> None:
    message = _read_one(f"5: (85) call bpf_x#7\n{line}\nprocessed 6 insns (limit 1000000)")
    assert (message.kind, message.about) == (Kind.VERIFIER, about)


@pytest.mark.parametrize("line", QUIET)
def test_state_and_notes_are_no_messages(line: str) -> None:
    assert read_log(line).messages == ()


def test_corpus_has_every_kind_and_every_kind_has_a_meaning() -> None:
    covered = {said.kind for said in EVERYTHING} | {Kind.VERIFIER, Kind.UNRECOGNISED}
    assert covered == set(Kind)
    assert set(MEANINGS) == set(Kind)


def test_templates_compile_when_they_are_first_needed() -> None:
    assert all(pattern.expression.pattern for table in TABLES for pattern in table)


def test_unknown_complaint_is_given_with_its_line() -> None:
    reading = read_log("all is well\nfrobnicator: cannot frobnicate the widget\n")
    (message,) = reading.messages
    assert (message.kind, message.line) == (Kind.UNRECOGNISED, 2)
    assert message.text == "frobnicator: cannot frobnicate the widget"
    assert not reading.recognised


def test_last_line_before_the_end_of_a_verifier_log_is_a_complaint() -> None:
    log = (
        "0: R1=ctx() R10=fp0\n0: (95) exit\nR7 is a very odd register\nprocessed 1 insns (limit 9)"
    )
    (message,) = read_log(log).messages
    assert (message.kind, message.line) == (Kind.UNRECOGNISED, 3)
