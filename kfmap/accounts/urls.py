"""Addresses of the account pages."""

from __future__ import annotations

from django.contrib.auth import views as auth
from django.urls import path, reverse_lazy

from kfmap.accounts import views

urlpatterns = [
    path("", views.show_account, name="account"),
    path("sessions/<int:pk>/end/", views.end_session, name="session-end"),
    path("login/", auth.LoginView.as_view(template_name="accounts/login.html"), name="login"),
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
        auth.PasswordResetConfirmView.as_view(
            template_name="accounts/form.html",
            extra_context={"button": "Set it"},
            success_url=reverse_lazy("login"),
        ),
        name="password_reset_confirm",
    ),
    path("setup/<str:token>/", views.create_administrator, name="create-administrator"),
]
