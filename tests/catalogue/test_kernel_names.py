"""Kernels by any of their names."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.kernel_names import find_by_any_name
from kfmap.kernel.facts import EVERY_OPTION_ON


@dataclass(frozen=True)
class Named:
    """A kernel as far as its names go."""

    name: str
    version: str
    label: str
    released: bool


def load_names() -> list[Named]:
    """Return the names of the bundled kernels, oldest first."""
    facts = [bundled.read_facts() for bundled in find_bundled()]
    return [
        Named(it.name, it.version, it.origin.label, it.origin.profile != EVERY_OPTION_ON)
        for it in facts
    ]


KERNELS = load_names()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("6.18", "6.18"),
        ("6.18.15", "6.18"),
        ("v6.18.15", "6.18"),
        ("Linux 6.18", "6.18"),
        ("6.12.107", "6.12"),
        ("6.12-all", "6.12-all"),
        ("7.3.4+deb13-amd64", "7.3"),
        ("6.1.0-56-amd64", "6.1"),
        ("linux-image-6.18.15+deb13-amd64", "6.18"),
        ("newest", "7.3"),
        (" 7.2 ", "7.2"),
        ("amd64", None),
        ("Debian", None),
        ("", None),
        ("6", None),
        ("9.9", None),
    ],
)
def test_a_kernel_is_found_by_any_of_its_names(text: str, name: str | None) -> None:
    found = find_by_any_name(KERNELS, text)
    assert (found and found.name) == name
