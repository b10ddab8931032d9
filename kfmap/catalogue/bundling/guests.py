"""Take out of Debian's packages what a kernel needs to be booted: image, modules, libbpf.

Modules of a Debian kernel name those that they need in their .modinfo section; a package has no
modules.dep, which depmod makes when it is installed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.recipes import RECIPES, Package, Recipe
from kfmap.catalogue.bundling.unpack import VMLINUZ, read_member, read_modules
from kfmap.probe.modules import WANTED, module_name

_MOST_PASSES = 6  # over the modules of a package: those wanted, then those they need, …


def bootable() -> list[Recipe]:
    """Return the recipes of kernels that somebody built, so that they can be booted."""
    return [recipe for recipe in RECIPES if recipe.image is not None]


def fetch_image(recipe: Recipe, archive: Archive) -> tuple[str, bytes]:
    """Return the name and version of the package, and the vmlinuz in it. Raises BundleError."""
    assert recipe.image is not None
    package = recipe.image
    return f"{package.name} {package.version}", read_member(archive.fetch(package), VMLINUZ)


def fetch_modules(
    recipe: Recipe, archive: Archive, wanted: Sequence[str] = WANTED
) -> list[tuple[str, bytes]]:
    """Return the modules that bring kfuncs, each after those it needs: (name, bytes).

    None where the recipe has a neighbour's modules: a kernel loads its own alone.
    """
    modules = recipe.modules
    if modules is None or modules.image != recipe.image:
        return []
    package = archive.fetch(modules.package)
    found: dict[str, bytes] = {}
    missing = set(wanted)
    for _ in range(_MOST_PASSES):
        found |= dict(read_modules(package, missing))
        needed = {name for data in found.values() for name in read_needed(data)}
        missing = needed - found.keys()
        if not missing:
            break
    return order_modules(found)


def order_modules(found: dict[str, bytes]) -> list[tuple[str, bytes]]:
    """Return modules in an order in which they can be loaded."""
    ordered: dict[str, bytes] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in ordered or name in above or name not in found:
            return
        for needed in read_needed(found[name]):
            add(needed, (*above, name))
        ordered[name] = found[name]

    for name in sorted(found):
        add(name, ())
    return list(ordered.items())


def read_needed(module: bytes) -> list[str]:
    """Return the names of the modules that a module needs (`depends=` of its .modinfo)."""
    try:
        section = ELFFile(io.BytesIO(module)).get_section_by_name(".modinfo")
        text = section.data() if section else b""
    except ELFError:
        return []
    lines = [line for line in text.split(b"\0") if line.startswith(b"depends=")]
    names = lines[0].partition(b"=")[2].decode(errors="replace").split(",") if lines else []
    return [module_name(name) for name in names if name]


def fetch_libraries(
    packages: Iterable[str], archive: Archive, folder: Path, architecture: str = ""
) -> None:
    """Put the static libraries of Debian packages into folder/lib, libbpf's headers beside them.

    `architecture` is Debian's name, "" for that of the machine.
    Raises BundleError where a package cannot be had or unpacked.
    """
    with TemporaryDirectory(prefix="kfmap-libraries-") as temporary:
        for name in packages:
            package = archive.fetch(Package(name, "", architecture))
            command = ["dpkg-deb", "--extract", str(package), temporary]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                raise BundleError(f"{package.name} cannot be unpacked")
        for part in ("include", "lib"):
            shutil.rmtree(folder / part, ignore_errors=True)
            (folder / part).mkdir(parents=True)
        shutil.copytree(Path(temporary, "usr/include/bpf"), folder / "include/bpf")
        for library in Path(temporary, "usr/lib").rglob("*.a"):
            shutil.copy(library, folder / "lib" / library.name)
