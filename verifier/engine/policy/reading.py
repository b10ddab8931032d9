"""The text of a policy → its values, or what is wrong with it, line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from verifier.engine.policy.model import Effect, Match, Policy, Rule
from verifier.engine.policy.yaml_lines import Document, Problem, YamlError, read_yaml
from verifier.engine.result import FAILS_AT_RUN_TIME, REFUSED, UNKNOWN

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

SCHEMA_FILE = Path(__file__).with_name("policy.schema.json")
EXAMPLES = Path(__file__).with_name("examples")
_VERDICTS = {REFUSED: Effect.DENY, FAILS_AT_RUN_TIME: Effect.DENY, UNKNOWN: Effect.WARN}
_MOST_PROBLEMS = 50


class PolicyError(ValueError):
    """The text is no policy; `problems` say where and why, in the order of the lines."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = problems


def read_policy(text: str) -> Policy:
    """Return the policy. Raises PolicyError."""
    try:
        document = read_yaml(text)
    except YamlError as error:
        raise PolicyError([error.problem]) from error
    problems = [*_find_problems(document)][:_MOST_PROBLEMS]
    if problems:
        raise PolicyError(sorted(problems, key=lambda item: item.line))
    return _build(document)


def read_examples() -> dict[str, str]:
    """Return the text of each policy that comes with kfmap, by its name."""
    return {path.stem: path.read_text() for path in sorted(EXAMPLES.glob("*.yaml"))}


def load_schema() -> dict[str, Any]:
    """Return the JSON Schema of policies."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())
    return schema


def find_notes(policy: Policy) -> list[Problem]:
    """Return what is surely not meant: rules that nothing reaches, a policy that nothing passes."""
    notes, all_taken = [], 0
    for rule in policy.rules:
        if all_taken:
            text = f"rule {rule.id} is never reached: the rule of line {all_taken} fits every call"
            notes.append(Problem(rule.line, text))
        elif rule.match.is_empty:
            all_taken = rule.line
            if rule.effect == Effect.DENY:
                text = f"rule {rule.id} denies every call that no rule before it fits"
                notes.append(Problem(rule.line, text))
    allows = any(rule.effect != Effect.DENY for rule in policy.rules)
    if policy.default == Effect.DENY and not allows:
        notes.append(Problem(1, "no object that calls a kfunc can pass: nothing is allowed"))
    return notes


@cache
def _validator() -> Draft202012Validator:
    # Imported with the first policy: where checkers of formats are installed, jsonschema builds
    # a parser for each as it is imported, which takes 2 s of every command that never asks.
    validator: Draft202012Validator = import_module("jsonschema").Draft202012Validator(
        load_schema()
    )
    return validator


def _find_problems(document: Document) -> Iterator[Problem]:
    for error in _validator().iter_errors(document.value):
        path = tuple(error.absolute_path)
        for extra, text in _say(error):
            yield Problem(document.line_of((*path, extra) if extra else path), text)
    if isinstance(document.value, dict) and isinstance(document.value.get("rules"), list):
        yield from _find_doubles(document)


def _find_doubles(document: Document) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for at, rule in enumerate(document.value["rules"]):
        name = rule.get("id") if isinstance(rule, dict) else None
        line = document.line_of(("rules", at, "id"))
        if isinstance(name, str) and name in seen:
            yield Problem(line, f"the id “{name}” is taken by line {seen[name]}")
        elif isinstance(name, str):
            seen[name] = line


def _say(error: ValidationError) -> Iterator[tuple[str, str]]:
    """Return for each thing that is wrong the key it is about, "" for the value, and a sentence."""
    where = str(error.absolute_path[-1]) if error.absolute_path else "the policy"
    schema: Any = error.schema
    asked: Any = error.validator_value
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = schema["properties"]
            for key in instance:
                if key not in known:
                    yield key, f"there is no key “{key}” here; there are {', '.join(known)}"
        case "required":
            missing = [key for key in asked if key not in instance]
            yield "", f"{', '.join(missing)} is missing"
        case "enum":
            yield "", f"{where} is one of {', '.join(asked)}"
        case "const":
            yield "", f"{where} has to be {asked}"
        case "type":
            yield "", f"{where} has to be a {_TYPES[asked]}"
        case "anyOf":
            yield "", f"{where} has to be a text in quotes, or a list of such texts"
        case _:
            yield "", f"{where} is empty, too long, or has characters that it may not have"


_TYPES = {
    "object": "map of keys and values",
    "array": "list",
    "string": "text",
    "boolean": "true or false",
}


def _build(document: Document) -> Policy:
    value = document.value
    verdicts = {word: Effect(effect) for word, effect in value.get("verdicts", {}).items()}
    rules = [
        Rule(
            rule.get("id") or f"rule-{at}",
            Effect(rule["effect"]),
            _match(rule.get("match", {})),
            rule.get("reason", ""),
            document.line_of(("rules", at - 1)),
        )
        for at, rule in enumerate(value.get("rules", []), 1)
    ]
    return Policy(
        value["name"],
        value.get("description", ""),
        _patterns(value.get("kernels", [])),
        tuple(rules),
        Effect(value.get("default", Effect.ALLOW)),
        {**_VERDICTS, **verdicts},
    )


def _match(value: Mapping[str, Any]) -> Match:
    parts = {key: _patterns(said) for key, said in value.items() if key != "foreign"}
    return Match(parts, value.get("foreign"))


def _patterns(said: str | list[str]) -> tuple[str, ...]:
    return (said,) if isinstance(said, str) else tuple(said)
