"""What a loader does, as people write it: options of `verify`, fields of the API and the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from verifier.engine.judging.choices import ChoiceError, LoaderChoices

OPTIONS = ("set", "cleared", "type", "target")
_WORDS = {"true": 1, "false": 0}


def parse_choices(
    values: Iterable[str] = (),
    cleared: Iterable[str] = (),
    types: Iterable[str] = (),
    targets: Iterable[str] = (),
) -> LoaderChoices:
    """Read `NAME=NUMBER`, `MEMBER`, `SECTION=TYPE` and `PROGRAM=TARGET`, any number of each.

    Raises ChoiceError for one that is not of its form.
    """
    return LoaderChoices(
        dict(_parse_value(text) for text in values),
        tuple(dict.fromkeys(_parse_name(text) for text in cleared)),
        dict(_parse_pair(text, "SECTION=TYPE") for text in types),
        dict(_parse_pair(text, "PROGRAM=TARGET") for text in targets),
    )


def plain_choices(choices: LoaderChoices) -> dict[str, list[str]]:
    """Return what `parse_plain_choices` reads, by the names of the options; {} for no choices.

    The same choices always give the same texts.
    """
    texts = {
        "set": sorted(f"{name}={value}" for name, value in choices.values.items()),
        "cleared": sorted(choices.cleared),
        "type": sorted(f"{section}={word}" for section, word in choices.types.items()),
        "target": sorted(f"{name}={target}" for name, target in choices.targets.items()),
    }
    return {option: said for option, said in texts.items() if said}


def parse_plain_choices(texts: Mapping[str, Iterable[str]]) -> LoaderChoices:
    """Read what options of these names say. Raises ChoiceError."""
    options = (texts.get(option, ()) for option in OPTIONS)
    return parse_choices(*options)


def say_choices(texts: Mapping[str, Iterable[str]]) -> str:
    """Return choices as the options of `verify` that stand for them."""
    return " ".join(f"--{option} {said}" for option, all_said in texts.items() for said in all_said)


def _parse_value(text: str) -> tuple[str, int]:
    name, value = _parse_pair(text, "NAME=NUMBER")
    try:
        return name, _WORDS[value] if value in _WORDS else int(value, 0)
    except ValueError as error:
        raise ChoiceError(f"{text!r} is not NAME=NUMBER") from error


def _parse_name(text: str) -> str:
    name = text.strip()
    if not name or "=" in name:
        raise ChoiceError(f"{text!r} is not the name of a struct_ops member")
    return name


def _parse_pair(text: str, form: str) -> tuple[str, str]:
    name, equals, value = text.strip().partition("=")
    if not equals or not name.strip() or not value.strip():
        raise ChoiceError(f"{text!r} is not {form}")
    return name.strip(), value.strip()
