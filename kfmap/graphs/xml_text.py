"""Text that XML can carry: names come from uploaded files."""

from __future__ import annotations

from xml.sax.saxutils import escape, quoteattr


def clean_text(text: str) -> str:
    """Replace characters that XML does not allow, or that nobody can see."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def xml_text(text: str) -> str:
    """Return text as the content of an element."""
    return escape(clean_text(text))


def xml_attribute(text: str) -> str:
    """Return text as an attribute's value, with its quotes."""
    return quoteattr(clean_text(text))
