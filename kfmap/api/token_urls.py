"""Addresses of the page of tokens, under /accounts/tokens/."""

from __future__ import annotations

from django.urls import path

from kfmap.api import token_pages

urlpatterns = [
    path("", token_pages.show_tokens, name="tokens"),
    path("<int:pk>/revoke/", token_pages.revoke_token, name="token-revoke"),
]
