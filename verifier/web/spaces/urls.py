"""Addresses of spaces and of invitations to them."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from verifier.web import badge
from verifier.web.spaces import audit, invitations, members, pages, policies, report, webhooks

_space: list[URLPattern | URLResolver] = [
    path("", pages.show_space, name="space"),
    path("settings/", pages.change_settings, name="space-settings"),
    path("delete/", pages.delete, name="space-delete"),
    path("leave/", members.leave, name="space-leave"),
    path("members/<int:pk>/", members.change, name="space-member"),
    path("invitations/", invitations.issue, name="space-invite"),
    path("invitations/<int:pk>/", invitations.withdraw, name="space-invitation"),
    path("policies/", policies.list_policies, name="space-policies"),
    path("policies/new/", policies.add_policy, name="space-policy-new"),
    path("policies/<slug:policy>/", policies.show_policy, name="space-policy"),
    path("policies/<slug:policy>/end/", policies.end_policy, name="space-policy-end"),
    path("badges/<str:name>/<str:kernel>.svg", badge.give_newest_badge, name="space-badge"),
    path("report/", report.give_report, name="space-report"),
    path("audit/", audit.show_trail, name="space-audit"),
    path("webhooks/", webhooks.list_webhooks, name="webhooks"),
    path("webhooks/<int:pk>/", webhooks.show_webhook, name="webhook"),
    path("webhooks/<int:pk>/secret/", webhooks.renew_secret, name="webhook-secret"),
    path("webhooks/<int:pk>/try/", webhooks.try_webhook, name="webhook-try"),
    path("webhooks/<int:pk>/switch/", webhooks.switch_webhook, name="webhook-switch"),
    path("webhooks/<int:pk>/delete/", webhooks.delete_webhook, name="webhook-delete"),
    path(
        "webhooks/<int:pk>/deliveries/<int:delivery>/again/",
        webhooks.send_again,
        name="webhook-again",
    ),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("spaces/", pages.list_spaces, name="spaces"),
    path("spaces/new/", pages.create, name="space-new"),
    path("spaces/<slug:slug>/", include(_space)),
    path("policies/schema.json", policies.give_schema, name="policy-schema"),
    path("policies/<slug:name>.yaml", policies.give_example, name="policy-example"),
    path("invitations/<str:token>/", invitations.accept, name="invitation"),
]
