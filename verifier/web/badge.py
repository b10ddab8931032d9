"""Badges: how an object fares on a kernel, as a small picture for a README."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kfmap.catalogue.models import Kernel
from kfmap.safe_text.printable import printable
from kfmap.safe_text.xml import xml_attribute, xml_text
from verifier.engine.result import FAILS_AT_RUN_TIME, LEFT_OUT, PASSES, REFUSED, UNKNOWN, WORDS
from verifier.records.models import BpfObject
from verifier.records.outcome import load_outcomes, worst_by_kernel
from verifier.records.versions import find_newest
from verifier.spaces.models import Space

_COLOURS = {
    PASSES: "#1a7f37",
    LEFT_OUT: "#57606a",
    REFUSED: "#b42318",
    FAILS_AT_RUN_TIME: "#9a5b00",
    UNKNOWN: "#57606a",
}
_DIGIT, _PAD, _HEIGHT, _LONGEST = 7, 10, 20, 40
_NOT_CHECKED = "not checked"


@require_safe
def give_badge(request: HttpRequest, sha256: str, kernel: str) -> HttpResponse:
    """Answer with the badge of these bytes on a kernel."""
    obj = BpfObject.objects.visible_to(request.user).at(sha256).first()
    return answer_badge(obj, kernel)


@require_safe
def give_newest_badge(request: HttpRequest, slug: str, name: str, kernel: str) -> HttpResponse:
    """Answer with the badge of the newest version of an object of a space."""
    space = Space.objects.visible_to(request.user).filter(slug=slug).first()
    return answer_badge(find_newest(space, name) if space else None, kernel)


def answer_badge(obj: BpfObject | None, kernel: str) -> HttpResponse:
    """Answer with a badge; 404 without an object, and for a kernel that is not in the map."""
    if obj is None or not Kernel.objects.listed().filter(name=kernel).exists():
        raise Http404
    verdict = worst_by_kernel(load_outcomes([obj]).get(obj.pk, [])).get(kernel, "")
    response = HttpResponse(draw_badge(kernel, verdict), content_type="image/svg+xml")
    response["Cache-Control"] = "no-cache"
    return response


def draw_badge(kernel: str, verdict: str) -> str:
    """Return the picture; the words say all that the colour does."""
    left, right = f"Linux {printable(kernel)[:_LONGEST]}", WORDS.get(verdict, _NOT_CHECKED)
    first, second = (len(text) * _DIGIT + 2 * _PAD for text in (left, right))
    width, colour = first + second, _COLOURS.get(verdict, _COLOURS[UNKNOWN])
    title = f"{left}: {right}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{_HEIGHT}" role="img"'
        f" aria-label={xml_attribute(title)}><title>{xml_text(title)}</title>"
        f'<rect width="{first}" height="{_HEIGHT}" fill="#24292f"/>'
        f'<rect x="{first}" width="{second}" height="{_HEIGHT}" fill="{colour}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11"'
        ' text-anchor="middle">'
        f'<text x="{first / 2:g}" y="14">{xml_text(left)}</text>'
        f'<text x="{first + second / 2:g}" y="14">{xml_text(right)}</text></g></svg>'
    )
