"""The form for what uploaded files were made of: a commit, its branch, a link."""

from __future__ import annotations

from typing import Any

from django import forms

from verifier.engine.origin import MOST, UNKNOWN_ORIGIN, OriginError, read_origin


def _text(name: str, label: str, hint: str, example: str) -> forms.CharField:
    widget = forms.TextInput({"placeholder": example, "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(
        label=label,
        help_text=hint,
        widget=widget,
        required=False,
        max_length=MOST[name],
    )


class OriginForm(forms.Form):
    """What tells this version from others."""

    commit = _text("commit", "Commit", "that it was built from", "4f2a9c1")
    branch = _text("branch", "Branch", "of that commit", "main")
    link = _text("link", "Link", "to the commit, a merge request or a CI run", "https://")

    origin = UNKNOWN_ORIGIN

    def clean(self) -> dict[str, Any]:
        """Read the three together."""
        cleaned: dict[str, Any] = super().clean() or {}
        try:
            self.origin = read_origin({name: cleaned.get(name, "") for name in self.fields})
        except OriginError as error:
            self.add_error(error.field, str(error))
        return cleaned
