"""A guest is booted, answers or ends; every object gets an opinion or the reason why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.probe import guest
from kfmap.probe.host import ProbeError
from tests.verifier.opinions.pretended import LOG, console, pretend, printing, program
from verifier.opinions.asking import BootedKernel, Limits, ask_kernel
from verifier.opinions.files import AskedObject
from verifier.opinions.opinion import KernelOpinion, Word

LIMITS = Limits(step=1, guest=3)
WHOLE = {"object": 0, "programs": 2}


def _ask(kernel: BootedKernel, *programs: list[str]) -> list[KernelOpinion]:
    objects = [AskedObject(b"\x7fELF") for _ in programs]
    return ask_kernel(kernel, b"init", objects, programs, limits=LIMITS)


def test_programs_load_or_are_refused_with_the_last_line_of_their_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = console(
        WHOLE,
        {"object": 0, "whole": "by program", "error": 0, "libbpf": ""},
        program("good"),
        program("bad", "refused", log=LOG, libbpf="libbpf: failed"),
    )
    (opinion,) = _ask(pretend(tmp_path, monkeypatch, printing(said)), ["good", "bad"])
    good, bad = opinion.programs
    assert (opinion.release, opinion.libbpf) == ("7.2.12+deb13-amd64", "v1.5")
    assert (good.word, good.instructions, good.peak_states) == (Word.LOADS, 6, 1)
    assert (bad.word, bad.reason) == (Word.REFUSED, "R1 must be referenced or trusted")


def test_an_object_that_is_refused_whole_refuses_each_of_its_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"object": 0, "whole": "refused", "error": 3, "libbpf": "libbpf: extern 'x': not found"}
    kernel = pretend(tmp_path, monkeypatch, printing(console(WHOLE, said)))
    (opinion,) = _ask(kernel, ["one", "two"])
    assert {item.word for item in opinion.programs} == {Word.REFUSED}
    assert all(item.whole and "not found" in item.reason for item in opinion.programs)


def test_a_guest_without_the_configuration_that_libbpf_needs_says_nothing_of_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """scx_central and its CONFIG_HZ on an image of Debian 6.18, which has no /proc/config.gz."""
    failed = "libbpf: failed to open system Kconfig\n"
    said = {"object": 0, "whole": "refused", "error": 2, "libbpf": failed}
    kernel = pretend(tmp_path, monkeypatch, printing(console(WHOLE, said)))
    (opinion,) = _ask(kernel, ["one", "two"])
    assert {item.word for item in opinion.programs} == {Word.NOT_ASKED}
    assert "config-RELEASE" in opinion.programs[0].reason


@pytest.mark.parametrize("whole", [True, False])
def test_a_guest_that_is_too_small_for_the_maps_says_nothing_of_programs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    said = "libbpf: map 'm3': failed to create: Cannot allocate memory(-12)\n"
    every = {"object": 0, "whole": "refused", "error": 12, "libbpf": said}
    answer = every if whole else {**program("one", "refused", error=12), "libbpf": said}
    kernel = pretend(tmp_path, monkeypatch, printing(console({"object": 0, "programs": 1}, answer)))
    (opinion,) = _ask(kernel, ["one"])
    assert opinion.programs[0].word == Word.NOT_ASKED
    assert "map 'm3': failed to create: Cannot allocate memory(-12) (a guest has 1024 MB)" in (
        opinion.programs[0].reason
    )


def test_an_object_that_ends_its_guest_costs_the_others_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first guest panics over object 1: 0 had answered, 2 is asked in another guest."""
    first = console(
        {"object": 0, "programs": 1}, program("zero"), {"object": 1, "programs": 1}, ends=False
    )
    second = console({"object": 2, "programs": 1}, program("two", number=2))
    script = printing(first + "Kernel panic - not syncing: oops\n", second)
    zero, one, two = _ask(pretend(tmp_path, monkeypatch, script), ["zero"], ["one"], ["two"])
    assert zero.programs[0].word == two.programs[0].word == Word.LOADS
    assert one.programs[0].word == Word.NOT_ASKED
    assert "Kernel panic" in one.problem
    assert not zero.problem


def test_an_object_whose_guest_is_killed_is_asked_about_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = console({"object": 0, "programs": 1}, ends=False)
    whole = console({"object": 0, "programs": 1}, program("only"))
    killed = printing(begun, whole) + '[ "$n" = 0 ] && kill -9 $$\n'
    (opinion,) = _ask(pretend(tmp_path, monkeypatch, killed), ["only"])
    assert (opinion.programs[0].word, opinion.problem) == (Word.LOADS, "")
    (tmp_path / "qemu.runs").unlink()
    (opinion,) = _ask(
        pretend(tmp_path, monkeypatch, printing(begun, begun) + "kill -9 $$\n"), ["only"]
    )
    assert opinion.programs[0].word == Word.NOT_ASKED
    assert opinion.problem == (
        "QEMU was ended from outside by SIGKILL, the machine may be short of memory, "
        "while the kernel was busy with this object"
    )


def test_a_guest_that_is_killed_while_it_boots_is_booted_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = console({"object": 0, "programs": 1}, program("only"))
    killed = printing("Booting\n", whole) + '[ "$n" = 0 ] && kill -9 $$\n'
    (opinion,) = _ask(pretend(tmp_path, monkeypatch, killed), ["only"])
    assert opinion.programs[0].word == Word.LOADS


def test_a_loader_that_dies_says_of_what(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = {"object": 0, "whole": "loader died", "error": 11}
    one = program("one", "loader died", error=11)
    kernel = pretend(
        tmp_path, monkeypatch, printing(console({"object": 0, "programs": 2}, whole, one))
    )
    (opinion,) = _ask(kernel, ["one", "two"])
    assert {item.word for item in opinion.programs} == {Word.NOT_ASKED}
    assert {item.reason for item in opinion.programs} == {
        "the process that loaded it died of signal 11"
    }


def test_a_guest_that_hangs_in_an_object_is_ended_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = printing(console({"object": 0, "programs": 1}, ends=False)) + "exec sleep 60\n"
    (opinion,) = _ask(pretend(tmp_path, monkeypatch, script), ["only"])
    assert opinion.programs[0].word == Word.NOT_ASKED
    assert "did not end in time" in opinion.problem


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'Kernel panic - not syncing: No working init found'\n", "No working init"),
        ("exec sleep 60\n", "did not end in time"),
        ("exit 1\n", "ended with: nothing"),
        (printing("x" * 300 + "\n"), "ended with: xxx"),
    ],
)
def test_a_kernel_that_does_not_boot_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    with pytest.raises(ProbeError, match=message):
        _ask(pretend(tmp_path, monkeypatch, script), ["only"])


def test_a_guest_that_prints_forever_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guest, "_MOST_OUTPUT", 1 << 20)
    with pytest.raises(ProbeError, match="printed without end"):
        _ask(pretend(tmp_path, monkeypatch, "exec yes\n"), ["only"])


def test_somebody_can_stop_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = pretend(tmp_path, monkeypatch, "exec sleep 60\n")
    with pytest.raises(ProbeError, match="stopped"):
        ask_kernel(
            kernel,
            b"init",
            [AskedObject(b"")],
            [["only"]],
            limits=LIMITS,
            progress=lambda done, total: False,
        )


def test_answers_that_are_no_answers_are_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guest's console may hold anything: what an object prints there decides nothing."""
    noise = '{"object": "0"}\n{"object": 0, "program": 7}\n{"cut": \n[1]\n{"object":0,"whole":[]}\n'
    said = console(WHOLE, program("good"), ends=False) + noise + guest.ENDS.decode()
    (opinion,) = _ask(pretend(tmp_path, monkeypatch, printing(said)), ["good", "bad"])
    assert [item.word for item in opinion.programs] == [Word.LOADS, Word.NOT_ASKED]
