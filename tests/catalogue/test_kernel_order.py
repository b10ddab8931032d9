"""One order of kernels wherever they are listed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.kernel_order import newest_first, oldest_first, release_key
from kfmap.catalogue.models import Kernel
from kfmap.catalogue.store import save_kernel
from tests.permission.small_kernel import create_toy_kernel


@dataclass(frozen=True)
class _Kernel:
    name: str
    version: str = ""


def test_kernels_are_listed_newest_first_and_plain_builds_before_their_flavours() -> None:
    names = ["6.12-all", "7.2-rc4", "6.2", "7.3-all", "6.12", "7.2", "6.12-rt", "7.3", "6.1"]
    listed = [kernel.name for kernel in newest_first(map(_Kernel, names))]
    assert listed == [
        "7.3",
        "7.3-all",
        "7.2",
        "7.2-rc4",
        "6.12",
        "6.12-all",
        "6.12-rt",
        "6.2",
        "6.1",
    ]
    assert [kernel.name for kernel in oldest_first(map(_Kernel, names))] == listed[::-1]


def test_a_name_without_a_number_is_placed_by_its_version() -> None:
    kernels = [_Kernel("6.12"), _Kernel("laptop", "6.18.15"), _Kernel("6.19"), _Kernel("odd", "?")]
    assert [kernel.name for kernel in newest_first(kernels)] == ["6.19", "laptop", "6.12", "odd"]


def test_a_point_release_comes_before_the_series_it_follows() -> None:
    kernels = [_Kernel("7.3"), _Kernel("7.3.4+deb13-amd64"), _Kernel("v7.4")]
    assert [kernel.name for kernel in newest_first(kernels)] == ["v7.4", "7.3.4+deb13-amd64", "7.3"]


@pytest.mark.parametrize("name", ["9" * 60, "1.2.3.4.5.6.7", "7.3-rc" + "9" * 40, "", "7." * 40])
def test_a_key_has_digits_of_one_length_alone(name: str) -> None:
    key = release_key(_Kernel(name))
    assert key.isdecimal() and len(key) == len(release_key(_Kernel("7.3")))


def test_bundled_kernels_are_read_in_that_order() -> None:
    names = [kernel.name for kernel in find_bundled()]
    assert names[-2:] == ["7.3-all", "7.3"]


@pytest.mark.django_db
def test_rows_of_the_map_have_the_same_order() -> None:
    names = ["7.3-all", "6.12", "7.3", "6.12-rt", "6.2"]
    for name in names:
        save_kernel(replace(create_toy_kernel(), name=name), None)
    rows = [kernel.name for kernel in Kernel.objects.newest_first()]
    assert rows == [kernel.name for kernel in newest_first(map(_Kernel, names))]
    assert rows == [kernel.name for kernel in Kernel.objects.all()]
    assert rows == [kernel.name for kernel in Kernel.objects.listed()][::-1]
