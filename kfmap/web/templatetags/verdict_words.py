"""The words of verdicts in templates: `{{ word|verdict_title }}`, `{{ letter|letter_word }}`."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from kfmap.web.shared.cells import TITLES, WORDS

register = template.Library()


@register.filter
def verdict_title(word: str) -> str:
    """Return what people read for a verdict."""
    return TITLES.get(word, word)


@register.simple_tag
@lru_cache(maxsize=64)
def verdict(word: str) -> SafeString:
    """Return a verdict as pages show it: lists of a hundred have the same ones."""
    return render_to_string("parts/verdict.html", {"word": word})


@register.filter
def letter_word(letter: str) -> str:
    """Return the verdict that a letter stands for."""
    return WORDS[letter]
