"""The process that reads hostile bytes: objects in, summaries and verdicts out, under limits.

`verifier.jobs.checker` starts it as `python -m verifier.engine.check_process MEGABYTES` and talks
with it by its standard input and output; everything else is closed to it (`confinement`).

It reads a request, one line of JSON followed by a file's bytes, and writes messages, a line of
JSON each: the summary or the problem, a verdict for each kernel, `{"end": true}`. A request with
`unpack`, the file's name, has the objects in the file for its messages; one with `source`, the
place of a program, its source lines. What the process does not have it asks for: to `{"need": …}`
it is answered with a line that names parts and their lengths, and the parts. Kernels are kept for
the next object while memory lasts.
"""

from __future__ import annotations

import base64
import json
import os
import re
import resource
import signal
import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from typing import Any, BinaryIO

import zstandard

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import read_btf
from kfmap.kernel.config import read_config
from kfmap.kernel.facts_json import parse_facts
from kfmap.kernel.known_names import KnownNames
from verifier.engine.confinement.confine import confine
from verifier.engine.containers.find import find_objects
from verifier.engine.containers.found import Found
from verifier.engine.judging.attached import TargetError, find_targets
from verifier.engine.judging.choice_text import (
    parse_plain_choices,
    plain_choices,
    say_choices,
)
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.result_json import plain
from verifier.engine.source_view import view_source
from verifier.engine.summary import summarize
from verifier.engine.verdict import (
    KernelUnderTest,
    LoaderChoices,
    check_object,
    collection_paused,
    fit_choices,
    prepare_object,
)

Parts = dict[str, bytes]
Ask = Callable[[dict[str, Any]], Parts]
_MAX_UNPACKED = 512 << 20
# Nothing can be imported once the process is confined: names of files in a zip archive, what reads
# archives, and words for files of other machines.
IMPORTED_LATE = (
    "encodings.cp437",
    "verifier.engine.containers.search",
    "elftools.elf.enums",
)
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHARE_OF_KERNELS = 0.5  # of the memory; the rest is for the object in hand


def answer(request: dict[str, Any], data: bytes, kernels: Kernels) -> Iterator[dict[str, Any]]:
    """Return the messages for one object: its summary, then a verdict for each kernel asked for."""
    try:
        obj = read_object(data)
        said = _attach(parse_plain_choices(request.get("loader", {})), kernels)
        choices, misfits = fit_choices(obj, said)
        prepared = prepare_object(obj, choices)
    except (ObjectError, TargetError) as error:
        yield {"problem": str(error)}
        return
    summary = summarize(prepared.object, prepared.code.graph)
    notes = (*summary.notes, *_note_choices(choices, misfits))
    yield {"summary": plain(replace(summary, notes=notes))}
    for facts_hash in request["kernels"]:
        verdict = check_object(prepared, kernels.load(facts_hash, request["known"]))
        yield {"facts_hash": facts_hash, "verdict": plain(verdict)}


def _attach(choices: LoaderChoices, kernels: Kernels) -> LoaderChoices:
    """Return the choices with the programs of other objects that they name, as far as these are
    still there."""
    found = find_targets(choices.targets, kernels.find_object)
    return replace(choices, attached=found) if found else choices


def _note_choices(choices: LoaderChoices, misfits: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Return what the verdicts assume of the loader, and what had no place in the object."""
    if said := say_choices(plain_choices(choices)):
        yield f"the verdicts are those for its loader: {said}"
    for _, why in misfits:
        yield f"not taken over for its loader: {why}"


def unpack(name: str, data: bytes) -> Iterator[dict[str, Any]]:
    """Return a message for each object in a file, and for each thing not looked into."""
    for item in find_objects(name, data):
        if isinstance(item, Found):
            yield {"name": item.name, "object": base64.b64encode(item.data).decode()}
        else:
            yield {"name": item.name, "problem": item.problem}


def show_source(position: int, data: bytes) -> Iterator[dict[str, Any]]:
    """Return one message: the source of the program at a place in the object, or the problem."""
    try:
        yield {"source": plain(view_source(read_object(data), position))}
    except (ObjectError, IndexError) as error:
        yield {"problem": str(error)}


class Kernels:
    """The kernels that were asked for lately; `known` names what the whole map has."""

    def __init__(self, ask: Ask, bytes_kept: int) -> None:
        """Keep kernels while the process is smaller than `bytes_kept`."""
        self._ask, self._bytes_kept = ask, bytes_kept
        self._kept: OrderedDict[str, KernelUnderTest] = OrderedDict()
        self._names: KnownNames | None = None
        self._known = ""
        # Once the process is confined it cannot open this any more.
        self._size = os.open("/proc/self/statm", os.O_RDONLY)

    def load(self, facts_hash: str, known: str) -> KernelUnderTest:
        """Return a kernel, asking for what is not kept."""
        if known != self._known:  # a kernel has come or gone: others answer differently
            self._kept.clear()
            self._names, self._known = None, known
        kernel = self._kept.get(facts_hash)
        if kernel is None:
            self._make_room()
            kernel = self._kept[facts_hash] = self._read(facts_hash)
        self._kept.move_to_end(facts_hash)
        return kernel

    def find_object(self, named: str) -> bytes | None:
        """Return the bytes of another object by its SHA-256, None where there are none."""
        if not _SHA256.fullmatch(named):
            return None
        return self._ask({"need": "object", "sha256": named})["object"] or None

    def _make_room(self) -> None:
        while self._kept and _resident(self._size) > self._bytes_kept:
            self._kept.popitem(last=False)

    def _read(self, facts_hash: str) -> KernelUnderTest:
        parts = self._ask({"need": "kernel", "facts_hash": facts_hash})
        types, config, functions = parts["types"], parts["config"], parts["functions"]
        return KernelUnderTest(
            parse_facts(_unpack(parts["facts"])),
            read_btf(_unpack(types)) if types else None,
            read_config(_unpack(config)).options if config else None,
            FunctionNames(functions) if functions else None,
            self._find_names,
        )

    def _find_names(self) -> KnownNames:
        if self._names is None:
            names = json.loads(self._ask({"need": "names"})["names"])
            kfuncs = {name: tuple(modules) for name, modules in names["kfuncs"].items()}
            self._names = KnownNames(kfuncs, frozenset(names["struct_ops"]))
        return self._names


def _resident(statm: int) -> int:
    """Return the memory that the process uses, in bytes (proc(5), statm: pages)."""
    return int(os.pread(statm, 100, 0).split()[1]) * resource.getpagesize()


def _unpack(packed: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_UNPACKED)


def lock_in(megabytes: int) -> None:
    """Limit the memory and close all but what is open; what could not be closed is said elsewhere.

    Modules that are otherwise imported late cannot be any more, so they are now.
    """
    for name in IMPORTED_LATE:
        import_module(name)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    confine()


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _asking(source: BinaryIO) -> Ask:
    def ask(need: dict[str, Any]) -> Parts:
        _say(need)
        lengths: dict[str, int] = json.loads(source.readline())
        return {name: source.read(length) for name, length in lengths.items()}

    return ask


def _messages(request: dict[str, Any], data: bytes, kernels: Kernels) -> Iterator[dict[str, Any]]:
    if "unpack" in request:
        return unpack(request["unpack"], data)
    if "source" in request:
        return show_source(request["source"], data)
    return answer(request, data, kernels)


def main() -> None:
    """Answer requests until there are no more; an object too large for the memory ends it.

    Signals that end a worker reach its whole group: the worker ends this process itself.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    megabytes, source = int(sys.argv[1]), sys.stdin.buffer
    kernels = Kernels(_asking(source), int(_SHARE_OF_KERNELS * (megabytes << 20)))
    lock_in(megabytes)
    while line := source.readline():
        request = json.loads(line)
        try:
            with collection_paused():
                for message in _messages(request, source.read(request["size"]), kernels):
                    _say(message)
        except MemoryError:
            sys.exit(f"more than {megabytes} MB")
        _say({"end": True})


if __name__ == "__main__":
    main()
