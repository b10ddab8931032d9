"""Names of functions as a kernel has them, packed and read again."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.function_pack import pack_functions
from kfmap.btf.read import read_btf
from tests.btf.btf_writer import BtfWriter


def named_functions(named: Mapping[str, int], of_modules: Collection[str] = ()) -> FunctionNames:
    """Make functions of vmlinux, each with as many arguments, and those that modules have."""
    writer = BtfWriter()
    number = writer.integer("int", 4)
    for name, arguments in named.items():
        writer.function(name, number, [(f"a{at}", number) for at in range(arguments)])
    return FunctionNames(pack_functions(read_btf(writer.build()), of_modules))
