"""Add one kernel: have a process read what was given, tell each step, then save it."""

from __future__ import annotations

import json
import logging
import re
import selectors
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import DataError, transaction

from kfmap.adding.models import Addition, GivenPart
from kfmap.adding.parts import forget_parts, remove_orphans
from kfmap.adding.save import Parts, Wanted, save_parts
from kfmap.adding.scratch import scratch_folder
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.packing import unpack
from kfmap.catalogue.rows.keep import keep_rows
from kfmap.catalogue.store import KernelExistsError, load_config
from kfmap.given.files import Advice
from kfmap.given.git import Commit
from kfmap.kernel.config import read_config
from kfmap.kernel.facts_json import parse_facts
from verifier.jobs.child import CHILD_ENVIRONMENT, ROOT, python_command
from verifier.jobs.stopping import is_stopping

_MODULE = "kfmap.adding.reading_process"
_TICK = 1.0
_MOST_LINE = 8 << 20
_MOST_PROBLEM = 2000
_STRANGE = re.compile(r"[^\w.+~-]")  # in names of uploads
_LONGEST_NAME = 100
_ADVICE = {  # for the page and the API, whose fields have the same names
    Advice.AS_TYPES: "Give it as the image or types.",
    Advice.AS_CONFIG: "Give it as the configuration.",
    Advice.KERNEL_TOO: "Give the kernel's, /sys/kernel/btf/vmlinux or its image.",
    Advice.ANYWAY: "It can be accepted anyway: its page then says so.",
}
log = logging.getLogger(__name__)


class ReadingFailedError(RuntimeError):
    """The process gave no kernel: says why."""


class CancelledError(RuntimeError):
    """Somebody ended the job meanwhile, or another worker has it."""


class StoppedError(RuntimeError):
    """This worker ends: the job goes back."""


def run_addition(pk: int) -> None:
    """Do a job if nobody else does it; whatever happens ends in its row."""
    addition = Addition.objects.claim(pk)
    if addition is None:
        return
    try:
        with scratch_folder() as scratch:
            _add(addition, scratch)
    except CancelledError:
        pass
    except StoppedError:
        addition.release()
        return
    except ReadingFailedError as error:
        addition.finish(Addition.State.FAILED, str(error)[:_MOST_PROBLEM])
    except Exception:
        log.exception("addition %s broke off", addition.pk)
        addition.finish(
            Addition.State.FAILED,
            "It broke off because of a fault in kfmap; the server's log has the details.",
        )
    forget_parts(addition)
    remove_orphans()


def _add(addition: Addition, scratch: Path) -> None:
    step, result = 0, None
    _beat(addition, "taking what was given", step)
    request = _request(addition, scratch)
    for message in _ask(request):
        if message is None:
            _beat(addition, "", step)
        elif "step" in message:
            step += 1
            _beat(addition, message["step"], step)
        elif "problem" in message:
            raise ReadingFailedError(_as_given(message, scratch))
        else:
            result = message["result"]
    if result is None:
        raise ReadingFailedError("Reading it broke off: the process ended without an answer.")
    _beat(addition, "saving", step + 1)
    with transaction.atomic():  # cancelled meanwhile, it is not in the map
        kernel = _save(addition, scratch, result)
        if not addition.complete(kernel, result["nearest"], result["difference"]):
            raise CancelledError
    keep_rows()


def _beat(addition: Addition, step: str, done: int) -> None:
    addition.step = step or addition.step
    if is_stopping():
        raise StoppedError
    if not addition.beat(addition.step, done):
        raise CancelledError


def _request(addition: Addition, scratch: Path) -> dict[str, Any]:
    parts = {part.kind: str(_take(part, scratch)) for part in addition.parts.all()}
    if addition.path:
        parts["tree"] = addition.path
    candidates, options = [], {}
    for kernel in _candidates(addition):
        path = scratch / f"candidate-{kernel.pk}.json"
        path.write_bytes(unpack(bytes(kernel.facts)))
        candidates.append(str(path))
        if addition.estimate and (config := load_config(kernel.name, kernel.facts_hash)):
            options[kernel.name] = dict(read_config(config).options or {})
    return {
        "scratch": str(scratch),
        "parts": parts,
        "folders": settings.KFMAP_KERNEL_FOLDERS if addition.path else [],
        "name": addition.name,
        "label": addition.label,
        "anyway": addition.anyway,
        "candidates": candidates,
        "options": options,
        "megabytes": settings.KFMAP_CHECK_MEGABYTES,
        "seconds": settings.KFMAP_KERNEL_SECONDS,
    }


def _candidates(addition: Addition) -> list[Kernel]:
    """Return the kernels that one may come near to: those that came with kfmap, if there are any.

    The rules of an estimate may be those of a kernel that was imported. The kernel that a new one
    replaces is gone when they could be compared.
    """
    others = Kernel.objects.listed().exclude(name=addition.name)
    released = [kernel for kernel in others if kernel.released]
    bundled = [kernel for kernel in released if kernel.source == Kernel.Source.BUNDLED]
    return released if addition.estimate or not bundled else bundled


def _take(part: GivenPart, scratch: Path) -> Path:
    """Copy a part to the scratch folder, to a folder of its kind, under the name that it had."""
    name = _STRANGE.sub("_", Path(part.name).name)[-_LONGEST_NAME:].lstrip(".") or part.kind
    path = scratch / part.kind / name
    path.parent.mkdir()
    try:
        with part.file.open("rb") as given, path.open("wb") as out:
            shutil.copyfileobj(given, out)
    except FileNotFoundError as error:
        raise ReadingFailedError(f"{part.name} is gone: give it once more.") from error
    return path


def _as_given(message: dict[str, Any], scratch: Path) -> str:
    """Return what was wrong without our folders in it, and what can be done about it."""
    problem = str(message["problem"])
    for kind in (*GivenPart.Kind.values, "source"):
        problem = problem.replace(f"{scratch}/{kind}/", "")
    problem = problem if problem.endswith(".") else f"{problem}."
    return f"{problem} {_ADVICE[Advice(message['advice'])]}" if message["advice"] else problem


def _ask(request: dict[str, Any]) -> Iterator[dict[str, Any] | None]:
    """Return what the process says, None per second of silence; past its time it is ended."""
    process = subprocess.Popen(
        python_command(_MODULE),
        cwd=ROOT,
        env={**CHILD_ENVIRONMENT, "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,  # a line that Python holds back would wake no selector
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    deadline = time.monotonic() + request["seconds"]
    try:
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.close()
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while True:
                if time.monotonic() > deadline:
                    raise ReadingFailedError(
                        f"Reading it took longer than {request['seconds']} s, the limit set by "
                        "KFMAP_KERNEL_SECONDS."
                    )
                if not selector.select(_TICK):
                    yield None
                    continue
                line = process.stdout.readline(_MOST_LINE)
                if not line:
                    return
                yield json.loads(line)
    except BrokenPipeError:
        return
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _save(addition: Addition, scratch: Path, result: dict[str, Any]) -> Kernel:
    facts = parse_facts((scratch / "facts.out").read_bytes())
    parts = Parts(
        facts,
        _read(scratch, "types"),
        _read(scratch, "config"),
        _read(scratch, "functions"),
        result["source"],
        Commit(**result["commit"]) if result["commit"] else None,
        tuple(result["remarks"]),
        tuple(result["doubts"]),
    )
    source = Kernel.Source.ESTIMATE if addition.estimate else Kernel.Source.IMPORTED
    try:
        wanted = Wanted(addition.name, addition.replace, addition.user)
        kernel = save_parts(parts, wanted, source).kernel
    except KernelExistsError as error:
        # the form of an estimate replaces nothing
        more = "" if addition.estimate else " Or tick “Replace the kernel of this name”."
        raise ReadingFailedError(f"{error}{more}") from error
    except (ValidationError, DataError) as error:
        raise ReadingFailedError(f"It cannot be saved: {error}") from error
    return kernel


def _read(scratch: Path, name: str) -> bytes | None:
    path = scratch / f"{name}.out"
    return path.read_bytes() if path.exists() else None
