"""The signature of a delivery: whoever has the secret can tell that kfmap sent it, and when."""

from __future__ import annotations

import hashlib
import hmac

from django.utils.crypto import salted_hmac

HEADER = "Kfmap-Signature"
PREFIX = "kfw_"  # so that scanners for leaked secrets can tell what was leaked
_SALT = "kfmap.webhook"


def make_secret(nonce: str) -> str:
    """Return the secret of a webhook, made of its nonce and the key of this kfmap.

    It is nowhere in the database: whoever reads that, or a backup of it, can sign nothing.
    """
    return PREFIX + salted_hmac(_SALT, nonce, algorithm="sha256").hexdigest()


def prove(secret: str) -> str:
    """Return what is kept of a secret, to notice that the key of this kfmap is another."""
    return hashlib.sha256(secret.encode()).hexdigest()


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """Return the header: `t=` Unix seconds, `v1=` HMAC-SHA256 of them, a dot and the body."""
    signed = f"{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"
