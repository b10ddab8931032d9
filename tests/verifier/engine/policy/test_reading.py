"""Policies from text: what is taken, and what is said by line of what is not."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from verifier.engine.policy.model import Effect
from verifier.engine.policy.reading import (
    PolicyError,
    find_notes,
    load_schema,
    read_examples,
    read_policy,
)

HEAD = "version: 1\nname: Ours\n"
RULE = HEAD + "rules:\n- effect: deny\n  match:"
ONE = "- {id: a, effect: warn}"
BOMB = "a: &a [x,x]\n" + "".join(
    f"{b}: &{b} [*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def problems(text: str) -> list[str]:
    """Return what is said of a text that is no policy."""
    with pytest.raises(PolicyError) as raised:
        read_policy(text)
    return [str(problem) for problem in raised.value.problems]


def test_policy_is_read_with_its_defaults() -> None:
    policy = read_policy(
        HEAD + "rules:\n- effect: deny\n  match:\n    kfunc: bpf_*\n    foreign: no\n"
    )
    (rule,) = policy.rules
    assert (rule.id, rule.effect, rule.line) == ("rule-1", Effect.DENY, 4)
    assert rule.match.parts == {"kfunc": ("bpf_*",)}
    assert rule.match.foreign is False
    assert policy.default == Effect.ALLOW
    assert policy.verdicts["refused"] == Effect.DENY


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: the file is empty"),
        ("[]", "line 1: the policy has to be a map of keys and values"),
        ("version: 1", "line 1: name is missing"),
        ("version: 2\nname: x", "line 1: version has to be 1"),
        (HEAD + "rule: []", "line 3: there is no key “rule” here; there are version, name,"),
        (HEAD + "default: forbid", "line 3: default is one of allow, warn, deny"),
        (RULE + "\n    kfuncs: x", "line 6: there is no key “kfuncs”"),
        (HEAD + "rules:\n- {effect: deny}\n- {match: {}}", "line 5: effect is missing"),
        (HEAD + "kernels: [6.12]", "line 3: kernels has to be a text in quotes, or a list of such"),
        (RULE + " {foreign: maybe}", "line 5: foreign has to be a true or"),
        (HEAD + f"rules:\n{ONE}\n{ONE}", "line 5: the id “a” is taken"),
        (HEAD + "name: y", "line 3: “name” is given twice"),
        (HEAD + "default: !!python/object/apply:os.system [id]", "line 3: tags (!) are not taken"),
        (HEAD + "description: !!str x", "line 3: tags (!) are not taken"),
        (BOMB, "line 1: anchors (&) and aliases (*) are not taken"),
        ("[" * 40 + "]" * 40, "line 1: nested too deeply"),
        (HEAD + "rules: [" + "1," * 30_000 + "]", "line 3: nested too deeply, or too much of it"),
        ("x" * 300_000, "line 1: the file is larger than 256 KB"),
        (HEAD + "rules:\n\t- x", "line 4: this is not YAML"),
        ("version: 1\nname: \x00", "line 1: this is not YAML"),
        (HEAD + "? [a]\n: b", "line 3: a key has to be a word"),
        ("version: 1\n---\nname: x", "this is not YAML"),
        ("version: 9" + "9" * 5000 + "\nname: x", "line 1: "),
    ],
)  # fmt: skip
def test_what_is_no_policy_is_said_by_line(text: str, said: str) -> None:
    assert any(said in problem for problem in problems(text)), problems(text)


def test_every_problem_is_said_at_once_in_the_order_of_lines() -> None:
    found = problems("version: 3\nname: x\ndefault: no\nextra: 1\n")
    assert [problem.partition(":")[0] for problem in found] == ["line 1", "line 3", "line 4"]


def test_published_schema_is_one_and_takes_the_examples() -> None:
    Draft202012Validator.check_schema(load_schema())
    assert set(read_examples()) == {"scheduler-fleet", "no-destructive-kfuncs", "lts-only"}
    for text in read_examples().values():
        assert not find_notes(read_policy(text))


def test_policy_that_nothing_passes_and_rules_that_nothing_reaches_are_noted() -> None:
    notes = find_notes(
        read_policy(HEAD + "rules:\n- effect: deny\n- {effect: warn, match: {kfunc: x}}")
    )
    assert [note.line for note in notes] == [4, 5]
    assert "denies every call" in notes[0].text
    assert "never reached" in notes[1].text
    (note,) = find_notes(read_policy(HEAD + "default: deny"))
    assert "no object that calls a kfunc can pass" in note.text
