"""A source tree as it would be after a patch: some files are other ones, come or go."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from kfmap.kernel.sought import Sought
from kfmap.kernel.tree import MAX_FILE, Tree


class PatchedTree(Tree):
    """A tree with other texts for some files; None stands for a file that is not there any more."""

    def __init__(self, root: Path, changed: Mapping[str, str | None]) -> None:
        super().__init__(root)
        self._changed = dict(changed)

    def read(self, file: str) -> str | None:
        if file in self._changed:
            return self._changed[file]
        return super().read(file)

    def search(
        self, files: Iterable[str], sought: Sought, most: int = MAX_FILE
    ) -> Iterator[tuple[str, bytes | None]]:
        sought_in = list(files)
        yield from super().search([f for f in sought_in if f not in self._changed], sought, most)
        for file in sought_in:
            data = (self._changed.get(file) or "").encode()
            if sought.is_in(data):
                yield file, data

    def has(self, file: str) -> bool:
        if file in self._changed:
            return self._changed[file] is not None
        return super().has(file)

    def find_sources(self, arch: str) -> list[str]:
        return self._with_changes(super().find_sources(arch), self._wanted(arch, ".c"))

    def find_all_headers(self, arch: str) -> list[str]:
        return self._with_changes(super().find_all_headers(arch), self._wanted(arch, ".h"))

    def _wanted(self, arch: str, suffix: str) -> list[str]:
        return [f for f in self._changed if f.endswith(suffix) and self.is_source(f, arch)]

    def names_in(self, folder: str) -> list[str]:
        start = f"{folder}/" if folder else ""
        below = [file for file in self._changed if file.startswith(start)]
        came = {
            file[len(start) :].split("/")[0] for file in below if self._changed[file] is not None
        }
        gone = {file[len(start) :] for file in below if self._changed[file] is None}
        return sorted({*super().names_in(folder), *came} - gone)

    def _files_of(self, folder: str, suffix: str) -> list[str]:
        came = [
            file
            for file in self._changed
            if posixpath.dirname(file) == folder and file.endswith(suffix)
        ]
        return self._with_changes(super()._files_of(folder, suffix), came)

    def _with_changes(self, found: list[str], came: list[str]) -> list[str]:
        files = {*found, *came}
        return sorted(file for file in files if self._changed.get(file, "") is not None)
