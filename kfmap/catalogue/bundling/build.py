"""Make a bundled kernel from its recipe: its facts as text, its types trimmed and packed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kfmap.btf.pack import pack
from kfmap.btf.read import read_btf
from kfmap.btf.trim import trim_btf
from kfmap.btf.vmlinux import extract_btf
from kfmap.catalogue.bundling.archive import Archive
from kfmap.catalogue.bundling.recipes import Recipe
from kfmap.catalogue.bundling.unpack import CONFIG, VMLINUZ, read_member, unpack_tree
from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import render_facts


@dataclass(frozen=True, slots=True)
class Built:
    """A bundled kernel in memory; `types` is packed BTF, None where there is no image."""

    facts: KernelFacts
    types: bytes | None


def build_kernel(recipe: Recipe, archive: Archive, work: Path) -> Built:
    """Fetch, unpack and extract one kernel; trees stay under `work` for the next time."""
    tree = work / "tree" / recipe.source.upstream
    if not tree.exists():
        unpack_tree(archive.fetch(recipe.source), tree)
    config = read_member(archive.fetch(recipe.config), CONFIG) if recipe.config else None
    image = read_member(archive.fetch(recipe.image), VMLINUZ) if recipe.image else None
    btf = None if image is None else extract_btf(image)
    facts = extract_kernel(tree, config=config, btf=btf, name=recipe.name, label=recipe.label)
    return Built(facts, None if btf is None else _pack_types(btf, facts))


def save_built(built: Built, folder: Path) -> list[Path]:
    """Write the files of a bundled kernel; give those that changed."""
    files = {folder / f"{built.facts.name}.json": render_facts(built.facts).encode()}
    if built.types is not None:
        files[folder / f"{built.facts.name}.types.xz"] = built.types
    changed = []
    for path, data in files.items():
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            changed.append(path)
    return changed


def _pack_types(btf: bytes, facts: KernelFacts) -> bytes:
    names = [kfunc.name for kfunc in facts.kfuncs]
    return pack(trim_btf(read_btf(btf), {*names, *(f"{name}_impl" for name in names)}))
