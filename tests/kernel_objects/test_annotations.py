"""What selftests expect of their programs, read from declaration tags old and new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter
from tests.kernel_objects.annotations import Annotation, read_annotations
from tests.verifier.engine.flow.assembly import assemble


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["comment:test_expect_success"], Annotation(True, ())),
        (["comment:12:test_expect_success"], Annotation(True, ())),
        (
            ["comment:3:test_expect_failure", "comment:4:test_expect_msg=R1 = 2: no"],
            Annotation(False, ("R1 = 2: no",)),
        ),
        (
            ["comment:test_expect_failure", "comment:test_expect_msg=7=R1 bad"],
            Annotation(False, ("R1 bad",)),
        ),
        (["comment:5:test_expect_failure_unpriv", "comment:6:test_description=x"], None),
        ([], None),
    ],
)
def test_annotations_are_those_of_the_program(tags: list[str], expected: Annotation | None) -> None:
    writer = BtfWriter()
    prototype = writer.prototype(writer.integer("int"))
    for name, words in (("main", tags), ("other", ["comment:test_expect_success"])):
        function = writer.function(name, prototype)
        for word in words:
            writer.declaration_tag(word, function)
    obj = replace(assemble("main: program; exit"), btf=read_btf(writer.build()))
    assert read_annotations(obj) == ({"main": expected} if expected else {})
