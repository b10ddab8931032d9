"""Read what the probe wrote: one JSON document with the answers of a kernel.

Evidence comes from other people's machines, so nothing in it is believed before it was looked at:
sizes, types and letters are checked, and the first fault is said with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kfmap.kernel.facts import Observed
from kfmap.permission.bits import ALLOWED_LETTER, REFUSED_LETTER, UNKNOWN_LETTER

FORMAT = "kfmap-evidence"
VERSION = 1
MOST_BYTES = 64 << 20
_MOST_KFUNCS = 8192
_MOST_CONTEXTS = 4096
_MOST_CELLS = 1_000_000  # a kernel has 60,000 now; so many are compared within 3 s
_LETTERS = frozenset(ALLOWED_LETTER + REFUSED_LETTER + UNKNOWN_LETTER)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,127}")
_RELEASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~-]{0,127}")
_HEXADECIMAL = re.compile(r"[0-9a-f]{0,64}")
_MOST_TEXT = 500


class EvidenceError(ValueError):
    """The document is no evidence: says where and why."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers in one context: one letter (A, D, ?) per kfunc of the evidence.

    `loads`: the context accepts a program without a call; `message` says why where it does not.
    `may_sleep`: it accepts one with BPF_F_SLEEPABLE; None where the probe did not ask.
    """

    context: Observed
    loads: bool
    message: str
    may_sleep: bool | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one booted kernel answered.

    `release` is that of uname, `build_id` the hexadecimal NT_GNU_BUILD_ID of the image,
    `btf_sha256` the hash of /sys/kernel/btf/vmlinux; each is empty where the probe could not tell.
    `modules` names the module of each kfunc that is not in vmlinux; `undetermined` says of a kfunc
    why some cells tell nothing.
    """

    release: str
    build: str
    machine: str
    build_id: str
    btf_sha256: str
    kfuncs: tuple[str, ...]
    answers: tuple[Answers, ...]
    modules: Mapping[str, str]
    undetermined: Mapping[str, str]

    @property
    def cells(self) -> int:
        """Return how many cells were asked, determined or not."""
        return len(self.kfuncs) * len(self.answers)


def read_evidence(data: bytes) -> Evidence:
    """Read the JSON document of the probe, or of an earlier one without sleepable answers.

    Raises EvidenceError with the place of the first fault.
    """
    given = _read_json(data)
    kfuncs = _names(given.get("kfuncs"), "kfuncs", _MOST_KFUNCS)
    contexts = given.get("contexts")
    if not isinstance(contexts, list) or not contexts:
        raise EvidenceError('"contexts" must be a list of at least one context')
    if len(contexts) > _MOST_CONTEXTS or len(contexts) * len(kfuncs) > _MOST_CELLS:
        raise EvidenceError(
            f"it has more than {_MOST_CELLS:,} cells or {_MOST_CONTEXTS:,} contexts"
        )
    answers = tuple(_read_answers(item, at, len(kfuncs)) for at, item in enumerate(contexts))
    seen: set[Observed] = set()
    for item in answers:
        asked = replace(item.context, verdicts="")
        if asked in seen:
            raise EvidenceError(f"the context {_describe(asked)} stands in it twice")
        seen.add(asked)
    return Evidence(
        release=_matching(given, "kernel", _RELEASE),
        build=_text(given, "build"),
        machine=_text(given, "machine"),
        build_id=_matching(given, "build_id", _HEXADECIMAL, missing=""),
        btf_sha256=_matching(given, "btf_sha256", _HEXADECIMAL, missing=""),
        kfuncs=tuple(dict.fromkeys(kfuncs)),
        answers=_merge(kfuncs, answers),
        modules=_texts(given.get("modules", {}), "modules"),
        undetermined=_texts(given.get("undetermined", {}), "undetermined"),
    )


def _merge(kfuncs: tuple[str, ...], answers: tuple[Answers, ...]) -> tuple[Answers, ...]:
    """Return the answers with one letter per name: two modules may have functions of one name.

    Where those have different answers, the name alone does not tell.
    """
    if len(set(kfuncs)) == len(kfuncs):
        return answers
    merged = []
    for item in answers:
        letters: dict[str, str] = {}
        for name, letter in zip(kfuncs, item.context.verdicts, strict=True):
            letters[name] = letter if letters.get(name, letter) == letter else UNKNOWN_LETTER
        merged.append(
            replace(item, context=replace(item.context, verdicts="".join(letters.values())))
        )
    return tuple(merged)


def _read_json(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise EvidenceError(f"it is larger than {MOST_BYTES >> 20} MB")
    try:
        given = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise EvidenceError("it is not JSON, or it was cut off: probe again") from error
    if not isinstance(given, dict) or given.get("format", FORMAT) != FORMAT:
        raise EvidenceError(f'it is not what the probe writes: "format" must be "{FORMAT}"')
    version = given.get("version", VERSION)
    if version != VERSION or isinstance(version, bool):
        raise EvidenceError(f"its version is {version!r:.20}; this kfmap reads version {VERSION}")
    if given.get("complete", True) is not True:
        raise EvidenceError("the probe did not finish: probe again")
    return given


def _read_answers(given: object, at: int, count: int) -> Answers:
    where = f"context {at + 1}"
    if not isinstance(given, dict):
        raise EvidenceError(f"{where} is not an object")
    program_type = _name(given, "program_type", where)
    if program_type is None:
        raise EvidenceError(f'{where} has no "program_type"')
    letters = given.get("verdicts")
    if not isinstance(letters, str) or len(letters) != count or not _LETTERS.issuperset(letters):
        raise EvidenceError(f'{where}: "verdicts" must have one of A, D and ? per kfunc ({count})')
    may_sleep = given.get("may_sleep")
    return Answers(
        Observed(
            program_type=program_type,
            attach_type=_name(given, "attach_type", where),
            target=_name(given, "target", where),
            struct_ops=_name(given, "struct_ops", where),
            member=_name(given, "member", where),
            sleepable=given.get("sleepable") is True,
            verdicts=letters,
        ),
        given.get("loads") is not False,
        _text(given, "message"),
        may_sleep if isinstance(may_sleep, bool) else None,
    )


def _name(given: dict[str, Any], field: str, where: str) -> str | None:
    name = given.get(field)
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise EvidenceError(f'{where}: "{field}" is no name')
    return name


def _describe(context: Observed) -> str:
    names = (context.program_type, context.attach_type, context.target)
    return " ".join(filter(None, (*names, context.struct_ops, context.member)))


def _names(given: object, field: str, most: int) -> tuple[str, ...]:
    if not isinstance(given, list) or not given or len(given) > most:
        raise EvidenceError(f'"{field}" must be a list of 1 to {most:,} names')
    for name in given:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise EvidenceError(f'"{field}" has {str(name)[:60]!r}, which is no name')
    return tuple(given)


def _matching(
    given: dict[str, Any], field: str, form: re.Pattern[str], missing: str | None = None
) -> str:
    text = given.get(field, missing)
    if not isinstance(text, str) or not form.fullmatch(text):
        raise EvidenceError(f'"{field}" is missing or has another form than the probe writes')
    return text


def _text(given: dict[str, Any], field: str) -> str:
    return _clean(given.get(field) or "", _MOST_TEXT)


def _clean(value: object, most: int) -> str:
    """Return a text that can be stored and shown anywhere, without control characters."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in str(value)[:most])


def _texts(given: object, field: str) -> dict[str, str]:
    if not isinstance(given, dict) or len(given) > _MOST_KFUNCS:
        raise EvidenceError(f'"{field}" must be an object of texts')
    return {_clean(key, 128): _clean(value, _MOST_TEXT) for key, value in given.items()}
