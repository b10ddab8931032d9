"""What a check made goes when nothing refers to it: the collector is off in commands."""

from __future__ import annotations

import gc

import pytest

from tests.verifier.bundled import bundled_kernel
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.object.read import read_object
from verifier.engine.verdict import check_object, collection_paused


@pytest.mark.parametrize("name", NAMES)
def test_a_check_makes_no_cycles(name: str) -> None:
    kernel = bundled_kernel("7.3")
    check_object(read_object(object_bytes(name)), kernel)  # what a kernel keeps of it stays
    gc.collect()
    with collection_paused():
        check_object(read_object(object_bytes(name)), kernel)
        assert gc.collect() == 0
