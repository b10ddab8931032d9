"""The words of verdicts in templates: `{{ word|verdict_title }}`, `{{ letter|letter_word }}`."""

from __future__ import annotations

from django import template

from kfmap.web.shared.cells import TITLES, WORDS

register = template.Library()


@register.filter
def verdict_title(word: str) -> str:
    """Return what people read for a verdict."""
    return TITLES.get(word, word)


@register.filter
def letter_word(letter: str) -> str:
    """Return the verdict that a letter stands for."""
    return WORDS[letter]
