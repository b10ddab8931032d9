"""The words of access: roles, what may be done, and who sees a space."""

from __future__ import annotations

from enum import StrEnum

from django.db import models


class Role(models.TextChoices):
    """What a member may do; each role may do what those before it may."""

    READER = "reader", "reader"
    SUBMITTER = "submitter", "submitter"
    REVIEWER = "reviewer", "reviewer"
    MAINTAINER = "maintainer", "maintainer"

    def at_least(self) -> list[Role]:
        """Return this role and those that may do more."""
        roles = list(Role)
        return roles[roles.index(self) :]


class Visibility(models.TextChoices):
    """Who sees what a space holds without being a member."""

    PRIVATE = "private", "members only"
    ACCOUNTS = "accounts", "everybody who has an account here"
    PUBLIC = "public", "everybody, without signing in"


class Action(StrEnum):
    """What somebody may do in a space."""

    SEE = "see"
    COMMENT = "comment"
    SUBMIT = "submit"
    REVIEW = "review"
    MANAGE = "manage"


ROLE_FOR = {
    Action.SEE: Role.READER,
    Action.COMMENT: Role.READER,
    Action.SUBMIT: Role.SUBMITTER,
    Action.REVIEW: Role.REVIEWER,
    Action.MANAGE: Role.MAINTAINER,
}
