"""Addresses of the account pages."""

from __future__ import annotations

from allauth.account.views import reauthenticate
from allauth.socialaccount.providers.openid_connect.views import callback
from django.contrib.auth import views as auth
from django.urls import include, path, reverse_lazy

from kfmap.accounts import views

urlpatterns = [
    path("", views.show_account, name="account"),
    path("sessions/<int:pk>/end/", views.end_session, name="session-end"),
    path("login/", views.SignInView.as_view(), name="login"),
    path("login/", views.SignInView.as_view(), name="account_login"),  # as allauth calls it
    path("inactive/", views.show_inactive, name="account_inactive"),
    path("sso/cancelled/", views.cancelled, name="socialaccount_login_cancelled"),
    path("sso/<slug:provider_id>/", views.sign_on, name="openid_connect_login"),
    path("sso/<slug:provider_id>/callback/", callback, name="openid_connect_callback"),
    path("connected/<int:pk>/end/", views.disconnect, name="disconnect"),
    path("confirm/", reauthenticate, name="account_reauthenticate"),
    path("second-factor/", include("allauth.mfa.urls")),
    path("logout/", auth.LogoutView.as_view(), name="logout"),
    path(
        "password/",
        auth.PasswordChangeView.as_view(
            template_name="accounts/form.html",
            extra_context={"button": "Change it"},
            success_url=reverse_lazy("account"),
        ),
        name="password_change",
    ),
    path("forgotten/", views.forgotten, name="password_reset"),
    path(
        "forgotten/<str:uidb64>/<str:token>/",
        views.SetPasswordView.as_view(),
        name="password_reset_confirm",
    ),
    path("setup/<str:token>/", views.create_administrator, name="create-administrator"),
]
