"""`manage.py bundle_kernels`: make the kernels that come with kfmap from Debian's packages."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kfmap.btf.read import BtfError
from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import BUNDLED, find_bundled
from kfmap.catalogue.bundled_names import save_bundled_names
from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.build import (
    Built,
    build_kernel,
    build_observed_kernel,
    save_built,
)
from kfmap.catalogue.bundling.changes import describe_changes
from kfmap.catalogue.bundling.new_releases import NewRelease, find_available, find_new
from kfmap.catalogue.bundling.probing import (
    ask_calls,
    ask_image,
    check_evidence,
    drop_calls,
    save_agreements,
    save_calls,
    save_evidence,
)
from kfmap.catalogue.bundling.recipes import RECIPES, SUITES, Recipe, save_recipe
from kfmap.catalogue.rows.bundled import write_bundled_rows
from kfmap.kernel.extract import TreeError
from kfmap.kernel.facts import KernelFacts


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
        parser.add_argument(
            "--probe",
            action="store_true",
            help="boot each image in QEMU, and write nothing that disagrees with its answers",
        )
        parser.add_argument(
            "--run-time",
            action="store_true",
            help="have a scheduler run on each image with masks, too (20 minutes without KVM)",
        )
        parser.add_argument(
            "--new",
            action="store_true",
            help="name the point releases and series that the archive has beyond these, and end",
        )
        parser.add_argument(
            "--take-new",
            action="store_true",
            help="make those too, each only if its image agrees, and keep their recipes",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make one kernel after the other, writing each as soon as it is whole."""
        asked: dict[str, str] = {}
        left: list[str] = []
        with TemporaryDirectory() as temporary:
            work = (options["work"] or Path(temporary)).resolve()
            archive = Archive(work, SUITES)
            new = self._find_new(archive, options)
            if options["new"]:
                return
            taken = {item.name: item for item in new if item.recipes and options["take_new"]}
            for recipe in _find_recipes(options["names"], taken):
                try:
                    if recipe not in RECIPES:
                        recipe = self._choose(taken[recipe.name], archive)
                    was_asked = self._make(recipe, archive, work, options)
                except CommandError as error:
                    if recipe in RECIPES:
                        raise
                    self.stderr.write(f"{error} The bundled kernels stay as they are.")
                    left.append(recipe.name)
                    continue
                if was_asked:
                    asked[recipe.name] = datetime.now(UTC).date().isoformat()
        save_agreements(asked)
        save_bundled_names(item.load().outline for item in find_bundled())
        write_bundled_rows(find_bundled())
        if left:
            raise CommandError(f"New and not made: {', '.join(left)}.")

    def _find_new(self, archive: Archive, options: dict[str, Any]) -> list[NewRelease]:
        """Look into the archive and name what is new there; packages at hand need no archive."""
        is_asked = options["new"] or options["take_new"]
        if options["names"] and not is_asked:
            return []
        try:
            found = find_new(RECIPES, archive.read_index())
        except BundleError as error:
            if is_asked:
                raise CommandError(f"{str(error)[0].upper()}{str(error)[1:]}.") from error
            self.stderr.write(f"What is new in the archive is not known: {error}.")
            return []
        for item in found:
            self.stdout.write(f"{item}.")
        if not found:
            self.stdout.write(
                "The archive has no newer kernel than the recipes, and no new series."
            )
        elif not options["take_new"]:
            self.stdout.write("`bundle_kernels --take-new` makes them.")
        return found

    def _choose(self, release: NewRelease, archive: Archive) -> Recipe:
        """Return the recipe of the newest release that Debian still has all packages of."""
        try:
            recipe = find_available(release.recipes, archive)
        except BundleError as error:
            raise CommandError(f"{release.name}: {error}.") from error
        if recipe != release.recipe:
            self.stdout.write(
                f"{release.name}: {release.version} cannot be had any more, so {recipe.version} "
                "is made."
            )
        return recipe

    def _make(self, recipe: Recipe, archive: Archive, work: Path, options: dict[str, Any]) -> bool:
        """Write one kernel; return whether its image was asked.

        That of a new recipe always is: the evidence at hand is an earlier release's.
        """
        is_new = recipe not in RECIPES
        try:
            built, evidence = self._build(recipe, archive, work, probe=options["probe"] or is_new)
            calls = None
            if options["run_time"] and built.image is not None and built.facts.run_time:
                calls = ask_calls(built.image, built.facts)
        except (BundleError, TreeError, BtfError) as error:
            raise CommandError(f"{recipe.name}: {error}.") from error
        told = self._compare(built.facts)
        changed = save_built(built, BUNDLED, recipe.like)
        if evidence is not None:
            changed += save_evidence(recipe.name, evidence)
        if calls is not None:
            changed += save_calls(recipe.name, calls)
        elif is_new:
            drop_calls(recipe.name)
        if is_new:
            save_recipe(recipe)
        facts = built.facts
        self.stdout.write(
            f"{recipe.name} ({facts.version}): "
            f"{len(facts.kfuncs) or len(facts.observed_kfuncs)} kfuncs, "
            f"{len(facts.not_understood)} constructs not understood; "
            + (", ".join(path.name for path in changed) or "nothing changed")
            + told
        )
        self.stdout.flush()
        return evidence is not None

    def _compare(self, facts: KernelFacts) -> str:
        """Return what changes from the bundle that is there, for people; "" for nothing."""
        old = next((item for item in find_bundled() if item.name == facts.name), None)
        changes = describe_changes(old.read_facts(), facts) if old else ""
        return f"\n\n{changes}" if changes else ""

    def _build(
        self, recipe: Recipe, archive: Archive, work: Path, *, probe: bool
    ) -> tuple[Built, bytes | None]:
        """Build a kernel; where its image is asked, refuse one that answers otherwise."""
        bundled = find_bundled()
        names = {kfunc.name for item in bundled for kfunc in item.read_facts().kfuncs}
        if recipe.source is None:
            like = next(item.read_facts() for item in reversed(bundled) if item.has(Part.TYPES))
            return build_observed_kernel(recipe, archive, like, names)
        built = build_kernel(recipe, archive, work)
        if not probe or built.image is None:
            return built, None
        evidence = ask_image(built.image, names | {kfunc.name for kfunc in built.facts.kfuncs})
        _, comparison = check_evidence(built.facts, evidence)
        self.stdout.write(
            f"{recipe.name}: {comparison.equal:,} cells are as the booted kernel says"
        )
        return built, evidence


def _find_recipes(names: list[str], new: Mapping[str, NewRelease]) -> list[Recipe]:
    """Return the recipes of these names, or all; a new one goes before the one of its name."""
    known = {recipe.name: recipe for recipe in RECIPES}
    known |= {name: item.recipes[0] for name, item in new.items()}
    if unknown := [name for name in names if name not in known]:
        raise CommandError(f"No recipe for {', '.join(unknown)}; there are {', '.join(known)}.")
    return [known[name] for name in names] or list(known.values())
