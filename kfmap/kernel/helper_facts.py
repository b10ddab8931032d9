"""The helpers of one kernel: who answers for which programs, and what the answers demand."""

from __future__ import annotations

from kfmap.kernel.facts import Constant, KfuncSet
from kfmap.kernel.helper_form import HelperFunction, HelperMaps, HelperProto, HelperTable
from kfmap.quick_dataclass import dataclass


@dataclass(frozen=True, slots=True)
class HelperFacts:
    """`helpers` are names (`map_lookup_elem`) with their numbers in BPF_CALL instructions.

    `sets` are the sets of BTF ids that conditions ask. `maps` has the helpers with a map argument
    whose check was read.
    """

    helpers: tuple[Constant, ...]
    tables: tuple[HelperTable, ...]
    functions: tuple[HelperFunction, ...]
    protos: tuple[HelperProto, ...]
    sets: tuple[KfuncSet, ...]
    maps: tuple[HelperMaps, ...] = ()
