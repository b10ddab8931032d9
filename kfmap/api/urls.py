"""Addresses of the API; its first page describes them to people, `schema/` as OpenAPI."""

from __future__ import annotations

from django.urls import path, re_path

from kfmap.api import (
    adding,
    badges,
    data,
    events,
    evidence,
    inbox,
    invitations,
    job_steps,
    members,
    objects,
    opinions,
    page,
    policies,
    rechecks,
    reviews,
    space_trail,
    spaces,
    submissions,
    tokens,
    versions,
    views,
    webhooks,
)
from kfmap.api.description import DescriptionView
from verifier.records.models.object import ADDRESS

_SPACE = "spaces/<slug:slug>/"
_OBJECT = f"^objects/(?P<sha256>{ADDRESS})/"

urlpatterns = [
    path("", page.show_api, name="api"),
    path("schema/", DescriptionView.as_view(), name="api-schema"),
    path("data/", data.open_data, name="api-data"),
    path("kernels/", views.kernels, name="api-kernels"),
    path("kernels/add/", adding.add_kernel, name="api-kernel-add"),
    path("kernels/mine/", adding.add_mine, name="api-kernel-mine"),
    path("kernels/add/<int:pk>/", adding.addition, name="api-kernel-addition"),
    path("kernels/<str:kernel>/can-call/", views.can_call, name="api-can-call"),
    path("kernels/<str:kernel>/matrix/", views.matrix, name="api-matrix"),
    path("kernels/<str:kernel>/report/", views.kernel_report, name="api-kernel-report"),
    path("compare/<str:old>/<str:new>/report/", views.comparison_report, name="api-comparison"),
    path("evidence/", evidence.evidence, name="api-evidence"),
    re_path(_OBJECT + "opinions/$", opinions.opinions, name="api-opinions"),
    path("kernels/<str:kernel>/kfuncs/", views.kfuncs, name="api-kfuncs"),
    path("objects/", objects.objects, name="api-upload"),
    re_path(_OBJECT + "$", objects.result, name="api-result"),
    re_path(_OBJECT + "report/$", objects.report, name="api-report"),
    re_path(_OBJECT + "reviews/$", reviews.reviews, name="api-reviews"),
    re_path(_OBJECT + "reviewers/$", reviews.reviewers, name="api-reviewers"),
    re_path(_OBJECT + "waivers/$", reviews.waivers, name="api-waivers"),
    re_path(_OBJECT + r"waivers/(?P<pk>\d{1,18})/$", reviews.waiver, name="api-waiver"),
    re_path(_OBJECT + "versions/$", versions.versions, name="api-versions"),
    re_path(
        _OBJECT + f"since/(?P<before>{ADDRESS})/report/$",
        versions.version_report,
        name="api-version-report",
    ),
    re_path(_OBJECT + "check/$", job_steps.check, name="api-object-check"),
    re_path(_OBJECT + "cancel/$", job_steps.cancel, name="api-object-cancel"),
    re_path(_OBJECT + "park/$", job_steps.park, name="api-object-park"),
    re_path(_OBJECT + r"badge/(?P<kernel>[^/]{1,100})\.svg$", badges.badge, name="api-badge"),
    re_path(_OBJECT + "events/$", events.stream_job, name="api-events"),
    path("spaces/", spaces.spaces, name="api-spaces"),
    path(_SPACE, spaces.space, name="api-space"),
    path(_SPACE + "members/", members.members, name="api-members"),
    path(_SPACE + "members/<str:user>/", members.member, name="api-member"),
    path(_SPACE + "invitations/", invitations.invitations, name="api-invitations"),
    path(_SPACE + "invitations/<int:pk>/", invitations.invitation, name="api-invitation"),
    path(_SPACE + "audit/", space_trail.audit, name="api-space-audit"),
    path(_SPACE + "waivers/", space_trail.waivers, name="api-space-waivers"),
    path(_SPACE + "policies/", policies.policies, name="api-space-policies"),
    path(_SPACE + "policies/<slug:policy>/", policies.policy, name="api-space-policy"),
    path(
        _SPACE + "badges/<str:name>/<str:kernel>.svg", badges.newest_badge, name="api-space-badge"
    ),
    path(_SPACE + "report/", objects.space_report, name="api-space-report"),
    path(_SPACE + "webhooks/", webhooks.webhooks, name="api-webhooks"),
    path(_SPACE + "webhooks/<int:pk>/", webhooks.webhook, name="api-webhook"),
    path(_SPACE + "webhooks/<int:pk>/deliveries/", webhooks.deliveries, name="api-deliveries"),
    path(
        _SPACE + "webhooks/<int:pk>/deliveries/<int:delivery>/again/",
        webhooks.send_again,
        name="api-delivery-again",
    ),
    path("invitations/<str:token>/", invitations.accept, name="api-invitation-accept"),
    path("tokens/", tokens.tokens, name="api-tokens"),
    path("tokens/<int:pk>/", tokens.token, name="api-token"),
    path("inbox/", inbox.inbox, name="api-inbox"),
    path("rechecks/", rechecks.rechecks, name="api-rechecks"),
    path("rechecks/<int:pk>/", rechecks.recheck, name="api-recheck"),
    path("rechecks/<int:pk>/cancel/", rechecks.cancel, name="api-recheck-cancel"),
    path("rechecks/<int:pk>/resume/", rechecks.resume, name="api-recheck-resume"),
    path("schemas/<slug:name>.json", views.json_schema, name="api-json-schema"),
    path("submissions/", submissions.submissions, name="api-submissions"),
    path("submissions/<int:submission_id>/", submissions.submission, name="api-submission"),
    path(
        "submissions/<int:submission_id>/report/",
        submissions.submission_report,
        name="api-submission-report",
    ),
]
