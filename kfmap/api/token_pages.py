"""The page on which people make and revoke their API tokens."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from kfmap.api.models import LONGEST_NAME, MOST_TOKENS, ApiToken, Scope, create_token
from verifier.spaces.models import Space

_DAYS = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"))
_USUAL = 90


class TokenForm(forms.Form):
    """What a token is for, what it may do, and for how long."""

    name = forms.CharField(
        label="What it is for",
        max_length=LONGEST_NAME,
        widget=forms.TextInput({"placeholder": "CI of the scheduler", "autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label="What it may do",
        choices=Scope.choices,
        initial=[Scope.READ, Scope.SUBMIT],
        widget=forms.CheckboxSelectMultiple,
    )
    space = forms.ModelChoiceField(
        label="For the space",
        queryset=Space.objects.none(),
        required=False,
        empty_label="all that you may see",
    )
    days = forms.TypedChoiceField(label="It ends after", choices=_DAYS, coerce=int, initial=_USUAL)

    def __init__(self, user: User, data: QueryDict | None = None) -> None:
        """Offer the spaces that somebody may see."""
        super().__init__(data)
        space = self.fields["space"]
        assert isinstance(space, forms.ModelChoiceField)
        space.queryset = Space.objects.visible_to(user).staying()


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def show_tokens(request: HttpRequest) -> HttpResponse:
    """Show one's tokens and make another, whose text is shown this once."""
    user = request.user
    assert isinstance(user, User)
    form = TokenForm(user, request.POST or None)
    made, status = "", 200
    if request.method == "POST":
        if ApiToken.objects.usable().filter(user=user).count() >= MOST_TOKENS:
            form.add_error(
                None, f"You have {MOST_TOKENS} tokens that can be used. Revoke one first."
            )
        if form.is_valid():
            said = form.cleaned_data
            made = create_token(user, said["name"], said["scopes"], said["days"], said["space"])
            status = 201
            form = TokenForm(user)
        else:
            status = 422
    context = {
        "tokens": user.api_tokens.select_related("space"),
        "form": form,
        "made": made,
        "section": "account",
    }
    return render(request, "accounts/tokens.html", context, status=status)


@login_required
@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own tokens; those of others are not found."""
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    token.revoke()
    messages.info(request, f"The token “{token.name}” is revoked.")
    return redirect("tokens")
