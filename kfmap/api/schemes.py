"""How OpenAPI describes the ways to sign in; loaded when Django is ready."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from kfmap.api.authentication import PasswordAuthentication, TokenAuthentication


class TokenScheme(OpenApiAuthenticationExtension):
    """How OpenAPI describes tokens."""

    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "bearer", "description": "a token of /accounts/tokens/"}


class PasswordScheme(OpenApiAuthenticationExtension):
    """How OpenAPI describes names and passwords."""

    target_class = PasswordAuthentication
    name = "password"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the scheme."""
        return {"type": "http", "scheme": "basic"}
