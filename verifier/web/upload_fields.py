"""What an upload may say beside its files: what their loader does, and which version it is."""

from __future__ import annotations

from functools import cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from verifier.web.loader_form import LoaderForm
from verifier.web.origin_form import OriginForm


def render_fields(loader_form: LoaderForm, origin_form: OriginForm) -> SafeString:
    """Return the fields of both forms; those that nobody has filled in are made once."""
    if loader_form.is_bound or origin_form.is_bound:
        return _render(loader_form, origin_form)
    return _render_empty()


@cache
def _render_empty() -> SafeString:
    return _render(LoaderForm(), OriginForm())


def _render(loader_form: LoaderForm, origin_form: OriginForm) -> SafeString:
    forms = {"loader_form": loader_form, "origin_form": origin_form}
    return render_to_string("verifier/upload_fields.html", forms)
