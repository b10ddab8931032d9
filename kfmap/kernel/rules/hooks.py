"""Which hook a program type has, and the shape of the decision (kernel/bpf/btf.c)."""

from __future__ import annotations

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Constant, Decision, HookOf, NotUnderstood, Place
from kfmap.kernel.items import Item
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.rules.statement_macros import expand_statement
from kfmap.kernel.statements import Case, Runner, TooLongError
from kfmap.kernel.syntax import Function, parse_function

BTF_C = "kernel/bpf/btf.c"
_HOOK_FUNCTION = "bpf_prog_type_to_kfunc_hook"
_ASKING = (
    "btf_kfunc_id_set_contains",
    "__btf_kfunc_id_set_contains",
    "btf_kfunc_flags",
    "btf_kfunc_is_allowed",
    "__btf_kfunc_is_allowed",
)
_MAX_HOOK = "BTF_KFUNC_HOOK_MAX"
_COMMON = "BTF_KFUNC_HOOK_COMMON"  # kernel/bpf/btf.c; 6.12 has it, 6.1 does not


def find_enum(code: Code, name: str, file: str) -> tuple[Constant, ...]:
    """Return the enumerators of an enum whose values are known, in order."""
    item = code.type("enum", name, file)
    found = code.enum(item) if item else {}
    return tuple(Constant(name, value) for name, value in found.items() if value is not None)


def read_hooks(code: Code) -> tuple[str, ...]:
    """Return the hooks in the order of their enum."""
    for item in code.items(BTF_C):
        if item.tag[0] == "enum" and _MAX_HOOK in item.text:
            return tuple(name for name in code.enum(item) if name != _MAX_HOOK)
    return ()


def read_hook_map(
    code: Code, program_types: tuple[Constant, ...]
) -> tuple[tuple[HookOf, ...], tuple[NotUnderstood, ...]]:
    """Ask the tree's own function for the hook of every program type."""
    item = code.function(_HOOK_FUNCTION, BTF_C)
    if item is None:
        return (), (NotUnderstood(Place(BTF_C, 1), "hook of a program type", _HOOK_FUNCTION),)
    doubt = find_doubt(code, item)
    if doubt:
        place = Place(item.file, doubt[1])
        return (), (NotUnderstood(place, "hook of a program type", doubt[0]),)
    function = parse_function(item)
    names = _hook_names(code, item)
    found, problems = [], []
    for program_type in program_types:
        run = _Asked(code, function, program_type.value)
        try:
            value = run.execute()
        except TooLongError:
            value = None
        place = Place(item.file, run.line)
        if value is None or value not in names:
            problems.append(NotUnderstood(place, "hook of a program type", program_type.name))
            continue
        hook = names[value]
        found.append(HookOf(program_type.name, None if hook == _MAX_HOOK else hook, place))
    return tuple(found), tuple(problems)


def read_decision(code: Code) -> Decision:
    """Find the functions that decide.

    `filters`: "bpf: Add kfunc filter function to 'struct btf_kfunc_id_set'" gave the struct a
    member (6.12 has it, 6.1 does not). `split`: "bpf: Refactor btf_kfunc_id_set_contains" asks for
    permission apart from the flags (seen first in 7.1). Both are read from what is declared, for
    either may be in a distribution's kernel of another release.
    """
    functions = {item.function: item for item in code.items(BTF_C) if item.function in _ASKING}
    id_set = code.type("struct", "btf_kfunc_id_set", BTF_C)
    return Decision(
        common=_COMMON in read_hooks(code),
        filters=id_set is not None and "filter" in id_set.text,
        split="btf_kfunc_is_allowed" in functions,
        set_limit=code.value("BTF_KFUNC_SET_MAX_CNT", BTF_C) or 0,
        filter_limit=code.value("BTF_KFUNC_FILTER_MAX_CNT", BTF_C) or 0,
        places=tuple(sorted(Place(item.file, item.function_line) for item in functions.values())),
    )


def _hook_names(code: Code, item: Item) -> dict[int, str]:
    names = [*read_hooks(code), _MAX_HOOK]
    values = ((code.value(name, item.file), name) for name in names)
    return {value: name for value, name in values if value is not None}


class _Asked(Runner):
    """Runs the hook function for one program type, noting the line that answers."""

    def __init__(self, code: Code, function: Function, program_type: int) -> None:
        super().__init__(function, dict.fromkeys(function.parameters, program_type))
        self._code = code
        self.line = function.line

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator."""
        return self._code.value(name, self.function.file)

    def expanded(self, node: Node) -> list[Node]:
        """Return the statements of a macro that answers, or changes what is asked."""
        line = self.function.line_of(node)
        return expand_statement(self._code, self.function, node, line, self.variables)

    def find_case(self, cases: list[Case], value: int) -> int | None:
        """Note the line of the case."""
        at = super().find_case(cases, value)
        if at is not None:
            self.line = self.function.line_of(cases[at].label)
        return at
