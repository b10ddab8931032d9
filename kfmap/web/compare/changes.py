"""What differs between two kernels: names that came and went, and cells that flipped."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kfmap.catalogue.matrix_rows import RowKind, find_without_helpers
from kfmap.catalogue.models import FunctionRow, Kernel
from kfmap.catalogue.rows.keep import load_kept
from kfmap.catalogue.rows.letters import KernelLetters, load_letters
from kfmap.catalogue.store import LoadedKernel
from kfmap.permission.context_families import family_name
from kfmap.permission.flip_block import Flip, FlipBlock, gather_flips
from kfmap.permission.renamed_pairs import list_prototypes, pair_renamed
from kfmap.web.shared.cells import TITLES, WORDS, Cells, load_cells
from kfmap.web.shared.context_groups import group_contexts
from kfmap.web.shared.once_per_facts import once_per_facts


@dataclass(frozen=True, slots=True)
class FlipKind:
    """All flips from one word to another, the largest block first."""

    before: str
    after: str
    flips: tuple[FlipBlock, ...]

    @property
    def cells(self) -> int:
        """Count the cells."""
        return sum(flip.cells for flip in self.flips)

    @property
    def words(self) -> tuple[str, str]:
        """Return both words for people."""
        return TITLES[self.before], TITLES[self.after]


@dataclass(frozen=True, slots=True)
class KfuncChange:
    """A kfunc whose prototype or flags changed."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Changes:
    """From kernel `old` to kernel `new`; names sorted.

    A renamed kfunc is neither added nor removed; its cells count under the new name. `group` is the
    group of contexts that the cells were narrowed to, "" for all. Of another kind than kfuncs, what
    is said of kfuncs is said of helpers, or of both; helpers are left out where either kernel is
    one of `without_helpers`, of which kfmap knows kfuncs only.
    """

    old: str
    new: str
    kfuncs_added: tuple[str, ...]
    kfuncs_removed: tuple[str, ...]
    kfuncs_renamed: tuple[tuple[str, str], ...]
    kfuncs_changed: tuple[KfuncChange, ...]
    contexts_added: tuple[str, ...]
    contexts_removed: tuple[str, ...]
    kinds: tuple[FlipKind, ...]
    compared: int
    group: str = ""
    kind: RowKind = RowKind.KFUNC
    without_helpers: tuple[str, ...] = ()

    @property
    def noun(self) -> str:
        """Return what the functions are called that came, went or flipped."""
        return _NOUNS[self.kind]

    @property
    def flipped(self) -> int:
        """Count all cells that changed."""
        return sum(kind.cells for kind in self.kinds)

    @property
    def same_names(self) -> bool:
        """Return whether both kernels have the same functions and contexts."""
        came = self.kfuncs_added or self.contexts_added or self.kfuncs_renamed
        return not (came or self.kfuncs_removed or self.contexts_removed)


_KFUNC, _HELPER = FunctionRow.Kind.KFUNC, FunctionRow.Kind.HELPER
_ROWS_OF = {
    RowKind.KFUNC: (_KFUNC,),
    RowKind.HELPER: (_HELPER,),
    RowKind.ALL: (_KFUNC, _HELPER),
}
_NOUNS = {RowKind.KFUNC: "kfunc", RowKind.HELPER: "helper", RowKind.ALL: "function"}


@once_per_facts
def find_changes(
    old: LoadedKernel, new: LoadedKernel, group: str = "", kind: RowKind = RowKind.KFUNC
) -> Changes:
    """Compare two kernels; with a group of contexts, the cells of its contexts only."""
    before, after = load_cells(old), load_cells(new)
    lacking = find_without_helpers(old, new) if kind is not RowKind.KFUNC else ()
    was, now = _load_both(old, new, [of for of in _ROWS_OF[kind] if of != _HELPER or not lacking])
    came = now.functions.keys() - was.functions.keys()
    gone = was.functions.keys() - now.functions.keys()
    renamed = pair_renamed(list_prototypes(old.facts), list_prototypes(new.facts), gone, came)
    old_names = {new_name: old_name for old_name, new_name in renamed}
    shared = [name for name in after.names if name in before.columns]
    shared = [name for name in shared if _is_in(after, name, group)]
    kinds, compared = _find_flips(was, now, old_names, shared)
    return Changes(
        old.name,
        new.name,
        tuple(sorted(came - old_names.keys())),
        tuple(sorted(gone - set(old_names.values()))),
        renamed,
        tuple(_changed_kfuncs(old, new)) if kind is not RowKind.HELPER else (),
        _only_in(after, before, group),
        _only_in(before, after, group),
        kinds,
        compared,
        group,
        kind,
        lacking,
    )


def _only_in(some: Cells, other: Cells, group: str) -> tuple[str, ...]:
    names = [name for name in some.names if name not in other.columns]
    return tuple(name for name in names if _is_in(some, name, group))


def _is_in(cells: Cells, name: str, group: str) -> bool:
    return not group or family_name(cells.contexts[cells.columns[name]]) == group


def list_groups(old: LoadedKernel, new: LoadedKernel) -> list[str]:
    """Return the groups of contexts that either kernel has, in the order of the newer one's."""
    families = (group_contexts(load_cells(kernel).contexts) for kernel in (new, old))
    return list(dict.fromkeys(family.name for found in families for family in found))


def _load_both(
    old: LoadedKernel, new: LoadedKernel, kinds: Collection[FunctionRow.Kind]
) -> tuple[KernelLetters, KernelLetters]:
    """Return the functions of some kinds on both kernels, with their stored outcomes."""
    rows = list(Kernel.objects.listed().filter(facts_hash__in=(old.facts_hash, new.facts_hash)))
    kept = load_kept(rows)
    was, now = (load_letters(kept[kernel.facts_hash], kinds) for kernel in (old, new))
    return was, now


def _find_flips(
    old: KernelLetters,
    new: KernelLetters,
    old_names: Mapping[str, str],
    shared: Sequence[str],
) -> tuple[tuple[FlipKind, ...], int]:
    """Group the flips of each function by word pair, then functions whose flips are the same.

    `shared`: the contexts that both have.
    """
    names = [name for name in _in_order(new) if old_names.get(name, name) in old.functions]
    classes = {name: (old.classes[name], new.classes[name]) for name in shared}
    pairs = set(classes.values())  # far fewer than contexts
    blocks: dict[tuple[str, str], list[FlipBlock]] = defaultdict(list)
    flips = (
        Flip(name, context, WORDS[was[before]], WORDS[now[after]])
        for name in names
        for was, now in [(old.letters(old_names.get(name, name)), new.letters(name))]
        if any(was[before] != now[after] for before, after in pairs)
        for context, (before, after) in classes.items()
        if was[before] != now[after]
    )
    for block in gather_flips(flips):
        blocks[block.before, block.after].append(block)
    kinds = [FlipKind(was, now, tuple(of)) for (was, now), of in blocks.items()]
    kinds.sort(key=lambda kind: -kind.cells)
    return tuple(kinds), len(shared) * len(names)


def _in_order(letters: KernelLetters) -> list[str]:
    """Return the functions as the matrix has them: kfuncs first, by name."""
    functions = letters.functions
    return sorted(functions, key=lambda name: (functions[name].kind == _HELPER, name))


def _changed_kfuncs(old: LoadedKernel, new: LoadedKernel) -> list[KfuncChange]:
    before = {item.name: item.prototype for item in old.facts.kfuncs}
    return [
        KfuncChange(item.name, before[item.name], item.prototype)
        for item in new.facts.kfuncs
        if before.get(item.name) and item.prototype and before[item.name] != item.prototype
    ]


def count_by_family(contexts: tuple[str, ...], cells: Cells) -> list[tuple[str, int]]:
    """Count contexts by the group they are in, the largest first."""
    of: dict[int, str] = {}
    for family in group_contexts(cells.contexts):
        of |= dict.fromkeys(family.columns, family.name)
    counted = Counter(of[cells.columns[name]] for name in contexts if name in cells.columns)
    return counted.most_common()
