"""The process that reads hostile bytes: objects in, summaries and verdicts out, under limits.

`verifier.jobs.checker` starts it as `python -m verifier.engine.check_process MEGABYTES`. It reads
one JSON request per line and writes JSON messages, `{"end": true}` after each request. It has no
database and writes no files. What it loads of a kernel it keeps for the next object.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import zstandard

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import read_btf
from kfmap.kernel.config import read_config
from kfmap.kernel.facts_json import parse_facts
from verifier.engine.judging.known_names import KnownNames
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object
from verifier.engine.result_json import plain
from verifier.engine.summary import summarize
from verifier.engine.verdict import KernelUnderTest, check_object, collection_paused, prepare_object

_MAX_UNPACKED = 512 << 20


def answer(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the messages for one object: its summary, then a verdict for each kernel asked for."""
    try:
        obj = read_object(Path(request["object"]).read_bytes())
        prepared = prepare_object(obj)
    except ObjectError as error:
        yield {"problem": str(error)}
        return
    yield {"summary": plain(summarize(obj, prepared.code.graph))}
    for kernel in request["kernels"]:
        files = kernel["facts"], kernel["types"], kernel["config"], kernel.get("functions", "")
        verdict = check_object(prepared, _load_kernel(*files, request["known"]))
        yield {"facts_hash": kernel["facts_hash"], "verdict": plain(verdict)}


@lru_cache(maxsize=16)
def _load_kernel(
    facts: str, types: str, config: str, functions: str, known: str
) -> KernelUnderTest:
    """Load a kernel from its files; "" stands for one that it has not.

    `known`: a file of the names that some kernel of the map has.
    """
    loaded = read_btf(_unpack(types)) if types else None
    options = read_config(_unpack(config)).options if config else None
    named = FunctionNames(Path(functions).read_bytes()) if functions else None
    return KernelUnderTest(
        parse_facts(_unpack(facts)), loaded, options, named, partial(_load_names, known)
    )


@lru_cache(maxsize=4)
def _load_names(path: str) -> KnownNames:
    names = json.loads(Path(path).read_bytes())
    kfuncs = {name: tuple(modules) for name, modules in names["kfuncs"].items()}
    return KnownNames(kfuncs, frozenset(names["struct_ops"]))


def _unpack(path: str) -> bytes:
    packed = Path(path).read_bytes()
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_UNPACKED)


def _limit(megabytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answer requests until there are no more; an object too large for the memory ends it.

    Signals that end a worker reach its whole group: the worker ends this process itself.
    """
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    _limit(int(sys.argv[1]))
    for line in sys.stdin:
        try:
            with collection_paused():
                for message in answer(json.loads(line)):
                    _say(message)
        except MemoryError:
            sys.exit(f"more than {sys.argv[1]} MB")
        _say({"end": True})


if __name__ == "__main__":
    main()
