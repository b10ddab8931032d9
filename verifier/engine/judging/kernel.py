"""One kernel as objects meet it: its facts, its types, its configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property

from kfmap.btf.core import CoreMemory
from kfmap.btf.function_names import FunctionNames
from kfmap.btf.kinds import ENUMS, Kind
from kfmap.btf.read import Btf
from kfmap.btf.shape import Shape
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.known_names import KnownNames
from kfmap.kernel.program_facts import LeftOut
from kfmap.permission.bpf_helpers import HelperDecider
from kfmap.permission.context import Context
from kfmap.permission.contexts import build_contexts
from kfmap.permission.decide import Decider
from kfmap.permission.given_helpers import GivenHelpers, HelpersByContext
from kfmap.permission.layers import flags_of
from kfmap.permission.section_names import ProgramKind
from kfmap.permission.sleeping import SleepAnswer, find_sleep_answer
from kfmap.permission.verdict import ALLOWED, FAILS, Verdict
from kfmap.quick_dataclass import replace
from verifier.engine.judging.contexts import decide
from verifier.engine.judging.problem import Objection
from verifier.engine.judging.return_rules import Bounds, ReturnRules, bounds_of
from verifier.engine.judging.verifier_rules import VerifierRules

_MAX_CONTEXTS = 1_000  # whose decisions are kept
_MAX_FITS = 10_000  # prototypes of objects that were looked for
# The head of a list or the root of a tree: a lock beside it has to be held.
_GUARDED = re.compile(r"struct bpf_(list_head|rb_root) ?\*")


class ContextAnswers:
    """What one kernel says of programs in one context, whatever their code.

    `refusals` are by helper what keeps programs from it, whose licence goes with the GPL or not;
    `harmless`, by the same, the helpers that nothing stands against wherever they are called;
    `may_refuse`: whether any of some helpers does not take a map of any of some types;
    `unopposed`: the programs that may be for what they are for, by their kind, the type that they
    replace and whether they attach to a program. Whoever decides more adds it.
    """

    def __init__(self, kernel: KernelUnderTest, context: Context) -> None:
        self._kernel = kernel
        self.context = context
        self._verdicts: dict[str, Verdict] = {}
        self._rulings: dict[str, Verdict] = {}
        self.refusals: dict[bool, dict[int, Objection | None]] = {True: {}, False: {}}
        self.harmless: dict[bool, set[int]] = {True: set(), False: set()}
        self.may_refuse: dict[tuple[tuple[int, ...], tuple[int, ...]], bool] = {}
        self.unopposed: set[tuple[ProgramKind, str | None, bool]] = set()

    def decide(self, kfunc: str) -> Verdict:
        """Return the verdict on a kfunc; where nothing stands against a call, without reasons."""
        known = self._verdicts.get(kfunc)
        if known is None:
            known = self._find_allowed(kfunc) or decide(self._kernel.decider, self.context, kfunc)
            self._verdicts[kfunc] = known
        return known

    def ruling(self, kfunc: str) -> Verdict:
        """Return the verdict without flags, and with what happens at run time only if that fails:
        what most kernels agree on."""
        known = self._rulings.get(kfunc)
        if known is None:
            known = self.decide(kfunc)
            run_time = known.run_time if known.run_time == FAILS else None
            known = self._rulings[kfunc] = replace(known, run_time=run_time, flags=())
        return known

    def _find_allowed(self, kfunc: str) -> Verdict | None:
        """Return the verdict where the call is permitted and does not fail when it is made.

        Most calls are such, and finding the way through all filters takes ten times as long.
        """
        decider, context = self._kernel.decider, self.context
        if not self._kernel.kfunc_bits.get(kfunc, 0) & self._allowed:
            return None
        run_time, _ = decider.run_time_layer.decide(context, kfunc)
        if run_time == FAILS:
            return None
        return Verdict(ALLOWED, run_time, (), (), flags_of(decider.flag_entries(context, kfunc)))

    @cached_property
    def _allowed(self) -> int:
        """Return the kfuncs that are surely permitted, as bits; none where it was asked of them."""
        decider = self._kernel.decider
        return 0 if decider.observations else decider.bits(self.context).allowed

    @cached_property
    def helpers(self) -> GivenHelpers:
        """Return which helpers such programs get."""
        return self._kernel.helpers_by_context.of(self.context)

    @cached_property
    def return_bounds(self) -> Bounds | None:
        """Return the numbers that such programs may return, None where any will do."""
        return bounds_of(self._kernel.returns.of_program(self.context))

    @cached_property
    def sleep(self) -> SleepAnswer:
        """Return whether such programs may sleep."""
        return find_sleep_answer(self.context, self._kernel.decider.views)


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
        self._answers: dict[Context, ContextAnswers] = {}
        self.core_memory = CoreMemory()
        self.fits: dict[tuple[str, Shape], str] = {}

    def keep_fit(self, kfunc: str, prototype: Shape, outcome: str) -> None:
        """Keep how a function of a name and prototype is found in the kernel's types."""
        if len(self.fits) > _MAX_FITS:
            self.fits.clear()
        self.fits[kfunc, prototype] = outcome

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

    def has_function(self, name: str) -> bool | None:
        """Return whether the kernel itself has a function, None if that is not known.

        By functions that came with a change kernels are told apart whose facts do not say of it.
        """
        return None if self.functions is None else self.functions.has(name)

    @cached_property
    def left_out(self) -> Mapping[tuple[str, str], LeftOut]:
        """Return what its configuration leaves out, by kind and name."""
        return {(item.kind, item.name): item for item in reversed(self.facts.left_out or ())}

    @cached_property
    def program_types(self) -> frozenset[str]:
        return frozenset(item.name for item in self.facts.program_types)

    @cached_property
    def map_kinds(self) -> frozenset[int]:
        """Return the numbers of the map types, none if they are not known."""
        known = self._enumerators("bpf_map_type")
        return frozenset(value for name, value in known.items() if not name.startswith("__"))

    @cached_property
    def verifies_called_globals(self) -> bool | None:
        """Return whether only global functions are verified that a live call leads to.

        Then do_check_subprogs() looks at `called` of struct bpf_func_info_aux, which "bpf: Validate
        global subprogs lazily" brought; not in 6.1.192, in 6.12.107. None if that is not known.
        """
        found = self.types.find("bpf_func_info_aux", Kind.STRUCT) if self.types else None
        if found is None or self.types is None:
            return None
        return any(member.name == "called" for member in self.types.members(found))

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

    def answers_in(self, context: Context) -> ContextAnswers:
        """Return what is known of a context: equal questions of many programs are decided once."""
        known = self._answers.get(context)
        if known is None:
            if len(self._answers) > _MAX_CONTEXTS:
                self._answers.clear()
            known = self._answers[context] = ContextAnswers(self, context)
        return known

    def takes_guarded(self, kfunc: str) -> bool:
        """Return whether a kfunc is given the head of a list or the root of a tree."""
        known = self.decider.find_kfunc(kfunc)
        return known is not None and _GUARDED.search(known.prototype) is not None

    @cached_property
    def rules(self) -> VerifierRules:
        return VerifierRules(self.facts)

    @cached_property
    def returns(self) -> ReturnRules:
        return ReturnRules(self)

    @cached_property
    def helpers(self) -> HelperDecider:
        return HelperDecider(self.facts)

    @cached_property
    def helpers_by_context(self) -> HelpersByContext:
        return HelpersByContext(self.helpers, self.decider.views)

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
