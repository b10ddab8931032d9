"""Make a bundled kernel from its recipe: facts as text; types, functions and options packed."""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kfmap.btf.function_pack import pack_functions, read_module_functions
from kfmap.btf.pack import pack as pack_types
from kfmap.btf.read import BtfError, read_btf
from kfmap.btf.trim import trim_btf
from kfmap.btf.vmlinux import extract_btf
from kfmap.catalogue.bundled_files import (
    SHARED,
    SUFFIXES,
    Part,
    SharedFile,
    write_as_shared,
    write_contents,
)
from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.probing import ask_image
from kfmap.catalogue.bundling.recipes import Modules, Recipe
from kfmap.catalogue.bundling.unpack import (
    CONFIG,
    VMLINUZ,
    read_all_modules,
    read_member,
    unpack_tree,
)
from kfmap.kernel.config import read_config, render_config
from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.facts_json import render_facts
from kfmap.probe.evidence import read_evidence
from kfmap.probe.observed_kernel import build_observed


@dataclass(frozen=True, slots=True)
class Built:
    """A bundled kernel in memory.

    Packed BTF and the names of functions where there is an image, packed options likewise.
    """

    facts: KernelFacts
    types: bytes | None
    config: bytes | None
    functions: bytes | None = None
    image: bytes | None = None


def build_kernel(recipe: Recipe, archive: Archive, work: Path) -> Built:
    """Fetch, unpack and extract one kernel; trees stay under `work` for the next time."""
    assert recipe.source is not None, "a kernel without source is built by build_observed_kernel"
    tree = work / "tree" / recipe.source.upstream
    if not tree.exists():
        unpack_tree(archive.fetch(recipe.source), tree)
    config = read_member(archive.fetch(recipe.config), CONFIG) if recipe.config else None
    image = read_member(archive.fetch(recipe.image), VMLINUZ) if recipe.image else None
    btf = None if image is None else extract_btf(image)
    facts = extract_kernel(tree, config=config, btf=btf, name=recipe.name, label=recipe.label)
    types = None if btf is None else _pack_types(btf, facts)
    modules = _read_functions_of_modules(recipe.modules, archive) if recipe.modules else set()
    functions = None if btf is None else pack_functions(read_btf(btf), modules)
    return Built(facts, types, _pack_config(config), functions, image)


def build_observed_kernel(
    recipe: Recipe, archive: Archive, like: KernelFacts, names: set[str]
) -> tuple[Built, bytes]:
    """Fetch and boot a kernel whose source is not to be had; return it with its evidence.

    `like` is a kernel with rules, for the values of UAPI enumerators.
    Raises BundleError where the image does not answer.
    """
    assert recipe.image is not None, "a kernel without source needs an image to ask"
    image = read_member(archive.fetch(recipe.image), VMLINUZ)
    data = ask_image(image, names)
    facts = build_observed(read_evidence(data), recipe.name, recipe.label, like)
    btf = read_btf(extract_btf(image))
    modules = _read_functions_of_modules(recipe.modules, archive) if recipe.modules else set()
    kept = set(facts.observed_kfuncs)
    types = pack_types(trim_btf(btf, {*kept, *(f"{name}_impl" for name in kept)}))
    return Built(facts, types, None, pack_functions(btf, modules), image), data


def save_built(built: Built, folder: Path, like: str = "") -> list[Path]:
    """Write the files of a bundled kernel; give those that changed.

    `like` is the kernel that it shares with. Kernels that share with this one are written anew.
    """
    name = built.facts.name
    given = {
        Part.FACTS: render_facts(built.facts).encode(),
        Part.TYPES: built.types,
        Part.CONFIG: built.config,
        Part.FUNCTIONS: built.functions,
    }
    parts = {part: data for part, data in given.items() if data is not None}
    if like:
        files = {f"{name}.{SHARED}": write_as_shared(folder, like, parts)}
    else:
        files = {f"{name}.{SUFFIXES[part]}": data for part, data in parts.items()}
    sharing = {} if like else _read_sharing(folder, name)
    changed = _write(folder, files)
    for path, kept in sharing.items():
        changed += _write(folder, {path.name: write_contents(folder, name, kept)})
    return changed


def _write(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    changed = []
    for path, data in [(folder / file, data) for file, data in files.items()]:
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            changed.append(path)
    return changed


def _read_sharing(folder: Path, name: str) -> dict[Path, dict[Part, bytes]]:
    """Return the contents of the kernels that share with one."""
    found = {}
    for path in sorted(folder.glob(f"*.{SHARED}")):
        shared = SharedFile(path)
        if shared.base == name:
            found[path] = shared.read_contents()
    return found


def _read_functions_of_modules(modules: Modules, archive: Archive) -> set[str]:
    """Return the names of the functions in all modules of a package."""
    base = read_btf(extract_btf(read_member(archive.fetch(modules.image), VMLINUZ)))
    names: set[str] = set()
    for file, module in read_all_modules(archive.fetch(modules.package)):
        try:
            names.update(read_module_functions(module, base))
        except BtfError as error:
            raise BundleError(f"{file}: {error}") from error
    return names


def _pack_types(btf: bytes, facts: KernelFacts) -> bytes:
    names = [kfunc.name for kfunc in facts.kfuncs]
    return pack_types(trim_btf(read_btf(btf), {*names, *(f"{name}_impl" for name in names)}))


def _pack_config(config: bytes | None) -> bytes | None:
    text = render_config(read_config(config))
    return None if text is None else lzma.compress(text, preset=9 | lzma.PRESET_EXTREME)
