"""What a kernel says of its agreement with the booted one."""

from __future__ import annotations

import pytest

from kfmap.catalogue.models import Kernel


@pytest.mark.parametrize(
    ("name", "source", "said"),
    [
        ("6.18", Kernel.Source.BUNDLED, "29,512 of 29,512"),
        ("6.18", Kernel.Source.IMPORTED, "None"),
        ("6.18", Kernel.Source.VARIANT, "None"),
        ("7.3", Kernel.Source.BUNDLED, "50,544 of 50,544"),
        ("7.3-all", Kernel.Source.BUNDLED, "None"),
    ],
)
def test_agreement_is_that_of_the_bundled_kernel_of_the_name(
    name: str, source: Kernel.Source, said: str
) -> None:
    assert str(Kernel(name=name, source=source).agreement) == said
