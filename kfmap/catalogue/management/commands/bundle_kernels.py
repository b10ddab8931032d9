"""`manage.py bundle_kernels`: make the kernels that come with kfmap from Debian's packages."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.btf.read import BtfError
from kfmap.catalogue.bundled_kernels import BUNDLED
from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.build import build_kernel, save_built
from kfmap.catalogue.bundling.recipes import RECIPES, SUITES, Recipe
from kfmap.kernel.extract import TreeError


class Command(BaseCommand):
    """Make bundled kernels."""

    help = (
        "Make the facts and types of the bundled kernels from Debian's packages (up to 15 GB on "
        "disk). Needs a Debian machine; its own apt is not touched."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the kernels and the folder that keeps what was fetched."""
        known = ", ".join(recipe.name for recipe in RECIPES)
        parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all of {known}")
        parser.add_argument(
            "--work", type=Path, help="keep packages and trees here; default: a temporary folder"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make one kernel after the other, writing each as soon as it is whole."""
        recipes = _find_recipes(options["names"])
        with TemporaryDirectory() as temporary:
            work = (options["work"] or Path(temporary)).resolve()
            archive = Archive(work, SUITES)
            for recipe in recipes:
                self._make(recipe, archive, work)

    def _make(self, recipe: Recipe, archive: Archive, work: Path) -> None:
        try:
            built = build_kernel(recipe, archive, work)
        except (BundleError, TreeError, BtfError) as error:
            raise CommandError(f"{recipe.name}: {error}.") from error
        changed = save_built(built, BUNDLED)
        facts = built.facts
        self.stdout.write(
            f"{recipe.name} ({facts.version}): {len(facts.kfuncs)} kfuncs, "
            f"{len(facts.not_understood)} constructs not understood; "
            + (", ".join(path.name for path in changed) or "nothing changed")
        )
        self.stdout.flush()


def _find_recipes(names: list[str]) -> list[Recipe]:
    known = {recipe.name: recipe for recipe in RECIPES}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(f"No recipe for {', '.join(unknown)}; there are {', '.join(known)}.")
    return [known[name] for name in names] or list(RECIPES)
