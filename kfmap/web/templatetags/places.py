"""`{% place reason %}`: a line of the kernel, kfmap's page of it, and where its source opens."""

from __future__ import annotations

from typing import Any, Protocol

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.catalogue.recent import Recent
from kfmap.catalogue.store import LoadedKernel
from kfmap.web.shared.links import place_url, source_urls

register = template.Library()
_SHOWN: Recent[tuple[str, str, str, int], SafeString] = Recent(4096)  # a page has a hundred


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


@register.simple_tag(takes_context=True)
def place(
    context: dict[str, Any], at: HasPlace | None, kernel: LoadedKernel | None = None
) -> SafeString:
    """Show a line of a kernel, by default of the kernel that the page is about; "" for none."""
    if at is None or not at.file:
        return SafeString("")
    loaded: LoadedKernel = kernel or context["loaded"]
    key = loaded.name, loaded.facts_hash, at.file, at.line
    return _SHOWN.recall(key, lambda: _show(loaded, at.file, at.line))


def _show(kernel: LoadedKernel, file: str, line: int) -> SafeString:
    names = {
        "text": f"{file}:{line}",
        "url": place_url(kernel, file, line),
        "sources": source_urls(kernel, file, line),
    }
    return render_to_string("parts/place.html", names)
