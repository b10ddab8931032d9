"""Numbers and words of BTF as include/uapi/linux/btf.h has them."""

from __future__ import annotations

from enum import IntEnum

MAGIC = 0xEB9F
MAX_KIND = 0x7F
MAX_VLEN = 0xFFFFFF
KIND_SHIFT = 24
KIND_FLAG = 0x80000000


class Kind(IntEnum):
    """BTF_KIND_*."""

    UNKN = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


# What follows struct btf_type, in 32-bit words: (fixed part, each of the vlen elements).
EXTRA_WORDS: dict[int, tuple[int, int]] = {
    Kind.INT: (1, 0),
    Kind.PTR: (0, 0),
    Kind.ARRAY: (3, 0),
    Kind.STRUCT: (0, 3),
    Kind.UNION: (0, 3),
    Kind.ENUM: (0, 2),
    Kind.FWD: (0, 0),
    Kind.TYPEDEF: (0, 0),
    Kind.VOLATILE: (0, 0),
    Kind.CONST: (0, 0),
    Kind.RESTRICT: (0, 0),
    Kind.FUNC: (0, 0),
    Kind.FUNC_PROTO: (0, 2),
    Kind.VAR: (1, 0),
    Kind.DATASEC: (0, 3),
    Kind.FLOAT: (0, 0),
    Kind.DECL_TAG: (1, 0),
    Kind.TYPE_TAG: (0, 0),
    Kind.ENUM64: (0, 3),
}

COMPOSITE = frozenset({Kind.STRUCT, Kind.UNION})
ENUMS = frozenset({Kind.ENUM, Kind.ENUM64})
MODIFIERS = frozenset({Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.TYPE_TAG})
MODIFIERS_AND_TYPEDEFS = MODIFIERS | {Kind.TYPEDEF}
REFERENCES = MODIFIERS_AND_TYPEDEFS | {
    Kind.PTR,
    Kind.FUNC,
    Kind.FUNC_PROTO,
    Kind.VAR,
    Kind.DECL_TAG,
}
SIZED = COMPOSITE | ENUMS | {Kind.INT, Kind.FLOAT, Kind.DATASEC}

# BTF_INT_ENCODING bits
INT_SIGNED = 1
INT_BOOL = 4

# enum btf_func_linkage, and BTF_VAR_* by the same values
STATIC = 0
GLOBAL = 1
EXTERN = 2

POINTER_SIZE = 8
