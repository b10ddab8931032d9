"""struct_ops types: their members, which a program may implement, and which may sleep.

Members and offsets come from the struct. A member is supported where `.cfi_stubs` has it, in trees
whose loader asks that (bpf_struct_ops_supported()), and where `check_member()` lets it pass: that
function is run for each member, with a sleepable program and with another.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import (
    UNREAD_OPS,
    Member,
    MemberSleep,
    NotUnderstood,
    Place,
    StructOps,
)
from kfmap.kernel.handed_on import find_changed_parts
from kfmap.kernel.items import Item
from kfmap.kernel.layout import LaidMember
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.rules.initializers import read_fields
from kfmap.kernel.rules.kfunc_id_sets import plain_name, resolve_function
from kfmap.kernel.rules.register_machine import run_function
from kfmap.kernel.rules.statement_macros import expand_statement
from kfmap.kernel.rules.struct_ops_types import STRUCT_OPS_C, Registered
from kfmap.kernel.statements import Case, Runner, TooLongError
from kfmap.kernel.syntax import (
    Function,
    field_of,
    parse_function,
    text_of,
    walk,
)
from kfmap.quick_dataclass import dataclass, field

VERIFIER_C = "kernel/bpf/verifier.c"
_ONLY_SLEEPABLE = re.compile(r"sleepable\s*&&\s*prog->type\s*!=[^{;]*")
# The first name is that of 6.1 and later, the second that of 5.15.
_MEMBER_OFFSET = ("__btf_member_bit_offset", "btf_member_bit_offset")
_ARENA = re.compile(r"\w__arena\b")


class StructOpsReader:
    """Reads the registered types of one tree, keeping what it does not understand."""

    def __init__(self, code: Code) -> None:
        self._code = code
        self.problems: list[NotUnderstood] = []
        # "bpf: Check unsupported ops from the bpf_struct_ops's cfi_stubs": seen first in 6.12. The
        # function and not the member is looked for, since stubs were there for CFI before.
        self._asks_stubs = any(
            item.function == "bpf_struct_ops_supported" for item in code.items(STRUCT_OPS_C)
        )
        self._may_sleep = _struct_ops_may_sleep(code)
        self._steady: dict[tuple[str, str], Function | None] = {}

    def read(self, registered: Registered, owner: str) -> StructOps | None:
        """Return the facts of a type."""
        code, file = self._code, registered.file
        struct = code.type("struct", registered.type, file)
        variable = code.variable(registered.variable, file)
        if struct is None or variable is None:
            self._note(registered.place, UNREAD_OPS, registered.type)
            return None
        fields = self._read_fields(variable, registered.variable)
        stubs = self._read_stubs(fields.get("cfi_stubs", ""), variable) if fields else None
        check = self._find_check(fields, variable)
        members = []
        for laid in code.layout(struct).members:
            if laid.offset is None:
                self._note(Place(struct.file, laid.line), "offset of a member", laid.name)
                continue
            members.append(self._member(laid, struct.file, stubs, check))
        return StructOps(
            registered.type, registered.variable, owner, registered.place, tuple(members)
        )

    def _member(self, laid: LaidMember, file: str, stubs: _Stubs | None, check: Check) -> Member:
        place = Place(file, laid.line)
        declaration = " ".join(laid.declaration.split())
        if not laid.callback:
            never = MemberSleep.NEVER
            return Member(
                laid.name, laid.offset or 0, False, declaration, False, never, place, None, None
            )
        checked = _Checked(self._code, check, laid.offset or 0, self.ask)
        stub = stubs.members.get(laid.name) if stubs else None
        supported, supported_place = checked.supported, checked.place
        if self._asks_stubs:
            supported_place = stub.place if stub else stubs.place if stubs else None
            supported = None if stubs is None or stubs.is_open else bool(stub) and checked.supported
        needs = ["arena"] if _ARENA.search(declaration + (stub.head if stub else "")) else []
        if checked.wants_stack:
            needs.append("private stack")
        sleepable = checked.sleepable if self._may_sleep else MemberSleep.NEVER
        return Member(
            laid.name,
            laid.offset or 0,
            True,
            declaration,
            supported,
            sleepable,
            place,
            supported_place,
            checked.place,
            tuple(needs),
        )

    def _read_fields(self, item: Item, name: str) -> Mapping[str, str] | None:
        """Return the fields of a struct that stay as they are initialised, None for another."""
        fields = read_fields(self._code, item, name)
        changed = next(find_changed_parts(self._code, item.file, name), None)
        if fields is None or changed:
            place = changed or Place(item.file, item.line_at(item.text.find(name)))
            self._note(place, "fields of a struct", name)
            return None
        return {
            field: resolve_function(self._code, text, item.file, item.line_at(item.brace))
            for field, text in fields.items()
        }

    def _read_stubs(self, value: str, near: Item) -> _Stubs | None:
        name = plain_name(value)
        item = self._code.variable(name, near.file) if name else None
        if item is None:
            return None
        place = Place(item.file, item.line_at(item.text.find(name)))
        fields = self._read_fields(item, name)
        members = {}
        for member, written in (fields or {}).items():
            stub = plain_name(written)
            function = self._code.function(stub, item.file) if stub.isidentifier() else None
            if not stub or (function is None and self._code.evaluate(stub, item.file) == 0):
                continue
            line = item.line_at(max(0, item.text.find(f".{member}")))
            members[member] = _Stub(Place(item.file, line), function.head if function else "")
        return _Stubs(place, members, is_open=fields is None)

    def _find_check(self, fields: Mapping[str, str] | None, near: Item) -> Check:
        """Return check_member(), None where there is none."""
        name = plain_name(fields.get("check_member", "")) if fields is not None else "?"
        if not name:
            return None
        item = self._code.function(name, near.file) if name.isidentifier() else None
        doubt = find_doubt(self._code, item) if item else ("function", near.line)
        if item is None or doubt:
            place = Place(item.file if item else near.file, doubt[1] if doubt else near.line)
            self._note(place, "check of members", name)
            return _NOT_READ
        return parse_function(item)

    def ask(self, name: str, file: str, values: list[Value]) -> Value:
        """Return what a function gives that check_member() asks, None where it is not known."""
        key = (name, file)
        if key not in self._steady:
            self._steady[key] = _find_steady(self._code, name, file)
        function = self._steady[key]
        return (
            None
            if function is None or None in values
            else run_function(self._code, function, values)
        )

    def _note(self, place: Place, construct: str, text: str) -> None:
        self.problems.append(NotUnderstood(place, construct, text))


@dataclass(frozen=True, slots=True)
class _Stub:
    place: Place
    head: str


@dataclass(frozen=True, slots=True)
class _Stubs:
    """The stubs of members; `is_open`: there may be others, or fewer."""

    place: Place
    members: dict[str, _Stub]
    is_open: bool


class _NotRead(Enum):
    CHECK = "check_member() that is not understood"


_NOT_READ = _NotRead.CHECK
Check = Function | _NotRead | None


@dataclass(slots=True)
class _Checked:
    """What check_member() says of one member."""

    code: Code
    function: Check
    offset: int
    ask: Callable[[str, str, list[Value]], Value]
    supported: bool | None = True
    sleepable: MemberSleep = MemberSleep.MAY
    wants_stack: bool = False
    place: Place | None = None
    answers: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        if isinstance(self.function, _NotRead):
            self.supported, self.sleepable = None, MemberSleep.UNKNOWN
        if not isinstance(self.function, Function):
            return
        for sleeps in (0, 1):
            run = _Checking(self.code, self.function, self.offset, sleeps, self.ask)
            try:
                self.answers.append(run.execute())
            except TooLongError:
                self.answers.append(None)
            self.wants_stack = self.wants_stack or run.wants_stack
            self.place = Place(self.function.file, run.line)
        awake, asleep = (None if a is None else a == 0 for a in self.answers)
        self.supported = None if None in (awake, asleep) else bool(awake or asleep)
        if awake is None or asleep is None:
            self.sleepable = MemberSleep.UNKNOWN
        elif asleep:
            self.sleepable = MemberSleep.MAY if awake else MemberSleep.MUST
        else:
            self.sleepable = MemberSleep.NEVER


class _Checking(Runner):
    """Runs check_member() for one member and one program."""

    def __init__(
        self,
        code: Code,
        function: Function,
        offset: int,
        sleeps: int,
        ask: Callable[[str, str, list[Value]], Value],
    ) -> None:
        super().__init__(function, dict.fromkeys(function.parameters))
        self._constants = Constants(code, function.file)
        self._code = code
        self._offset = offset
        self._sleeps = sleeps
        self._ask = ask
        self.wants_stack = False
        self.line = function.line

    def constant(self, name: str) -> Value:
        """Return the value of an enumerator or macro."""
        return self._constants.name_value(name)

    def field_value(self, node: Node) -> Value:
        """Return whether the program may sleep."""
        member = field_of(node, "field")
        return self._sleeps if member is not None and text_of(member) == "sleepable" else None

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return the member's offset in bits, and run helpers."""
        if name in _MEMBER_OFFSET:
            return self._offset * 8
        return self._ask(name, self.function.file, values)

    def expanded(self, node: Node) -> list[Node]:
        """Return the statements of a macro that refuses, or sets a local."""
        line = self.function.line_of(node)
        return expand_statement(self._code, self.function, node, line, self.variables)

    def other_value(self, node: Node) -> Value:
        """Return offsetof(), and note what the program is made to have."""
        if node.type in ("offsetof_expression", "sizeof_expression"):
            return self._constants.value(node)
        target = field_of(node, "left") if node.type == "assignment_expression" else None
        # "bpf: Support private stack for struct_ops progs": seen first in 6.17.
        if target is not None and text_of(target).endswith("priv_stack_requested"):
            self.wants_stack = True
        return super().other_value(node)

    def find_case(self, cases: list[Case], value: int) -> int | None:
        """Note the line of the first case that matters."""
        at = super().find_case(cases, value)
        if at is not None and self.line == self.function.line:
            self.line = self.function.line_of(cases[at].label)
        return at


def _find_steady(code: Code, name: str, file: str) -> Function | None:
    """Return a function if its text is what runs, and what it names stays as it is initialised."""
    item = code.function(name, file)
    if item is None or find_doubt(code, item):
        return None
    function = parse_function(item)
    names = {text_of(node) for node in walk(function.body) if node.type == "identifier"}
    changed = (found for name in names for found in find_changed_parts(code, item.file, name))
    return None if any(changed) else function


def _struct_ops_may_sleep(code: Code) -> bool:
    """Return whether the verifier lets struct_ops programs sleep at all.

    6.12 asks can_be_sleepable(); 6.1 tests the program type in check_attach_btf_id() itself.
    """
    for item in code.items(VERIFIER_C):
        if item.function == "can_be_sleepable":
            return "BPF_PROG_TYPE_STRUCT_OPS" in item.text
    for item in code.items(VERIFIER_C):
        if item.function == "check_attach_btf_id":
            refusal = _ONLY_SLEEPABLE.search(item.text)
            return refusal is not None and "BPF_PROG_TYPE_STRUCT_OPS" in refusal[0]
    return False
