"""Facts as JSON: what was written is read again, and earlier formats are still read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfmap.kernel.facts_json import (
    FORMAT,
    FactsError,
    hash_facts,
    outline_of,
    parse_facts,
    read_outline,
    render_facts,
)
from tests.kernel.small_kernel import extract
from tests.kernel.verifier_tree import write_verifier

_LATER = ("sleeping", "targets", "iterator_sleep")


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    facts = extract(tmp_path, write_verifier())
    text = render_facts(facts)
    assert parse_facts(text) == facts
    assert hash_facts(parse_facts(text)) == hash_facts(facts)
    assert json.loads(text)["format"] == FORMAT


def test_facts_of_the_first_format_lack_what_came_later(tmp_path: Path) -> None:
    body = json.loads(render_facts(extract(tmp_path, write_verifier())))
    for name in _LATER:
        del body["facts"][name]
    old = parse_facts(json.dumps(body | {"format": 1}))
    assert (old.sleeping, old.targets, old.iterator_sleep) == ((), None, ())


@pytest.mark.parametrize("number", [0, FORMAT + 1, None])
def test_other_formats_are_refused(tmp_path: Path, number: int | None) -> None:
    body = json.loads(render_facts(extract(tmp_path, {})))
    with pytest.raises(FactsError, match=f"format {FORMAT} or before"):
        parse_facts(json.dumps(body | {"format": number}))


def test_names_are_read_without_the_rest(tmp_path: Path) -> None:
    facts = extract(tmp_path, write_verifier())
    assert read_outline(render_facts(facts)) == outline_of(facts)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"kfuncs": 3}, "facts.kfuncs: expected a list"),
        ({"kfuncs": [[]]}, r"facts.kfuncs\[0\]: expected an object"),
        ({"kfuncs": [{"name": 3}]}, r"facts.kfuncs\[0\].name: expected str"),
        ({"kfuncs": [{"name": "x"}]}, r"facts.kfuncs\[0\]: owner, .*missing"),
        ({"kfuncs": [{"nome": "x"}]}, r"facts.kfuncs\[0\]: unknown key 'nome'"),
        ({"places": 1}, "facts: unknown key 'places'"),
        ({"kfuncs": [{"place": "nowhere"}]}, r"facts.kfuncs\[0\].place: expected file:line"),
    ],
)
def test_facts_that_do_not_fit_are_named_by_their_place(
    tmp_path: Path, change: dict[str, object], problem: str
) -> None:
    body = json.loads(render_facts(extract(tmp_path, {})))
    body["facts"] |= change
    with pytest.raises(FactsError, match=problem.replace("()", r"\(\)")):
        parse_facts(json.dumps(body))
