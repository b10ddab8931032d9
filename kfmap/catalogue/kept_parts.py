"""Types and functions of kernels, as rows. Those of bundled kernels come when they are asked for.

To unpack the types and functions of all bundled kernels is most of a first start, and few pages
need any: `up` keeps them soon after it has started, or whoever needs them first does. Until then
the bundle has them, and nobody sees a difference.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging

from django.db import DatabaseError, transaction

from kfmap.catalogue.bundled_files import Part
from kfmap.catalogue.bundled_kernels import BundledKernel, find_bundled
from kfmap.catalogue.damage import DamagedBundleError
from kfmap.catalogue.models import Kernel, KernelFunctions, KernelTypes
from kfmap.catalogue.packing import QUICK_LEVEL, pack

log = logging.getLogger(__name__)


def keep_types(kernel: Kernel, types: bytes | None) -> bool:
    """Keep raw BTF where there is none yet; return whether something was kept."""
    if types is None or KernelTypes.objects.filter(kernel=kernel).exists():
        return False
    _keep_types(kernel, types, pack(types, QUICK_LEVEL))
    return True


def keep_functions(kernel: Kernel, functions: bytes | None) -> bool:
    """Keep packed names of functions where there are none yet; return as `keep_types` does."""
    if functions is None or KernelFunctions.objects.filter(kernel=kernel).exists():
        return False
    KernelFunctions.objects.create(kernel=kernel, data=functions)
    return True


def load_packed_types(name: str, facts_hash: str) -> bytes | None:
    """Return the types of a kernel as rows pack them, None where none came with it.

    Raises DamagedBundleError: a check without types would be another one.
    """
    kept = _find_kept(KernelTypes, name, facts_hash)
    if kept is not None:
        return kept
    kernel = _find(name, facts_hash)
    bundled = _bundled_with(Part.TYPES, kernel)
    types = bundled.read_types() if bundled else None
    if kernel is None or types is None:
        return None
    packed = pack(types, QUICK_LEVEL)
    with contextlib.suppress(DatabaseError), transaction.atomic():  # perhaps somebody else does
        _keep_types(kernel, types, packed)
    return packed


def load_functions(name: str, facts_hash: str) -> bytes | None:
    """Return the packed names of functions of a kernel, None where none came with it.

    Raises DamagedBundleError, as `load_packed_types` does.
    """
    kept = _find_kept(KernelFunctions, name, facts_hash)
    if kept is not None:
        return kept
    kernel = _find(name, facts_hash)
    bundled = _bundled_with(Part.FUNCTIONS, kernel)
    functions = bundled.read_functions() if bundled else None
    if kernel is not None and functions is not None:
        with contextlib.suppress(DatabaseError), transaction.atomic():
            keep_functions(kernel, functions)
    return functions


def _find_kept(
    model: type[KernelTypes] | type[KernelFunctions], name: str, facts_hash: str
) -> bytes | None:
    rows = model._default_manager.filter(kernel__name=name, kernel__facts_hash=facts_hash)
    kept = rows.values_list("data", flat=True).first()
    return None if kept is None else bytes(kept)


def keep_bundled_parts() -> None:
    """Keep what all bundled kernels of the map have not kept yet, the newest first."""
    _keep_all(Part.FUNCTIONS)
    _keep_all(Part.TYPES)


def _keep_all(part: Part) -> None:
    for kernel in Kernel.objects.newest_first().filter(**{f"{part}__isnull": True}):
        try:
            bundled = _bundled_with(part, kernel)
            if bundled and part is Part.TYPES:
                keep_types(kernel, bundled.read_types())
            elif bundled:
                keep_functions(kernel, bundled.read_functions())
        except DamagedBundleError as error:
            log.error("%s", error)


def _keep_types(kernel: Kernel, types: bytes, packed: bytes) -> None:
    digest = hashlib.sha256(types).hexdigest()
    KernelTypes.objects.create(kernel=kernel, data=packed, sha256=digest)


def _find(name: str, facts_hash: str) -> Kernel | None:
    return Kernel.objects.filter(name=name, facts_hash=facts_hash).defer("facts").first()


def _bundled_with(part: Part, kernel: Kernel | None) -> BundledKernel | None:
    """Return the bundle that a kernel was loaded from where it has a part, None for any other.

    Raises DamagedBundleError where it is another bundle by now.
    """
    if kernel is None or kernel.source != Kernel.Source.BUNDLED:
        return None
    bundled = next((item for item in find_bundled() if item.name == kernel.name), None)
    if bundled is None or not bundled.has(part):
        return None
    if bundled.digest() != kernel.source_digest:
        raise DamagedBundleError(
            f"The files of kernel {kernel.name} that came with kfmap are not those it was loaded "
            "from: run `kfmap load_kernels`."
        )
    return bundled
