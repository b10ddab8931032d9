"""Addresses of the pages about mechanisms, findings and what-if of one kernel."""

from __future__ import annotations

from django.urls import path

from kfmap.web import findings_page, mechanisms_page, what_if_page

urlpatterns = [
    path(
        "kernels/<str:name>/mechanisms/", mechanisms_page.show_mechanisms, name="kernel-mechanisms"
    ),
    path("kernels/<str:name>/findings/", findings_page.show_findings, name="kernel-findings"),
    path("kernels/<str:name>/what-if/", what_if_page.show_what_if, name="kernel-what-if"),
    path("kernels/<str:name>/what-if/add/", what_if_page.add_edit, name="what-if-add"),
    path("kernels/<str:name>/what-if/keep/", what_if_page.keep, name="what-if-keep"),
]
