"""What surrounds a function that registers kfuncs while it is run, and what it was seen to do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Place
from kfmap.kernel.rules.kfunc_memory import Memory
from kfmap.kernel.syntax import Function
from kfmap.quick_dataclass import dataclass, field

REGISTER = "register_btf_kfunc_id_set"
# "bpf: do not rely on ALLOW_ERROR_INJECTION for fmod_ret": seen first in 6.12.
REGISTER_FMODRET = "register_btf_fmodret_id_set"
REGISTER_OPS = "register_bpf_struct_ops"


@dataclass(frozen=True, slots=True)
class Site:
    """A call that registers, as it was reached with one set of arguments.

    `program_type` and `kfunc_id_set` are its arguments as written, `type_value` and `address` what
    they come to. `doubt` is the test that decides whether it is reached at all.
    """

    place: Place
    program_type: str
    type_value: Value
    kfunc_id_set: str
    address: Value
    doubt: Place | None
    depends_on_caller: bool


@dataclass(slots=True)
class Met:
    """What was reached, in order, and the calls by their place in the text.

    `types` are the calls that register a struct_ops type and are surely reached.
    """

    sites: list[Site] = field(default_factory=list)
    nodes: set[tuple[str, int]] = field(default_factory=set)
    functions: set[str] = field(default_factory=set)
    types: set[Place] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class World:
    """What a function finds around it. `enter` gives the functions that are run when called,
    whose names are `entered`."""

    code: Code
    memory: Memory
    met: Met
    enter: Callable[[str], Function | None]
    program_types: Mapping[str, int]
    entered: Collection[str]
