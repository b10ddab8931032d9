"""Boot a kernel with the loader and objects, and make opinions of what it answers.

An object can end its guest: what it had answered by then counts, the object is left, and another
guest goes on with the rest. Where QEMU is killed, that is no fault of the object: it is asked about
once more.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kfmap.probe.guest import (
    Guest,
    GuestEndedError,
    GuestKilledError,
    find_last_line,
    read_console,
)
from kfmap.probe.host import ProbeError
from verifier.opinions.answers import Answers, ObjectAnswers, read_answers, say_short_memory
from verifier.opinions.files import AskedObject, render_files
from verifier.opinions.opinion import KernelOpinion, ProgramOpinion, Word
from verifier.opinions.reason import find_reason

STEP_SECONDS = 60
GUEST_SECONDS = 900
_MOST_BOOTS = 25
_SILENT = "the loader did not answer for it"
# bpf_object__read_kconfig_file() of libbpf: no kernel was asked.
_LACKS_CONFIG = "failed to open system Kconfig"
_NO_CONFIG = (
    "the object takes values from the kernel's configuration, and the guest has none: name the"
    " kernel of the map that it is, or lay config-RELEASE beside vmlinuz-RELEASE"
)
CROWDED_OUT = "too many guests were ended by other objects"
Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class BootedKernel:
    """A kernel that can be booted: its name in the map, its image and what belongs to it."""

    name: str
    image: Path
    machine: str = "x86_64"
    config: bytes = b""
    modules: Mapping[str, bytes] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one load, and one guest, may take, in seconds."""

    step: int = STEP_SECONDS
    guest: float = GUEST_SECONDS


def ask_kernel(
    kernel: BootedKernel,
    loader: bytes,
    objects: Sequence[AskedObject],
    programs: Sequence[Sequence[str]],
    *,
    limits: Limits = Limits(),
    progress: Progress = lambda done, total: True,
) -> list[KernelOpinion]:
    """Return an opinion per object; `programs` has the names of the programs of each.

    `progress` is told how many programs were answered for, of how many; the guest ends when it says
    False. Raises ProbeError where no guest could be booted, or it was stopped.
    """
    asking = _Asking(kernel, loader, objects, programs, limits, progress)
    asking.run()
    return asking.opinions()


class _Asking:
    """The guests it takes, and what came out of them."""

    def __init__(
        self,
        kernel: BootedKernel,
        loader: bytes,
        objects: Sequence[AskedObject],
        programs: Sequence[Sequence[str]],
        limits: Limits,
        progress: Progress,
    ) -> None:
        self._kernel, self._loader, self._limits = kernel, loader, limits
        self._objects, self._programs, self._progress = objects, programs, progress
        self._left = list(range(len(objects)))
        self._found: dict[int, ObjectAnswers] = {}
        self._problems: dict[int, str] = {}
        self._once_more: set[int] = set()
        self._was_killed_booting = False
        self._first = Answers()

    def run(self) -> None:
        """Boot until every object was answered for, or ended a guest of its own."""
        for _ in range(_MOST_BOOTS):
            if not self._left:
                return
            self._boot()
        for number in self._left:
            self._problems[number] = CROWDED_OUT

    def opinions(self) -> list[KernelOpinion]:
        """Return what was found, one opinion per object."""
        return [self._opinion(number) for number in range(len(self._objects))]

    def _boot(self) -> None:
        stopped: list[bool] = []

        def watch(console: bytes) -> bool:
            go_on = self._progress(self._count(console), self._total)
            stopped.extend([True] * (not go_on))
            return go_on

        try:
            console, ended_by, was_killed = read_console(self._guest(), watch=watch), "", False
        except GuestEndedError as error:
            console, ended_by = error.console, str(error)
            was_killed = isinstance(error, GuestKilledError)
        if stopped:
            raise ProbeError("It was stopped")
        answers = read_answers(console)
        if was_killed and not answers.release and not self._was_killed_booting:
            self._was_killed_booting = True
            return
        if not answers.release:
            said = ended_by or "The guest did not answer"
            raise ProbeError(f"{said}; its console ended with: {find_last_line(console)}")
        self._first = answers if not self._first.release else self._first
        busy_with = self._take(answers)
        if busy_with is None:
            return
        if was_killed and busy_with not in self._once_more:
            self._once_more.add(busy_with)
            return
        self._left.remove(busy_with)
        said = ended_by or f"The guest ended: {find_last_line(console)}"
        self._problems[busy_with] = f"{said}, while the kernel was busy with this object"

    def _take(self, answers: Answers) -> int | None:
        """Keep the answers; return the object that the guest ended with, None for a whole run."""
        for number in list(self._left):
            if number in answers.objects:
                self._found[number] = answers.objects[number]
            if answers.ended or (number in answers.objects and number != answers.busy_with):
                self._left.remove(number)
        if answers.ended:
            return None
        return answers.busy_with if answers.busy_with in self._left else self._left[0]

    def _guest(self) -> Guest:
        kernel = self._kernel
        files = render_files([(number, self._objects[number]) for number in self._left])
        files |= kernel.modules or {}
        if kernel.config:
            files["config"] = kernel.config
        arguments = f"seconds={self._limits.step}"
        return Guest(
            kernel.image, self._loader, files, kernel.machine, arguments, self._limits.guest
        )

    @property
    def _total(self) -> int:
        return sum(map(len, self._programs))

    def _count(self, console: bytes) -> int:
        before = sum(len(self._programs[number]) for number in self._found)
        return min(self._total, before + console.count(b'"answer":'))

    def _opinion(self, number: int) -> KernelOpinion:
        found, problem = self._found.get(number), self._problems.get(number, "")
        names = self._programs[number]
        programs = tuple(_of_program(name, found, problem) for name in names)
        first = self._first
        return KernelOpinion(self._kernel.name, first.release, first.libbpf, programs, problem)


def _of_program(name: str, found: ObjectAnswers | None, problem: str) -> ProgramOpinion:
    if found is None:
        return ProgramOpinion(name, Word.NOT_ASKED, problem or "the guest did not get to it")
    if found.whole == "refused" and found.error == errno.ENOMEM:
        return ProgramOpinion(name, Word.NOT_ASKED, say_short_memory("", found.said))
    if found.whole == "refused" and _LACKS_CONFIG in found.said:
        return ProgramOpinion(name, Word.NOT_ASKED, _NO_CONFIG, said=found.said)
    if found.whole in ("refused", "not opened"):
        reason = find_reason(found.said) or "libbpf refuses the object and gives no reason"
        return ProgramOpinion(
            name, Word.REFUSED, reason, said=found.said, whole=True, error=found.error
        )
    answer = found.programs.get(name)
    if answer is None:
        return ProgramOpinion(name, Word.NOT_ASKED, problem or found.fault or _SILENT)
    return replace(answer, said=answer.said or "")
