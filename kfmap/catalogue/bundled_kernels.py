"""The kernels that come with kfmap, as files, read without Django.

They are `bundled/NAME.json` and, beside it, `.types.xz`, `.config.xz` and `.functions.xz`; a kernel
that nobody built has the first only. One that is nearly another is `bundled/NAME.shared` instead:
see `shared_kernels`. What the booted kernel answered is in `.evidence.xz` and, where masks are
checked at run time, in `.calls.xz`.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.read import Btf, read_btf
from kfmap.catalogue.bundled_files import SHARED, OwnFiles, Part, Parts, SharedFile
from kfmap.catalogue.damage import whole
from kfmap.catalogue.kernel_order import oldest_first
from kfmap.catalogue.unpacked_types import read_names, read_shared_names, read_types
from kfmap.kernel.config import read_config
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import FactsOutline, parse_facts, read_outline
from kfmap.permission.decide import Decider
from kfmap.quick_dataclass import dataclass

BUNDLED = Path(__file__).parent / "bundled"


@dataclass(frozen=True, slots=True)
class BundledKernel:
    """A kernel that came with kfmap, as files. What reads them raises DamagedBundleError."""

    name: str
    parts: Parts
    evidence: Path | None = None
    calls: Path | None = None

    @property
    def version(self) -> str:
        """Return the version, for an order where the name does not say it."""
        return self.read_outline().version

    def digest(self) -> str:
        """Return the SHA-256 of the files: a faster sign than the facts that nothing changed."""
        return self.parts.digest()

    def has(self, part: Part) -> bool:
        """Return whether a part came with the kernel."""
        return self.parts.has(part)

    def read_facts(self) -> KernelFacts:
        """Return the facts."""
        with whole(self.parts.path(Part.FACTS)):
            return parse_facts(self.parts.read(Part.FACTS) or b"")

    def read_outline(self) -> FactsOutline:
        """Return what lists need of the facts, without reading the rest."""
        with whole(self.parts.path(Part.FACTS)):
            return read_outline(self.parts.read(Part.FACTS) or b"")

    def read_types(self, cache: Path | None = None) -> bytes | None:
        """Return the raw BTF, None where none came with it; see `unpacked_types` for `cache`."""
        with whole(self.parts.path(Part.TYPES)):
            if not self.has(Part.TYPES):
                return None
            return read_types(
                lambda: self.parts.read(Part.TYPES) or b"", self.digest, self.name, cache
            )

    def read_config(self) -> bytes | None:
        """Return the text of the .config, None where none came with it."""
        with whole(self.parts.path(Part.CONFIG)):
            return self.parts.read(Part.CONFIG)

    def read_functions(self, cache: Path | None = None) -> bytes | None:
        """Return the packed names of functions, None where none came with it.

        See `unpacked_types` for `cache`: only what is shared with another kernel is kept there.
        """
        with whole(self.parts.path(Part.FUNCTIONS)):
            if isinstance(self.parts, OwnFiles) or not self.has(Part.FUNCTIONS):
                return self.parts.read(Part.FUNCTIONS)
            return read_shared_names(
                lambda: self.parts.read(Part.FUNCTIONS) or b"", self.digest, self.name, cache
            )

    def read_evidence(self) -> bytes | None:
        """Return what the booted kernel answered (kfmap.probe.evidence), None where none did."""
        return _unpack(self.evidence)

    def read_calls(self) -> bytes | None:
        """Return what came of calls while a scheduler ran on it (run_time_evidence), or None."""
        return _unpack(self.calls)

    def load(self, cache: Path | None = None) -> LoadedBundled:
        """Return the kernel ready for questions; `cache`: a folder to keep unpacked types in."""
        return LoadedBundled(self, cache)


@dataclass(frozen=True)
class LoadedBundled:
    """A bundled kernel for questions and checks; its parts are read on first use."""

    files: BundledKernel
    cache: Path | None = None

    @property
    def name(self) -> str:
        """Return the kernel's name."""
        return self.files.name

    @cached_property
    def facts(self) -> KernelFacts:
        """Return the facts."""
        return self.files.read_facts()

    @cached_property
    def outline(self) -> FactsOutline:
        """Return what lists need of the facts, without reading the rest."""
        return self.files.read_outline()

    @cached_property
    def decider(self) -> Decider:
        """Return what answers "may this context call this kfunc" on this kernel."""
        return Decider(self.facts)

    @cached_property
    def types(self) -> Btf | None:
        """Return the kernel's BTF, None where none came with it."""
        data = self.files.read_types(self.cache)
        return None if data is None else read_btf(data)

    @cached_property
    def options(self) -> Mapping[str, str] | None:
        """Return what the kernel's .config sets, None where none came with it."""
        data = self.files.read_config()
        return None if data is None else read_config(data).options

    @cached_property
    def functions(self) -> FunctionNames | None:
        """Return the names of all functions of the kernel, None where none came with it."""
        data = self.files.read_functions(self.cache)
        if data is None:
            return None
        with whole(self.files.parts.path(Part.FUNCTIONS)):
            return FunctionNames(data, lambda names: read_names(names, self.name, self.cache))


def _unpack(path: Path | None) -> bytes | None:
    if path is None:
        return None
    with whole(path):
        return lzma.decompress(path.read_bytes())


def find_bundled(folder: Path = BUNDLED) -> list[BundledKernel]:
    """Return the bundled kernels, oldest first."""
    parts: dict[str, Parts] = {
        path.stem: OwnFiles(folder, path.stem) for path in folder.glob("*.json")
    }
    for path in folder.glob(f"*.{SHARED}"):
        parts.setdefault(path.stem, SharedFile(path))
    found = [
        BundledKernel(
            name,
            parts[name],
            _beside(folder, name, "evidence.xz"),
            _beside(folder, name, "calls.xz"),
        )
        for name in parts
    ]
    return oldest_first(found)


def _beside(folder: Path, name: str, suffix: str) -> Path | None:
    path = folder / f"{name}.{suffix}"
    return path if path.exists() else None
