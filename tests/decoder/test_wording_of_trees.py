"""The wording of real kernel trees: what the verifier, sched_ext and libbpf can say is known.

Set KFMAP_TEST_TREE to a folder whose `tree/` holds unpacked kernel sources.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kfmap.decoder.messages import message_index
from kfmap.decoder.reading import complains
from tests.decoder.wording import SOURCES, list_messages

pytestmark = pytest.mark.tree

# Most of these are told of to whoever builds a kernel, some are parts of a longer line.
_UNKNOWN_AT_MOST = {"verifier": 24, "sched_ext": 1, "libbpf": 47}
_PREFIX = {"libbpf": "libbpf: "}


def _trees() -> list[Path]:
    kept = os.environ.get("KFMAP_TEST_TREE")
    found = sorted(Path(kept, "tree").glob("*/kernel/bpf")) if kept else []
    return [path.parents[1] for path in found]


@pytest.mark.parametrize("kind", SOURCES)
def test_complaints_of_a_tree_are_known(kind: str) -> None:
    trees = _trees()
    if not trees:
        pytest.skip("set KFMAP_TEST_TREE to a folder with unpacked kernel sources under tree/")
    index = message_index()
    unknown = set()
    for tree in trees:
        for literal, messages in list_messages(tree, kind):
            lines = [_PREFIX.get(kind, "") + message for message in messages]
            if any(map(complains, lines)) and not any(map(index.find, lines)):
                unknown.add(literal)
    assert len(unknown) <= _UNKNOWN_AT_MOST[kind], sorted(unknown)
