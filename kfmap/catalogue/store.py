"""Rows ↔ facts, the only mapping. The facts are kept whole; the other rows are their index.

A kernel is saved in one transaction and loaded once per process: `LoadedKernel` is cached by the
hash of its facts, which names their content, so a cached one is never stale.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from django.conf import settings
from django.db import transaction

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import Btf, read_btf
from kfmap.catalogue import index
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.kept_parts import (
    keep_functions,
    keep_types,
    load_functions,
    load_packed_types,
)
from kfmap.catalogue.kernel_names import find_by_any_name
from kfmap.catalogue.kernel_order import release_key
from kfmap.catalogue.matrices import load_matrix
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.models.kernel import validate_kernel_name
from kfmap.catalogue.packing import QUICK_LEVEL, pack, unpack
from kfmap.catalogue.recent import Recent
from kfmap.kernel.config import read_config, render_config
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import FactsOutline, outline_of, parse_facts, render_to_keep
from kfmap.permission.decide import Decider
from kfmap.permission.matrix import Matrix
from kfmap.permission.missing import has_function
from kfmap.permission.outcome import OutcomeJudge

log = logging.getLogger(__name__)
_KEPT = 32  # of 1 to 2 MB each, as pages use them: pages over all kernels read stored rows
_MOST_OTHERS = 16  # kernels that are looked at when one lacks what was asked about


class KernelExistsError(ValueError):
    """Another kernel has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The map has a kernel {name} with other facts: choose another name.")


class NoSuchKernelError(LookupError):
    """The map has no kernel of this name: says which it has."""


@dataclass(frozen=True)
class LoadedKernel:
    """A kernel ready for questions; its types and options are read on first use."""

    name: str
    facts_hash: str
    facts: KernelFacts

    @property
    def outline(self) -> FactsOutline:
        """Return what lists need of the facts."""
        return outline_of(self.facts)

    @cached_property
    def decider(self) -> Decider:
        """Return what answers "may this context call this kfunc" on this kernel."""
        return Decider(self.facts)

    @cached_property
    def judge(self) -> OutcomeJudge:
        """Return what answers what becomes of a call on this kernel."""
        return OutcomeJudge(
            self.decider,
            lambda: load_other_deciders(self.name),
            lambda name: has_function(self.functions, name),
        )

    @cached_property
    def matrix(self) -> Matrix:
        """Return the verdict of every cell."""
        return load_matrix(self.facts_hash, self.decider)

    @cached_property
    def types(self) -> Btf | None:
        """Return the kernel's BTF, None where none came with it."""
        data = load_types(self.name, self.facts_hash)
        return None if data is None else read_btf(data)

    @cached_property
    def functions(self) -> FunctionNames | None:
        """Return the names of all functions of the kernel, None where they are not known."""
        try:
            data = load_functions(self.name, self.facts_hash)
        except DamagedBundleError as error:  # for questions; a check does not go on without them
            log.error("%s", error)
            return None
        return None if data is None else FunctionNames(data)

    @cached_property
    def options(self) -> Mapping[str, str] | None:
        """Return what the kernel's .config sets, None where none came with it."""
        data = load_config(self.name, self.facts_hash)
        return None if data is None else read_config(data).options


LOADED_KERNELS: Recent[tuple[str, str], LoadedKernel] = Recent(_KEPT)


@dataclass(frozen=True, slots=True)
class Saved:
    """What `save_kernel` did."""

    kernel: Kernel
    changed: bool


def save_kernel(
    facts: KernelFacts,
    types: bytes | None,
    *,
    config: bytes | None = None,
    functions: bytes | None = None,
    replace: bool = False,
    source: str = Kernel.Source.IMPORTED,
    source_digest: str = "",
) -> Saved:
    """Put a kernel into the map, all of it or nothing; the same facts again change nothing.

    `types` is raw BTF, `config` a .config, `functions` names of functions, packed. Raises
    KernelExistsError where other facts have the name and `replace` was not asked for;
    ValidationError for a name that is none.
    """
    validate_kernel_name(facts.name)
    text, facts_hash = render_to_keep(facts)
    with transaction.atomic():
        present = Kernel.objects.listed().filter(name=facts.name).first()
        if present is not None and present.facts_hash == facts_hash:
            added = [
                keep_types(present, types),
                _add_config(present, config),
                keep_functions(present, functions),
            ]
            return Saved(present, any(added))
        if present is not None and not replace:
            raise KernelExistsError(facts.name)
        if present is not None:
            present.delete()
        kernel = _create_kernel(facts, facts_hash, pack(text.encode()), source, source_digest)
        keep_types(kernel, types)
        _add_config(kernel, config)
        keep_functions(kernel, functions)
        index.create_rows(kernel, facts)
    return Saved(kernel, True)


def load_kernel(name: str) -> LoadedKernel:
    """Return the kernel of this name, or of any other name it has (6.18.15, newest).

    Raises NoSuchKernelError.
    """
    facts_hash = Kernel.objects.filter(name=name).values_list("facts_hash", flat=True).first()
    if facts_hash is not None:
        return _load(name, facts_hash)
    found = find_by_any_name(tuple(Kernel.objects.listed()), name)
    if found is None:
        raise NoSuchKernelError(_no_such_kernel(name))
    return load_row(found)


def load_other_deciders(name: str) -> Iterator[Decider]:
    """Return the deciders of the newest released kernels but one, each when it is asked."""
    rows = (row for row in Kernel.objects.newest_first() if row.released and row.name != name)
    for row in islice(rows, _MOST_OTHERS):
        yield load_row(row).decider


def load_row(kernel: Kernel) -> LoadedKernel:
    """Return the kernel of a row, without a query where the process has loaded it before."""
    return _load(kernel.name, kernel.facts_hash)


def load_types(name: str, facts_hash: str) -> bytes | None:
    """Return the raw BTF kept for these facts.

    Raises DamagedBundleError where it is still in the bundle, which is damaged.
    """
    packed = load_packed_types(name, facts_hash)
    return None if packed is None else unpack(packed)


def load_config(name: str, facts_hash: str) -> bytes | None:
    """Return what the .config kept for these facts sets."""
    rows = Kernel.objects.filter(name=name, facts_hash=facts_hash)
    packed = rows.values_list("config", flat=True).first()
    return unpack(packed) if packed else None


def _load(name: str, facts_hash: str) -> LoadedKernel:
    kept = LOADED_KERNELS.get((name, facts_hash))
    if kept is None:
        kept = _read(name, facts_hash)
        LOADED_KERNELS.put((name, facts_hash), kept)
    return kept


def _read(name: str, facts_hash: str) -> LoadedKernel:
    packed = Kernel.objects.values_list("facts", flat=True).get(name=name, facts_hash=facts_hash)
    return LoadedKernel(name, facts_hash, parse_facts(unpack(packed)))


def _create_kernel(
    facts: KernelFacts, facts_hash: str, packed: bytes, source: str, source_digest: str
) -> Kernel:
    return Kernel.objects.create(
        name=facts.name,
        sort_key=release_key(facts),
        version=facts.version,
        label=facts.origin.label,
        profile=facts.origin.profile,
        source=source,
        source_digest=source_digest,
        facts_hash=facts_hash,
        facts=packed,
        kfunc_count=len(facts.kfuncs) or len(facts.observed_kfuncs),
        set_count=len(facts.sets),
        struct_ops_count=len(facts.struct_ops),
        not_understood_count=len(facts.not_understood),
        has_rules=not facts.observed,
    )


def _add_config(kernel: Kernel, config: bytes | None) -> bool:
    """Keep the options where there are none yet; say whether something was kept."""
    text = render_config(read_config(config))
    if text is None or kernel.config:
        return False
    kernel.config = pack(text, QUICK_LEVEL)
    kernel.save(update_fields=["config"])
    return True


def _no_such_kernel(name: str) -> str:
    known = ", ".join(Kernel.objects.newest_first().values_list("name", flat=True))
    if not known:
        return f"The map has no kernels yet: run `{settings.KFMAP_COMMAND} load_kernels`."
    return f"The map has no kernel {name!r}; it has {known}."
