"""`kfmap fetch-images`: fetch the images of bundled kernels, to boot and ask them."""

from __future__ import annotations

import os
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
from kfmap.probe.host import ProbeError
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
            _fetch_loader(archive, data_dir / FOLDER / LOADER, options, out)
            for recipe in recipes:
                _fetch(recipe, archive, data_dir, options, out)
        except (BundleError, ProbeError) as error:
            raise CommandFailedError(f"{error}.") from error
        except OSError as error:
            raise CommandFailedError(f"{error.filename}: {error.strerror}.") from error
    return 0


def _fetch_loader(archive: Archive, folder: Path, options: Namespace, out: TextIO) -> None:
    if (folder / "lib" / "libbpf.a").exists() and not options.again:
        return
    fetch_libraries(PACKAGES, archive, folder)
    build_loader(folder)
    out.write("The loader is built with Debian's libbpf.\n")


def _fetch(
    recipe: Recipe, archive: Archive, data_dir: Path, options: Namespace, out: TextIO
) -> None:
    name = recipe.name
    if name in find_images(data_dir) and not options.again:
        out.write(f"{name}: there already\n")
        return
    package, image = fetch_image(recipe, archive)
    own = recipe.modules is not None and recipe.modules.package == recipe.image
    modules = fetch_modules(recipe, archive) if own or not options.no_modules else []
    folder = save_image(data_dir, name, package, image, modules)
    count = "1 module" if len(modules) == 1 else f"{len(modules)} modules"
    out.write(f"{name}: {package}, {len(image) >> 20} MB and {count} in {folder}\n")
    getattr(out, "flush", lambda: None)()


def _find_recipes(names: list[str]) -> list[Recipe]:
    known = {recipe.name: recipe for recipe in bootable()}
    if unknown := [name for name in names if name not in known]:
        raise CommandFailedError(
            f"No image is known for {', '.join(unknown)}; there are {', '.join(known)}."
        )
    return [known[name] for name in names] or list(known.values())
