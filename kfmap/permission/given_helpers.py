"""Which helpers programs get, decided once for all programs that are alike in what is asked."""

from __future__ import annotations

from collections.abc import Hashable

from kfmap.permission.bpf_helpers import HelperAnswer, HelperDecider
from kfmap.permission.context import Context
from kfmap.permission.view import ViewBuilder

_MOST_KEPT = 1_000
_Alike = tuple[Hashable, str | None]  # what answers depend on


class GivenHelpers:
    """Which helpers programs of one kind get, each decided once."""

    def __init__(self, decider: HelperDecider, context: Context) -> None:
        self._decider = decider
        self._context = context
        self._known: dict[str, HelperAnswer] = {}

    def answer(self, helper: str) -> HelperAnswer:
        """Return whether these programs get a helper, by its name with `bpf_` or without.

        Sleeping and the capabilities that it needs are left aside.
        """
        found = self._known.get(helper)
        if found is None:
            name = helper.removeprefix("bpf_")
            found = self._known[helper] = self._decider.decide_plainly(self._context, name)
        return found


class HelpersByContext:
    """The helpers of one kernel as the contexts of programs get them."""

    def __init__(self, decider: HelperDecider, views: ViewBuilder) -> None:
        self._decider = decider
        self._views = views
        self._known: dict[_Alike, GivenHelpers] = {}

    def of(self, context: Context) -> GivenHelpers:
        """Return the answers for a context; those that are alike in what is asked share them."""
        kind = self._decider.find_kind(self._views.build_view(context), context.sleepable)
        alike = kind, context.replaces
        known = self._known.get(alike)
        if known is None:
            if len(self._known) >= _MOST_KEPT:  # objects may name any number of struct_ops types
                self._known.clear()
            known = self._known[alike] = GivenHelpers(self._decider, context)
        return known
