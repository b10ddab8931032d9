"""Numbers in templates: `{{ cells|grouped }}` gives 1,350, as reports and commands write it."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def grouped(number: int | str | None) -> str:
    """Return a count with its thousands apart; what is no number, such as "", as it stands."""
    return f"{number:,}" if isinstance(number, int) else str("" if number is None else number)
