"""Kernels are grouped by what their names tell, once there are many."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from kfmap.catalogue.kernel_groups import find_family, group_kernels


@dataclass(frozen=True)
class Row:
    """A kernel as lists know it."""

    name: str
    version: str
    label: str = ""
    released: bool = True


@pytest.mark.parametrize(
    ("row", "title"),
    [
        (Row("6.12", "6.12.107", "Debian linux-image-6.12.107+deb13-amd64"), "6.12 · Debian · x86"),
        (
            Row("6.12-rt", "6.12.107", "Debian linux-image-6.12.107+deb13-rt-arm64"),
            "6.12 · Debian · arm64 · rt",
        ),
        (Row("ours", "6.8.0-45-generic", "Ubuntu 6.8.0-45"), "6.8 · Ubuntu · generic"),
        (Row("el", "5.14.0-503.el9.x86_64"), "5.14 · RHEL · x86"),
        (Row("z", "6.4.0", "SUSE kernel-default s390x"), "6.4 · SUSE · s390x"),
        (Row("7.3-all", "7.3.4", "Debian linux-source-7.3"), "7.3 · Debian · every option"),
        (Row("b", "7.3.4", "linux-7.3, every option on"), "7.3 · every option"),
        (Row("mine", "7.4-rc2"), "7.4"),
    ],
)
def test_a_family_is_read_from_name_and_label(row: Row, title: str) -> None:
    assert str(find_family(row)) == title


def test_a_dozen_kernels_are_one_list_and_more_are_groups() -> None:
    rows = [Row(f"6.{number}", f"6.{number}.1", "Debian amd64") for number in range(12)]
    assert [group.title for group in group_kernels(rows)] == [""]
    rows += [Row("6.11-rt", "6.11.1", "Debian rt amd64"), Row("6.11-b", "6.11.1", "Debian amd64")]
    groups = group_kernels(rows)
    assert [group.title for group in groups][:3] == [
        "6.11 · Debian · x86",
        "6.11 · Debian · x86 · rt",
        "6.10 · Debian · x86",
    ]
    assert [row.name for row in groups[0].rows] == ["6.11", "6.11-b"]
    assert sum(len(group.rows) for group in groups) == 14
