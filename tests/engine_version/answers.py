"""Hashes of what the engine says of the bundled kernels and of the objects in tests/objects.

A key names a question and the hash of its inputs: a kernel that is bundled again, or an object
that is compiled again, is another question, and asks for no higher version.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from kfmap.catalogue.bundled_kernels import BundledKernel
from kfmap.permission.context_text import write_context
from kfmap.permission.matrix import build_matrix
from tests.bundled import different_kernels
from verifier.engine.object.read import read_object
from verifier.engine.result_json import plain
from verifier.engine.verdict import (
    KernelUnderTest,
    Prepared,
    check_object,
    collection_paused,
    prepare_object,
)

OBJECTS = Path(__file__).parents[1] / "objects"


@collection_paused()
def hash_answers() -> dict[str, str]:
    """Return question → hash of the answer, for every kernel and every object on every kernel."""
    files = [(path.name, path.read_bytes()) for path in sorted(OBJECTS.glob("*.o"))]
    objects = [
        (name, hashlib.sha256(data).hexdigest(), prepare_object(read_object(data)))
        for name, data in files
    ]
    return {
        question: answer
        for bundled in different_kernels()
        for question, answer in _hash_kernel(bundled, objects)
    }


def _hash_kernel(
    bundled: BundledKernel, objects: list[tuple[str, str, Prepared]]
) -> Iterator[tuple[str, str]]:
    loaded, inputs = bundled.load(), bundled.digest()
    kernel = KernelUnderTest(loaded.facts, loaded.types, loaded.options)
    yield f"{bundled.name} {_hash(inputs)}", _hash(_cells(kernel))
    for name, sha256, prepared in objects:
        question = f"{name} on {bundled.name} {_hash([inputs, sha256])}"
        yield question, _hash(plain(check_object(prepared, kernel)))


def _cells(kernel: KernelUnderTest) -> object:
    matrix = build_matrix(kernel.facts)
    columns = zip(matrix.contexts, matrix.allowed, matrix.possible, strict=True)
    return matrix.kfuncs, [(write_context(context), *bits) for context, *bits in columns]


def _hash(value: object) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
