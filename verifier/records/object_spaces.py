"""The spaces that have an object, and what its reader may do in each, in one query."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, Q, Value

from verifier.records.models import BpfObject
from verifier.records.uploads import spaces_by_upload
from verifier.spaces.access import Reader, spaces_where
from verifier.spaces.models import Space
from verifier.spaces.models.space import SpaceQuerySet
from verifier.spaces.prepared import ROW, Prepared
from verifier.spaces.roles import Action

_OF_MEMBERS = (Action.COMMENT, Action.SUBMIT, Action.REVIEW)


@dataclass(frozen=True, slots=True)
class ObjectSpaces:
    """The spaces in which a reader sees an object, the one where it was uploaded first at the head.

    `allowed` has for each action that a page offers whether the reader may do it with the object,
    as `BpfObjectQuerySet.where` says; `by_action` has the spaces where.
    """

    spaces: tuple[Space, ...]
    by_action: dict[Action, tuple[Space, ...]]
    allowed: frozenset[Action]

    @property
    def of_review(self) -> Space | None:
        """Return the space in which the reader speaks of the object: where they may do most.

        What is shown, decided and asked for is all of this one, whichever others have the bytes.
        """
        for action in reversed(_OF_MEMBERS):
            if self.by_action[action]:
                return self.by_action[action][0]
        return self.first

    @property
    def first(self) -> Space | None:
        """Return the space that the page speaks of, None where the reader's was just deleted."""
        return self.spaces[0] if self.spaces else None


def load_object_spaces(obj: BpfObject, reader: Reader, only: Space | None = None) -> ObjectSpaces:
    """Return the spaces of an object that the reader may see; `only` this one, where it is given.

    The conditions are those that a list of objects asks, put into one query.
    """
    spaces = tuple(space for space in _SPACES.rows(reader, row=obj.pk) if only in (None, space))
    by_action = {
        action: tuple(space for space in spaces if getattr(space, f"may_{action}"))
        for action in _OF_MEMBERS
    }
    allowed = frozenset(action for action in _OF_MEMBERS if by_action[action])
    return ObjectSpaces(spaces, by_action, allowed)


def _find_spaces(reader: Reader) -> SpaceQuerySet:
    rows = spaces_by_upload(BpfObject(pk=ROW), reader, Action.SEE)
    for action in _OF_MEMBERS:
        rows = rows.annotate(**{f"may_{action}": _as_column(reader, action)})
    return rows


_SPACES = Prepared(lambda reader, _: _find_spaces(reader))


def _as_column(reader: Reader, action: Action) -> ExpressionWrapper[Q] | Value:
    condition = spaces_where(reader, action)
    if not condition:  # whoever administers this kfmap may do everything
        return Value(True)
    return ExpressionWrapper(condition, output_field=BooleanField())
