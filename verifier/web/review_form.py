"""The forms of a review: a decision, a waiver, a reviewer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib.auth.models import User
from django.utils import timezone

from verifier.records.models import Review
from verifier.records.models.review import MAX_TEXT
from verifier.records.review_state import Standing, describe
from verifier.spaces.roles import Action

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Review]
else:
    ModelForm = forms.ModelForm

_CHOICES = (
    (Review.Decision.SIGNED_OFF, "Sign off"),
    (Review.Decision.CHANGES, "Request changes"),
    (Review.Decision.REJECTED, "Reject"),
    (Review.Decision.REMARK, "Remark"),
)
_LONGEST_WAIVER = timedelta(days=2 * 366)


class ReviewForm(ModelForm):
    """A decision, with words where it needs them; `mark` is what the reader had before them."""

    decision = forms.ChoiceField(label="Your decision", choices=_CHOICES, widget=forms.RadioSelect)
    text = forms.CharField(
        label="Comment",
        widget=forms.Textarea({"rows": 4}),
        max_length=MAX_TEXT,
        required=False,
    )

    class Meta:
        model = Review
        fields = ("decision", "text", "fingerprint")
        widgets = {"fingerprint": forms.HiddenInput}

    def clean(self) -> dict[str, object]:
        """Ask for words where the decision alone says nothing."""
        cleaned: dict[str, object] = super().clean() or {}
        wordless = not str(cleaned.get("text", "")).strip()
        if wordless and cleaned.get("decision") not in (None, Review.Decision.SIGNED_OFF):
            self.add_error("text", "Write what should change, or your remark.")
        return cleaned

    @property
    def asks_for(self) -> Action:
        """Return what one must be allowed to do to say this; the form is valid."""
        remarks = self.cleaned_data["decision"] == Review.Decision.REMARK
        return Action.COMMENT if remarks else Action.REVIEW

    def hold_against(self, standing: Standing) -> None:
        """Refuse a decision on what is other by now, and a sign-off over what nobody waived."""
        decides = self.cleaned_data.get("decision")
        if decides in (None, Review.Decision.REMARK):
            return
        seen = str(self.data.get("mark", ""))
        if seen and seen != standing.mark:
            self.add_error(None, "What you looked at has changed since: look again, then decide.")
        if decides == Review.Decision.SIGNED_OFF and standing.unwaived:
            named = "; ".join(describe(cause) for cause in standing.unwaived[:3])
            count = len(standing.unwaived)
            one = count == 1
            what = "1 finding is" if one else f"{count} findings are"
            ask = "Waive it first." if one else "Waive them first."
            self.add_error(None, f"{what} refused without a waiver: {named}. {ask}")


class WaiverForm(forms.Form):
    """Why a finding is accepted, and until when."""

    fingerprint = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)
    reason = forms.CharField(max_length=MAX_TEXT, widget=forms.Textarea({"rows": 2}))
    until = forms.DateField(widget=forms.DateInput({"type": "date"}))

    def clean_until(self) -> Any:
        """Refuse days that are over, and those too far away to be meant."""
        until, today = self.cleaned_data["until"], timezone.now().date()
        if not today < until <= today + _LONGEST_WAIVER:
            raise forms.ValidationError("Give a day after today, at most two years ahead.")
        return until


class AssignForm(forms.Form):
    """Somebody of those who may review."""

    reviewer = forms.ModelChoiceField(User.objects.none())

    def __init__(self, *args: Any, reviewers: Iterable[int] = (), **kwargs: Any) -> None:
        """Make the form; `reviewers` are the ids of those who may review."""
        super().__init__(*args, **kwargs)
        field = self.fields["reviewer"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = User.objects.filter(pk__in=list(reviewers), is_active=True)
