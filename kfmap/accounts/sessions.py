"""Sessions where Django keeps them, found by SQL that is put together once.

Each request of somebody who signed in asks for a session and its account. The ORM takes five times
as long to put such a question together as the database takes to answer it, and nothing of it ever
changes but the key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

_SESSION = (
    f"SELECT session_data FROM {Session._meta.db_table}"  # noqa: S608 - names only
    " WHERE session_key = %s AND expire_date > %s"
)
_ACCOUNT = f"SELECT * FROM {User._meta.db_table} WHERE id = %s"  # noqa: S608 - names only
_DJANGOS = f"{ModelBackend.__module__}.{ModelBackend.__qualname__}"
ACCOUNTS = f"{__name__}.AccountBackend"


class AccountBackend(ModelBackend):
    """Accounts with a password."""

    def get_user(self, user_id: int) -> User | None:
        """Return the account as it is now, None where it may not sign in."""
        user = next(iter(User.objects.raw(_ACCOUNT, [user_id])), None)
        return user if self.user_can_authenticate(user) else None


class SessionStore(db.SessionStore):
    """A session in the database.

    Kept sessions name Django's own backend, so that those of before, and processes of an older
    kfmap beside this one, go on with them.
    """

    def __init__(self, session_key: str | None = None) -> None:
        """Take no key that cannot be one: a cookie can have a NUL in it, PostgreSQL takes none."""
        super().__init__(session_key if session_key and session_key.isalnum() else None)

    @classmethod
    def get_model_class(cls) -> type[Session]:
        """Return whose rows they are."""
        return Session

    def load(self) -> dict[str, Any]:
        """Return what is kept under the key; a key that is unknown, or over, is not used again."""
        now = connection.ops.adapt_datetimefield_value(timezone.now())
        with connection.cursor() as cursor:
            cursor.execute(_SESSION, [self.session_key, now])
            found = cursor.fetchone()
        if found is None:
            self._session_key = None
            return {}
        return self.decode(found[0])

    def encode(self, session_dict: Mapping[str, Any]) -> str:
        """Return it as it is kept."""
        return super().encode(_rename_backend(session_dict, ACCOUNTS, _DJANGOS))

    def decode(self, session_data: bytes | str) -> dict[str, Any]:
        """Return what was kept."""
        return _rename_backend(super().decode(session_data), _DJANGOS, ACCOUNTS)


def _rename_backend(session: Mapping[str, Any], old: str, new: str) -> dict[str, Any]:
    renamed = {BACKEND_SESSION_KEY: new} if session.get(BACKEND_SESSION_KEY) == old else {}
    return {**session, **renamed}
