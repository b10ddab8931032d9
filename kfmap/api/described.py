"""What the descriptions of several endpoints share."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from drf_spectacular.types import OpenApiTypes

from kfmap.api.problems import MEDIA_TYPE
from kfmap.api.serializers import ProblemSerializer


def problems(*codes: int) -> dict[Any, Any]:
    """Return the answers of these statuses: problems."""
    return {(code, MEDIA_TYPE): ProblemSerializer for code in codes}


PROBLEMS = problems(400, 401, 403, 404, 405, 406, 429)


def files(*media_types: str) -> dict[Any, Any]:
    """Return the answer 200 of a file in one of these media types."""
    return {
        (200, name): OpenApiTypes.OBJECT if name.endswith("json") else OpenApiTypes.BINARY
        for name in media_types
    }


def add_events(result: dict[str, Any], **more: object) -> dict[str, Any]:
    """Describe the stream of events, which is no view of the framework that describes the rest."""
    address = reverse("api-result", args=["0" * 64]).replace("0" * 64, "{sha256}")
    described = result["paths"].get(address)
    if described:
        asked = described["get"]
        answers = {code: asked["responses"][code] for code in ("401", "403", "404", "405")}
        answers["200"] = {
            "description": "event `job`: the job as JSON, each time it changes; event `over`: the "
            "end. A stream ends after 25 s at the latest: then ask again.",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
        result["paths"][f"{address}events/"] = {
            "get": {
                "operationId": "objects_events",
                "description": "Stream the job of an object as server-sent events.",
                "parameters": asked["parameters"],
                "tags": asked["tags"],
                "security": asked["security"],
                "responses": dict(sorted(answers.items())),
            }
        }
    return result
