"""One's inbox in the API."""

from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import api_view, permission_classes
from rest_framework.request import Request
from rest_framework.response import Response

from kfmap.api.authentication import MayUse
from kfmap.api.described import PROBLEMS
from kfmap.api.listing import PAGED, answer_page, is_asked, paged
from kfmap.api.serializers_spaces import NoticeSerializer
from kfmap.api.visible import expect_all_spaces


@extend_schema(
    methods=["GET"],
    operation_id="inbox_list",
    parameters=[
        OpenApiParameter("unread", bool, description="only what was not read: true"),
        *PAGED,
    ],
    responses={200: paged(NoticeSerializer), **PROBLEMS},
)
@extend_schema(
    methods=["POST"], operation_id="inbox_read", request=None, responses={204: None, **PROBLEMS}
)
@api_view(["GET", "POST"])
@permission_classes([MayUse])
def inbox(request: Request) -> Response:
    """List what one should know, the latest first; POST notes that all of it was read."""
    assert isinstance(request.user, User)
    expect_all_spaces(request)
    notices = request.user.notices.all()
    if request.method == "POST":
        notices.filter(read_at=None).update(read_at=timezone.now())
        return Response(status=204)
    if is_asked(request, "unread"):
        notices = notices.filter(read_at=None)
    return answer_page(request, notices, lambda rows: NoticeSerializer(rows, many=True).data)
