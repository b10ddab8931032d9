"""Find the kernels that the archive has and no recipe makes yet, and write their recipes.

A new point release is made as the one before it was, a new series as the series below it: every
package of the recipe that has the kernel's own version is looked for under the new version, by its
name with other numbers in it. Versions are compared here to tell new packages from old ones; no
answer of kfmap depends on that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from kfmap.catalogue.bundling.archive import Archive, BundleError
from kfmap.catalogue.bundling.recipes import SOURCE_PACKAGE, Modules, Package, Recipe

Index = Mapping[str, set[str]]  # names of packages by their version
_KERNEL = re.compile(rf"{SOURCE_PACKAGE}|{SOURCE_PACKAGE}-(source|image|binary)-\d.*")
_VERSION = re.compile(r"(?P<series>\d+\.\d+)\.\d+(?:\.\d+)*-\S+")
_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class NewRelease:
    """A kernel that the archive has and no recipe makes.

    `before` is the version that the bundled kernel of this name has, "" for a new series. `recipe`
    makes it; None where the archive has no package like `missing` for it. `older` are the releases
    between the two, newest first.
    """

    name: str
    version: str
    before: str
    recipe: Recipe | None
    missing: str = ""
    older: tuple[NewRelease, ...] = ()

    @property
    def recipes(self) -> list[Recipe]:
        """Return the recipes of this release and the older ones that can be written."""
        return [item.recipe for item in (self, *self.older) if item.recipe is not None]

    def __str__(self) -> str:
        has = f"{self.name}: the archive has {self.version}, "
        if self.before:
            has += f"and the bundled kernel is {self.before}"
        else:
            has += "a series that no bundled kernel is of"
        if self.recipe is None:
            has += (
                f"; it has no package like {self.missing} for it, so its recipe has to be written "
                "by hand (recipes.json)"
            )
        return has


def find_new(recipes: Sequence[Recipe], index: Index) -> list[NewRelease]:
    """Return what is new in the index, oldest series first.

    A recipe whose name has a point release in it (6.12.118) stays what it is.
    """
    found = []
    for series, versions in sorted(_find_versions(index).items(), key=lambda it: _order(it[1][0])):
        known = [recipe for recipe in recipes if _series(recipe.version) == series]
        moving = [item for item in known if item.name.partition("-")[0] == series]
        if not known:
            found.append(_join(_begin_series(series, it, recipes, index) for it in versions))
            continue
        latest = max(_order(recipe.version) for recipe in known)
        newer = [version for version in versions if _order(version) > latest]
        for item in moving if newer else ():
            found.append(_join(_renew(item, item.name, it, index, item.version) for it in newer))
    return found


def find_available(recipes: Sequence[Recipe], archive: Archive) -> Recipe:
    """Return the first recipe whose packages can all be had; those are fetched then.

    Debian's index goes on naming a source for a while after its file is gone. Raises BundleError,
    that of the first recipe, where none can be made.
    """
    failures: list[BundleError] = []
    for recipe in recipes:
        try:
            for package in recipe.packages:
                archive.fetch(package)
        except BundleError as error:
            failures.append(error)
        else:
            return recipe
    raise failures[0]


def _find_versions(index: Index) -> dict[str, list[str]]:
    """Return the versions of each series, newest first."""
    versions: dict[str, list[str]] = {}
    for version, names in index.items():
        series = _series(version)
        if series and any(map(_KERNEL.fullmatch, names)):
            versions.setdefault(series, []).append(version)
    return {series: sorted(found, key=_order, reverse=True) for series, found in versions.items()}


def _join(releases: Iterable[NewRelease]) -> NewRelease:
    """Return the first of the releases of a kernel, with the others behind it."""
    newest, *older = releases
    return replace(newest, older=tuple(older))


def _begin_series(series: str, version: str, recipes: Sequence[Recipe], index: Index) -> NewRelease:
    plain = [recipe for recipe in recipes if recipe.name == _series(recipe.version)]
    plain.sort(key=lambda recipe: _order(recipe.version))
    below = [recipe for recipe in plain if _order(recipe.version) < _order(version)]
    model = below[-1] if below else plain[0]
    return _renew(replace(model, like=""), series, version, index, "")


def _renew(model: Recipe, name: str, version: str, index: Index, before: str) -> NewRelease:
    """Return the kernel of a version, made as `model` is."""
    move = partial(_move, old=model.version, new=version, names=index[version])
    modules = model.modules
    try:
        recipe = replace(
            model,
            name=name,
            source=model.source and move(model.source),
            config=model.config and move(model.config),
            image=model.image and move(model.image),
            modules=modules and Modules(move(modules.package), move(modules.image)),
        )
    except _MissingError as error:
        return NewRelease(name, version, before, None, str(error))
    return NewRelease(name, version, before, replace(recipe, label=_move_label(model, recipe)))


def _move(package: Package, *, old: str, new: str, names: set[str]) -> Package:
    """Return the same package of another version; one that is a neighbour's stays."""
    if package.version != old:
        return package
    like = re.compile(_NUMBERS.sub(r"\\d+", re.escape(package.name)))
    found = sorted(filter(like.fullmatch, names))
    if not found:
        raise _MissingError(package.name)
    return replace(package, name=found[-1], version=new)


def _move_label(model: Recipe, recipe: Recipe) -> str:
    label = model.label
    for old, new in ((model.source, recipe.source), (model.image, recipe.image)):
        if old and new:
            label = label.replace(f"{old.name} {old.upstream}", f"{new.name} {new.upstream}")
            label = label.replace(old.name, new.name)
    return label


class _MissingError(LookupError):
    """The index has no package like this one."""


def _series(version: str) -> str:
    match = _VERSION.fullmatch(version)
    return match["series"] if match else ""


def _order(version: str) -> tuple[tuple[int, ...], tuple[int, ...], bool, tuple[int, ...]]:
    """Return what places a version: 6.12.9-1 < 6.12.10-1~bpo13+1 < 6.12.10-1 < 6.12.10-2."""
    upstream, _, revision = version.partition("-")
    base, tilde, rebuilt = revision.partition("~")
    return _numbers(upstream), _numbers(base), not tilde, _numbers(rebuilt)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, _NUMBERS.findall(text)))
