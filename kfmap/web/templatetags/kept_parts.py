"""`{% kept "rows" %}…{% endkept %}`: a part of a page that is the same for every reader.

It is made once per address and state of the map, so that who signed in, whose pages are their own,
waits only for what is theirs. Within it nobody is signed in: a form, or a name, belongs outside.
"""

from __future__ import annotations

from collections.abc import Hashable

from django import template
from django.contrib.auth.models import AnonymousUser
from django.template.base import FilterExpression, NodeList, Parser, Token
from django.template.context import Context
from django.utils.safestring import SafeString

from kfmap.catalogue.recent import Recent

register = template.Library()
KEPT_PARTS: Recent[Hashable, SafeString] = Recent(24 << 20, weigh=len)  # characters
_NOBODY = {"user": AnonymousUser(), "perms": None, "csrf_token": "", "messages": ()}


class KeptPart(template.Node):
    """The part between the two tags."""

    def __init__(self, name: FilterExpression, nodes: NodeList) -> None:
        self._name, self._nodes = name, nodes

    def render(self, context: Context) -> SafeString:
        """Return the part as it was made of the same map; a page that says no map makes its own."""
        of_map = context.get("map_identity")
        if not of_map:
            return self._make(context)
        request = context["request"]
        key = (of_map, request.get_full_path(), self._name.resolve(context))
        return KEPT_PARTS.recall(key, lambda: self._make(context))

    def _make(self, context: Context) -> SafeString:
        with context.push(**_NOBODY):
            return self._nodes.render(context)


@register.tag
def kept(parser: Parser, token: Token) -> KeptPart:
    """Read the tag: its argument names the part among those of its page."""
    _, name = token.split_contents()
    nodes = parser.parse(("endkept",))
    parser.delete_first_token()
    return KeptPart(parser.compile_filter(name), nodes)
