"""How long the same thing, said once more, counts as said once: a double click, a lost answer."""

from __future__ import annotations

from datetime import timedelta

SAME_MOMENT = timedelta(seconds=30)
