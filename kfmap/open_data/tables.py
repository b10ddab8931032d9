"""The tables of the open data and what each of their columns says: the data dictionary.

`VERSION` rises when a column changes its meaning or goes; columns and tables may be added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kfmap.permission.context_text import write_context
from kfmap.permission.outcome_words import LETTER_OF, LETTERS, REFUSED
from kfmap.reports.kernel_data import KernelData
from kfmap.safe_text.csv_rows import Value

VERSION = 1
_REFUSED = LETTER_OF[REFUSED]
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `kind` is "text" or "integer", a text may be empty where nothing is known."""

    name: str
    says: str
    kind: str = "text"


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table: what it holds, its columns, and the rows that a kernel has in it."""

    name: str
    says: str
    columns: tuple[Column, ...]
    rows_of: Callable[[KernelData], Iterator[Row]]

    def rows(self, kernels: Sequence[KernelData]) -> Iterator[Row]:
        """Return the rows of all kernels, kernel by kernel."""
        for kernel in kernels:
            yield from self.rows_of(kernel)


def _kernels(kernel: KernelData) -> Iterator[Row]:
    facts = kernel.facts
    yield (
        kernel.name,
        facts.version,
        facts.origin.label,
        facts.origin.profile,
        kernel.facts_sha256,
        kernel.agreement,
        len(kernel.rows),
        len(kernel.contexts),
    )


def _kfuncs(kernel: KernelData) -> Iterator[Row]:
    for item in kernel.facts.kfuncs:
        yield kernel.name, item.name, item.owner, item.prototype, str(item.place or "")


def _entries(kernel: KernelData) -> Iterator[Row]:
    for kfunc_set in kernel.facts.sets:
        for entry in kfunc_set.entries:
            flags = " ".join(entry.flags)
            yield kernel.name, kfunc_set.id, kfunc_set.name, entry.kfunc, flags, str(entry.place)


def _registrations(kernel: KernelData) -> Iterator[Row]:
    for item in kernel.facts.registrations:
        yield (
            kernel.name,
            item.program_type,
            item.hook,
            item.set_id,
            item.filter,
            item.owner,
            str(item.place),
        )


def _contexts(kernel: KernelData) -> Iterator[Row]:
    for name, context in zip(kernel.contexts, kernel.matrix.contexts, strict=True):
        plain = write_context(context)
        keys = ("program_type", "attach_type", "target", "struct_ops", "member")
        texts = [str(plain.get(key) or "") for key in keys]
        yield kernel.name, name, *texts, int(bool(plain.get("sleepable")))


def _cells(kernel: KernelData) -> Iterator[Row]:
    for kfunc, letters in kernel.rows.items():
        for context, letter in zip(kernel.contexts, letters, strict=True):
            if letter != _REFUSED:
                yield kernel.name, kfunc, context, LETTERS[letter]


_KERNEL = Column("kernel", "short name of the kernel, as in the table kernels")
_KFUNC = Column("kfunc", "name of the kfunc")
TABLES = (
    DataTable(
        "kernels",
        "A row per kernel.",
        (
            Column("kernel", "short name"),
            Column("version", "release of the source tree"),
            Column("label", "where tree and configuration come from"),
            Column("profile", "as_configured, or every_option_on"),
            Column("facts_sha256", "SHA-256 of the facts: the same facts, the same hash"),
            Column("agreement", "how the map agrees with what the booted kernel answered"),
            Column("kfuncs", "number of kfuncs", "integer"),
            Column("contexts", "number of contexts", "integer"),
        ),
        _kernels,
    ),
    DataTable(
        "kfuncs",
        "A row per kfunc of a kernel.",
        (
            _KERNEL,
            _KFUNC,
            Column("owner", "module that has it, or vmlinux"),
            Column("prototype", "C prototype from BTF"),
            Column("place", "file:line of its definition"),
        ),
        _kfuncs,
    ),
    DataTable(
        "entries",
        "A row per kfunc in a kfunc id set.",
        (
            _KERNEL,
            Column("set_id", "id of the set, unique in the kernel"),
            Column("set", "name of the set"),
            _KFUNC,
            Column("flags", "KF_* flags, with spaces between them"),
            Column("place", "file:line"),
        ),
        _entries,
    ),
    DataTable(
        "registrations",
        "A row per register_btf_kfunc_id_set().",
        (
            _KERNEL,
            Column("program_type", "BPF_PROG_TYPE_*"),
            Column("hook", "BTF_KFUNC_HOOK_*"),
            Column("set_id", "id of the set, as in entries"),
            Column("filter", "id of the filter"),
            Column("owner", "module that registers"),
            Column("place", "file:line"),
        ),
        _registrations,
    ),
    DataTable(
        "contexts",
        "A row per context of a kernel: what it knows at load time of who calls.",
        (
            _KERNEL,
            Column("context", "short name, as in the questions"),
            Column("program_type", "BPF_PROG_TYPE_*"),
            Column("attach_type", "BPF_*"),
            Column("target", "what the program attaches to"),
            Column("struct_ops", "ops structure"),
            Column("member", "its callback"),
            Column("sleepable", "1 for a program that may sleep, else 0", "integer"),
        ),
        _contexts,
    ),
    DataTable(
        "cells",
        "A row per kfunc and context whose outcome is another than refused: a cell that is not "
        "listed, of a kfunc and a context that are, is refused.",
        (
            _KERNEL,
            _KFUNC,
            Column("context", "short name, as in the table contexts"),
            Column("outcome", f"one of {', '.join(LETTERS.values())}"),
        ),
        _cells,
    ),
)
