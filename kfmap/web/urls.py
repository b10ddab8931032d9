"""Addresses of the pages of the map."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
