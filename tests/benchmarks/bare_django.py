"""The least that Django can be: one view, no middleware. `requests` measures it beside kfmap."""

from __future__ import annotations

from django.conf import settings

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY="bare")

from django.core.asgi import get_asgi_application  # noqa: E402 - once there are settings
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

_PAGE = b"A page. " * 2000


def show(request: HttpRequest) -> HttpResponse:
    """Answer with a page of 16 kB."""
    return HttpResponse(_PAGE)


urlpatterns = [path("", show)]
application = get_asgi_application()
