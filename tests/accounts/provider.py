"""A small OpenID Connect provider on this machine: code flow with PKCE, signed tokens, userinfo."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "kfmap", "s3cret"
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Provider:
    """Who is signed in there (`claims`), what its tokens say wrongly, and what it was asked."""

    address: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    wrong: dict[str, Any] = field(default_factory=dict)
    denies: bool = False
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)

    def answer(self, path: str, asked: dict[str, str], headers: Any) -> tuple[int, dict[str, Any]]:
        """Return status and document of a request; a document with `to` is a redirect."""
        if path == "/.well-known/openid-configuration":
            ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            found = {f"{name}_endpoint": f"{self.address}/{end}" for name, end in ends.items()}
            return 200, {"issuer": self.address, "jwks_uri": f"{self.address}/keys", **found}
        if path == "/keys":
            key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(KEY.public_key()))
            return 200, {"keys": [{**key, "kid": "1", "use": "sig", "alg": "RS256"}]}
        if path == "/authorize":
            return self._authorize(asked)
        if path == "/token":
            return self._give_tokens(asked)
        if path == "/userinfo":
            known = headers.get("Authorization", "").removeprefix("Bearer ") in self.tokens
            return (200, self.claims) if known else (401, {})
        return 404, {}

    def _authorize(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        assert (asked["client_id"], asked["response_type"]) == (CLIENT, "code")
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        answer = {"error": "access_denied"}
        if not self.denies:
            answer = {"code": secrets.token_urlsafe(8)}
            self.codes[answer["code"]] = asked
        return 302, {
            "to": f"{asked['redirect_uri']}?{urlencode({**answer, 'state': asked['state']})}"
        }

    def _give_tokens(self, asked: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """Refuse a code that was used, and one that somebody else asked for."""
        began = self.codes.pop(asked.get("code", ""), None)
        digest = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        fits = began is not None and (
            asked["client_id"],
            asked["client_secret"],
            asked["redirect_uri"],
            challenge,
        ) == (CLIENT, SECRET, began["redirect_uri"], began["code_challenge"])
        if not fits:
            return 400, {"error": "invalid_grant"}
        token = secrets.token_urlsafe(8)
        self.tokens.add(token)
        now = int(time.time())
        said = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 60, **self.claims}
        signed = jwt.encode({**said, **self.wrong}, KEY, "RS256", {"kid": "1"})
        return 200, {"access_token": token, "token_type": "Bearer", "id_token": signed}


@contextmanager
def providing() -> Iterator[Provider]:
    """Serve on a free port for a while."""
    provider = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(urlsplit(self.path).query)

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def _answer(self, form: str) -> None:
            asked = {name: values[0] for name, values in parse_qs(form).items()}
            status, said = provider.answer(urlsplit(self.path).path, asked, self.headers)
            self.send_response(status)
            if "to" in said:
                self.send_header("Location", said["to"])
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
