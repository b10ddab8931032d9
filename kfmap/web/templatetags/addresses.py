"""`{% address 'kfunc' kernel.name name %}`: what `url` gives, for lists of a hundred kernels."""

from __future__ import annotations

from django import template

from kfmap.web.shared.addresses import address

register = template.Library()
register.simple_tag(address)
