"""The names kept beside the bundled kernels are those of their facts."""

from __future__ import annotations

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.bundled_names import read_bundled_names
from kfmap.kernel.known_names import collect_names


def test_kept_names_are_those_of_all_bundled_kernels() -> None:
    """Else run `manage.py bundle_kernels`, or `save_bundled_names` alone."""
    assert read_bundled_names() == collect_names(item.load().outline for item in find_bundled())
