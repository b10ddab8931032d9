"""Structures and members through the kernels: what a kernel lacks, and what nobody knows of it."""

import pytest
from django.test import Client

from kfmap.catalogue.models import Kernel, StructOpsType

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("toys")]


@pytest.mark.parametrize("page", ["toy_ops/", "toy_ops/dispatch/"])
def test_a_kernel_without_source_is_not_said_to_lack_a_structure(client: Client, page: str) -> None:
    StructOpsType.objects.filter(kernel__name="8.0").delete()
    assert "not on this kernel</td>" in client.get(f"/kernels/8.1/struct-ops/{page}").text
    older = Kernel.objects.get(name="8.0")
    older.has_rules = False
    older.save()
    text = client.get(f"/kernels/8.1/struct-ops/{page}").text
    assert "not known: its source is not in the map</td>" in text
    assert "not on this kernel</td>" not in text
