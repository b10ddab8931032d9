"""Facts as JSON: what was written is read again, and earlier formats are still read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kfmap.kernel.facts_json import FORMAT, FactsError, hash_facts, parse_facts, render_facts
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
