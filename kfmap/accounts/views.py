"""The page behind the one-time link. Signing in and out are Django's own views."""

from __future__ import annotations

from django.contrib.auth import login
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from kfmap.accounts.models import SetupLink


@never_cache
@sensitive_post_parameters()
def create_administrator(request: HttpRequest, token: str) -> HttpResponse:
    """Create the administrator and sign them in; the link is used up in the same transaction."""
    if not SetupLink.objects.usable(token).exists():
        return render(request, "accounts/link_used.html", status=410)
    form: UserCreationForm[User] = UserCreationForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return render(request, "accounts/create_administrator.html", {"form": form})
    user = _create(form, token)
    if user is None:
        return render(request, "accounts/link_used.html", status=410)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    return redirect("home")


def _create(form: UserCreationForm[User], token: str) -> User | None:
    """Return the new administrator, None where somebody else was faster."""
    with transaction.atomic():
        link = SetupLink.objects.select_for_update().usable(token).first()
        if link is None:
            return None
        user = form.save(commit=False)
        user.is_staff = user.is_superuser = True
        user.save()
        link.delete()
    return user
