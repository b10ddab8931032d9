"""What an address asks for with its parameters: a value that one cannot have is not passed over.

Parameters of other names are no concern of a page. Numbers of pages lead to the nearest there is.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from kfmap.catalogue.kernel_names import find_by_any_name
from kfmap.catalogue.models import Kernel
from kfmap.web.shared.kernel_map import KernelMap
from kfmap.web.shared.not_found import ValueNotFound

_ON = "1"


def read_choice(
    request: HttpRequest, parameter: str, known: Iterable[str], usual: str = "", *, kind: str = ""
) -> str:
    """Return the value of a parameter, the usual one where it has none.

    `kind` is what the values are, the parameter's name if not said. Raises ValueNotFound, with the
    values that come near.
    """
    value = request.GET.get(parameter, "").strip()
    names = list(known)
    if value and value not in names:
        raise ValueNotFound(request, parameter, kind or parameter, names)
    return value or usual


def read_switch(request: HttpRequest, parameter: str) -> bool:
    """Return whether a parameter is there: as `=1`, or alone. Raises ValueNotFound for others."""
    read_choice(request, parameter, [_ON], kind="value")
    return parameter in request.GET


def read_kernel(
    request: HttpRequest, kernels: KernelMap, parameter: str = "kernel"
) -> Kernel | None:
    """Return the kernel that a parameter names by any of its names; None where it names none.

    Raises ValueNotFound, with the names that come near.
    """
    name = request.GET.get(parameter, "").strip()
    found = find_by_any_name(kernels.rows, name) if name else None
    if name and found is None:
        raise ValueNotFound(request, parameter, "kernel", kernels.names[::-1])
    return found
