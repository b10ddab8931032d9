"""The outcomes of one kernel's functions from its stored rows: a letter per class of contexts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kfmap.catalogue.models import ContextRow, FunctionRow
from kfmap.catalogue.rows.build import BuiltFunction
from kfmap.catalogue.rows.keep import KeptRows


@dataclass(frozen=True, slots=True)
class KernelLetters:
    """Functions with their outcomes by class, and the contexts of the matrix with their class."""

    functions: Mapping[str, BuiltFunction]
    classes: Mapping[str, int]

    def letters(self, function: str) -> str:
        """Return the outcomes of a function that there is, a letter per class."""
        return self.functions[function].letters


def load_letters(kept: KeptRows, kinds: Collection[FunctionRow.Kind]) -> KernelLetters:
    """Return the functions of some kinds, in two queries where they are stored."""
    if kept.built is not None:
        functions, contexts = kept.built.functions, kept.built.contexts
        return KernelLetters(
            {name: item for name, item in functions.items() if item.kind in kinds},
            {name: item.at for name, item in contexts.items() if item.listed},
        )
    rows = FunctionRow.objects.filter(of=kept.id, kind__in=kinds)
    fields = "name", "kind", "flags", "prototype", "letters"
    listed = ContextRow.objects.filter(of=kept.id, listed=True)
    return KernelLetters(
        {
            name: BuiltFunction(kind, tuple(flags.split()), prototype, letters)
            for name, kind, flags, prototype, letters in rows.values_list(*fields)
        },
        dict(listed.values_list("name", "at")),
    )
