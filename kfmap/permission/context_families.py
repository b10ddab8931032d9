"""The group that people look for a context in: a kind of program, or an ops structure."""

from __future__ import annotations

from kfmap.permission.context import Context
from kfmap.permission.context_words import KPROBE, LSM, TRACING, type_word
from kfmap.permission.view import EXT_TYPE

PROGRAM_TYPES = "program types"
_OWN_GROUP = {TRACING, LSM, KPROBE, EXT_TYPE}


def family_name(context: Context) -> str:
    """Return the group of a context."""
    if context.struct_ops:
        return context.struct_ops
    if context.program_type in _OWN_GROUP:
        return "freplace" if context.program_type == EXT_TYPE else type_word(context.program_type)
    return PROGRAM_TYPES
