"""One kernel as objects meet it: its facts, its types, its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from kfmap.btf.flavor import essential_name
from kfmap.btf.kinds import ENUMS
from kfmap.btf.read import Btf
from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider

# Came in the same change set as looking at the sleepability of callbacks apart from their program.
_ASYNC_SLEEP_KFUNCS = "bpf_task_work_schedule_"
# Came in the release that began to mark global functions that may sleep.
_GLOBAL_SLEEP_KFUNC = "bpf_res_spin_lock"
# Came in the release that began to verify them once for each context.
_GLOBAL_CONTEXT_FLAG = "KF_SPINLOCK_SAFE"


class KernelUnderTest:
    """What programs are checked against; make it once and use it for many objects.

    `types`: the kernel's BTF, whole or trimmed; without it CO-RE and prototypes stay unknown.
    `config`: CONFIG_* → value as in .config, None if it is not known.
    """

    def __init__(
        self,
        facts: KernelFacts,
        types: Btf | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        self.facts = facts
        self.types = types
        self.config = config
        self.name = facts.name

    def has_option(self, name: str) -> bool | None:
        """Return whether an option is set, None if that is not known."""
        return None if self.config is None else name in self.config

    def has_enumerator(self, enum: str, name: str) -> bool | None:
        """Return whether an enum of the kernel has an enumerator, None if that is not known."""
        known = self._enumerators(enum)
        return name in known if known else None

    @cached_property
    def map_kinds(self) -> frozenset[int]:
        """Return the numbers of the map types, none if they are not known."""
        known = self._enumerators("bpf_map_type")
        return frozenset(value for name, value in known.items() if not name.startswith("__"))

    @cached_property
    def little_endian(self) -> bool | None:
        """Return the byte order of the kernel's machine, None if that is not known."""
        if self.types is not None:
            return self.types.byteorder == "little"
        return None if self.config is None else "CONFIG_CPU_BIG_ENDIAN" not in self.config

    def _enumerators(self, enum: str) -> dict[str, int]:
        ids = self.types.find_all(enum, *ENUMS) if self.types else ()
        return {
            item.name: item.value
            for type_id in ids
            if self.types
            for item in self.types.enumerators(type_id)
        }

    @cached_property
    def decider(self) -> Decider:
        return Decider(self.facts)

    @cached_property
    def timers_sleep(self) -> bool:
        """Return whether callbacks of timers may sleep where their program may."""
        known = {kfunc.name for kfunc in self.facts.kfuncs} or set(self.facts.observed_kfuncs)
        return not any(name.startswith(_ASYNC_SLEEP_KFUNCS) for name in known)

    @cached_property
    def marks_globals(self) -> bool:
        """Return whether a call of a global function is refused where it could not sleep."""
        return self.decider.find_kfunc(_GLOBAL_SLEEP_KFUNC) is not None

    @cached_property
    def globals_in_context(self) -> bool:
        """Return whether global functions are verified once for each context of their callers."""
        return any(flag.name == _GLOBAL_CONTEXT_FLAG for flag in self.facts.kfunc_flags)

    @cached_property
    def contexts(self) -> tuple[tuple[Context, int], ...]:
        """Return every context with the kfuncs surely allowed in it, bits as in the decider."""
        return tuple(
            (context, self.decider.bits(context)[0]) for context in build_contexts(self.facts)
        )

    @cached_property
    def kfunc_bits(self) -> Mapping[str, int]:
        return {name: 1 << index for index, name in enumerate(self.decider.kfuncs)}

    @cached_property
    def relatives(self) -> Mapping[str, tuple[str, ...]]:
        """Return the kfuncs of this kernel by essential name: `x` → x, x___v2."""
        found: dict[str, list[str]] = {}
        for kfunc in self.facts.kfuncs:
            found.setdefault(essential_name(kfunc.name), []).append(kfunc.name)
        return {name: tuple(names) for name, names in found.items()}
