"""The space of an upload, as forms and the API name it: by its slug, "" for one's own."""

from __future__ import annotations

from django.contrib.auth.models import User

from verifier.spaces.access import Reader
from verifier.spaces.models import Space
from verifier.spaces.prepared import Prepared
from verifier.spaces.roles import Action

_CHOICES = Prepared(
    lambda reader, _: Space.objects.where(reader, Action.SUBMIT).staying().filter(owner=None)
)


class NoSuchSpaceError(LookupError):
    """There is no such space, or one may not submit to it: which of both is not told."""


def list_choices(user: Reader) -> list[Space]:
    """Return the spaces beside one's own that somebody may submit to, without others' own ones."""
    return _CHOICES.rows(user)


def find_chosen(user: User, slug: str) -> Space | None:
    """Return the space, None for one's own. Raises NoSuchSpaceError."""
    if not slug:
        return None
    space = Space.objects.where(user, Action.SUBMIT).staying().filter(slug=slug).first()
    if space is None:
        raise NoSuchSpaceError(f"There is no space “{slug}” that you may submit to.")
    return space
