"""Filters as lines: each line of the tree can be linked to, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.test import Client

from kfmap.catalogue.store import save_kernel
from kfmap.kernel.rule_form import Branch, Decide, InSet, KfuncIs
from tests.permission.small_kernel import create_toy_kernel

FILE = "kernel/filter.c"


@pytest.mark.django_db
def test_a_line_that_says_several_things_is_one_target_of_links(client: Client) -> None:
    refuse, let_pass = Decide(True, FILE, 70), Decide(False, FILE, 71)
    inner = Branch(KfuncIs("toy_now"), FILE, 70, refuse, let_pass)
    rule = Branch(InSet("toy_any"), FILE, 70, inner, let_pass)
    toy = create_toy_kernel()
    filters = tuple(replace(item, rule=rule) for item in toy.filters)
    save_kernel(replace(toy, filters=filters), None)
    text = client.get(f"/kernels/{toy.name}/filters/{filters[0].id}/").text
    assert text.count(">70</span>") > 1
    assert text.count('id="L70"') == text.count('id="L71"') == 1
