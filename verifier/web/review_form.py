"""The form under an object's verdicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms

from verifier.records.models import Review
from verifier.records.models.review import MAX_TEXT

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Review]
else:
    ModelForm = forms.ModelForm

_CHOICES = (
    (Review.Decision.SIGNED_OFF, "Sign off"),
    (Review.Decision.CHANGES, "Ask for changes"),
    (Review.Decision.REMARK, "Remark"),
)


class ReviewForm(ModelForm):
    """A decision, with words where it needs them."""

    decision = forms.ChoiceField(
        label="What do you do?", choices=_CHOICES, widget=forms.RadioSelect, label_suffix=""
    )
    text = forms.CharField(
        label="In words",
        widget=forms.Textarea({"rows": 4}),
        max_length=MAX_TEXT,
        required=False,
        label_suffix="",
    )

    class Meta:
        model = Review
        fields = ("decision", "text")

    def clean(self) -> dict[str, object]:
        """Ask for words where the decision alone says nothing."""
        cleaned: dict[str, object] = super().clean() or {}
        wordless = not str(cleaned.get("text", "")).strip()
        if wordless and cleaned.get("decision") not in (None, Review.Decision.SIGNED_OFF):
            self.add_error("text", "Say what should change, or what you remark.")
        return cleaned
