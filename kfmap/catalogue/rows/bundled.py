"""The rows of bundled kernels, built beforehand: to build them takes most of a second per kernel.

`bundled_rows.zip` has a JSON text per kernel, by the hash of its facts, of one engine; rows of
another engine are built as those of any other kernel. `python -m tests.engine_version` and
`bundle_kernels` write it; a test holds it against what is built.
"""

from __future__ import annotations

import json
import lzma
import zipfile
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from kfmap.catalogue.bundled_kernels import BundledKernel
from kfmap.catalogue.rows.build import BuiltContext, BuiltFunction, BuiltRows, build_kernel_rows
from kfmap.catalogue.rows.names import Name, NameKind
from kfmap.catalogue.store import LoadedKernel
from kfmap.kernel.facts_json import hash_facts
from kfmap.permission.contexts import build_contexts
from kfmap.permission.engine import ENGINE_VERSION
from kfmap.permission.matrix import Matrix, fill_matrix

FILE = Path(__file__).parents[1] / "bundled_rows.zip"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same kernels give the same bytes


class _Unkept(LoadedKernel):
    """A kernel that no database has: commands that write files have none."""

    @cached_property
    def matrix(self) -> Matrix:
        """Return the verdict of every cell."""
        return fill_matrix(self.decider, build_contexts(self.facts))


def read_bundled_rows(facts_hash: str, file: Path = FILE) -> BuiltRows | None:
    """Return the rows of a kernel; None where none were built of these facts by this engine.

    A file that is damaged is as good as none: what it has can be built.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            text = archive.read(_entry(facts_hash))
        return _parse(json.loads(text))
    except (OSError, KeyError, ValueError, EOFError, lzma.LZMAError, zipfile.BadZipFile):
        return None


def write_bundled_rows(kernels: Iterable[BundledKernel], file: Path = FILE) -> None:
    """Build the rows of kernels, and write what `read_bundled_rows` reads."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for kernel in kernels:
            facts = kernel.read_facts()
            facts_hash = hash_facts(facts)
            rows = build_kernel_rows(_Unkept(facts.name, facts_hash, facts))
            entry = zipfile.ZipInfo(_entry(facts_hash), _DATE)
            entry.compress_type = zipfile.ZIP_LZMA
            archive.writestr(entry, json.dumps(_render(rows), separators=(",", ":")))


def _entry(facts_hash: str) -> str:
    return f"{ENGINE_VERSION}/{facts_hash}.json"


def _render(rows: BuiltRows) -> dict[str, Any]:
    return {
        "families": [[name, sorted(counts.items())] for name, counts in rows.families],
        "functions": {
            name: [item.kind, item.flags, item.prototype, item.letters]
            for name, item in rows.functions.items()
        },
        "contexts": {
            name: [
                item.listed,
                item.at,
                item.allowed,
                item.asleep,
                item.fails,
                item.unknown,
            ]
            for name, item in rows.contexts.items()
        },
        "names": sorted(rows.names),
        "parts": dict(rows.parts),
        "absent": rows.absent,
        "knows_helpers": rows.knows_helpers,
    }


def _parse(kept: dict[str, Any]) -> BuiltRows:
    return BuiltRows(
        tuple((name, dict(counts)) for name, counts in kept["families"]),
        {
            name: BuiltFunction(kind, tuple(flags), prototype, letters)
            for name, (kind, flags, prototype, letters) in kept["functions"].items()
        },
        {name: BuiltContext(*rest) for name, rest in kept["contexts"].items()},
        frozenset(Name(NameKind(kind), name, detail) for kind, name, detail in kept["names"]),
        kept["parts"],
        kept["absent"],
        kept["knows_helpers"],
    )
