"""What the commands on the map share: a kernel by name, or one clear sentence."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError

from kfmap.catalogue.store import LoadedKernel, NoSuchKernelError, load_kernel

_NO_MAP = f"There is no map yet: run `{settings.KFMAP_COMMAND} load_kernels`."


def kernel_with_rules_or_error(name: str) -> LoadedKernel:
    """Return a kernel that was read. Raises CommandError for one that was only asked, too."""
    kernel = kernel_or_error(name)
    if kernel.facts.is_observed:
        raise CommandError(
            f"The rules of {name} are not known: it was booted and asked, and its source is not in "
            "the map.",
            returncode=2,
        )
    return kernel


def kernel_or_error(name: str) -> LoadedKernel:
    """Return the kernel. Raises CommandError naming the kernels there are."""
    try:
        return load_kernel(name)
    except NoSuchKernelError as error:
        raise CommandError(str(error), returncode=2) from error
    except (OperationalError, ProgrammingError) as error:
        raise CommandError(_NO_MAP, returncode=2) from error
