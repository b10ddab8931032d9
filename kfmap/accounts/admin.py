"""The one-time link in Django's admin (whether there is one, until when), and sessions."""

from __future__ import annotations

from django.contrib import admin

from kfmap.accounts.models import SetupLink, SignIn

admin.site.register(SetupLink, list_display=("expires_at",), exclude=("token_hash",))
admin.site.register(SignIn, list_display=("user", "agent", "created_at"), exclude=("session_key",))
