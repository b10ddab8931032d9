"""The rows of the map, one topic per file: the index of the facts that the store keeps.

Begin with `kernel.py`, whose row holds the facts as one compressed text. Imports no other room of
the product but reading.
"""

from kfmap.catalogue.models.kernel import Kernel, KernelFunctions, KernelTypes
from kfmap.catalogue.models.kfunc import Kfunc, KfuncSet, SetEntry
from kfmap.catalogue.models.matrix import StoredMatrix
from kfmap.catalogue.models.registration import Filter, Hook, ProgramType, Registration
from kfmap.catalogue.models.stored_rows import ContextRow, FunctionRow, KernelRows, MapName
from kfmap.catalogue.models.struct_ops import Member, StructOpsType
from kfmap.catalogue.models.variant import Variant

__all__ = [
    "ContextRow",
    "Filter",
    "FunctionRow",
    "Hook",
    "Kernel",
    "KernelFunctions",
    "KernelRows",
    "KernelTypes",
    "Kfunc",
    "KfuncSet",
    "MapName",
    "Member",
    "ProgramType",
    "Registration",
    "SetEntry",
    "StoredMatrix",
    "StructOpsType",
    "Variant",
]
