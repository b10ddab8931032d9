"""What judging asks of a kernel, and what it answered: judges see a kernel through this alone.

A verdict follows from the object and from these answers, so it holds for every kernel that gives
the same ones (`sharing.py`). A question is as small as what depends on it: whether a call is
permitted, and not where the kernel says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

from kfmap.btf.core import Resolution
from kfmap.kernel.facts import Place
from kfmap.permission.verdict import Reason, Verdict
from verifier.engine.flow.inputs import Answer as GivenAnswer
from verifier.engine.flow.inputs import Inputs
from verifier.engine.flow.inputs import Key as GivenKey
from verifier.engine.flow.summary import MapUse
from verifier.engine.flow.values import Asked as Walked
from verifier.engine.judging.advice import Adviser
from verifier.engine.judging.asking import Asking, question
from verifier.engine.judging.attaching import LoadedTarget, attach_objections
from verifier.engine.judging.externs import Resolved
from verifier.engine.judging.helpers_given import HelpersGiven
from verifier.engine.judging.kernel import KernelUnderTest
from verifier.engine.judging.licences import is_gpl_compatible
from verifier.engine.judging.loader import Loaded
from verifier.engine.judging.map_arguments import MapArguments
from verifier.engine.judging.maps import MapJudge
from verifier.engine.judging.object_wide import ObjectProblem, find_object_problems
from verifier.engine.judging.places import place_objections
from verifier.engine.judging.prepared import Prepared
from verifier.engine.judging.problem import Objection
from verifier.engine.judging.return_rules import Bounds, bounds_of
from verifier.engine.judging.struct_ops import find_obstacle

GivenAnswers = dict[GivenKey, GivenAnswer]

_PROTECTED = "KF_RCU_PROTECTED"
NO_TARGETS: Mapping[int, LoadedTarget] = {}
_MOST_KEPT = 1_000  # answers to what objects may ask in any number of ways


class Interview(Asking):
    """One kernel asked about one object.

    `given`: what of its answers the code was given since the notes were begun. `targets`: by
    program, what becomes of the program of another object that it attaches to.
    Programs and externs are named by their numbers, contexts by that in `Prepared.contexts`.
    """

    def __init__(
        self,
        prepared: Prepared,
        kernel: KernelUnderTest,
        targets: Mapping[int, LoadedTarget] = NO_TARGETS,
    ) -> None:
        super().__init__()
        self._targets = targets
        obj = prepared.object
        self._prepared = prepared
        self._kernel = kernel
        self._loaded = Loaded(
            obj, prepared.relocations, kernel, prepared.choices, prepared.context_reads
        )
        self._maps = MapJudge(obj, prepared.fields, kernel)
        self._map_arguments = MapArguments(prepared.code, kernel)
        self._answers = [kernel.answers_in(context) for context in prepared.contexts]
        self._helpers: dict[int, HelpersGiven] = {}
        self._advisers: dict[int, Adviser] = {}
        self.given: GivenAnswers = {}

    def begin(self) -> None:
        """Begin the notes anew."""
        self.notes, self.given = {}, {}

    @property
    def given_answers(self) -> GivenAnswers:
        """Return all that the code was given so far, noted or not."""
        return self._inputs.known

    # what the code is given

    @cached_property
    def _inputs(self) -> Inputs:
        return self._loaded.inputs()

    def inputs(self) -> Inputs:
        """Return the answers that walking the code asks for, with a log of their own."""
        return self._inputs.with_own_log()

    def peek_given(self, asked: GivenKey) -> GivenAnswer:
        """Return one of these answers."""
        return self._inputs.peek(asked)

    def note_given(self, answers: Mapping[GivenKey, GivenAnswer]) -> None:
        """Note such answers."""
        self.given.update(answers)

    # the object

    @question
    def problems(self) -> tuple[ObjectProblem, ...]:
        """Return what keeps the whole object from loading."""
        return find_object_problems(self._loaded, self._maps)

    @question
    def kfunc(self, extern: int) -> Resolved:
        """Return what becomes of an extern function."""
        return self._loaded.kfunc(extern)

    @question
    def is_device_bound(self, extern: int) -> bool:
        """Return whether only programs for a device may call an extern function."""
        name = self._prepared.object.externs[extern].kernel_name
        known = self._kernel.decider.find_kfunc(name)
        return known is not None and known.device_bound

    @question
    def core(self, section: str, slot: int) -> Resolution | None:
        """Return what becomes of a CO-RE relocation."""
        return self._loaded.core(section, slot)

    @question
    def missing_word(self, section: str, slot: int) -> str:
        """Return that an instruction reads what the context lacks, "" where it does not."""
        return self._loaded.missing_word(section, slot)

    @question
    def lacks_variable(self, extern: int) -> bool:
        """Return whether an extern variable is surely not in the kernel."""
        return self._loaded.lacks_variable(extern)

    @question
    def unknowns(self) -> tuple[str, ...]:
        """Name what the loader would take from this kernel and the map does not know."""
        return tuple(self._loaded.unknowns())

    @question
    def has_types(self) -> bool:
        """Return whether the kernel's types are known, by which CO-RE relocates."""
        return self._kernel.types is not None

    # a program

    @question
    def is_observed(self) -> bool:
        """Return whether the kernel was only asked: its source was not read."""
        return self._kernel.facts.is_observed

    @question
    def obstacle(self, program: int, is_told: bool) -> Objection | None:
        """Return why the kernel does not look at a struct_ops program at all; `is_told`: nothing of
        its object loads."""
        return find_obstacle(self._prepared.object.programs[program], self._loaded, is_told)

    @question
    def place_objections(self, program: int) -> tuple[Objection, ...]:
        """Return what the kernel says of what a program is for, in its order; to be asked of the
        first of those in `Prepared.first_placed`."""
        answers = self._answers[self._prepared.context_numbers[program]]
        return place_objections(self._prepared.object.programs[program], answers, self._kernel)

    @question
    def attach_objections(self, program: int) -> tuple[Objection, ...]:
        """Return what stands between a program and the program of another object that it is for,
        which has to be in `Prepared.targets`."""
        loaded = self._targets[program]
        return tuple(attach_objections(self._prepared, program, self._kernel, loaded))

    @question
    def map_objections(self, program: int) -> tuple[tuple[bool, int, Objection], ...]:
        """Return the maps and sections of data (then True) that a program may not use, and why; to
        be asked of the first of those in `Prepared.first_with_maps`."""
        item, reached = self._prepared.object.programs[program], self._prepared.reached[program]
        return tuple(self._maps.objections(item, reached.maps, reached.data))

    @question
    def lacks_instruction(self, mark: str) -> bool:
        """Return whether the kernel surely does not know some instructions."""
        return self._kernel.has_function(mark) is False

    @question
    def may_fail(self) -> bool:
        """Return whether any instruction may become invalid, for what the kernel lacks."""
        return self._loaded.may_fail

    @question
    def fails(self, function: int) -> bool:
        """Return whether an instruction of a function becomes invalid."""
        section = self._prepared.object.functions[function].section
        slots = self._prepared.code.core_slots_of(function)
        return any(self._inputs.peek((Walked.FAILS, section, slot)) for slot in slots)

    @question
    def may_object(self, context: int, helpers: tuple[int, ...]) -> bool:
        """Return whether the kernel may object to a call of one of some helpers."""
        return self._given(context).may_object_to(helpers)

    @question
    def may_lack(self, helper: int) -> bool:
        """Return whether any map of the object lacks what a helper needs."""
        return self._maps.may_lack(helper)

    @question
    def may_refuse(
        self, context: int, helpers: tuple[int, ...], map_types: tuple[int, ...]
    ) -> bool:
        """Return whether one of some helpers does not take a map of one of some types."""
        known, about = self._answers[context].may_refuse, (helpers, map_types)
        if about not in known:
            if len(known) > _MOST_KEPT:
                known.clear()
            given = self._prepared.contexts[context]
            known[about] = self._map_arguments.may_refuse(given, helpers, map_types)
        return known[about]

    @question
    def may_be_given(self, program: int) -> bool:
        """Return whether a helper may be given a map that it does not take."""
        reached = self._prepared.reached[program]
        return self._map_arguments.may_object(reached.context, reached.functions, reached.maps)

    # a call

    @question
    def ruling(self, context: int, kfunc: str) -> Verdict:
        """Return the verdict on a kfunc, without its flags; where nothing stands against a call,
        without reasons."""
        return self._answers[context].ruling(kfunc)

    @question
    def has_flag(self, context: int, kfunc: str, flag: str) -> bool:
        """Return whether a kfunc has a flag where it is registered for a context."""
        return flag in self._answers[context].decide(kfunc).flags

    @question
    def decides_by_asking(self) -> bool:
        """Return whether permissions are what a booted kernel said, and not what rules say."""
        return self._kernel.decider.observations is not None

    @question
    def later_failure(self, context: int, where: str, kfunc: str) -> tuple[Reason, ...]:
        """Return why a call surely fails in a callback that runs later."""
        layer = self._kernel.decider.run_time_layer
        if not layer.is_told(self._prepared.contexts[context]):
            return ()
        return tuple(layer.find_failure(where, kfunc))

    @question
    def has_kfunc(self, name: str) -> bool:
        """Return whether the kernel has a kfunc."""
        return self._kernel.decider.find_kfunc(name) is not None

    @question
    def takes_guarded(self, kfunc: str) -> bool:
        """Return whether a kfunc is given the head of a list or the root of a tree."""
        return self._kernel.takes_guarded(kfunc)

    @question
    def place_of(self, kfunc: str) -> Place | None:
        """Return where the kernel registers a kfunc."""
        listed = self._kernel.decider.find_listed(kfunc)
        return listed[0].entry.place if listed else None

    @question
    def is_rcu_protected(self, kfunc: str) -> bool:
        """Return whether a kfunc has KF_RCU_PROTECTED."""
        listed = self._kernel.decider.find_listed(kfunc)
        return any(_PROTECTED in item.entry.flags for item in listed)

    @question
    def refusal(self, context: int, helper: int) -> Objection | None:
        """Return what keeps programs in a context from a helper, None for nothing."""
        return self._given(context).refusal(helper)

    @question
    def helper_sleeps(self, context: int, helper: int) -> bool:
        """Return whether a helper may sleep, as programs in a context get it."""
        return self._given(context).sleeps(helper)

    def _given(self, context: int) -> HelpersGiven:
        if context not in self._helpers:
            licensed = is_gpl_compatible(self._prepared.object.license)
            self._helpers[context] = HelpersGiven(self._kernel, self._answers[context], licensed)
        return self._helpers[context]

    @question
    def helper_lack(self, helper: int, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return what a map lacks that a helper is given."""
        return self._maps.helper_objection(helper, maps)

    @question
    def kfunc_lack(self, kfunc: str, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return what a map lacks that a kfunc is given."""
        return self._maps.kfunc_objection(kfunc, maps)

    @question
    def map_refusal(self, context: int, helper: int, maps: tuple[MapUse, ...]) -> Objection | None:
        """Return why a helper does not take the map that it is given."""
        return self._map_arguments.objection(self._prepared.contexts[context], helper, maps)

    # what is returned

    @question
    def return_bounds(self, context: int) -> Bounds | None:
        """Return the numbers that programs in a context may return, None where any will do."""
        return self._answers[context].return_bounds

    @question
    def bounds_callbacks(self) -> bool:
        """Return whether any callback may not return every number."""
        return self._kernel.returns.has_callbacks

    @question
    def callback_bounds(self, taken_by: int | str) -> Bounds | None:
        """Return the numbers that the callback of a helper or kfunc may return."""
        return bounds_of(self._kernel.returns.of_callback(taken_by))

    @question
    def return_place(self, context: int, taken_by: int | str | None) -> Place | None:
        """Return where the kernel asks what programs in a context, or callbacks that something
        takes, return."""
        returns = self._kernel.returns
        if taken_by is None:
            found = returns.of_program(self._prepared.contexts[context])
        else:
            found = returns.of_callback(taken_by)
        return found.place if found else None

    @question
    def reads_result(self, program: int) -> bool:
        """Return whether a program may read what the function that it attaches to returns."""
        return self._loaded.reads_result(self._prepared.object.programs[program])

    # the rules of its verifier

    @question
    def holds(self, rule: str) -> bool | None:
        """Return whether the kernel behaves so, None if that is not known."""
        return self._kernel.rules.holds(rule)

    @question
    def verifies_called_globals(self) -> bool | None:
        """Return whether only global functions are verified that a live call leads to."""
        return self._kernel.verifies_called_globals

    @question
    def call_frames(self) -> int | None:
        """Return how many frames a chain of calls may have, None if that is not known."""
        return self._kernel.rules.call_frames

    @question
    def call_frames_place(self) -> Place | None:
        """Return where the kernel asks how many frames a chain of calls has."""
        return self._kernel.rules.call_frames_place

    @question
    def has_function(self, name: str) -> bool | None:
        """Return whether the kernel itself has a function, None if that is not known."""
        return self._kernel.has_function(name)

    @question
    def kfunc_under_lock(self, context: int, kfunc: str) -> bool | None:
        """Return whether a kfunc may be called while a lock is held."""
        flags = self._answers[context].decide(kfunc).flags
        return self._kernel.rules.kfunc_under_lock(kfunc, flags)

    @question
    def helper_under_lock(self, helper: int) -> bool | None:
        """Return whether a helper may be called while a lock is held."""
        return self._kernel.rules.helper_under_lock(helper)

    # what is told

    @question
    def advice(self, context: int, kind: str, kfunc: str) -> tuple[tuple[str, ...], str]:
        """Return where a kfunc may be called on this kernel, and what to do about a finding."""
        adviser = self._advisers.get(context)
        if adviser is None:
            adviser = self._advisers[context] = Adviser(self._kernel, self._answers[context])
        return adviser.advise(kind, kfunc)
