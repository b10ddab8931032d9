"""What an upload's loader attaches to, where that is a program of another upload."""

from __future__ import annotations

from dataclasses import replace

from kfmap.permission.section_names import UNKNOWN_TYPE
from verifier.engine.judging.choices import ON_PROGRAM, ChoiceError, LoaderChoices
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader


def resolve_targets(choices: LoaderChoices, user: Reader) -> LoaderChoices:
    """Put `prog:TYPE` for each OBJECT:PROGRAM; OBJECT is the name or the SHA-256 of an upload that
    somebody may see.

    Raises ChoiceError for a program that the object does not have, or of a type not known.
    """
    targets = {name: _resolve(target, user) for name, target in choices.targets.items()}
    return replace(choices, targets=targets)


def _resolve(target: str, user: Reader) -> str:
    named, colon, program = target.rpartition(":")
    if not colon:
        return target
    seen = BpfObject.objects.visible_to(user)
    obj = seen.at(named).first() or seen.named(named).first()
    if obj is None:  # a module's function, or prog:TYPE
        return target
    found = obj.programs.filter(name=program).first()
    if found is None:
        raise ChoiceError(f"{named} has no program {program!r}, or has not been read yet")
    if found.program_type == UNKNOWN_TYPE:
        raise ChoiceError(f"the type of {program} in {named} is not known: give prog:TYPE")
    return f"{ON_PROGRAM}{found.section}"
