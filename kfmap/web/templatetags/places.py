"""`{% place reason %}`: a line of the kernel, kfmap's page of it, and where its source opens."""

from __future__ import annotations

from typing import Any, Protocol

from django import template

from kfmap.catalogue.store import LoadedKernel
from kfmap.web.shared.links import place_url, source_urls

register = template.Library()


class HasPlace(Protocol):
    """A place, or a reason with one; `file` is "" where there is none."""

    @property
    def file(self) -> str: ...
    @property
    def line(self) -> int: ...


@register.inclusion_tag("parts/sources.html", takes_context=True)
def sources(context: dict[str, Any], at: HasPlace) -> dict[str, Any]:
    """Show where the source of a line opens, on the page of that line."""
    found = source_urls(context["loaded"], at.file, at.line) if at.file and at.line else []
    return {"text": f"{at.file}:{at.line}", "sources": found}


@register.inclusion_tag("parts/place.html", takes_context=True)
def place(
    context: dict[str, Any], at: HasPlace | None, kernel: LoadedKernel | None = None
) -> dict[str, Any]:
    """Show a line of a kernel, by default of the kernel that the page is about; "" for none."""
    if at is None or not at.file:
        return {"text": ""}
    loaded: LoadedKernel = kernel or context["loaded"]
    return {
        "text": f"{at.file}:{at.line}",
        "url": place_url(loaded, at.file, at.line),
        "sources": source_urls(loaded, at.file, at.line),
    }
