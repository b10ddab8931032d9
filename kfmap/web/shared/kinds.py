"""Which functions a page is about: kfuncs, helpers, or both, as `?kind=` says."""

from __future__ import annotations

from django.http import Http404, HttpRequest

from kfmap.catalogue.matrix_rows import RowKind, explain_unknown
from kfmap.catalogue.store import LoadedKernel
from kfmap.web.shared.asked import read_choice

KIND_NAMES = {
    RowKind.KFUNC: "kfuncs",
    RowKind.HELPER: "helpers",
    RowKind.ALL: "kfuncs and helpers",
}


def read_kind(request: HttpRequest, usual: RowKind = RowKind.KFUNC) -> RowKind:
    """Return the kind that an address asks for. Raises ValueNotFound for one that there is not."""
    return RowKind(read_choice(request, "kind", list(RowKind), usual))


def check_known(kind: RowKind, *kernels: LoadedKernel) -> None:
    """Refuse to export what is not known of a kernel. Raises Http404."""
    if why := explain_unknown(kind, *kernels):
        raise Http404(why)
