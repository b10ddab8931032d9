"""Broken objects are read or refused, never anything else. The benchmark tries many more."""

from __future__ import annotations

from random import Random

import pytest

from tests.verifier.engine.object.mutate import Layout, mutate
from tests.verifier.engine.object.objects import NAMES, object_bytes
from verifier.engine.object.disassemble import disassemble
from verifier.engine.object.model import ObjectError
from verifier.engine.object.read import read_object


@pytest.mark.parametrize("name", NAMES)
def test_mutated_object_is_read_or_refused(name: str) -> None:
    data = object_bytes(name)
    layout = Layout(data)
    outcomes = set()
    for number in range(150):
        broken = mutate(data, layout, Random(f"{name}:{number}"))
        try:
            read = read_object(broken)
        except ObjectError as error:
            assert str(error)
            outcomes.add("refused")
        else:
            outcomes.add("read")
            for code in read.code.values():
                assert len(list(disassemble(code, 0, len(code.opcodes)))) <= len(code.opcodes)
    assert outcomes == {"read", "refused"}, "the mutations are too weak or too strong"
