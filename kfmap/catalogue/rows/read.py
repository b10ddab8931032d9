"""Ask all kernels of the map about one function or one context, from their stored rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from kfmap.catalogue.models import ContextRow, FunctionRow, Kernel
from kfmap.catalogue.rows.build import LEFT_OUT, BuiltContext, BuiltFunction
from kfmap.catalogue.rows.keep import KeptRows, load_kept
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.context import Context
from kfmap.permission.context_words import render_context
from kfmap.permission.helper_names import is_helper
from kfmap.permission.missing import Missing, list_parts
from kfmap.permission.outcome_words import (
    LETTERS,
    NOT_A_KFUNC,
    NOT_ON_THIS_KERNEL,
    UNKNOWN,
)

_IS_THERE = (FunctionRow.Kind.KFUNC, FunctionRow.Kind.HELPER)


@dataclass(frozen=True, slots=True)
class FunctionOn:
    """One function on one kernel; `row` None where the kernel has nothing of the name.

    `is_unknown`: it is a helper, and of this kernel only kfuncs are known.
    """

    kernel: Kernel
    kept: KeptRows
    row: BuiltFunction | None
    is_unknown: bool = False

    @property
    def present(self) -> bool:
        """Return whether the kernel has it as a kfunc or as a helper."""
        return self.row is not None and self.row.kind in _IS_THERE

    @property
    def is_kfunc(self) -> bool:
        """Return whether the kernel has it as a kfunc."""
        return self.row is not None and self.row.kind == FunctionRow.Kind.KFUNC

    def count_by_family(self) -> Mapping[str, Mapping[str, int]]:
        """Count the outcomes by group of contexts; none where the kernel does not have it."""
        if not self.present or self.row is None:
            return {}
        letters = self.row.letters
        found: dict[str, dict[str, int]] = {}
        for name, counts in self.kept.families:
            words = found[name] = {}
            for at, count in counts.items():
                word = LETTERS[letters[at]]
                words[word] = words.get(word, 0) + count
        return found


class RowsOnAll:
    """The stored rows of some kernels, in the order in which the kernels are given."""

    def __init__(self, kernels: Sequence[Kernel]) -> None:
        self.kernels = tuple(kernels)
        self.kept = load_kept(self.kernels)
        self._hash_of = {kept.id: facts_hash for facts_hash, kept in self.kept.items() if kept.id}
        self._functions: dict[str, list[FunctionOn]] = {}

    def find_function(self, name: str) -> list[FunctionOn]:
        """Return a function on every kernel."""
        if name not in self._functions:
            self._functions[name] = self._find_function(name)
        return self._functions[name]

    def _find_function(self, name: str) -> list[FunctionOn]:
        rows = FunctionRow.objects.filter(name=name, of__in=list(self._hash_of))
        fields = "of_id", "kind", "flags", "prototype", "letters"
        found = {
            self._hash_of[of]: BuiltFunction(kind, tuple(flags.split()), prototype, letters)
            for of, kind, flags, prototype, letters in rows.values_list(*fields)
        }
        for facts_hash, kept in self.kept.items():
            if kept.built is not None and name in kept.built.functions:
                found[facts_hash] = kept.built.functions[name]
        helper = is_helper(name)
        return [
            FunctionOn(kernel, kept, found.get(hashed), helper and not kept.knows_helpers)
            for kernel in self.kernels
            for hashed, kept in [(kernel.facts_hash, self.kept[kernel.facts_hash])]
        ]

    def find_context(self, name: str) -> list[BuiltContext | None]:
        """Return a context on every kernel, None where its matrix does not have it."""
        rows = ContextRow.objects.filter(name=name, of__in=list(self._hash_of))
        fields = "of_id", "listed", "at", "allowed", "asleep", "fails", "unknown"
        found = {self._hash_of[of]: BuiltContext(*rest) for of, *rest in rows.values_list(*fields)}
        for facts_hash, kept in self.kept.items():
            if kept.built is not None and name in kept.built.contexts:
                found[facts_hash] = kept.built.contexts[name]
        return [found.get(kernel.facts_hash) for kernel in self.kernels]

    def find_outcomes(self, context: Context, name: str, function: str) -> Iterator[str | None]:
        """Yield the outcome of a cell on every kernel; `name` is the context's.

        None where nothing is stored: of functions that no kernel has, and of contexts that the
        kernel has and its matrix has not.
        """
        functions = self.find_function(function)
        known = any(on.row for on in functions)
        plain = render_context(replace(context, sleepable=False))
        contexts = self.find_context(name)
        of_plain = contexts if plain == name else self.find_context(plain)
        for on, there, awake in zip(functions, contexts, of_plain, strict=True):
            lacks = there is None and awake is None and _lacks(on, context)
            if known and (there is not None or lacks):
                yield _word_of(on, there.at if there else None, function)
            else:
                yield None


def _lacks(on: FunctionOn, context: Context) -> bool:
    """Return whether a kernel with rules does not have what a context names."""
    if not on.kernel.has_rules:
        return False
    return bool(context.member) or any(
        not has_part(on.kept, part) for part in list_parts(context) if part.kind in on.kept.parts
    )


def has_part(kept: KeptRows, part: Missing) -> bool:
    """Return what `Missing.is_in` does, of the parts that are stored."""
    known = kept.parts[part.kind]
    if part.kind == KernelPart.PROGRAM_TYPE and part.name in kept.parts[LEFT_OUT]:
        return False
    return not known or part.name in known


def _word_of(on: FunctionOn, at: int | None, name: str) -> str:
    """Return the outcome in a class of contexts, or in a context that the kernel lacks: None."""
    if on.row is not None and on.row.letters:
        return NOT_ON_THIS_KERNEL if at is None else LETTERS[on.row.letters[at]]
    if is_helper(name):
        return UNKNOWN if on.is_unknown else NOT_ON_THIS_KERNEL
    word = NOT_ON_THIS_KERNEL if at is None else LETTERS[on.kept.absent[at]]
    return NOT_A_KFUNC if on.row is not None and word != UNKNOWN else word
