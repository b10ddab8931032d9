"""Which of the files that matter are part of the kernel, and of which object."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator

from kfmap.kernel.kbuild import Kbuild
from kfmap.kernel.place import Place
from kfmap.kernel.scan import Found
from kfmap.kernel.sources import Sources
from kfmap.quick_dataclass import dataclass, replace

_REGISTERS = re.compile(r"\bregister_btf_kfunc_id_set\s*\(|\bBTF_(?:KFUNCS|SET8)_START\b")
_MAX_UNITS = 10  # .c files that include one another


@dataclass(frozen=True, slots=True)
class BuiltFile:
    """A file that is built into an object: VMLINUX, or a module by its name."""

    name: str
    owner: str


@dataclass(frozen=True, slots=True)
class LostFile:
    """A file with registrations of which it is not known whether it is built, and why.

    `place` is the line of a Makefile that was not understood; None: no Makefile names the file.
    """

    name: str
    place: Place | None


@dataclass(frozen=True, slots=True)
class Built:
    """The files of a tree that are built, by what they hold, as `Found` has them.

    `beside` are those of kernel/bpf: predicates of filters may be in any of them. `has` answers for
    any other file of the tree.
    """

    files: tuple[BuiltFile, ...]
    defining: tuple[BuiltFile, ...]
    injecting: tuple[str, ...]
    helping: tuple[str, ...]
    beside: tuple[str, ...]
    has: Callable[[str], bool]
    lost: tuple[LostFile, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the files with sets, registrations, types or iterators."""
        return tuple(file.name for file in self.files)

    @property
    def all(self) -> tuple[BuiltFile, ...]:
        """Return the files that may hold anything of kfuncs."""
        return (*self.files, *self.defining)

    def with_marked(self, names: Collection[str]) -> Built:
        """Return the same with those of the defining files among the files with registrations."""
        moved = [file for file in self.defining if file.name in names]
        kept = tuple(file for file in self.defining if file.name not in names)
        files = sorted((*self.files, *moved), key=lambda file: file.name) if moved else self.files
        return replace(self, files=tuple(files), defining=kept)

    @property
    def linked(self) -> tuple[str, ...]:
        """Return the files whose global functions the others may call."""
        return tuple(dict.fromkeys((*self.names, *self.helping, *self.beside)))


def find_built(sources: Sources, kbuild: Kbuild, found: Found, beside: str) -> Built:
    """Return what of `found` is built; `beside` is the file whose folder counts as a whole."""

    def built(files: Iterable[str]) -> tuple[str, ...]:
        return tuple(file for file in files if find_owner(sources, kbuild, file))

    def owned(files: Iterable[str]) -> tuple[BuiltFile, ...]:
        owners = ((name, find_owner(sources, kbuild, name)) for name in files)
        return tuple(BuiltFile(name, owner) for name, owner in owners if owner)

    folder = beside.rpartition("/")[0]
    return Built(
        files=owned(found.marked),
        defining=owned(found.defining),
        injecting=built(found.injecting),
        helping=built(found.helping),
        beside=tuple(file for file in sources.tree.find_c_files(folder) if kbuild.owner(file)),
        has=lambda file: find_owner(sources, kbuild, file) is not None,
        lost=(
            *_find_lost(sources, kbuild, found.marked),
            *(LostFile(header, None) for header in found.unused),
        ),
    )


def _find_lost(sources: Sources, kbuild: Kbuild, files: Iterable[str]) -> Iterator[LostFile]:
    for file in files:
        text = sources.tree.read(file) or ""
        if find_owner(sources, kbuild, file) or not _REGISTERS.search(text):
            continue
        unit = kbuild.unit(file)
        place = kbuild.find_unread(unit or file)
        if place is not None:
            yield LostFile(file, place)
        elif not (unit or kbuild.is_named(file)):
            yield LostFile(file, None)


def find_owner(sources: Sources, kbuild: Kbuild, file: str) -> str | None:
    """Return the object a file is part of, None where it is not built.

    A file that another one includes is part of that one's object, and sees its names; so is what
    that one includes in turn.
    """
    unit = file
    for _ in range(_MAX_UNITS):
        owner = kbuild.owner(unit)
        if owner:
            if unit != file:
                sources.set_unit(file, unit)
            return owner
        above = kbuild.unit(unit)
        if not above or unit not in sources.includes(above):
            return None
        unit = above
    return None
