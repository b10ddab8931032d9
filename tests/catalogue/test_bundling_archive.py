"""A scratch apt: what it writes, and what it reads of apt's answers. Nothing is fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.catalogue.bundling.archive import (
    Archive,
    BundleError,
    Offer,
    parse_offers,
    render_configuration,
    render_sources,
)
from kfmap.catalogue.bundling.recipes import RECIPES, SOURCE_PACKAGE, Package

_TARGETS = """\
http://mirror.example/debian/ bookworm
http://mirror.example/debian/ bookworm-updates
http://security.example/debian-security/ bookworm-security
https://other.example/repo/ nodistro
"""


def test_sources_take_the_address_of_the_machines_own_suites() -> None:
    sources = render_sources(_TARGETS, "bookworm", ["trixie", "bookworm-security"])
    lines = [line.split("] ")[1] for line in sources.splitlines()]
    assert lines == [
        "http://mirror.example/debian/ trixie main",
        "http://mirror.example/debian/ trixie main",
        "http://security.example/debian-security/ bookworm-security main",
        "http://security.example/debian-security/ bookworm-security main",
    ]
    kinds = [line.split()[0] for line in sources.splitlines()]
    assert kinds == ["deb", "deb-src"] * 2


def test_sources_of_a_machine_without_debian_are_refused_by_name() -> None:
    with pytest.raises(BundleError, match="no Debian suite bookworm-security"):
        render_sources("http://a.example/ bookworm\n", "bookworm", ["bookworm-security"])


def test_configuration_keeps_apt_inside_its_folder(tmp_path: Path) -> None:
    places = [
        line.split('"')[1]
        for line in render_configuration(tmp_path / "apt").splitlines()
        if line.startswith("Dir::")
    ]
    assert all(place == "/dev/null" or place.startswith(str(tmp_path)) for place in places)


def test_offers_are_the_lines_with_a_hash() -> None:
    address, file = "http://m.example/pool/linux_1.orig.tar.xz", "linux_1.orig.tar.xz"
    text = f"Reading package lists...\n'{address}' {file} 157 SHA256:0f\n"
    assert parse_offers(text) == [Offer(address, file, "SHA256:0f")]


def test_offers_with_a_path_in_the_file_name_are_passed_over() -> None:
    assert parse_offers("'http://m.example/x' ../../x 1 SHA256:0f\n") == []


@pytest.mark.parametrize(
    ("package", "file"),
    [
        (Package("linux-base-1", "1.2-1~x+1"), "linux-base-1_1.2-1~x+1_amd64.deb"),
        (Package(SOURCE_PACKAGE, "6.18.15-1~bpo13+1"), "linux_6.18.15.orig.tar.xz"),
    ],
)
def test_a_file_that_is_there_is_not_fetched_again(
    package: Package, file: str, tmp_path: Path
) -> None:
    (tmp_path / "deb").mkdir()
    kept = tmp_path / "deb" / file
    kept.write_bytes(b"")
    assert Archive(tmp_path, ["no-such-suite"]).fetch(package) == kept
    assert not (tmp_path / "apt").exists()


def test_recipes_have_one_name_each_and_their_parts_fit_their_kernel() -> None:
    names = [recipe.name for recipe in RECIPES]
    assert len(names) == len(set(names))
    for recipe in RECIPES:
        series = ".".join(recipe.name.partition("-")[0].split(".")[:2])
        assert recipe.source or recipe.image
        assert recipe.source is None or recipe.source.upstream.startswith(f"{series}.")
        assert recipe.image is None or f"-{series}." in recipe.image.name
        assert (recipe.config is None) == (recipe.image is None or recipe.source is None)
