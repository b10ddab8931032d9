"""The one-time link in Django's admin: whether there is one, and until when."""

from __future__ import annotations

from django.contrib import admin

from kfmap.accounts.models import SetupLink

admin.site.register(SetupLink, list_display=("expires_at",), exclude=("token_hash",))
