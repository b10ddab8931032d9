"""Keep what-if variants: a variant becomes a kernel of the map, with the edits that made it."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from kfmap.catalogue.kept_parts import load_functions
from kfmap.catalogue.models import Kernel, Variant
from kfmap.catalogue.store import (
    LoadedKernel,
    load_config,
    load_types,
    save_kernel,
)
from kfmap.permission.what_if.apply import apply_edits
from kfmap.permission.what_if.edit_json import write_edits
from kfmap.permission.what_if.edits import Edit


@transaction.atomic
def keep_variant(base: LoadedKernel, edits: Sequence[Edit], name: str, user: User | None) -> Kernel:
    """Put a variant into the map. Raises EditError, KernelExistsError, ValidationError.

    It keeps types and options of its base: objects are checked against it as against any kernel.
    """
    facts = apply_edits(base.facts, edits, name)
    types = load_types(base.name, base.facts_hash)
    config = load_config(base.name, base.facts_hash)
    functions = load_functions(base.name, base.facts_hash)
    kernel = save_kernel(
        facts, types, config=config, functions=functions, source=Kernel.Source.VARIANT
    ).kernel
    Variant.objects.update_or_create(
        kernel=kernel,
        defaults={
            "base_name": base.name,
            "base_facts_hash": base.facts_hash,
            "edits": write_edits(edits),
            "created_by": user,
        },
    )
    return kernel


def may_drop(variant: Variant, user: User | AnonymousUser) -> bool:
    """Return whether somebody may take a variant out of the map: who made it, and the staff."""
    return user.is_staff or (user.is_authenticated and variant.created_by_id == user.pk)
