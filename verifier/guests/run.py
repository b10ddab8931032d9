"""Boot kernels for the opinions that wait, one guest at a time on a machine."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from django.conf import settings

from kfmap.catalogue.availability import find_absence
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import load_config
from kfmap.only_user import only_user
from kfmap.probe.host import ProbeError
from verifier.engine.judging.attached import TargetError, find_targets
from verifier.engine.judging.choice_text import parse_plain_choices
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.verdict import fit_choices
from verifier.guests.models import Opinion, OpinionLostError
from verifier.guests.store import load_opinions
from verifier.jobs.files import MissingBytesError, read_chunks
from verifier.jobs.patience import patiently
from verifier.jobs.stopping import WorkerStopsError, is_stopping
from verifier.opinions.asking import BootedKernel, Limits, ask_kernel
from verifier.opinions.files import prepare
from verifier.opinions.images import FOLDER, LOADER, load_image
from verifier.opinions.loader import build_loader
from verifier.opinions.opinion_json import plain_opinion
from verifier.records.models import BpfObject

_BEAT_SECONDS = 2.0
_END_SECONDS = 30.0  # that the end of an opinion waits for the database, as that of a job does
_BROKE_OFF = "It broke off; the server's log says where."
log = logging.getLogger(__name__)


def run_waiting() -> int:
    """Run what waits until nothing does; return how many. Another one at it does it all."""
    worker, count = f"{socket.gethostname()}:{os.getpid()}", 0
    with _only_guest() as alone:
        while alone and not is_stopping():
            opinion = Opinion.objects.claim_next(worker)
            if opinion is None:
                break
            run(opinion)
            count += 1
    return count


def run(opinion: Opinion) -> None:
    """Ask one kernel; the row says what came of it, whatever happens."""
    try:
        data = _ask(opinion)
    except OpinionLostError:
        return
    except WorkerStopsError:
        end = opinion.release
    except (ProbeError, ObjectError, TargetError) as error:
        end = partial(opinion.fail, f"{error}.")
    except MissingBytesError:
        end = partial(opinion.fail, "The worker cannot find the bytes of this object.")
    except Exception as error:  # noqa: BLE001 - the edge of a job: any failure ends in its row
        end = _after(error, opinion)
    else:
        end = partial(_keep, opinion, data)
    patiently(end, _END_SECONDS)


def _after(error: Exception, opinion: Opinion) -> Callable[[], None]:
    """Return how an opinion ends that something went wrong in."""
    if find_absence(error):
        log.warning("opinion %s waits: %s", opinion.pk, str(error).strip())
        return opinion.release
    log.error("opinion %s broke off", opinion.pk, exc_info=error)
    return partial(opinion.fail, _BROKE_OFF)


def _keep(opinion: Opinion, data: dict[str, object]) -> None:
    opinion.finish(data)
    load_opinions(opinion.object)  # which notes how much of it contradicts the verdicts


def _ask(opinion: Opinion) -> dict[str, object]:
    data = b"".join(read_chunks(opinion.object.sha256))
    obj = read_object(data)
    given = parse_plain_choices(opinion.loader)
    given = replace(given, attached=find_targets(given.targets, _find_object))
    choices, _ = fit_choices(obj, given)
    names = [program.name for program in obj.programs]
    beats = _Beats(opinion)
    beats.go_on(0, len(names))
    kernel = _load(opinion.kernel)
    folder = settings.KFMAP_DATA_DIR / FOLDER / LOADER
    limits = Limits(guest=settings.KFMAP_GUEST_SECONDS)
    try:
        (said,) = ask_kernel(
            kernel,
            build_loader(folder, kernel.machine),
            [prepare(data, obj, choices)],
            [names],
            limits=limits,
            progress=beats.go_on,
        )
    except ProbeError:
        beats.raise_end()
        raise
    return plain_opinion(said)


def _find_object(named: str) -> bytes | None:
    """Return the bytes of an object that a loader names by its SHA-256, None where there are
    none."""
    try:
        found = BpfObject.objects.filter(sha256=named).exists()
        return b"".join(read_chunks(named)) if found else None
    except MissingBytesError:
        return None


def _load(name: str) -> BootedKernel:
    row = Kernel.objects.filter(name=name).first()
    config = load_config(row.name, row.facts_hash) if row else None
    return load_image(settings.KFMAP_DATA_DIR, name, config or b"")


class _Beats:
    """Tells the row how far the guest is, and the guest whether to go on."""

    def __init__(self, opinion: Opinion) -> None:
        self._opinion = opinion
        self._last = 0.0
        self._end: Exception | None = None

    def go_on(self, done: int, total: int) -> bool:
        """Note progress; say whether the opinion is still wanted."""
        if is_stopping():
            self._end = WorkerStopsError()
            return False
        if time.monotonic() - self._last < _BEAT_SECONDS:
            return True
        self._last = time.monotonic()
        step = f"{done} of {total} programs loaded" if done else "booting the kernel"
        try:
            self._opinion.beat(step, done, total)
        except OpinionLostError as error:
            self._end = error
            return False
        except Exception as error:
            if not find_absence(error):
                raise
            log.warning("opinion %s is not noted: %s", self._opinion.pk, str(error).strip())
        return True

    def raise_end(self) -> None:
        """Raise why the guest was stopped, if it was."""
        if self._end is not None:
            raise self._end


@contextmanager
def _only_guest() -> Iterator[bool]:
    """Return whether no other process or thread here has a guest; the kernel frees the lock."""
    folder = settings.KFMAP_DATA_DIR / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with only_user(folder) as is_first:
        yield is_first
