"""`kfmap fetch-images`: fetch the images of bundled kernels, to boot and ask them."""

from __future__ import annotations

import os
import platform
import shutil
from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.guests import (
    bootable,
    fetch_image,
    fetch_libraries,
    fetch_modules,
)
from kfmap.catalogue.bundling.recipes import SUITES, Recipe
from kfmap.cli.commands import CommandFailedError
from kfmap.probe.guest import MACHINES
from kfmap.probe.host import ProbeError, find_compiler
from kfmap.probe.libbpf import find_kit, has_libraries
from kfmap.server.data_dir import prepare_data_dir
from verifier.opinions.images import FOLDER, LOADER, find_images, save_image
from verifier.opinions.loader import PACKAGES, build_loader

HELP = "Fetch kernel images and libbpf from Debian into the data folder, for ask-kernel."


def add_arguments(parser: ArgumentParser) -> None:
    """Take the kernels, and the folder that keeps packages."""
    known = ", ".join(recipe.name for recipe in bootable())
    parser.add_argument("names", nargs="*", metavar="KERNEL", help=f"default: all of {known}")
    parser.add_argument("--work", type=Path, help="keep packages here; default: a temporary folder")
    parser.add_argument(
        "--no-modules", action="store_true", help="fetch no package for its modules alone"
    )
    parser.add_argument("--again", action="store_true", help="fetch what is there already, too")


def run(options: Namespace, out: TextIO) -> int:
    """Fetch what is missing, one kernel after the other; each is kept as soon as it is whole.

    Raises CommandFailedError where a package cannot be had, or libbpf does not link.
    """
    recipes = _find_recipes(options.names)
    if shutil.which("apt-get") is None:
        raise CommandFailedError(
            "Images come from Debian's archive, and this machine has no apt-get: give ask-kernel "
            "an image of your own with --image."
        )
    data_dir = prepare_data_dir(os.environ.get("KFMAP_DATA_DIR", ""))
    with TemporaryDirectory(prefix="kfmap-fetch-") as temporary:
        work = (options.work or Path(temporary)).resolve()
        archive = Archive(work, SUITES)
        try:
            fetching = _Fetching(archive, data_dir, options, out)
            for recipe in recipes:
                fetching.fetch(recipe)
        except (BundleError, ProbeError) as error:
            raise CommandFailedError(f"{error}.") from error
        except OSError as error:
            raise CommandFailedError(f"{error.filename}: {error.strerror}.") from error
    return 0


class _Fetching:
    """One run: from where, to where, and the loaders that it has built."""

    def __init__(self, archive: Archive, data_dir: Path, options: Namespace, out: TextIO) -> None:
        self._archive, self._data_dir, self._options = archive, data_dir, options
        self._out = out
        self._built: set[str] = set()

    def fetch(self, recipe: Recipe) -> None:
        """Fetch the image, modules and loader of a kernel, as far as they are missing.

        Without names, a kernel of another architecture is left out where nothing compiles for it.
        Raises BundleError and ProbeError.
        """
        name, machine = recipe.name, _find_machine(recipe)
        try:
            find_compiler(machine)
        except ProbeError as error:
            if self._options.names or machine == platform.machine():
                raise
            self._say(f"{name}: left out, its loader cannot be built here: {error}")
            return
        self._fetch_loader(machine)
        if name in find_images(self._data_dir) and not self._options.again:
            self._say(f"{name}: there already")
            return
        package, image = fetch_image(recipe, self._archive)
        own = recipe.modules is not None and recipe.modules.package == recipe.image
        is_wanted = own or not self._options.no_modules
        modules = fetch_modules(recipe, self._archive) if is_wanted else []
        folder = save_image(self._data_dir, name, package, image, modules)
        count = "1 module" if len(modules) == 1 else f"{len(modules)} modules"
        self._say(f"{name}: {package}, {len(image) >> 20} MB and {count} in {folder}")

    def _fetch_loader(self, machine: str) -> None:
        kit = self._data_dir / FOLDER / LOADER
        folder = find_kit(kit, machine)
        may_stay = machine in self._built or not self._options.again
        if may_stay and has_libraries(folder):
            return
        fetch_libraries(PACKAGES, self._archive, folder, MACHINES[machine].debian)
        build_loader(kit, machine)
        self._built.add(machine)
        self._say(f"The loader for {machine} is built with Debian's libbpf.")

    def _say(self, line: str) -> None:
        self._out.write(f"{line}\n")
        getattr(self._out, "flush", lambda: None)()


def _find_machine(recipe: Recipe) -> str:
    """Return the architecture of a kernel, as uname calls it."""
    debian = recipe.image.architecture if recipe.image else ""
    named = (machine for machine, known in MACHINES.items() if known.debian == debian)
    return next(named, platform.machine())


def _find_recipes(names: list[str]) -> list[Recipe]:
    known = {recipe.name: recipe for recipe in bootable()}
    if unknown := [name for name in names if name not in known]:
        raise CommandFailedError(
            f"No image is known for {', '.join(unknown)}; there are {', '.join(known)}."
        )
    return [known[name] for name in names] or list(known.values())
