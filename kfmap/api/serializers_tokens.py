"""The shapes of the API around tokens."""

from __future__ import annotations

from rest_framework import serializers

from kfmap.api.models import LONGEST_NAME, MOST_DAYS, ApiToken, Scope, TokenState
from kfmap.api.serializers import Serializer
from verifier.spaces.models.space import LONGEST_SLUG


class NewTokenSerializer(Serializer):
    """A token to be made; without `space` it is for all that its owner may see."""

    name = serializers.CharField(max_length=LONGEST_NAME, help_text="what it is for")
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=Scope.choices), allow_empty=False, max_length=8
    )
    days = serializers.IntegerField(min_value=1, max_value=MOST_DAYS, help_text="until it expires")
    space = serializers.SlugField(
        required=False, allow_null=True, allow_blank=True, max_length=LONGEST_SLUG
    )


class TokenSerializer(Serializer):
    """A token without its text, of which `start` has the first characters."""

    id = serializers.IntegerField(source="pk")
    name = serializers.CharField()
    start = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    space = serializers.SerializerMethodField(allow_null=True)
    state = serializers.ChoiceField(choices=TokenState.choices)
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)

    def get_space(self, token: ApiToken) -> str | None:
        """Return the slug of the one space that it is for."""
        return token.space.slug if token.space else None


class MadeTokenSerializer(TokenSerializer):
    """A token that was made just now, with its text in `token`: kfmap keeps only the hash."""

    token = serializers.SerializerMethodField()

    def get_token(self, token: ApiToken) -> str:
        """Return the text."""
        text: str = self.context["token"]
        return text
