"""What an upload's loader attaches to, where that is a program of another upload."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q

from kfmap.permission.section_names import UNKNOWN_TYPE
from verifier.engine.judging.choices import ON_PROGRAM, ChoiceError, LoaderChoices
from verifier.records.models import BpfObject


def resolve_targets(choices: LoaderChoices) -> LoaderChoices:
    """Put `prog:TYPE` for each OBJECT:PROGRAM; OBJECT is the name or the SHA-256 of an upload.

    Raises ChoiceError for a program that the object does not have, or of a type not known.
    """
    targets = {name: _resolve(target) for name, target in choices.targets.items()}
    return replace(choices, targets=targets)


def _resolve(target: str) -> str:
    named, colon, program = target.rpartition(":")
    if not colon:
        return target
    obj = BpfObject.objects.filter(Q(file_name=named) | Q(sha256=named)).first()
    if obj is None:  # a module's function, or prog:TYPE
        return target
    found = obj.programs.filter(name=program).first()
    if found is None:
        raise ChoiceError(f"{named} has no program {program!r}, or has not been read yet")
    if found.program_type == UNKNOWN_TYPE:
        raise ChoiceError(f"the type of {program} in {named} is not known: give prog:TYPE")
    return f"{ON_PROGRAM}{found.section}"
