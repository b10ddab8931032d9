"""The shapes of the API around spaces: members, policies, waivers, audit trail, inbox."""

from __future__ import annotations

from rest_framework import serializers

from kfmap.api.serializers import Serializer
from verifier.engine.policy.yaml_lines import MAX_BYTES
from verifier.records.newest import LOOKED_AT
from verifier.spaces.models.space import LONGEST_ABOUT, LONGEST_NAME, LONGEST_SLUG, MOST_DAYS
from verifier.spaces.roles import Role, Visibility

_OF_ACCOUNTS = [("", "see"), (Role.SUBMITTER, "submit"), (Role.REVIEWER, "review")]


class ListedSpaceSerializer(Serializer):
    """A space; `role`: what the reader is there."""

    slug = serializers.CharField()
    name = serializers.CharField()
    about = serializers.CharField(allow_blank=True)
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    accounts_role = serializers.CharField(
        allow_blank=True, help_text="what everybody with an account may do if it is not private"
    )
    role = serializers.ChoiceField(choices=Role.choices, allow_null=True)
    kernels = serializers.ListField(child=serializers.CharField())
    retention_days = serializers.IntegerField(allow_null=True)
    url = serializers.CharField()


class NewSpaceSerializer(Serializer):
    """A space to be made."""

    slug = serializers.SlugField(max_length=LONGEST_SLUG, help_text="its name in addresses")
    name = serializers.CharField(max_length=LONGEST_NAME)
    about = serializers.CharField(required=False, allow_blank=True, max_length=LONGEST_ABOUT)


class SettingsSerializer(Serializer):
    """What a maintainer decides; what is not sent stays."""

    name = serializers.CharField(max_length=LONGEST_NAME)
    about = serializers.CharField(allow_blank=True, max_length=LONGEST_ABOUT)
    visibility = serializers.ChoiceField(choices=Visibility.choices)
    accounts_role = serializers.ChoiceField(choices=_OF_ACCOUNTS, allow_blank=True)
    kernels = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=1000, help_text="empty: all"
    )
    retention_days = serializers.IntegerField(
        allow_null=True, min_value=1, max_value=MOST_DAYS, help_text="null: uploads stay"
    )


class RoleSerializer(Serializer):
    """A role in a space."""

    role = serializers.ChoiceField(choices=Role.choices)


class MemberSerializer(RoleSerializer):
    """Somebody in a space."""

    user = serializers.CharField()


class ListedInvitationSerializer(RoleSerializer):
    """A link into a space that was not used yet."""

    id = serializers.IntegerField(source="pk")
    created_by = serializers.CharField()
    expires_at = serializers.DateTimeField()


class NewInvitationSerializer(ListedInvitationSerializer):
    """A link that was made just now. `link` is told this once: kfmap keeps only its hash."""

    link = serializers.URLField()
    url = serializers.CharField(help_text="where the API accepts it")


class InvitationSerializer(RoleSerializer):
    """What a link leads to."""

    space = serializers.CharField()
    name = serializers.CharField()
    created_by = serializers.CharField()
    expires_at = serializers.DateTimeField()


class SpaceSerializer(ListedSpaceSerializer):
    """A space, with the number of its objects and the names of its policies in force."""

    objects = serializers.IntegerField(help_text=f"counted to {LOOKED_AT:,}")
    objects_is_exact = serializers.BooleanField(help_text="false: there are more")
    policies = serializers.ListField(child=serializers.CharField())
    members = MemberSerializer(many=True)


class AuditEntrySerializer(Serializer):
    """One thing that was done."""

    at = serializers.DateTimeField()
    actor = serializers.CharField(allow_blank=True)
    what = serializers.CharField()
    subject = serializers.CharField(allow_blank=True)
    details = serializers.JSONField()


class ListedWaiverSerializer(Serializer):
    """A finding that somebody answers for."""

    fingerprint = serializers.CharField()
    finding = serializers.CharField()
    reason = serializers.CharField()
    owner = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    active = serializers.BooleanField()


class NoticeSerializer(Serializer):
    """One thing to know, and where it is seen."""

    text = serializers.CharField()
    url = serializers.CharField()
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class NewPolicySerializer(Serializer):
    """The YAML of a policy, and its name in addresses."""

    name = serializers.SlugField(max_length=60)
    text = serializers.CharField(max_length=MAX_BYTES, trim_whitespace=False)


class PolicySerializer(Serializer):
    """One version of a policy."""

    name = serializers.CharField()
    version = serializers.IntegerField()
    in_force = serializers.BooleanField()
    text = serializers.CharField()
    author = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()


class PolicyObjectSerializer(Serializer):
    """An object that a policy would judge otherwise."""

    name = serializers.CharField()
    sha256 = serializers.CharField()
    url = serializers.CharField()


class DryRunSerializer(Serializer):
    """What a policy changes, of the newest objects of the space."""

    starts_to_fail = PolicyObjectSerializer(many=True)
    stops_failing = PolicyObjectSerializer(many=True)
    still_fails = serializers.IntegerField()
    looked_at = serializers.IntegerField()
    not_checked_yet = serializers.IntegerField()
    left_out = serializers.IntegerField(help_text="older objects that were not looked at")


class PolicyAnswerSerializer(Serializer):
    """What was kept, null for a dry run; `notes`: what no object can satisfy, and the like."""

    kept = PolicySerializer(allow_null=True)
    notes = serializers.ListField(child=serializers.CharField())
    dry_run = DryRunSerializer()
