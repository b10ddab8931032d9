"""Reviews of an object in its space: decisions, waivers of findings, reviewers who are asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time

from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from verifier.records.models import Assignment, BpfObject, Review, Waiver
from verifier.records.object_spaces import ObjectSpaces, load_object_spaces
from verifier.records.policies import load_policies
from verifier.records.review_state import JudgedObject, Standing, describe, load_standing
from verifier.records.reviews import Reviewed
from verifier.records.uploads import spaces_of
from verifier.records.waivers import withdraw
from verifier.spaces.access import Reader
from verifier.spaces.models import AuditEntry, Event, Kind, PolicyVersion, Space
from verifier.spaces.moment import SAME_MOMENT
from verifier.spaces.roles import Action, Role
from verifier.web.found import object_view
from verifier.web.object_page import ObjectPage, build_object_page
from verifier.web.review_form import AssignForm, WaiverForm

KIND_OF = {
    Review.Decision.SIGNED_OFF: Kind.SIGNED_OFF,
    Review.Decision.CHANGES: Kind.CHANGES_ASKED,
    Review.Decision.REJECTED: Kind.REJECTED,
    Review.Decision.REMARK: Kind.REMARK,
}


@dataclass(frozen=True, slots=True)
class ReviewPart:
    """What the page of an object shows of its review, in the space where the reader reviews it.

    `policies`: those in force in any space where the reader sees the object.
    """

    spaces: ObjectSpaces
    policies: list[PolicyVersion]
    standing: Standing
    assignments: list[Assignment]
    reviewers: list[User]

    @property
    def space(self) -> Space | None:
        """Return the space of the review, None where the reader may review in none."""
        return self.spaces.of_review

    @property
    def may_comment(self) -> bool:
        """Return whether the reader may say something."""
        return Action.COMMENT in self.spaces.allowed

    @property
    def may_review(self) -> bool:
        """Return whether the reader may decide."""
        return Action.REVIEW in self.spaces.allowed

    @property
    def may_submit(self) -> bool:
        """Return whether the reader may ask for a review."""
        return Action.SUBMIT in self.spaces.allowed


def load_review_part(
    request: HttpRequest,
    obj: BpfObject,
    page: ObjectPage,
    reviews: list[Reviewed],
    only: Space | None = None,
) -> ReviewPart:
    """Return the part for the space in which the reader reviews the object, `only` for this one."""
    spaces = load_object_spaces(obj, request.user, only)
    policies, space = load_policies(spaces.spaces), spaces.of_review
    causes = [card.cause for card in page.causes]
    judged = JudgedObject(obj, page.job, page.kernels, causes, page.worst)
    may_review = Action.REVIEW in spaces.allowed
    return ReviewPart(
        spaces,
        policies,
        load_standing(judged, space, policies, reviews),
        list(obj.assignments.filter(space=space).select_related("reviewer")) if space else [],
        list_reviewers(space) if may_review else [],
    )


def find_review_space(user: Reader, obj: BpfObject, only: Space | None = None) -> Space | None:
    """Return the space in which somebody speaks of an object; `only` this one, or none."""
    return load_object_spaces(obj, user, only).of_review


def keep_review(
    request: HttpRequest, obj: BpfObject, review: Review, page: ObjectPage, part: ReviewPart
) -> None:
    """Keep what somebody said of the verdicts that `part` stands on, and tell whom it concerns.

    What is sent twice, as by a double click, is kept once.
    """
    assert isinstance(request.user, User)
    space = part.space
    review.object, review.author, review.seen = obj, request.user, page.worst
    review.space, review.binds = space, part.standing.binds
    with transaction.atomic():
        BpfObject.objects.select_for_update().get(pk=obj.pk)  # two that are sent at once
        if _was_said(review):
            return
        review.save()
        said = review.get_decision_display()
        AuditEntry.objects.record(
            space, request.user, "review", obj.sha256, said=said, binds=review.binds
        )
        if review.decision != Review.Decision.REMARK and space is not None:
            obj.assignments.filter(space=space, reviewer=request.user).delete()
        Event.objects.announce(
            space,
            KIND_OF[Review.Decision(review.decision)],
            f"{request.user} {said}: {obj.file_name}",
            _review_url(request, obj),
            _concerned(obj, space, request.user),
            object=obj.sha256,
            name=obj.file_name,
            by=request.user.username,
            comment=review.text,
            binds=review.binds,
        )


def _was_said(review: Review) -> bool:
    """Return whether the last thing its author said, a moment ago, was the same."""
    before = Review.objects.filter(object=review.object, author=review.author).first()
    if before is None or timezone.now() - before.created_at > SAME_MOMENT:
        return False
    said = ("decision", "text", "fingerprint", "space_id", "binds")
    return all(getattr(before, name) == getattr(review, name) for name in said)


def _concerned(obj: BpfObject, space: Space | None, but: User) -> list[User]:
    """Return who uploaded the object into the space, and who is asked to review it there."""
    if space is None:
        return []
    uploaders = User.objects.filter(
        submissions__files__object=obj, submissions__space=space
    ).distinct()
    asked = User.objects.filter(assignments__object=obj, assignments__space=space)
    return [user for user in {*uploaders, *asked} if user != but]


def _review_url(request: HttpRequest, obj: BpfObject) -> str:
    return request.build_absolute_uri(f"{obj.get_absolute_url()}#reviews")


@require_POST
@object_view(Action.REVIEW)
def add_waiver(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Answer for a finding of the object, for some time and with a reason."""
    form = WaiverForm(request.POST)
    if not form.is_valid():
        said = "; ".join(str(text) for texts in form.errors.values() for text in texts)
        messages.error(request, f"The waiver was not kept: {said}")
    elif problem := keep_waiver(request, obj, form):
        messages.error(request, problem)
    return redirect(f"{obj.get_absolute_url()}#reviews")


def keep_waiver(
    request: HttpRequest, obj: BpfObject, form: WaiverForm, only: Space | None = None
) -> str:
    """Keep the waiver of a valid form; return why it was not kept, "" where it was.

    `only`: in this space, and not in the one where its owner may do most.
    """
    assert isinstance(request.user, User)
    space = find_review_space(request.user, obj, only)
    causes = {card.cause.fingerprint: card.cause for card in build_object_page(obj).causes}
    cause = causes.get(form.cleaned_data["fingerprint"])
    if space is None or cause is None:
        return "The waiver was not kept: the object has no such finding now."
    with transaction.atomic():
        Space.objects.select_for_update().get(pk=space.pk)  # two that are sent at once
        if Waiver.objects.active().filter(space=space, fingerprint=cause.fingerprint).exists():
            return "This finding has a waiver: withdraw that one first."
        waiver = Waiver.objects.create(
            space=space,
            fingerprint=cause.fingerprint,
            finding=describe(cause)[:500],
            reason=form.cleaned_data["reason"],
            owner=request.user,
            expires_at=datetime.combine(form.cleaned_data["until"], time.max, UTC),
        )
        until = waiver.expires_at.date()
        AuditEntry.objects.record(space, request.user, "waiver", waiver.finding, until=str(until))
        text = f"{request.user} waives a finding of {obj.file_name} until {until}"
        _announce_waiver(request, obj, waiver, Kind.WAIVED, text)
    return ""


@require_POST
@object_view(Action.REVIEW)
def end_waiver(request: HttpRequest, obj: BpfObject, pk: int) -> HttpResponse:
    """Withdraw a waiver: its finding stands again, in every object of the space."""
    spaces = spaces_of(obj, request.user, Action.REVIEW)
    waiver = get_object_or_404(Waiver.objects.active(), pk=pk, space__in=spaces)
    withdraw_waiver(request, obj, waiver)
    return redirect(f"{obj.get_absolute_url()}#reviews")


def withdraw_waiver(request: HttpRequest, obj: BpfObject, waiver: Waiver) -> None:
    """End a waiver before its day, and tell whom it concerns."""
    with transaction.atomic():
        withdraw(waiver, request.user)
        text = f"{request.user} withdraws a waiver that {obj.file_name} has"
        _announce_waiver(request, obj, waiver, Kind.WAIVER_ENDED, text)


def _announce_waiver(
    request: HttpRequest, obj: BpfObject, waiver: Waiver, kind: Kind, text: str
) -> None:
    assert isinstance(request.user, User)
    Event.objects.announce(
        waiver.space,
        kind,
        f"{text}: {waiver.finding}",
        _review_url(request, obj),
        _concerned(obj, waiver.space, request.user),
        object=obj.sha256,
        name=obj.file_name,
        fingerprint=waiver.fingerprint,
        finding=waiver.finding,
        until=str(waiver.expires_at.date()),
        reason=waiver.reason,
    )


@require_POST
@object_view(Action.SUBMIT)
def assign(request: HttpRequest, obj: BpfObject) -> HttpResponse:
    """Ask somebody who may review to do so."""
    space = find_review_space(request.user, obj)
    form = AssignForm(request.POST, reviewers=[user.pk for user in list_reviewers(space)])
    if space is None or not form.is_valid():
        messages.error(request, "Choose somebody who may review in this space.")
        return redirect(f"{obj.get_absolute_url()}#reviews")
    ask_reviewer(request, obj, space, form.cleaned_data["reviewer"])
    return redirect(f"{obj.get_absolute_url()}#reviews")


def ask_reviewer(request: HttpRequest, obj: BpfObject, space: Space, reviewer: User) -> None:
    """Ask somebody who may review in a space; who was asked already is not told again."""
    with transaction.atomic():
        _, is_new = Assignment.objects.get_or_create(object=obj, space=space, reviewer=reviewer)
        if not is_new:
            return
        AuditEntry.objects.record(
            space, request.user, "reviewer asked", obj.sha256, reviewer=str(reviewer)
        )
        Event.objects.announce(
            space,
            Kind.REVIEW_ASKED,
            f"{request.user} asks {reviewer} to review {obj.file_name}",
            _review_url(request, obj),
            [reviewer],
            object=obj.sha256,
            name=obj.file_name,
            reviewer=str(reviewer),
        )


def list_reviewers(space: Space | None) -> list[User]:
    """Return who may review in a space as a member."""
    if space is None:
        return []
    able = space.memberships.filter(role__in=Role.REVIEWER.at_least(), user__is_active=True)
    return [member.user for member in able.select_related("user")]
