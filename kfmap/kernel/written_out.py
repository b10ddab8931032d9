"""Headers that hold parts of sets or kfunc id sets, written out where a file includes them.

The kernel has none: its sets stand in .c files. A tree that keeps them in headers, or their entries
in lists, is read as the compiler sees it. What is written out stays on the line of the #include.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from kfmap.kernel.place import KERNELS_OWN
from kfmap.kernel.source import Source
from kfmap.kernel.sources import Sources
from kfmap.kernel.tree import TreeError
from kfmap.quick_dataclass import replace

_PARTS = re.compile(
    r"\bBTF_(?:KFUNCS|SET8|SET)_START\s*\(|\bBTF_ID(?:_FLAGS)?\s*\("
    r"|\bstruct\s+btf_kfunc_id_set\s+\w+\s*(?:\[[^\]]*\]\s*)?="
)
_IN_PARTS = ("BTF_", "btf_kfunc_id_set")
_MAX_TEXT = 1 << 20  # characters of headers in one file


def write_out_headers(sources: Sources, files: Iterable[str], acting: Collection[str]) -> None:
    """Write out such headers in these files for all who read them later.

    Those that other headers include are among `acting`.

    Raises TreeError where they are more text than in any kernel.
    """
    has_parts: dict[str, bool] = {}
    for file in files:
        source = sources.source(file)
        found = list(_find(sources, source, has_parts, acting)) if source else []
        if source is None or not found:
            continue
        lines = source.code.split("\n")
        length = 0
        for line, header in found:
            text = header.code.replace("\n", " ")
            length += len(text)
            if length > _MAX_TEXT:
                raise TreeError(f"{file} includes sets of more than {_MAX_TEXT:,} characters")
            lines[line - 1] += text
        names = frozenset(header.file for _, header in found)
        made = replace(source, expanded="\n".join(lines), written_out=names)
        sources.replace_source(file, made)


def _find(
    sources: Sources, source: Source, has_parts: dict[str, bool], acting: Collection[str]
) -> Iterator[tuple[int, Source]]:
    """Return the headers with such parts, with the lines on which a file includes them."""
    seen = {source.file}
    for include in source.includes:
        for name in sources.paths.find(source.file, include):
            if name not in has_parts:
                text = sources.tree.read(name) or ""
                is_header = name.endswith(".h") and name not in KERNELS_OWN
                header = sources.source(name) if is_header and _may_have(text) else None
                has_parts[name] = header is not None and _PARTS.search(header.code) is not None
            within = reversed(sources.closure(name)[1:]) if acting and name.endswith(".h") else ()
            found = [other for other in within if other in acting]
            is_written_out = found or has_parts[name] or name in acting
            for other in (*found, *((name,) if is_written_out else ())):
                header = sources.source(other) if other not in seen else None
                seen.add(other)
                if header is not None:
                    yield include.line, header


def _may_have(text: str) -> bool:
    return any(part in text for part in _IN_PARTS)
