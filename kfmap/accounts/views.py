"""Signing in, one's own account, and the page behind the one-time link; the rest are Django's."""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.base import AuthProcess
from allauth.socialaccount.providers.openid_connect import views as openid_connect
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import AuthenticationForm, SetPasswordForm, UserCreationForm
from django.contrib.auth.models import User
from django.contrib.auth.views import LoginView, PasswordResetConfirmView, PasswordResetView
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from requests import RequestException

from kfmap.accounts.forms import ProfileForm
from kfmap.accounts.models import SetupLink
from kfmap.accounts.second_factor import has_second_factor
from kfmap.accounts.sign_ins import end_sign_in, list_sign_ins
from kfmap.accounts.single_sign_on import forget_other_addresses, note_verified
from kfmap.quotas.guesses import spend_message

log = logging.getLogger(__name__)


class SignInView(LoginView):
    """The first step: a password; who has a second factor is asked for it then."""

    template_name = "accounts/login.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Return what the page shows."""
        return super().get_context_data(**kwargs, sign_on=settings.KFMAP_OIDC_NAME)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Go on with the second step, or sign in."""
        user = form.get_user()
        credentials = {"username": user.get_username()}
        sign_in = Login(
            user=user,
            redirect_url=self.get_success_url(),
            email_verification=EmailVerificationMethod.NONE,
        )
        response: HttpResponse = perform_password_login(self.request, credentials, sign_in)
        return response


class SetPasswordView(PasswordResetConfirmView):
    """A new password by a link; whoever has it reads the mail of the account."""

    template_name = "accounts/form.html"
    extra_context = {"button": "Set it"}
    success_url = reverse_lazy("login")

    def form_valid(self, form: SetPasswordForm[User]) -> HttpResponse:
        """Keep the password, and that the address is theirs."""
        response = super().form_valid(form)
        note_verified(form.user)
        return response


@never_cache
@require_POST
def sign_on(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Go to the provider, by a page that leads there.

    The policy on content lets forms of kfmap lead nowhere else, not by a redirect either.
    """
    if request.GET.get("process") == AuthProcess.CONNECT and not request.user.is_authenticated:
        raise PermissionDenied
    try:
        response: HttpResponse = openid_connect.login(request, provider_id)
    except RequestException as error:
        log.warning("the provider of single sign-on does not answer: %s", error)
        return render(request, "socialaccount/authentication_error.html", status=503)
    if response.status_code != 302:
        return response
    context = {"address": response["Location"], "provider": settings.KFMAP_OIDC_NAME}
    return render(request, "accounts/leaving.html", context)


@login_required
@require_POST
def disconnect(request: HttpRequest, pk: int) -> HttpResponse:
    """End the connection with an account elsewhere; who has no password keeps the last one."""
    assert isinstance(request.user, User)
    accounts = SocialAccount.objects.filter(user=request.user)
    account = get_object_or_404(accounts, pk=pk)
    if not request.user.has_usable_password() and accounts.count() == 1:
        messages.error(request, "Set a password first: you could not sign in any more.")
    else:
        account.delete()
        messages.success(request, "It is no longer connected.")
    return redirect("account")


def show_inactive(request: HttpRequest) -> HttpResponse:
    """Answer that an administrator has to do something."""
    return render(request, "accounts/inactive.html", status=403)


def cancelled(request: HttpRequest) -> HttpResponse:
    """Answer that nothing happened."""
    messages.info(request, "You did not sign in.")
    return redirect("login")


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def show_account(request: HttpRequest) -> HttpResponse:
    """Show and change one's own account."""
    assert isinstance(request.user, User)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=request.user.pk))
    if request.method == "POST" and form.is_valid():
        forget_other_addresses(form.save())
        messages.success(request, "Your account is saved.")
        return redirect("account")
    context = {
        "form": form,
        "sign_ins": list_sign_ins(request.user),
        "here": request.session.session_key,
        "second_factor": has_second_factor(request.user),
        "connected": SocialAccount.objects.filter(user=request.user),
        "sign_on": settings.KFMAP_OIDC_NAME,
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
