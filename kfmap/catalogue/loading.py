"""Load the bundled kernels: facts, types and options.

They are `bundled/NAME.json`, `bundled/NAME.types.xz` and `bundled/NAME.config.xz`; a kernel that
nobody built has the first only.
"""

from __future__ import annotations

import hashlib
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kfmap.btf.pack import unpack
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.models.kernel import natural_key
from kfmap.catalogue.store import save_kernel
from kfmap.kernel.facts_json import parse_facts

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True, slots=True)
class BundledKernel:
    """A kernel that came with kfmap, as files."""

    name: str
    facts: Path
    types: Path | None
    config: Path | None

    def digest(self) -> str:
        """Return the SHA-256 of the files: a faster sign than the facts that nothing changed."""
        digest = hashlib.sha256(self.facts.read_bytes())
        for path in (self.types, self.config):
            if path is not None:
                digest.update(path.read_bytes())
        return digest.hexdigest()


def find_bundled(folder: Path = BUNDLED) -> list[BundledKernel]:
    """Return the bundled kernels, oldest first."""
    found = sorted(folder.glob("*.json"), key=lambda path: natural_key(path.stem))
    return [
        BundledKernel(path.stem, path, _beside(path, "types.xz"), _beside(path, "config.xz"))
        for path in found
    ]


class Outcome(StrEnum):
    """What became of a bundled kernel; KEPT: the user imported another under the same name."""

    LOADED = "loaded"
    UNCHANGED = "as it was"
    KEPT = "not loaded: the kernel imported under that name stays"


def load_bundled(folder: Path = BUNDLED) -> Iterator[tuple[str, Outcome]]:
    """Put the bundled kernels into the map one by one; give the name and what became of it."""
    present = {
        name: (source, digest)
        for name, source, digest in Kernel.objects.values_list("name", "source", "source_digest")
    }
    for bundled in find_bundled(folder):
        source, digest = present.get(bundled.name, ("", ""))
        if source == Kernel.Source.IMPORTED:
            yield bundled.name, Outcome.KEPT
        elif digest == (now := bundled.digest()):
            yield bundled.name, Outcome.UNCHANGED
        else:
            _save(bundled, now)
            yield bundled.name, Outcome.LOADED


def _beside(facts: Path, suffix: str) -> Path | None:
    path = facts.with_name(f"{facts.stem}.{suffix}")
    return path if path.exists() else None


def _save(bundled: BundledKernel, digest: str) -> None:
    types = None if bundled.types is None else unpack(bundled.types.read_bytes())
    config = None if bundled.config is None else lzma.decompress(bundled.config.read_bytes())
    saved = save_kernel(
        parse_facts(bundled.facts.read_bytes()),
        types,
        config=config,
        replace=True,
        source=Kernel.Source.BUNDLED,
        source_digest=digest,
    )
    if saved.kernel.source_digest != digest:  # the files changed, the facts did not
        saved.kernel.source_digest = digest
        saved.kernel.save(update_fields=["source_digest"])
