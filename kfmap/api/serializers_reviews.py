"""The shapes of the API around the review of an object."""

from __future__ import annotations

from rest_framework import serializers

from kfmap.api.serializers import ReviewSerializer, Serializer
from verifier.records.models import Review
from verifier.records.models.review import MAX_TEXT
from verifier.records.review_state import State


class NewReviewSerializer(Serializer):
    """What somebody says; `fingerprint` names the finding that a remark is about."""

    decision = serializers.ChoiceField(choices=Review.Decision.choices)
    text = serializers.CharField(required=False, allow_blank=True, max_length=MAX_TEXT)
    fingerprint = serializers.CharField(required=False, allow_blank=True, max_length=32)
    mark = serializers.CharField(
        required=False, allow_blank=True, help_text="that of the state the decision was made by"
    )


class NewReviewerSerializer(Serializer):
    """Somebody who is to review an object."""

    reviewer = serializers.CharField(max_length=150, help_text="their user name")


class NewWaiverSerializer(Serializer):
    """A finding that somebody answers for."""

    fingerprint = serializers.CharField(help_text="that of a cause, in reports")
    reason = serializers.CharField(max_length=MAX_TEXT)
    until = serializers.DateField(help_text="its last day, at most two years ahead")


class OpenFindingSerializer(Serializer):
    """A finding without a waiver, on a kernel that the space cares for."""

    fingerprint = serializers.CharField()
    finding = serializers.CharField()


class StandingWaiverSerializer(Serializer):
    """A waiver of the space that counts now."""

    id = serializers.IntegerField()
    fingerprint = serializers.CharField()
    until = serializers.DateField()


class StandingSerializer(Serializer):
    """Where the review stands: why it is open again, what a sign-off does not cover, who is asked.

    `mark` changes with everything that a decision stands on.
    """

    space = serializers.CharField(allow_null=True)
    state = serializers.ChoiceField(choices=[(state.value, state.value) for state in State])
    reopened = serializers.ListField(child=serializers.CharField())
    uncovered = serializers.ListField(child=serializers.CharField())
    unwaived = OpenFindingSerializer(many=True)
    waivers = StandingWaiverSerializer(many=True)
    reviewers = serializers.ListField(child=serializers.CharField())
    mark = serializers.CharField()
    reviews = ReviewSerializer(many=True)
