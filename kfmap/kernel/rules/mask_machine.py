"""Run kernel functions with one mask in force, far enough to see which mask checks fail.

Mirrors `scx_kf_allowed()` and kin (kernel/sched/ext.c), which it runs as they are written rather
than knowing what they test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tree_sitter import Node

from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Place
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import Function, called_name, field_of, text_of, walk
from kfmap.quick_dataclass import dataclass, field

CHECK = "scx_kf_allowed"
MASK_FIELD = "kf_mask"
TASKS_FIELD = "kf_tasks"
_EXPRESSIONS = (
    "parenthesized_expression",
    "unary_expression",
    "binary_expression",
    "argument_list",
    "call_expression",
    "cast_expression",
    "comma_expression",
)
_MAX_STEPS = 50_000
_MAX_DEPTH = 12

Way = tuple[tuple[str, Place], ...]


@dataclass(slots=True)
class Run:
    """What one run met: the ways to checks that failed, or whose answer is not known.

    `compares_tasks`: a check compared a task with the arguments of the op.
    """

    failures: list[Way] = field(default_factory=list)
    unclear: list[Way] = field(default_factory=list)
    compares_tasks: bool = False
    steps: int = 0


@dataclass(frozen=True, slots=True)
class MaskMachine:
    """The functions that matter, and the values of enumerators."""

    functions: Mapping[str, Function]
    constant: Callable[[str], Value]
    relevant: frozenset[str]

    def run(self, name: str, in_force: int) -> Run:
        """Call a kfunc with arguments that are not known."""
        run = Run()
        function = self.functions[name]
        _Call(self, run, in_force, (), function, dict.fromkeys(function.parameters)).execute()
        return run

    def check_passes(self, mask: int, in_force: int) -> Value:
        """Return what the check itself answers for a mask, its last argument."""
        function = self.functions[CHECK]
        values = dict.fromkeys(function.parameters, None) | {function.parameters[-1]: mask}
        try:
            return _Call(self, Run(), in_force, (), function, values).execute()
        except TooLongError:
            return None


def build_machine(
    functions: Mapping[str, Function], constant: Callable[[str], Value]
) -> MaskMachine:
    """Find the functions from which a check of the mask can be reached."""
    callers: dict[str, set[str]] = {}
    reached = []
    for name, function in functions.items():
        for node in walk(function.body):
            if node.type == "field_identifier" and text_of(node) == MASK_FIELD:
                reached.append(name)
            elif node.type == "call_expression":
                callers.setdefault(called_name(node), set()).add(name)
    relevant: set[str] = set()
    while reached:
        name = reached.pop()
        if name not in relevant:
            relevant.add(name)
            reached.extend(callers.get(name, ()))
    return MaskMachine(functions, constant, frozenset(relevant))


class _Call(Runner):
    """One call of a function with a mask in force."""

    def __init__(
        self,
        machine: MaskMachine,
        run: Run,
        in_force: int,
        way: Way,
        function: Function,
        variables: Mapping[str, Value],
    ) -> None:
        super().__init__(function, variables)
        self._machine = machine
        self._run = run
        self._in_force = in_force
        self._way = way

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator."""
        return self._machine.constant(name)

    def field_value(self, node: Node) -> Value:
        """Return the mask in force."""
        member = field_of(node, "field")
        return self._in_force if member is not None and text_of(member) == MASK_FIELD else None

    def count_step(self) -> None:
        """Count a statement of the whole run. Raises TooLongError after too many."""
        self._run.steps += 1
        if self._run.steps > _MAX_STEPS:
            raise TooLongError(f"{self.function.name} takes more than {_MAX_STEPS} steps")

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Run what can reach a check, and what computes with known values."""
        function = self._machine.functions.get(name)
        if name.startswith("IS_") and function is None:
            return self._machine.constant(text_of(node))  # of an option
        is_known = bool(values) and None not in values
        if function is None or not (name in self._machine.relevant or is_known):
            return None
        return self._enter(function, values, Place(self.function.file, self.function.line_of(node)))

    def _enter(self, function: Function, values: list[Value], place: Place) -> Value:
        way = (*self._way, (self.function.name, place))
        if len(way) > _MAX_DEPTH or any(function.name == name for name, _ in way):
            raise TooLongError(f"{function.name} is called too deep")
        names = function.parameters
        variables = dict.fromkeys(names, None) | dict(zip(names, values, strict=False))
        value = _Call(self._machine, self._run, self._in_force, way, function, variables).execute()
        if function.name == CHECK and not value:
            (self._run.unclear if value is None else self._run.failures).append(way)
        if function.name.startswith(CHECK) and _mentions(function, TASKS_FIELD):
            self._run.compares_tasks = True
        return value


def decides(check: Node) -> bool:
    """Return whether a check that fails makes its function leave, or is what that returns.

    Of one that is asked for success it is not known; only whether all is unlocked is asked so.
    """
    is_negated = False
    node, above = check, check.parent
    while above is not None and above.type in _EXPRESSIONS:
        is_negated = is_negated or above.children[0].type == "!"
        node, above = above, above.parent
    if above is None or above.type != "if_statement":
        return above is not None and above.type != "expression_statement"
    if not is_negated:
        return called_name(check) not in (CHECK, f"{CHECK}_on_arg_tasks")
    taken = field_of(above, "consequence")
    leaves = ("return_statement", "goto_statement", "break_statement", "continue_statement")
    return node != taken and taken is not None and any(n.type in leaves for n in walk(taken))


def _mentions(function: Function, member: str) -> bool:
    return any(
        node.type == "field_identifier" and text_of(node) == member for node in walk(function.body)
    )
