"""One SHA-256 for all that was sent in an upload, to know the same upload again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from django.core.files.uploadedfile import UploadedFile


def hash_upload(files: Iterable[UploadedFile[bytes]], said: Mapping[str, Iterable[str]]) -> str:
    """Return the SHA-256 of names, bytes and options, each with its length before it."""
    digest = hashlib.sha256()
    for file in files:
        inner = hashlib.sha256()
        for chunk in file.chunks():
            inner.update(chunk)
        file.seek(0)
        _add(digest, file.name or "")
        _add(digest, inner.hexdigest())
    for option, texts in sorted(said.items()):
        for text in texts:
            _add(digest, f"{option}={text}")
    return digest.hexdigest()


def _add(digest: hashlib._Hash, text: str) -> None:
    data = text.encode(errors="surrogatepass")
    digest.update(b"%d:" % len(data) + data)
