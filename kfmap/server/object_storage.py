"""Where uploaded objects are kept: KFMAP_OBJECT_STORAGE, as Django's setting STORAGES has it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

FOLDER: dict[str, Any] = {"BACKEND": "verifier.jobs.object_folder.ObjectFolder"}
_KERNELS: dict[str, Any] = {"BACKEND": "kfmap.adding.kernel_folder.KernelFolder"}
_S3 = "storages.backends.s3.S3Storage"
_CONNECT_SECONDS, _READ_SECONDS = 3, 15


def read_object_storage(address: str, endpoint: str) -> dict[str, Any]:
    """Return the storage for "" (the data folder) or s3://BUCKET[/PREFIX].

    Keys are boto's own: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, or a role of
    the machine. `endpoint` is the address of a server that is not Amazon's.
    Raises ValueError for another address.
    """
    if not address:
        return FOLDER
    parts = urlsplit(address)
    if parts.scheme != "s3" or not parts.netloc or parts.query:
        raise ValueError
    options = {
        "bucket_name": parts.netloc,
        "location": parts.path.strip("/"),
        "endpoint_url": endpoint or None,
        "file_overwrite": True,
        "client_config": _client_config(own_server=bool(endpoint)),
    }
    return {"BACKEND": _S3, "OPTIONS": options}


def kernel_storage(objects: dict[str, Any]) -> dict[str, Any]:
    """Return where files that are given for kernels wait: beside the objects, apart from them."""
    if objects == FOLDER:
        return _KERNELS
    options = objects["OPTIONS"]
    place = "/".join(filter(None, (options["location"], "kernels")))
    return {**objects, "OPTIONS": {**options, "location": place}}


def _client_config(own_server: bool) -> object:
    """Return limits under which a request is answered in time when the server is away."""
    try:
        from botocore.config import Config  # an optional dependency
    except ImportError:  # kfmap.server.checks says what to install
        return None
    return Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path" if own_server else "auto"},
        signature_version="s3v4",
    )
