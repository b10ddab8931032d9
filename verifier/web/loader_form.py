"""The form for what the loader of an object does, beside an upload and on an object's page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import AnonymousUser

from verifier.engine.judging.choice_text import parse_plain_choices
from verifier.engine.judging.choices import ChoiceError, LoaderChoices
from verifier.records.loader_targets import resolve_targets
from verifier.spaces.access import Reader

_ROWS, _MOST = 2, 20_000


def _lines(label: str, hint: str, example: str) -> forms.CharField:
    widget = forms.Textarea({"rows": _ROWS, "placeholder": example, "spellcheck": "false"})
    return forms.CharField(
        label=label,
        help_text=hint,
        widget=widget,
        required=False,
        max_length=_MOST,
    )


class LoaderForm(forms.Form):
    """One choice a line; the fields are the options of `manage.py verify`."""

    set = _lines("Variables it sets", "NAME=VALUE, of .rodata", "debug=1")
    cleared = _lines(
        "Members it clears where the kernel lacks them",
        "MEMBER or MAP.MEMBER, as SCX_OPS_OPEN() clears some",
        "sub_attach",
    )
    type = _lines("Program types it sets", "SECTION=TYPE, a SEC() name", "loadbalancer=xdp")
    target = _lines(
        "What it attaches programs to",
        "PROGRAM=FUNCTION; for freplace PROGRAM=OBJECT:PROGRAM of an upload, or PROGRAM=prog:TYPE",
        "new_parser=prog:xdp",
    )

    def __init__(self, *args: Any, reader: Reader | None = None, **kwargs: Any) -> None:
        """Make the form; `reader` names uploads that they may see."""
        super().__init__(*args, **kwargs)
        self._reader = reader or AnonymousUser()

    def clean(self) -> dict[str, object]:
        """Read the lines."""
        cleaned: dict[str, object] = super().clean() or {}
        texts = {
            name: [line for line in str(said).splitlines() if line.strip()]
            for name, said in cleaned.items()
        }
        try:
            self.choices = resolve_targets(parse_plain_choices(texts), self._reader)
        except ChoiceError as error:
            self.add_error(None, f"{error}.")
        return cleaned

    choices: LoaderChoices

    @classmethod
    def showing(cls, said: Mapping[str, list[str]]) -> LoaderForm:
        """Return the form with what was said before."""
        return cls(initial={name: "\n".join(texts) for name, texts in said.items()})
