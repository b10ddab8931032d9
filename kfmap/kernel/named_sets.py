"""Sets of BTF ids and kfunc id sets by name: a static name belongs to its file first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from kfmap.kernel.built_files import BuiltFile
from kfmap.kernel.code import Code
from kfmap.kernel.facts import KfuncSet, Place, SetKind
from kfmap.kernel.rules.id_sets import IdSet, find_id_sets
from kfmap.kernel.rules.kfunc_id_sets import KfuncIdSet, find_kfunc_id_sets
from kfmap.kernel.tree import TreeError
from kfmap.kernel.whole_word import has_word
from kfmap.quick_dataclass import dataclass

REGISTERED_KINDS = (SetKind.KFUNCS, SetKind.SET8)  # of sets that a kfunc id set may have


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
        self._unread: dict[str, tuple[tuple[Place, str], ...]] = {}

    def find_kfunc_id_set(self, name: str, file: str) -> KfuncIdSet | None:
        """Return the kfunc id set that a name means in a file; of an array, the first."""
        for other in self._near(file):
            found = other.kfunc_id_sets.get(name) or other.kfunc_id_sets.get(f"{name}[0]")
            if found:
                return found
        return None

    def find(self, name: str, file: str) -> KfuncSet | None:
        """Return the set of BTF ids that a name means in a file."""
        for other in self._near(file):
            if name in other.sets:
                return self._make(other, other.sets[name])
        return None

    @property
    def entries(self) -> set[str]:
        """Return the names of the functions that any set has."""
        return {
            entry.kfunc
            for file in self._files
            for found in file.sets.values()
            for entry in found.entries
        }

    def unread_in(self, found: KfuncSet) -> tuple[tuple[Place, str], ...]:
        """Return what was not understood of a set."""
        return self._unread.get(found.id, ())

    def unread_flags(self) -> Iterator[tuple[Place, str]]:
        """Return the flags of kfuncs whose value is not known."""
        for file in self._files:
            for found in file.sets.values():
                yield from found.unread_flags

    def find_unused(self, used: Collection[str], code: Code) -> Iterator[KfuncSet]:
        """Return the sets that may be registered and that no function of their file leads to.

        `used` are the ids of those that are known to be used.
        """
        for file in self._files:
            names = [name for name, s in file.sets.items() if s.kind in REGISTERED_KINDS]
            if not names:
                continue
            unused = [name for name in names if self._make(file, file.sets[name]).id not in used]
            if not unused:
                continue
            bodies = " ".join(i.text[i.brace :] for i in code.items(file.file.name) if i.function)
            for name in unused:
                holders = [s.name for s in file.kfunc_id_sets.values() if s.set == name]
                words = [name, *(holder.partition("[")[0] for holder in holders)]
                if not any(has_word(bodies, word) for word in words):
                    yield self._make(file, file.sets[name])

    def all_in(self, file: str) -> tuple[KfuncSet, ...]:
        """Return the sets of a file that may be registered."""
        return tuple(
            self._make(other, found)
            for other in self._files
            if other.file.name == file
            for found in other.sets.values()
            if found.kind in REGISTERED_KINDS
        )

    def _make(self, file: FileSets, found: IdSet) -> KfuncSet:
        id_ = f"{found.name}@{file.file.name}" if found.name in self._doubled else found.name
        if id_ not in self._made:
            self._unread[id_] = found.unread
            self._made[id_] = KfuncSet(
                id_, found.name, found.kind, file.file.owner, found.place, found.entries
            )
        return self._made[id_]

    def _near(self, file: str) -> list[FileSets]:
        """Return the files, this one first."""
        return sorted(self._files, key=lambda other: other.file.name != file)
