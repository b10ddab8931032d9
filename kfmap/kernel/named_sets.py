"""Sets of BTF ids and kfunc id sets by name: a static name belongs to its file first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import KfuncSet
from kfmap.kernel.rules.id_sets import IdSet, find_id_sets
from kfmap.kernel.rules.registrations import KfuncIdSet, find_kfunc_id_sets
from kfmap.kernel.tree import TreeError


@dataclass(frozen=True, slots=True)
class FileSets:
    """The sets of BTF ids and the kfunc id sets of one file, by name."""

    file: BuiltFile
    sets: dict[str, IdSet]
    kfunc_id_sets: dict[str, KfuncIdSet]


def read_file_sets(code: Code, file: BuiltFile) -> FileSets:
    """Read the sets of a file. Raises TreeError where it is none of a kernel."""
    source = code.source(file.name)
    if source and not source.is_whole:
        raise TreeError(f"{file.name} has more preprocessor lines than any file of a kernel")
    return FileSets(
        file,
        {item.name: item for item in find_id_sets(code, file.name)},
        {item.name: item for item in find_kfunc_id_sets(code, file.name)},
    )


class NamedSets:
    """What names of sets mean in a file."""

    def __init__(self, files: Iterable[FileSets]) -> None:
        self._files = tuple(files)
        count = Counter(name for file in self._files for name in file.sets)
        self._doubled = {name for name, times in count.items() if times > 1}
        self._made: dict[str, KfuncSet] = {}

    def find_kfunc_id_set(self, name: str, file: str) -> KfuncIdSet | None:
        """Return the kfunc id set that a name means in a file."""
        return next(
            (o.kfunc_id_sets[name] for o in self._near(file) if name in o.kfunc_id_sets), None
        )

    def find(self, name: str, file: str) -> KfuncSet | None:
        """Return the set of BTF ids that a name means in a file."""
        for other in self._near(file):
            if name in other.sets:
                return self._make(other, other.sets[name])
        return None

    def _make(self, file: FileSets, found: IdSet) -> KfuncSet:
        id_ = f"{found.name}@{file.file.name}" if found.name in self._doubled else found.name
        if id_ not in self._made:
            self._made[id_] = KfuncSet(
                id_, found.name, found.kind, file.file.owner, found.place, found.entries
            )
        return self._made[id_]

    def _near(self, file: str) -> list[FileSets]:
        """Return the files, this one first."""
        return sorted(self._files, key=lambda other: other.file.name != file)
