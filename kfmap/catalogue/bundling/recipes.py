"""What each bundled kernel is made of: Debian packages, by exact version, as `recipes.json` says.

Where Debian's configuration for a release is not to be had, the neighbour's takes its place: it
gave the answers of the booted kernel for every cell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUITES = ("bookworm", "bookworm-security", "trixie", "trixie-security", "trixie-backports")
ARCHITECTURES = ("amd64", "arm64")  # Debian's names
SOURCE_PACKAGE = "linux"
FILE = Path(__file__).with_name("recipes.json")
_PACKAGE = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9.+-]+)(:(?P<architecture>[a-z0-9]+))?=(?P<version>\S+)"
)


class RecipeError(ValueError):
    """`recipes.json` says what no recipe can: names the recipe and what is wrong."""


@dataclass(frozen=True, slots=True)
class Package:
    """A Debian package of one version, or the newest where that is empty.

    `linux` itself stands for the source package's tarball. `architecture` is Debian's name, "" for
    that of the machine.
    """

    name: str
    version: str
    architecture: str = ""

    @property
    def upstream(self) -> str:
        """Return the kernel's own version: 6.18.15 of 6.18.15-1~bpo13+1."""
        return self.version.partition("-")[0]

    def __str__(self) -> str:
        """Return what apt-get takes: NAME[:ARCHITECTURE][=VERSION]."""
        architecture = f":{self.architecture}" if self.architecture else ""
        return f"{self.name}{architecture}" + (f"={self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class Modules:
    """A package with modules, and the one with the image that their split BTF goes with."""

    package: Package
    image: Package


@dataclass(frozen=True, slots=True)
class Recipe:
    """The parts of a bundled kernel; without `config` every option counts as on.

    `image` has the vmlinuz that the BTF is taken from: none where nobody built such a kernel.
    Without `source`, which Debian drops after a while, the verdicts are what the image answers.
    `modules` has the modules, whose functions' names are kept; a neighbour's where its own are not
    to be had any more. `like` is the kernel that nearly everything is shared with: see
    `shared_kernels`.
    """

    name: str
    label: str
    source: Package | None
    config: Package | None = None
    image: Package | None = None
    modules: Modules | None = None
    like: str = ""

    @property
    def version(self) -> str:
        """Return Debian's version of the kernel, as its own packages have it."""
        own = self.source or self.image
        assert own is not None, "a recipe has a source or an image"
        return own.version

    @property
    def packages(self) -> list[Package]:
        """Return every package that the kernel is made of."""
        modules = (self.modules.package, self.modules.image) if self.modules else ()
        given = (self.source, self.config, self.image, *modules)
        return list(dict.fromkeys(package for package in given if package is not None))


def read_recipes(text: str) -> tuple[Recipe, ...]:
    """Return the recipes of a `recipes.json`. Raises RecipeError for one that is none."""
    recipes = tuple(map(_read_recipe, json.loads(text)))
    names = [recipe.name for recipe in recipes]
    if twice := {name for name in names if names.count(name) > 1}:
        raise RecipeError(f"{', '.join(sorted(twice))}: two recipes have this name")
    return recipes


def render_recipes(recipes: Iterable[Recipe]) -> str:
    """Return the `recipes.json` of recipes."""
    return json.dumps(list(map(_render_recipe, recipes)), indent=1) + "\n"


def save_recipe(recipe: Recipe, file: Path = FILE) -> None:
    """Put a recipe in the place of the one of its name, or after the others where it is new."""
    recipes = {known.name: known for known in read_recipes(file.read_text())}
    recipes[recipe.name] = recipe
    file.write_text(render_recipes(recipes.values()))


def _read_recipe(given: dict[str, Any]) -> Recipe:
    name = str(given.get("name", ""))
    source, config, image = (_read_package(given, part, name) for part in _PARTS)
    if not name or not (source or image):
        raise RecipeError(f"{name or 'a recipe'}: it needs a name, and a source or an image")
    modules = given.get("modules")
    return Recipe(
        name,
        str(given.get("label", "")),
        source,
        config,
        image,
        modules and _read_modules(modules, name),
        str(given.get("like", "")),
    )


_PARTS = ("source", "config", "image")


def _read_modules(given: dict[str, Any], recipe: str) -> Modules:
    package, image = (_read_package(given, part, recipe) for part in ("package", "image"))
    if package is None or image is None:
        raise RecipeError(f'{recipe}: "modules" needs a package, and the image that it goes with')
    return Modules(package, image)


def _read_package(given: dict[str, Any], part: str, recipe: str) -> Package | None:
    text = given.get(part)
    if text is None:
        return None
    match = _PACKAGE.fullmatch(str(text))
    if match is None:
        raise RecipeError(f'{recipe}: "{part}" must be NAME=VERSION or NAME:ARCHITECTURE=VERSION')
    return Package(match["name"], match["version"], match["architecture"] or "")


def _render_recipe(recipe: Recipe) -> dict[str, Any]:
    modules = recipe.modules
    parts: dict[str, Any] = {part: getattr(recipe, part) for part in _PARTS}
    rendered = {
        "name": recipe.name,
        "label": recipe.label,
        **{part: package and str(package) for part, package in parts.items()},
        "modules": modules and {"package": str(modules.package), "image": str(modules.image)},
        "like": recipe.like,
    }
    return {key: value for key, value in rendered.items() if value}


RECIPES = read_recipes(FILE.read_text())
