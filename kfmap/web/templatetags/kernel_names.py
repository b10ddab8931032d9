"""`{{ names|kernel_list }}`: names of kernels with commas; a line breaks between them alone."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.filter
def kernel_list(names: Iterable[str]) -> SafeString:
    """Return the names for a page: 7.3-rt is not broken at its hyphen."""
    return format_html_join(", ", '<span class="whole">{}</span>', ((name,) for name in names))
