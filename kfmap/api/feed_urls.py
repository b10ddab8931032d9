"""Addresses of the feeds, under /feeds/."""

from __future__ import annotations

from django.urls import path, re_path

from kfmap.api import feeds
from verifier.records.models.object import ADDRESS

urlpatterns = [
    path("kernels/", feeds.KernelsFeed(), name="feed-kernels"),
    path("kernels/<str:kernel>/", feeds.KernelFeed(), name="feed-kernel"),
    path("kfuncs/<path:kfunc>/", feeds.KfuncFeed(), name="feed-kfunc"),
    re_path(
        f"^objects/(?P<sha256>{ADDRESS})/$",
        feeds.object_feed,
        name="feed-object",
    ),
]
