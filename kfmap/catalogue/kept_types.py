"""The types of kernels, as rows. Those of bundled kernels come when they are asked for.

To unpack the types of all bundled kernels is nearly half of a first start, and most pages need
none: `up` keeps them soon after it has started, or whoever needs them first does. Until then the
bundle has them, and nobody sees a difference.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging

from django.db import DatabaseError, transaction

from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import find_bundled
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.models import Kernel, KernelTypes
from kfmap.catalogue.packing import QUICK_LEVEL, pack

log = logging.getLogger(__name__)


def keep_types(kernel: Kernel, types: bytes | None) -> bool:
    """Keep raw BTF where there is none yet; return whether something was kept."""
    if types is None or KernelTypes.objects.filter(kernel=kernel).exists():
        return False
    _keep(kernel, types, pack(types, QUICK_LEVEL))
    return True


def _keep(kernel: Kernel, types: bytes, packed: bytes) -> None:
    digest = hashlib.sha256(types).hexdigest()
    KernelTypes.objects.create(kernel=kernel, data=packed, sha256=digest)


def load_packed_types(name: str, facts_hash: str) -> bytes | None:
    """Return the types of a kernel as rows pack them, None where none came with it.

    Raises DamagedBundleError: a check without types would be another one.
    """
    rows = KernelTypes.objects.filter(kernel__name=name, kernel__facts_hash=facts_hash)
    packed = rows.values_list("data", flat=True).first()
    if packed is not None:
        return bytes(packed)
    kernel = Kernel.objects.filter(name=name, facts_hash=facts_hash).defer("facts").first()
    types = None if kernel is None else _read_bundled(kernel)
    if kernel is None or types is None:
        return None
    packed = pack(types, QUICK_LEVEL)
    with contextlib.suppress(DatabaseError), transaction.atomic():  # perhaps somebody else does
        _keep(kernel, types, packed)
    return packed


def keep_bundled_types() -> None:
    """Keep the types of all bundled kernels of the map that have none yet, the newest first."""
    for kernel in Kernel.objects.newest_first().filter(types__isnull=True):
        try:
            types = _read_bundled(kernel)
        except DamagedBundleError as error:
            log.error("%s", error)
            continue
        with transaction.atomic():
            keep_types(kernel, types)


def _read_bundled(kernel: Kernel) -> bytes | None:
    """Return what the bundle that a kernel was loaded from has, None for any other kernel.

    Raises DamagedBundleError.
    """
    if kernel.source != Kernel.Source.BUNDLED:
        return None
    bundled = next((item for item in find_bundled() if item.name == kernel.name), None)
    if bundled is None or not bundled.has(Part.TYPES):
        return None
    if bundled.digest() != kernel.source_digest:
        raise DamagedBundleError(
            f"The files of kernel {kernel.name} that came with kfmap are not those it was loaded "
            "from: run `kfmap load_kernels`."
        )
    return bundled.read_types()
