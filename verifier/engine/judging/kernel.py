"""One kernel as objects meet it: its facts, its types, its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from kfmap.btf.function_names import FunctionNames
from kfmap.btf.kinds import ENUMS
from kfmap.btf.read import Btf
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.known_names import KnownNames
from kfmap.permission.bpf_helpers import HelperDecider
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.verdict import Verdict
from verifier.engine.judging.verifier_rules import VerifierRules

_MAX_CONTEXTS = 1_000  # whose decisions are kept


class KernelUnderTest:
    """What programs are checked against; make it once and use it for many objects.

    `types`: the kernel's BTF, whole or trimmed; without it CO-RE and prototypes stay unknown.
    `config`: CONFIG_* → value as in .config, None if it is not known.
    `functions`: the names of all functions, None if they are not known.
    `find_known`: gives the names that any kernel of the map has, when they are first asked for.
    """

    def __init__(
        self,
        facts: KernelFacts,
        types: Btf | None = None,
        config: Mapping[str, str] | None = None,
        functions: FunctionNames | None = None,
        find_known: Callable[[], KnownNames] | None = None,
    ) -> None:
        self.facts = facts
        self.types = types
        self.config = config
        self.functions = functions
        self._find_known = find_known
        self.name = facts.name
        self._verdicts: dict[Context, dict[str, Verdict]] = {}

    @cached_property
    def known(self) -> KnownNames | None:
        """Return the names that any kernel of the map has, None if there is only this one."""
        return self._find_known() if self._find_known else None

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

    def verdicts_in(self, context: Context) -> dict[str, Verdict]:
        """Return what was decided of kfuncs in a context; whoever decides more adds it."""
        if len(self._verdicts) > _MAX_CONTEXTS:
            self._verdicts.clear()
        return self._verdicts.setdefault(context, {})

    @cached_property
    def rules(self) -> VerifierRules:
        return VerifierRules(self.facts)

    @cached_property
    def helpers(self) -> HelperDecider:
        return HelperDecider(self.facts)

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
    def kfunc_names(self) -> frozenset[str]:
        return frozenset(kfunc.name for kfunc in self.facts.kfuncs)
