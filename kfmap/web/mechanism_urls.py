"""Addresses of the pages about mechanisms, findings, what-if and uploads of one kernel."""

from __future__ import annotations

from django.urls import path

from kfmap.web.findings import findings
from kfmap.web.mechanisms import mechanisms
from kfmap.web.uploads import kernel_uploads
from kfmap.web.what_if import what_if

urlpatterns = [
    path("kernels/<str:name>/mechanisms/", mechanisms.show_mechanisms, name="kernel-mechanisms"),
    path("kernels/<str:name>/findings/", findings.show_findings, name="kernel-findings"),
    path("kernels/<str:name>/what-if/", what_if.show_what_if, name="kernel-what-if"),
    path("kernels/<str:name>/what-if/add/", what_if.add_edit, name="what-if-add"),
    path("kernels/<str:name>/what-if/keep/", what_if.keep, name="what-if-keep"),
    path("kernels/<str:name>/drop/", what_if.drop, name="variant-drop"),
    path("kernels/<str:name>/uploads/", kernel_uploads.show_uploads, name="kernel-uploads"),
    path(
        "kernels/<str:name>/uploads/check/",
        kernel_uploads.check_uploads,
        name="kernel-uploads-check",
    ),
]
