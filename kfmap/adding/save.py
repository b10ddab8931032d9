"""Put a kernel that was read into the map, under the name it was given or the next that is free."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from django.contrib.auth.models import User
from django.db import transaction

from kfmap.adding.models import Provenance
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import KernelExistsError, Saved, load_kernel, save_kernel
from kfmap.given.git import Commit
from kfmap.given.read import ReadKernel
from kfmap.kernel.facts import KernelFacts, Origin
from kfmap.kernel.facts_json import hash_facts

_MOST_TRIES = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a kernel is to be saved. Without `name` it gets one from its version."""

    name: str = ""
    replace: bool = False
    user: User | None = None


@dataclass(frozen=True, slots=True)
class Parts:
    """A kernel to be saved, and where it came from."""

    facts: KernelFacts
    types: bytes | None = None
    config: bytes | None = None
    functions: bytes | None = None
    source: str = ""
    commit: Commit | None = None
    remarks: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @classmethod
    def of(cls, read: ReadKernel) -> Parts:
        """Return the parts of a kernel that was read here."""
        return cls(
            read.facts,
            read.types,
            read.config,
            read.functions,
            read.source.what,
            read.source.commit,
            read.remarks,
            read.doubts,
        )


@transaction.atomic
def save_parts(parts: Parts, wanted: Wanted, source: str = Kernel.Source.IMPORTED) -> Saved:
    """Put a kernel into the map. Raises KernelExistsError, ValidationError, DataError."""
    saved = save_kernel(
        _keep_label(_name(parts.facts, wanted)),
        parts.types,
        config=parts.config,
        functions=parts.functions,
        replace=wanted.replace,
        source=source,
    )
    if saved.kernel.source == source:
        _keep_provenance(saved.kernel, parts, wanted.user)
    return saved


def refuse_taken(wanted: Wanted, origin: Origin) -> None:
    """Raise KernelExistsError where a kernel of another origin has the name that is wanted.

    One of the same origin may have the same facts, and is the same kernel once more.
    """
    if not wanted.name or wanted.replace:
        return
    if Kernel.objects.filter(name=wanted.name).exists():
        present = load_kernel(wanted.name).facts.origin
        if replace(present, label=origin.label) != origin:
            raise KernelExistsError(wanted.name)


def _name(facts: KernelFacts, wanted: Wanted) -> KernelFacts:
    """Return facts under the name that is wanted, or the first of their own that is free.

    A name that has the same facts already is as good as a free one; so is, where a kernel is to
    be replaced, one that was imported.
    """
    if wanted.name:
        return facts
    present = {
        name: (facts_hash, source)
        for name, facts_hash, source in Kernel.objects.values_list("name", "facts_hash", "source")
    }
    for name in _names_for(facts):
        named = _keep_label(replace(facts, name=name))
        facts_hash, source = present.get(name, ("", ""))
        is_free = not facts_hash or facts_hash == hash_facts(named)
        if is_free or (wanted.replace and source == Kernel.Source.IMPORTED):
            return named
    return facts


def _names_for(facts: KernelFacts) -> Iterator[str]:
    """Return names from a version: the series, the release, then the release with a number."""
    yield facts.name
    stem = facts.name
    if facts.version.startswith(f"{facts.name}."):
        yield facts.version
        stem = facts.version
    for number in range(2, _MOST_TRIES):
        yield f"{stem}-{number}"


def _keep_label(facts: KernelFacts) -> KernelFacts:
    """Return facts without a label that of the kernel of their name, which they may be again."""
    if facts.origin.label:
        return facts
    labels = Kernel.objects.listed().filter(name=facts.name, source=Kernel.Source.IMPORTED)
    label = labels.values_list("label", flat=True).first() or ""
    return replace(facts, origin=replace(facts.origin, label=label))


def _keep_provenance(kernel: Kernel, parts: Parts, user: User | None) -> None:
    commit = parts.commit
    Provenance.objects.update_or_create(
        kernel=kernel,
        defaults={
            "source": parts.source[:500],
            "commit": commit.hash if commit else "",
            "description": commit.description[:200] if commit else "",
            "dirty": bool(commit and commit.dirty),
            "remarks": list(parts.remarks),
            "doubts": list(parts.doubts),
            "added_by": user,
        },
    )
    kernel.save(update_fields=["updated_at"])  # its page changed, whatever its facts did
