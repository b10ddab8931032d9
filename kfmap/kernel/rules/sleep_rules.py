"""Which programs may be sleepable: the tree's own check_attach_btf_id() is asked.

It is run for each program type, and for each attach type that it tells apart, once with a sleepable
program and once with another. Older trees have the test in place, later ones in can_be_sleepable().
"""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Constant, NotUnderstood, Place
from kfmap.kernel.program_facts import MAY, MUST, NEVER, TARGET_DECIDES, UNKNOWN, SleepRule
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import Function, field_of, parse_function, text_of
from kfmap.kernel.whole_word import has_word
from kfmap.quick_dataclass import dataclass, field

VERIFIER_C = "kernel/bpf/verifier.c"
_ASKED = "check_attach_btf_id"
_LATER = "can_be_sleepable"  # kernel/bpf/verifier.c; 6.1 has its test in check_attach_btf_id()
_CHECK = "bpf_check_attach_target"
_STRUCT_OPS = "BPF_PROG_TYPE_STRUCT_OPS"
_LSM = "BPF_PROG_TYPE_LSM"
_MAX_DEPTH = 3
_FAILS, _PASSES = "fails", "passes"  # of a run; UNKNOWN beside them
_PROGRAM = ("prog", "env->prog")
_SLEEPABLE = ("prog", "env->prog", "prog->aux", "env->prog->aux")


def read_sleep_rules(
    code: Code, program_types: tuple[Constant, ...], attach_types: tuple[Constant, ...]
) -> tuple[tuple[SleepRule, ...], tuple[NotUnderstood, ...]]:
    """Return whether programs may sleep, by program type and attach type, and what is not known."""
    if code.source(VERIFIER_C) is None:
        return (), ()
    if not any(item.function == _ASKED for item in code.items(VERIFIER_C)):
        return (), (NotUnderstood(Place(VERIFIER_C, 1), "who may sleep", _ASKED),)
    asking = _Asking(code, attach_types)
    rules = [rule for kind in program_types if kind.value for rule in asking.rules_of(kind)]
    problems = tuple(
        NotUnderstood(rule.place, "who may sleep", rule.program_type)
        for rule in rules
        if rule.answer == UNKNOWN
    )
    return tuple(rules), problems


@dataclass(slots=True)
class _Met:
    """What the runs for one question met: the returns they came to, and what they depended on."""

    returns: dict[tuple[str, int], set[Value]] = field(default_factory=dict)
    asked_attach_type: bool = False


@dataclass(frozen=True, slots=True)
class _Program:
    """A program as the verifier's functions see it."""

    program_type: int
    attach_type: int
    sleepable: int


class _Asking:
    """Asks about one program type after the other."""

    def __init__(self, code: Code, attach_types: tuple[Constant, ...]) -> None:
        self.code = code
        self.constants = Constants(code, VERIFIER_C)
        self._items = {
            item.function: item
            for item in code.items(VERIFIER_C)
            if item.function and "sleepable" in item.text
        }
        self._parsed: dict[str, Function] = {}
        self._attach_types = attach_types
        values = {item.value for item in attach_types}
        self._other = next(n for n in range(len(values) + 1) if n not in values)

    def rules_of(self, kind: Constant) -> Iterator[SleepRule]:
        """Return the rules of a program type, the general one first."""
        general, place, told_apart = self._answer(kind, self._other)
        yield SleepRule(kind.name, None, general, place)
        named = self._named() if told_apart else []
        if kind.name == _LSM:  # the others are of tracing, which shares its code
            named = [attach_type for attach_type in named if "LSM" in attach_type.name]
        for attach_type in named:
            answer, place, _ = self._answer(kind, attach_type.value)
            if answer != general:
                yield SleepRule(kind.name, attach_type.name, answer, place)

    def function(self, name: str) -> Function | None:
        """Return a function of the verifier that has to do with sleeping."""
        if name in self._items and name not in self._parsed:
            self._parsed[name] = parse_function(self._items[name])
        return self._parsed.get(name)

    def _named(self) -> list[Constant]:
        """Return the attach types that the functions which were run speak of."""
        texts = [self._items[name].text for name in self._parsed]
        return [
            kind for kind in self._attach_types if any(has_word(text, kind.name) for text in texts)
        ]

    def _answer(self, kind: Constant, attach_type: int) -> tuple[str, Place, bool]:
        """Return an answer, the line that gives it, and whether the attach type had a say."""
        met = [_Met(), _Met()]
        asleep = self._run(_Program(kind.value, attach_type, 1), met[1])
        if asleep == _FAILS:
            answer = NEVER
        else:
            awake = self._run(_Program(kind.value, attach_type, 0), met[0])
            answer = self._compare([awake, asleep], met)
        told_apart = any(m.asked_attach_type for m in met)
        if answer == MAY and kind.name == _STRUCT_OPS:
            answer = TARGET_DECIDES
        return answer, self._place(answer, met), told_apart

    def _run(self, program: _Program, met: _Met) -> str:
        """Return _FAILS, _PASSES for what can pass, or UNKNOWN."""
        function = self.function(_ASKED)
        if function is None:
            return UNKNOWN
        try:
            run = _Run(self, function, program, met, 0)
            run.execute()
        except TooLongError:
            return UNKNOWN
        refusals = [value for value in run.returned if value is not None and value < 0]
        return _FAILS if run.returned and len(refusals) == len(run.returned) else _PASSES

    def _compare(self, results: list[str], met: list[_Met]) -> str:
        if UNKNOWN in results:
            return UNKNOWN
        if results[0] == _FAILS:
            return MUST
        more = met[1].returns.keys() - met[0].returns.keys()
        refuses = any(self._refuses(met[1].returns[where]) for where in more)
        return TARGET_DECIDES if refuses else MAY

    def _refuses(self, values: set[Value]) -> bool:
        return any(value is None or value < 0 for value in values)

    def _place(self, answer: str, met: list[_Met]) -> Place:
        """Return the line that decides: the refusal, or where sleeping is tested."""
        if answer in (NEVER, MUST):
            lines = met[answer == NEVER].returns
            own = [where for where in lines if where[0] == _ASKED]
            return Place(VERIFIER_C, min(own or lines)[1])
        more = sorted(met[1].returns.keys() - met[0].returns.keys())
        if answer == TARGET_DECIDES and more:
            by_name = dict(reversed(more))  # the first return of each function
            return Place(VERIFIER_C, by_name.get(_CHECK, more[0][1]))
        function = self._parsed.get(_LATER) or self._parsed[_ASKED]
        return Place(VERIFIER_C, function.line)


class _Run(Runner):
    """One call of a function of the verifier for one program."""

    def __init__(
        self, asking: _Asking, function: Function, program: _Program, met: _Met, calls: int
    ) -> None:
        super().__init__(function, dict.fromkeys(function.parameters))
        self._asking = asking
        self._program = program
        self._met = met
        self._calls = calls

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        return self._asking.constants.name_value(name)

    def field_value(self, node: Node) -> Value:
        """Return what is known of the program."""
        base, name = field_of(node, "argument"), field_of(node, "field")
        if base is None or name is None:
            return None
        of, field_name = text_of(base), text_of(name)
        if field_name == "type" and of in _PROGRAM:
            return self._program.program_type
        if field_name == "expected_attach_type" and of in _PROGRAM:
            self._met.asked_attach_type = True
            return self._program.attach_type
        if field_name == "sleepable" and of in _SLEEPABLE:
            return self._program.sleepable
        return None

    def returns(self, node: Node, values: list[Value]) -> None:
        """Note which return it is."""
        super().returns(node, values)
        where = (self.function.name, self.function.line_of(node))
        self._met.returns.setdefault(where, set()).update(values or [None])

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Run functions of the verifier that have to do with sleeping."""
        function = self._asking.function(name) if self._calls < _MAX_DEPTH else None
        if function is None or function.name == self.function.name:
            return None
        return _Run(self._asking, function, self._program, self._met, self._calls + 1).execute()
