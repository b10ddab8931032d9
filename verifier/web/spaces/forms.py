"""Forms of spaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from kfmap.catalogue.models import Kernel
from verifier.spaces.models import Space
from verifier.spaces.roles import Role, Visibility

if TYPE_CHECKING:
    SpaceModelForm = forms.ModelForm[Space]
else:
    SpaceModelForm = forms.ModelForm

RESERVED = frozenset({"new"})
_OF_ACCOUNTS = (("", "look at it"), (Role.SUBMITTER, "submit too"), (Role.REVIEWER, "review too"))


class NewSpaceForm(SpaceModelForm):
    """A name and an address, at first."""

    class Meta:
        model = Space
        fields = ("name", "slug", "about")
        labels = {"slug": "Address", "about": "What it is for"}
        help_texts = {"slug": "Small letters, digits and dashes: /spaces/ADDRESS/"}
        error_messages = {
            "slug": {"unique": "There is a space at this address already: choose another address."}
        }
        widgets = {"about": forms.Textarea({"rows": 3})}

    def clean_slug(self) -> str:
        """Refuse addresses that mean something else."""
        slug = str(self.cleaned_data["slug"]).lower()
        if slug in RESERVED:
            raise forms.ValidationError("This address is taken: choose another.")
        return slug


class SettingsForm(SpaceModelForm):
    """What a maintainer decides."""

    kernels = forms.MultipleChoiceField(
        label="Kernels that count here",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="What one of them refuses needs a waiver before it can be signed off. "
        "Choose none to count the newest release only.",
    )
    accounts_role = forms.ChoiceField(
        label="If it is not private, everybody with an account may",
        choices=_OF_ACCOUNTS,
        required=False,
    )

    class Meta:
        model = Space
        fields = ("name", "about", "visibility", "accounts_role", "kernels", "retention_days")
        labels = {
            "visibility": "Who sees it",
            "about": "What it is for",
            "retention_days": "Days to keep uploads",
        }
        help_texts = {"retention_days": "Older uploads are deleted. Leave it empty to keep them."}
        widgets = {"about": forms.Textarea({"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Offer the kernels of the map; those that went meanwhile stay until they are unticked."""
        super().__init__(*args, **kwargs)
        names = list(Kernel.objects.newest_first().values_list("name", flat=True))
        names += [name for name in self.instance.kernels if name not in names]
        field = self.fields["kernels"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(name, name) for name in names]
        self.fields["visibility"].choices = Visibility.choices  # type: ignore[attr-defined]  # a choice field, which the stubs do not know of model forms


class RoleForm(forms.Form):
    """A role, for an invitation or a member."""

    role = forms.ChoiceField(choices=Role.choices)
