"""What is prepared for all kernels at once, and what cannot be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kfmap.btf.ext import read_btf_ext
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter, write_btf_ext
from tests.verifier.engine.flow.assembly import SECTION, assemble
from verifier.engine.object.model import ObjectError
from verifier.engine.verdict import prepare_object


def test_relocations_that_cannot_be_read_refuse_the_object() -> None:
    writer = BtfWriter()
    start = writer.string("0:" * 2000)
    rows = [(8 * slot, 0, start + slot, 0) for slot in range(100)]
    ext = write_btf_ext(writer, core={SECTION: rows})
    obj = replace(
        assemble("main: program; exit"), btf_ext=read_btf_ext(ext, read_btf(writer.build()))
    )
    with pytest.raises(ObjectError, match="relocations cannot be read: strings overlap"):
        prepare_object(obj)
