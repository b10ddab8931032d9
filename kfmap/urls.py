"""The map of all addresses: pages of the map, uploads, API, accounts, admin, health."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from kfmap.server.health import healthz, readyz
from kfmap.server.metrics import show_metrics

# Django's own form of the admin asks for no second factor and counts no guesses by address.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]  # as allauth has it

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("kfmap.web.urls")),
    path("", include("verifier.web.urls")),
    path("accounts/tokens/", include("kfmap.api.token_urls")),
    path("accounts/", include("kfmap.accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/", include("kfmap.api.urls")),
    path("feeds/", include("kfmap.api.feed_urls")),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("metrics", show_metrics, name="metrics"),
]
handler400 = "kfmap.web.shared.bad_request.refuse_request"
handler404 = "kfmap.web.shared.not_found.page_not_found"
handler500 = "kfmap.server.failures.answer_failure"
