"""One's own account, and the page behind the one-time link; the rest are Django's own views."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import PasswordResetView
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from kfmap.accounts.forms import ProfileForm
from kfmap.accounts.models import SetupLink
from kfmap.accounts.sign_ins import end_sign_in, list_sign_ins
from kfmap.quotas.guesses import spend_message


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show_account(request: HttpRequest) -> HttpResponse:
    """Show and change one's own account."""
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, "Your account is kept.")
        return redirect("account")
    context = {
        "form": form,
        "sign_ins": list_sign_ins(request.user),
        "here": request.session.session_key,
    }
    return render(request, "accounts/account.html", context)


@login_required
@require_POST
def end_session(request: HttpRequest, pk: int) -> HttpResponse:
    """Sign out somewhere else, or here."""
    assert isinstance(request.user, User)
    end_sign_in(get_object_or_404(request.user.sign_ins, pk=pk))
    return redirect("account")


@require_http_methods(["GET", "POST"])
def forgotten(request: HttpRequest) -> HttpResponseBase:
    """Send a link for a new password, whether or not there is such an account; it is not told."""
    if not settings.KFMAP_SENDS_MAIL:
        return render(request, "accounts/no_mail.html")
    if request.method == "POST":
        spend_message(request)
        messages.success(request, "If an account has this address, a link is on its way to it.")
    view = PasswordResetView.as_view(
        template_name="accounts/form.html",
        email_template_name="accounts/forgotten.txt",
        subject_template_name="accounts/forgotten_subject.txt",
        extra_context={"button": "Send a link"},
        success_url=reverse_lazy("login"),
    )
    return view(request)


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
