"""What an upload's loader attaches to, where that is a program of another upload."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from kfmap.permission.section_names import UNKNOWN_TYPE
from verifier.engine.judging.attached import split_target
from verifier.engine.judging.choices import ChoiceError, LoaderChoices
from verifier.records.models import BpfObject
from verifier.spaces.access import Reader

_SHA256 = re.compile(r"[0-9a-f]{64}")


def resolve_targets(choices: LoaderChoices, user: Reader) -> LoaderChoices:
    """Put the SHA-256 of the object for each OBJECT:PROGRAM or OBJECT:PROGRAM:FUNCTION; OBJECT is
    the name or the SHA-256 of an upload that somebody may see.

    Raises ChoiceError for a program that the object does not have, or of a type not known, and for
    a SHA-256 of no object that they may see.
    """
    targets = {name: _resolve(target, user) for name, target in choices.targets.items()}
    return replace(choices, targets=targets)


def target_objects(loader: Mapping[str, list[str]]) -> frozenset[str]:
    """Return the SHA-256 of the objects whose programs a loader attaches to, as it was stored."""
    words = (said.partition("=")[2] for said in loader.get("target", ()))
    return frozenset(
        named for word in words for named, _, _ in split_target(word) if _SHA256.fullmatch(named)
    )


def _resolve(target: str, user: Reader) -> str:
    seen = BpfObject.objects.visible_to(user)
    for named, program, function in split_target(target):
        obj = seen.at(named).first() or seen.named(named).first()
        if obj is not None:
            _check(obj, named, program)
            return ":".join(filter(None, (obj.sha256, program, function)))
        if _SHA256.fullmatch(named):
            raise ChoiceError(f"there is no upload {named} that you may see")
    return target  # a module's function, or prog:TYPE


def _check(obj: BpfObject, named: str, program: str) -> None:
    found = obj.programs.filter(name=program).first()
    if found is None:
        raise ChoiceError(f"{named} has no program {program!r}, or has not been read yet")
    if found.program_type == UNKNOWN_TYPE:
        raise ChoiceError(f"the type of {program} in {named} is not known: give prog:TYPE")
