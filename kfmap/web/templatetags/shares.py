"""`{% cells row.shares %}`: the cells of a row of the grid of a kfunc.

A map of 100 kernels has 1,500 of them and a dozen that differ: each of those is made once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.web.browse.kfunc_grid import Share

register = template.Library()


@register.simple_tag
def cells(shares: Iterable[Share]) -> SafeString:
    """Return a cell per kernel."""
    return SafeString("\n".join(map(_render, shares)))


@lru_cache(maxsize=1024)
def _render(share: Share) -> SafeString:
    return SafeString(render_to_string("parts/share.html", {"share": share}).strip())
