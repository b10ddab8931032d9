"""What a check process asks for: the parts of a kernel, and the names that the map knows."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Container
from typing import Any

from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.kept_parts import load_functions, load_packed_types
from kfmap.catalogue.models import Kernel, Kfunc, StructOpsType
from kfmap.kernel.facts import VMLINUX
from verifier.jobs.checker import CheckFailedError
from verifier.jobs.files import MissingBytesError, read_chunks

log = logging.getLogger(__name__)
_DAMAGED = "its files came with kfmap and are damaged: an administrator has to install kfmap again"


class KernelGoneError(LookupError):
    """The kernel was taken out of the map while an object was checked on it."""


def identify_map() -> str:
    """Return a text that changes with the kernels of the map and with what is known of one."""
    rows = Kernel.objects.order_by("facts_hash").values_list(
        "facts_hash", "updated_at", "types__pk", "functions__pk"
    )
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def supply(need: dict[str, Any], objects: Container[str] = ()) -> dict[str, bytes]:
    """Return the parts that were asked for, as the rows pack them; b"" is one that there is not.

    `objects`: the SHA-256 of those that may be asked for, of which nothing else is handed out: who
    asks has read hostile bytes.
    Raises KernelGoneError, and CheckFailedError where a part is there but cannot be read.
    """
    if need["need"] == "names":
        return {"names": _known_names()}
    if need["need"] == "object":
        return {"object": _bytes_of(need["sha256"], objects)}
    return _parts_of_kernel(need["facts_hash"])


def _parts_of_kernel(facts_hash: str) -> dict[str, bytes]:
    kernel = Kernel.objects.filter(facts_hash=facts_hash).first()
    if kernel is None:
        raise KernelGoneError(facts_hash)
    try:
        types = load_packed_types(kernel.name, facts_hash)
        functions = load_functions(kernel.name, facts_hash)
    except DamagedBundleError as error:
        log.error("%s", error)
        raise CheckFailedError(_DAMAGED) from error
    return {
        "facts": bytes(kernel.facts),
        "types": types or b"",
        "functions": functions or b"",
        "config": bytes(kernel.config),
    }


def _bytes_of(sha256: str, objects: Container[str]) -> bytes:
    try:
        return b"".join(read_chunks(sha256)) if sha256 in objects else b""
    except MissingBytesError:
        return b""


def _known_names() -> bytes:
    kfuncs: dict[str, set[str]] = {}
    for name, owner in Kfunc.objects.values_list("name", "owner"):
        kfuncs.setdefault(name, set()).add(owner)
    names = {
        "kfuncs": {name: sorted(owners - {VMLINUX}) for name, owners in kfuncs.items()},
        "struct_ops": sorted(set(StructOpsType.objects.values_list("name", flat=True))),
    }
    return json.dumps(names).encode()
