"""Read settings from the environment; a value that cannot be read is kept for the system checks."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

import environ
from django.core.exceptions import ImproperlyConfigured

from kfmap.server.object_storage import FOLDER, read_object_storage

Value = TypeVar("Value")
_MAIL_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Problem:
    """A variable of the environment whose value was not used."""

    variable: str
    expected: str


class Environment:
    """The environment, read with defaults: never raises, collects `problems`."""

    def __init__(self) -> None:
        self._env = environ.Env()
        self.problems: list[Problem] = []

    def text(self, variable: str, default: str = "") -> str:
        """Return a text."""
        value: str = self._env.str(variable, default)
        return value

    def names(self, variable: str, default: list[str]) -> list[str]:
        """Return a comma-separated list."""
        value: list[str] = self._env.list(variable, default=default)
        return value

    def addresses(
        self, variable: str, default: Mapping[str, str], fields: Collection[str]
    ) -> dict[str, str]:
        """Return templates of web addresses by name; each may use the `fields`, as in `{line}`."""
        expected = f"NAME=https://… with {', '.join(f'{{{name}}}' for name in fields)} in it"
        return self._read(
            variable, lambda name: self._addresses(name, fields), dict(default), expected
        )

    def networks(self, variable: str) -> list[str]:
        """Return addresses and networks."""
        return self._read(variable, self._networks, [], "addresses such as 10.0.0.1 or 10.0.0.0/8")

    def switch(self, variable: str) -> bool:
        """Return a switch that is off by default."""
        return self._read(variable, self._switch, False, "on or off")

    def one_of(self, variable: str, words: Collection[str], default: str) -> str:
        """Return one of the words."""
        expected = f"one of {', '.join(words)}"
        return self._read(
            variable, lambda name: _known_word(self.text(name), words), default, expected
        )

    def number(self, variable: str, default: int) -> int:
        """Return a whole number above 0."""
        return self._read(variable, self._number, default, "a whole number above 0")

    def database(self, variable: str, default: str) -> dict[str, Any]:
        """Return a database from its address."""
        fallback: dict[str, Any] = self._env.db_url_config(default)
        return self._read(
            variable,
            lambda name: _known_database(self._env.db(name, default=default)),
            fallback,
            "an address such as postgres://user:password@host/name or sqlite:////path",
        )

    def mail(self, variable: str) -> dict[str, Any]:
        """Return Django's settings of the server that mail goes through; without one, of none."""
        none = {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
        return self._read(variable, self._mail, none, "an address such as smtp://HOST:PORT")

    def sign_on(
        self, issuer: str, client: str, secret: str, name: str
    ) -> tuple[str, dict[str, Any]]:
        """Return the name of an OpenID Connect provider, "" for none, and allauth's settings of it.

        The two must be given together: a provider without a client is a problem.
        """
        address = self._read(issuer, self._web_address, "", "an address such as https://id.example")
        if not address:
            return "", {}
        if not self.text(client):
            self.problems.append(Problem(client, "what the provider calls this kfmap"))
            return "", {}
        shown = self.text(name, "single sign-on")
        app = {
            "provider_id": "sso",
            "name": shown,
            "client_id": self.text(client),
            "secret": self.text(secret),
            "settings": {"server_url": address},
        }
        return shown, {"openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}}

    def _web_address(self, variable: str) -> str:
        """Raise ValueError for what is none; plain HTTP is for this machine."""
        value = self.text(variable).rstrip("/")
        parts = urlsplit(value)
        local = parts.hostname in ("localhost", "127.0.0.1", "::1")
        if not parts.hostname or parts.scheme not in (("https", "http") if local else ("https",)):
            raise ValueError
        return value

    def object_storage(self, variable: str, endpoint: str) -> dict[str, Any]:
        """Return where objects are kept."""
        return self._read(
            variable,
            lambda name: read_object_storage(self.text(name), self.text(endpoint)),
            FOLDER,
            "s3://BUCKET or s3://BUCKET/PREFIX",
        )

    def _addresses(self, variable: str, fields: Collection[str]) -> dict[str, str]:
        """Raise ValueError or KeyError for what is no template of a web address."""
        found = {}
        for item in self.names(variable, []):
            name, _, address = (part.strip() for part in item.partition("="))
            example = address.format(**dict.fromkeys(fields, "1"))
            if not name or not example.startswith(("https://", "http://")):
                raise ValueError
            found[name] = address
        return found

    def _mail(self, variable: str) -> dict[str, Any]:
        """Raise ValueError or KeyError for what is no address of a mail server."""
        found: dict[str, Any] = self._env.email_url(variable)
        if not found.get("EMAIL_HOST"):
            raise ValueError
        return {**found, "EMAIL_TIMEOUT": _MAIL_SECONDS}

    def _networks(self, variable: str) -> list[str]:
        found = self.names(variable, [])
        for item in found:
            ipaddress.ip_network(item)
        return found

    def _switch(self, variable: str) -> bool:
        value = self.text(variable).lower()
        if value not in ("", "0", "1", "off", "on", "no", "yes", "false", "true"):
            raise ValueError
        return value in ("1", "on", "yes", "true")

    def _number(self, variable: str) -> int:
        value = int(self.text(variable))
        if value <= 0:
            raise ValueError
        return value

    def _read(
        self, variable: str, read: Callable[[str], Value], default: Value, expected: str
    ) -> Value:
        if not self.text(variable):
            return default
        try:
            return read(variable)
        except (ValueError, KeyError, IndexError, ImproperlyConfigured):
            self.problems.append(Problem(variable, expected))
            return default


def _known_database(database: dict[str, Any]) -> dict[str, Any]:
    if not database.get("ENGINE", "").endswith((".sqlite3", ".postgresql")):
        raise ValueError
    return database


def _known_word(word: str, words: Collection[str]) -> str:
    if word.lower() not in words:
        raise ValueError
    return word.lower()
