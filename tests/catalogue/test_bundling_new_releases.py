"""What a made-up archive has beyond the recipes, and the command that names and takes it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.bundling.archive import Archive, BundleError, parse_index
from kfmap.catalogue.bundling.build import Built
from kfmap.catalogue.bundling.new_releases import find_new
from kfmap.catalogue.bundling.probing import save_evidence
from kfmap.catalogue.bundling.recipes import (
    RECIPES,
    Modules,
    Package,
    Recipe,
    RecipeError,
    read_recipes,
    render_recipes,
    save_recipe,
)
from kfmap.catalogue.management.commands import bundle_kernels

_IMAGE = Package("linux-image-9.1.2+deb13-amd64", "9.1.2-1")
_PLAIN = Recipe(
    "9.1",
    "Debian linux-image-9.1.2+deb13-amd64",
    Package("linux-source-9.1", "9.1.2-1"),
    _IMAGE,
    _IMAGE,
    Modules(_IMAGE, _IMAGE),
)
_ARM = replace(
    _PLAIN, name="9.1-arm64", image=replace(_IMAGE, name="linux-image-9.1.2+deb13-arm64")
)
_ALL = Recipe("9.1-all", "Debian linux-source-9.1 9.1.2, every option", _PLAIN.source, like="9.1")
_OLD = {"9.1.2-1": {"linux-source-9.1", "linux-image-9.1.2+deb13-amd64"}}
_PACKAGES = """\
Package: linux-image-9.1.10+deb13-amd64
Source: linux-signed-amd64 (9.1.10+1)
Version: 9.1.10-1
Description: Linux 9.1
 Package: not-a-field

Package: linux-source-9.1
Version: 9.1.10-1

Package: linuxdoc-tools
Version: 9.9.9-1

Package: linux-base
Version: 4.12.1-1
"""


def test_an_index_is_read_for_the_packages_of_the_kernel() -> None:
    assert list(parse_index(_PACKAGES)) == [
        Package("linux-image-9.1.10+deb13-amd64", "9.1.10-1"),
        Package("linux-source-9.1", "9.1.10-1"),
        Package("linux-base", "4.12.1-1"),
    ]


def test_a_new_point_release_moves_every_recipe_of_its_series() -> None:
    plain, every = find_new([_PLAIN, _ALL], _index())
    assert (plain.name, plain.version, plain.before) == ("9.1", "9.1.10-1", "9.1.2-1")
    image = Package("linux-image-9.1.10+deb13-amd64", "9.1.10-1")
    assert plain.recipe == Recipe(
        "9.1",
        "Debian linux-image-9.1.10+deb13-amd64",
        Package("linux-source-9.1", "9.1.10-1"),
        image,
        image,
        Modules(image, image),
    )
    assert every.recipe is not None
    assert every.recipe.label == "Debian linux-source-9.1 9.1.10, every option"


def test_a_package_that_the_archive_has_not_is_named() -> None:
    missing = next(item for item in find_new([_PLAIN, _ARM], _index()) if item.recipe is None)
    assert str(missing) == (
        "9.1-arm64: the archive has 9.1.10-1, and the bundled kernel is 9.1.2-1; it has no package "
        "like linux-image-9.1.2+deb13-arm64 for it, so its recipe has to be written by hand "
        "(recipes.json)"
    )


def test_a_new_series_is_made_as_the_one_below_it() -> None:
    index = _OLD | {"9.10.3-1~bpo13+1": {"linux-source-9.10", "linux-image-9.10.3+deb13-amd64"}}
    above = replace(_PLAIN, name="9.20", source=Package("linux-source-9.20", "9.20.1-1"))
    (found,) = find_new([above, _PLAIN, _ALL], index)
    assert str(found) == (
        "9.10: the archive has 9.10.3-1~bpo13+1, a series that no bundled kernel is of"
    )
    assert found.recipe is not None
    assert found.recipe.source == Package("linux-source-9.10", "9.10.3-1~bpo13+1")
    assert found.recipe.label == "Debian linux-image-9.10.3+deb13-amd64"


def test_what_a_neighbour_gives_stays_the_neighbours() -> None:
    config = Package("linux-image-9.0.7-amd64", "9.0.7-1")
    (found,) = find_new([replace(_PLAIN, config=config)], _index())
    assert found.recipe is not None
    assert found.recipe.config == config


@pytest.mark.parametrize("version", ["9.1.2-1~deb12u1", "9.1.2-1~bpo13+1", "9.1.1-3"])
def test_a_rebuild_for_an_older_release_is_nothing_new(version: str) -> None:
    index = _OLD | {version: {"linux-source-9.1", "linux-image-9.1.2+deb12-amd64"}}
    assert find_new([_PLAIN], index) == []


def test_a_kernel_named_by_its_point_release_stays_and_counts() -> None:
    pinned = replace(_PLAIN, name="9.1.10", source=Package("linux-source-9.1", "9.1.10-1"))
    assert find_new([_PLAIN, pinned], _index()) == []


def test_where_the_newest_cannot_be_had_the_release_before_it_is_made(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Debian's index names sources whose files are gone: 6.19.14's were when 6.19.11's were not."""
    between = {"9.1.7-1": {"linux-source-9.1", "linux-image-9.1.7+deb13-amd64"}}
    monkeypatch.setattr(Archive, "read_index", lambda _: _index() | between)

    def fetch(_: Archive, package: Package) -> Path:
        if package.version == "9.1.10-1":
            raise BundleError(f"{package} could not be fetched")
        return made_up

    monkeypatch.setattr(Archive, "fetch", fetch)
    made = []
    monkeypatch.setattr(
        bundle_kernels.Command, "_make", lambda _, recipe, *rest: made.append(recipe.version)
    )
    out = StringIO()
    call_command("bundle_kernels", "9.1", "--take-new", stdout=out)
    assert made == ["9.1.7-1"]
    assert "9.1: 9.1.10-1 cannot be had any more, so 9.1.7-1 is made." in out.getvalue()


def test_packages_that_are_no_kernels_begin_no_series() -> None:
    assert find_new([_PLAIN], _OLD | {"4.12.1-1": {"linux-base", "linux-libc-dev"}}) == []


def test_recipes_are_written_as_they_are_read(tmp_path: Path) -> None:
    assert read_recipes(render_recipes(RECIPES)) == RECIPES
    kept = tmp_path / "recipes.json"
    kept.write_text(render_recipes([_ALL, _PLAIN]))
    renewed = replace(_ALL, label="new")
    save_recipe(renewed, kept)
    save_recipe(replace(_ALL, name="9.2"), kept)
    assert read_recipes(kept.read_text()) == (renewed, _PLAIN, replace(_ALL, name="9.2"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"label": "x"}]', "a recipe: it needs a name"),
        ('[{"name": "9.1", "source": "linux"}]', '9.1: "source" must be NAME=VERSION'),
        (
            '[{"name": "9.1", "source": "linux=1", "modules": {"package": "a1=1"}}]',
            '"modules" need',
        ),
        ('[{"name": "9", "source": "linux=1"}, {"name": "9", "source": "linux=1"}]', "two recipes"),
    ],
)
def test_a_recipe_that_is_none_is_named(text: str, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        read_recipes(text)


def test_the_command_names_what_is_new_and_makes_nothing(made_up: Path) -> None:
    out = StringIO()
    call_command("bundle_kernels", "--new", stdout=out)
    lines = out.getvalue().splitlines()
    assert lines[0] == "9.1: the archive has 9.1.10-1, and the bundled kernel is 9.1.2-1."
    assert lines[-1] == "`bundle_kernels --take-new` makes them."
    assert not list(made_up.iterdir())


def test_a_new_kernel_that_cannot_be_made_leaves_all_as_it_is(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise BundleError("linux_9.1.10.orig.tar.xz could not be fetched")

    monkeypatch.setattr(bundle_kernels, "build_kernel", fail)
    err = StringIO()
    with pytest.raises(CommandError, match=r"New and not made: 9\.1\."):
        call_command("bundle_kernels", "9.1", "--take-new", stdout=StringIO(), stderr=err)
    assert err.getvalue().strip() == (
        "9.1: linux_9.1.10.orig.tar.xz could not be fetched. The bundled kernels stay as they are."
    )
    assert not list(made_up.iterdir())


def test_a_new_kernel_is_probed_and_its_recipe_kept(
    made_up: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = replace(find_bundled()[0].read_facts(), name="9.1")
    made = []

    def build(_: object, recipe: Recipe, *places: object, probe: bool) -> tuple[Built, bytes]:
        made.append((recipe.version, probe))
        return Built(facts, None, None), b"{}"

    kept = made_up.parent / "recipes.json"
    kept.write_text(render_recipes([_PLAIN]))
    monkeypatch.setattr(bundle_kernels.Command, "_build", build)
    monkeypatch.setattr(bundle_kernels, "save_recipe", partial(save_recipe, file=kept))
    monkeypatch.setattr(bundle_kernels, "save_evidence", partial(save_evidence, folder=made_up))
    call_command("bundle_kernels", "--take-new", stdout=StringIO())
    assert made == [("9.1.10-1", True)]
    assert [recipe.version for recipe in read_recipes(kept.read_text())] == ["9.1.10-1"]
    assert {path.name for path in made_up.iterdir()} == {"9.1.json", "9.1.evidence.xz"}


def test_the_command_says_when_the_archive_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Archive) -> None:
        raise BundleError("the package lists could not be fetched")

    monkeypatch.setattr(Archive, "read_index", fail)
    with pytest.raises(CommandError, match=r"The package lists could not be fetched\."):
        call_command("bundle_kernels", "--new")


def _index() -> dict[str, set[str]]:
    index = {version: set(names) for version, names in _OLD.items()}
    for package in parse_index(_PACKAGES):
        index.setdefault(package.version, set()).add(package.name)
    return index


@pytest.fixture
def made_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of bundled kernels, empty; the archive and the recipes are made up."""
    monkeypatch.setattr(Archive, "read_index", lambda _: _index())
    monkeypatch.setattr(Archive, "fetch", lambda *_: tmp_path)
    monkeypatch.setattr(bundle_kernels, "RECIPES", (_PLAIN,))
    monkeypatch.setattr(bundle_kernels, "find_bundled", list)
    for name in ("save_agreements", "save_bundled_names", "write_bundled_rows"):
        monkeypatch.setattr(bundle_kernels, name, lambda *_: None)
    folder = tmp_path / "bundled"
    folder.mkdir()
    monkeypatch.setattr(bundle_kernels, "BUNDLED", folder)
    return folder
