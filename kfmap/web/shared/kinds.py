"""Which functions a page is about: kfuncs, helpers, or both, as `?kind=` says."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from kfmap.catalogue.matrix_rows import RowKind, explain_unknown
from kfmap.catalogue.store import LoadedKernel

KIND_NAMES = {
    RowKind.KFUNC: "kfuncs",
    RowKind.HELPER: "helpers",
    RowKind.ALL: "kfuncs and helpers",
}


def read_kind(request: HttpRequest, usual: RowKind = RowKind.KFUNC) -> RowKind:
    """Return the kind that an address asks for. Raises Http404 for one that there is not."""
    try:
        return RowKind(request.GET.get("kind") or usual)
    except ValueError as error:
        raise Http404(f"There is no such kind; there are {', '.join(RowKind)}.") from error


def check_known(kind: RowKind, *kernels: LoadedKernel) -> None:
    """Refuse to export what is not known of a kernel. Raises Http404."""
    if why := explain_unknown(kind, *kernels):
        raise Http404(why)
