"""Tell the BTF of a module from that of a kernel: a module's types go on after those of vmlinux.

Mirrors `btf_parse_module()` (kernel/bpf/btf.c): ids and string offsets below those of the base
belong to it, so a split BTF alone cannot be read.
"""

from __future__ import annotations

import sys
from array import array

from kfmap.btf.kinds import KIND_SHIFT, MAX_KIND, MODIFIERS_AND_TYPEDEFS, REFERENCES
from kfmap.btf.layout import extra_words, index_types, read_header

_REFERENCES = frozenset(map(int, REFERENCES | MODIFIERS_AND_TYPEDEFS))


def is_split(data: bytes) -> bool:
    """Return whether BTF refers to names or types that it does not have itself.

    Raises BtfError where it is damaged.
    """
    header = read_header(data)
    words = array("I")
    words.frombytes(memoryview(data)[header.types[0] : header.types[1]])
    if header.byteorder != sys.byteorder:
        words.byteswap()
    strings = header.strings[1] - header.strings[0]
    starts = index_types(words, extra_words(data, header))
    return any(
        words[at - 1] >= strings
        or (words[at] >> KIND_SHIFT & MAX_KIND in _REFERENCES and words[at + 1] >= len(starts))
        for at in starts[1:]
    )
