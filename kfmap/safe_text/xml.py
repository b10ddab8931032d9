"""Text as XML can carry it."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr

from kfmap.safe_text.printable import printable


def xml_text(text: str) -> str:
    """Return text as the content of an element."""
    return escape(printable(text))


def xml_attribute(text: str) -> str:
    """Return text as an attribute's value, with its quotes."""
    return quoteattr(printable(text))
