"""Walk an assembled object and say in short what is live."""

from __future__ import annotations

from verifier.engine.flow.budget import Budget
from verifier.engine.flow.engine import Engine
from verifier.engine.flow.inputs import POISON, Answer, Inputs, KfuncAnswer, Patch
from verifier.engine.flow.object_code import ObjectCode
from verifier.engine.flow.questions import Question
from verifier.engine.flow.reach import Entry, Reach, find_live_calls
from verifier.engine.flow.values import OBJECT, Asked
from verifier.engine.object.model import BpfObject

SURE, PERHAPS = "sure", "perhaps"


class Walked:
    """An object on one kernel: `absent` externs, CO-RE values by slot, kconfig bytes by name."""

    def __init__(
        self,
        obj: BpfObject,
        absent: tuple[str, ...] = (),
        core: dict[int, Patch] | None = None,
        kconfig: dict[str, bytes] | None = None,
        code: ObjectCode | None = None,
    ) -> None:
        self.object = obj
        self._absent = absent
        self._core = core or {}
        self._kconfig = kconfig or {}
        data = {index: item.data for index, item in enumerate(obj.data) if item.frozen}
        self.code = code or ObjectCode(obj, data)

    def inputs(self) -> Inputs:
        return Inputs(
            {
                Asked.CORE: lambda section, slot: self._core[slot],
                Asked.FAILS: lambda section, slot: self._core[slot].outcome == POISON,
                Asked.KFUNC: lambda index, _: KfuncAnswer(
                    self._name(index) not in self._absent, True
                ),
                Asked.ADDRESS: self._address,
                Asked.KCONFIG: lambda index, _: self._kconfig.get(self._name(index)),
                Asked.EMPTY_LOOPS: lambda *_: 0,
                Asked.SURE_LOOKUPS: lambda *_: 0,
            }
        )

    def _kfunc(self, index: int | str) -> KfuncAnswer:
        return KfuncAnswer(self._name(index) not in self._absent, True)

    def _name(self, index: int | str) -> str:
        return self.object.externs[int(index)].name

    def _address(self, index: int | str, _: int) -> Answer:
        return 0 if self._name(index) in self._absent else OBJECT

    def reach(
        self,
        exact: bool = False,
        steps: int = 100_000,
        sleepable: bool = False,
        entry: int = -1,
        takes_context: bool = True,
        question: Question | None = None,
    ) -> Reach:
        inputs = self.inputs()
        engine = Engine(self.code, inputs, Budget(steps), Budget(100_000) if exact else None)
        if question:
            left = Budget(steps), Budget(100_000)
            engine = Engine(self.code, inputs, *left, question, Engine(self.code, inputs, left[0]))
        function = self.object.programs[0].function if entry < 0 else entry
        start = Entry(
            function, sleepable, None, lambda: False, lambda: True, takes_context=takes_context
        )
        return find_live_calls(engine, start)


def live(obj: BpfObject, exact: bool = False, **kernel: object) -> dict[str, str]:
    """Return, by name, what is live in the first program and how surely."""
    reach = Walked(obj, **kernel).reach(exact)  # type: ignore[arg-type]
    found: dict[str, str] = {}
    for call in reach.calls:
        name = obj.externs[call.extern].name
        if found.get(name) != SURE:
            found[name] = SURE if call.sure else PERHAPS
    return found
