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
    (Review.Decision.CHANGES, "Request changes"),
    (Review.Decision.REMARK, "Remark"),
)


class ReviewForm(ModelForm):
    """A decision, with words where it needs them."""

    decision = forms.ChoiceField(
        label="Your decision", choices=_CHOICES, widget=forms.RadioSelect, label_suffix=""
    )
    text = forms.CharField(
        label="Comment",
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
            self.add_error("text", "Write what should change, or your remark.")
        return cleaned
