"""Addresses of uploads and their results."""

from __future__ import annotations

from django.urls import path, re_path

from verifier.records.models.object import ADDRESS
from verifier.web import (
    badge,
    differences,
    events,
    inbox,
    opinions,
    rechecks,
    reviewing,
    source,
    versions,
    views,
)
from verifier.web.spaces.urls import urlpatterns as spaces

_OBJECT = f"^objects/(?P<sha256>{ADDRESS})/"
_PROGRAM = r"programs/(?P<position>\d{1,6})/$"

urlpatterns = [
    path("differences/", differences.show_differences, name="differences"),
    path("uploads/", views.uploads, name="uploads"),
    path("uploads/check/", views.check_stale, name="uploads-check"),
    path("uploads/<int:pk>/", views.show_submission, name="submission"),
    path("uploads/<int:pk>/delete/", views.delete_submission, name="submission-delete"),
    path("inbox/", inbox.show_inbox, name="inbox"),
    path("inbox/read/", inbox.mark_read, name="inbox-read"),
    path("rechecks/", rechecks.list_rechecks, name="rechecks"),
    path("rechecks/<int:pk>/", rechecks.show_recheck, name="recheck"),
    path("rechecks/<int:pk>/cancel/", rechecks.cancel_recheck, name="recheck-cancel"),
    path("rechecks/<int:pk>/resume/", rechecks.resume_recheck, name="recheck-resume"),
    *spaces,
    re_path(_OBJECT + "$", views.show_object, name="object"),
    re_path(_OBJECT + _PROGRAM, views.show_program, name="object-program"),
    re_path(_OBJECT + _PROGRAM[:-1] + "source/$", source.show_source, name="program-source"),
    re_path(_OBJECT + "graph/$", views.show_graph, name="object-graph"),
    re_path(_OBJECT + "progress/$", views.show_progress, name="object-progress"),
    re_path(_OBJECT + "events/$", events.stream_progress, name="object-events"),
    re_path(_OBJECT + "reviews/$", views.add_review, name="object-reviews"),
    re_path(_OBJECT + "waivers/$", reviewing.add_waiver, name="object-waivers"),
    re_path(
        _OBJECT + r"waivers/(?P<pk>\d{1,18})/end/$", reviewing.end_waiver, name="object-waiver-end"
    ),
    re_path(_OBJECT + "versions/$", versions.show_versions, name="object-versions"),
    re_path(
        _OBJECT + f"since/(?P<old>{ADDRESS})/$",
        versions.compare_versions,
        name="object-since",
    ),
    re_path(_OBJECT + r"badge/(?P<kernel>[^/]{1,100})\.svg$", badge.give_badge, name="badge"),
    re_path(_OBJECT + "assign/$", reviewing.assign, name="object-assign"),
    re_path(_OBJECT + "loader/$", views.set_loader, name="object-loader"),
    re_path(_OBJECT + "check/$", views.check_once_more, name="object-check"),
    re_path(_OBJECT + "opinions/$", opinions.show_opinions, name="object-opinions"),
    re_path(
        _OBJECT + "opinions/progress/$",
        opinions.show_opinion_progress,
        name="object-opinion-progress",
    ),
    re_path(_OBJECT + "opinions/cancel/$", opinions.cancel_opinions, name="object-opinions-cancel"),
    re_path(_OBJECT + "cancel/$", views.cancel, name="object-cancel"),
    re_path(_OBJECT + "park/$", views.park, name="object-park"),
]
