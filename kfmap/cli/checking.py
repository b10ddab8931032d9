"""Objects in files × kernels → what reports are made of; in several processes where it pays."""

from __future__ import annotations

import hashlib
import os
import threading
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import chain, islice
from time import process_time

from kfmap.catalogue.bundled_kernels import LoadedBundled
from kfmap.cli.commands import CommandFailedError
from kfmap.cli.inputs import ObjectFile, find_inputs, read_file
from kfmap.cli.kernels import AskedKernel, load_known_names
from kfmap.cli.loader_options import ChoiceUse
from kfmap.quick_dataclass import dataclass
from kfmap.server.upload_limit import UploadLimitError, read_upload_limit
from verifier.engine.containers.found import Found, NotFound
from verifier.engine.judging.choices import NO_CHOICES, LoaderChoices
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.reports import CheckedObject
from verifier.engine.reports.model import Unchecked
from verifier.engine.result import ObjectVerdict
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    ChoiceError,
    KernelUnderTest,
    Prepared,
    check_object,
    collection_paused,
    fit_choices,
    prepare_object,
)

# Seconds of CPU. To start processes takes 0.06 of them and to hear their answers a tenth of what
# they do, so two take less time than one from about here on.
_WORTH_PROCESSES = 0.25
_TO_LOAD_A_KERNEL = 0.045
_NEXT_KERNEL = 0.2  # what a kernel takes after the first, in times of that
_MOST_PROCESSES = 8  # that are started unasked; each takes memory
_MOST_ASKED_FOR = 256  # a slip of the hand would start as many as there are objects
_LOST = (
    "the process that checked it ended before it answered, perhaps for want of memory: "
    "check it alone, with --jobs 1"
)

_Input = ObjectFile | Found | NotFound


def choose_processes(asked: int | None) -> int:
    """Return how many processes may check: as many as asked, else one for each core, 8 at most.

    Raises CommandFailedError for a number that makes no sense.
    """
    if asked is None and not hasattr(os, "sched_getaffinity"):
        return 1  # not Linux: fork(2) may not be safe there
    if asked is None:
        return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)
    if not 1 <= asked <= _MOST_ASKED_FOR:
        raise CommandFailedError(f"--jobs takes a number of processes, 1 to {_MOST_ASKED_FOR}.")
    return asked


@collection_paused()  # no check makes cycles, and what is found stays
def check_inputs(
    paths: Sequence[str],
    kernels: Sequence[AskedKernel],
    choices: LoaderChoices = NO_CHOICES,
    processes: int = 1,
) -> list[CheckedObject]:
    """Return what the kernels do with each object in the inputs.

    `processes`: how many may work at once; what is returned is the same for any number.

    Raises CommandFailedError for a limit that is no number, and for choices that fit no object.
    """
    try:
        limit = read_upload_limit()
    except UploadLimitError as error:
        raise CommandFailedError(str(error)) from error
    use = ChoiceUse()
    checks = _Checks(kernels, choices, limit, processes)
    checked = []
    for answer in checks.answer_all(find_inputs(paths, limit)):
        checked.append(answer.checked)
        if answer.misfits is not None:
            use.note(answer.misfits)
    use.check()
    return checked


@dataclass(frozen=True, slots=True)
class _Answer:
    """An object with its verdicts; `misfits`: choices it has no place for, None if unreadable."""

    checked: CheckedObject
    misfits: Mapping[str, str] | None = None


class _Checks:
    """The checks of one command."""

    def __init__(
        self, kernels: Sequence[AskedKernel], choices: LoaderChoices, limit: int, processes: int
    ) -> None:
        self._asked, self._choices, self._limit = kernels, choices, limit
        self._processes = processes
        self._known_names = cache(load_known_names)
        self._loaded: dict[int, KernelUnderTest] = {}

    def answer_all(self, inputs: Iterable[_Input]) -> Iterator[_Answer]:
        """Check the inputs: here until that took a while, what is left then in processes."""
        rest = iter(inputs)
        ahead = deque(islice(rest, 2))
        begun = None
        while ahead:
            spent = 0.0 if begun is None else process_time() - begun
            if len(ahead) == 2 and spent > _WORTH_PROCESSES and self._may_fork():
                yield from self._answer_in_processes(chain(ahead, rest))
                return
            item = ahead.popleft()
            ahead.extend(islice(rest, 1))
            yield from self._answer(item, is_last=not ahead)
            # What the first took says little: it loaded the kernels.
            begun = process_time() if begun is None else begun

    def _may_fork(self) -> bool:
        """Return whether there may be copies: a lock that another thread holds stays locked."""
        return self._processes > 1 and threading.active_count() == 1

    def _answer_in_processes(self, inputs: Iterable[_Input]) -> Iterator[_Answer]:
        from kfmap.cli.forked import Lost, work_in_processes  # a tenth of a short command's start

        self._load_from_the_map()
        for number in range(len(self._asked)):
            self._load(number)
        for answers in work_in_processes(self._answer, inputs, self._processes, _size):
            if isinstance(answers, Lost):
                yield _Answer(CheckedObject(answers.item.name, "", None, problem=_LOST))
            else:
                yield from answers

    def _answer(self, item: _Input, is_last: bool = False) -> tuple[_Answer, ...]:
        found = read_file(item.name, self._limit) if isinstance(item, ObjectFile) else (item,)
        return tuple(self._check(one, is_last) for one in found)

    def _check(self, item: Found | NotFound, is_last: bool) -> _Answer:
        if isinstance(item, NotFound):
            return _Answer(CheckedObject(item.name, "", None, problem=item.problem))
        sha256 = hashlib.sha256(item.data).hexdigest()
        try:
            obj = read_object(item.data)
            choices, misfits = fit_choices(obj, self._choices)
            prepared = prepare_object(obj, choices)
        except (ObjectError, ChoiceError) as error:
            return _Answer(CheckedObject(item.name, sha256, None, problem=str(error)))
        summary = summarize(prepared.object, prepared.code.graph)
        verdicts, unchecked = self._ask_all(prepared, is_last)
        checked = CheckedObject(item.name, sha256, summary, tuple(verdicts), tuple(unchecked))
        return _Answer(checked, dict(misfits))

    def _ask_all(
        self, prepared: Prepared, is_last: bool
    ) -> tuple[list[ObjectVerdict], list[Unchecked]]:
        begun = process_time()
        # Kernels share what was walked for the first of them, so that is done once, and here.
        verdicts = [self._ask(prepared, number) for number in self._numbers[:1]]
        rest = self._numbers[1:]
        if is_last and self._is_worth_processes(rest, process_time() - begun):
            told, unchecked = self._ask_in_processes(prepared, rest)
            return verdicts + told, unchecked
        return verdicts + [self._ask(prepared, number) for number in rest], []

    def _is_worth_processes(self, rest: range, to_check: float) -> bool:
        """Return whether to ask the rest in processes, by how long the first kernel took."""
        to_load = sum(number not in self._loaded for number in rest) * _TO_LOAD_A_KERNEL
        left = to_load + len(rest) * to_check * _NEXT_KERNEL
        return len(rest) > 1 and left > _WORTH_PROCESSES and self._may_fork()

    def _ask_in_processes(
        self, prepared: Prepared, kernels: range
    ) -> tuple[list[ObjectVerdict], list[Unchecked]]:
        from kfmap.cli.forked import Lost, work_in_processes

        self._load_from_the_map()
        verdicts, unchecked = [], []
        ask, processes = partial(self._ask, prepared), min(self._processes, len(kernels))
        for answer in work_in_processes(ask, kernels, processes):
            if isinstance(answer, Lost):
                unchecked.append(Unchecked(self._asked[answer.item].name, _LOST))
            else:
                verdicts.append(answer)
        return verdicts, unchecked

    def _ask(self, prepared: Prepared, number: int) -> ObjectVerdict:
        return check_object(prepared, self._load(number))

    @property
    def _numbers(self) -> range:
        return range(len(self._asked))

    def _load(self, number: int) -> KernelUnderTest:
        if number not in self._loaded:
            kernel = self._asked[number]
            self._loaded[number] = KernelUnderTest(
                kernel.facts, kernel.types, kernel.options, kernel.functions, self._known_names
            )
        return self._loaded[number]

    def _load_from_the_map(self) -> None:
        """Load what a database has: a connection to one is not for two processes."""
        own = [n for n in self._numbers if not isinstance(self._asked[n], LoadedBundled)]
        for number in own:
            self._load(number)
        if own:
            self._known_names()


def _size(item: _Input) -> int:
    return len(item.data) if isinstance(item, Found) else 0
