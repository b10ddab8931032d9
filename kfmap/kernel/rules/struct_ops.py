"""struct_ops types: their members, which a program may implement, and which may sleep.

Members and offsets come from the struct. A member is supported where `.cfi_stubs` has it, in trees
whose loader asks that (bpf_struct_ops_supported()), and where `check_member()` lets it pass: that
function is run for each member, with a sleepable program and with another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.constants import Constants
from kfmap.kernel.expressions import Value
from kfmap.kernel.facts import Member, MemberSleep, NotUnderstood, Place, StructOps
from kfmap.kernel.items import Item
from kfmap.kernel.layout import LaidMember
from kfmap.kernel.statements import Runner, TooLongError
from kfmap.kernel.syntax import (
    Function,
    field_of,
    parse_function,
    split_list,
    text_of,
    walk,
)
from kfmap.quick_dataclass import dataclass, field

STRUCT_OPS_C = "kernel/bpf/bpf_struct_ops.c"
TYPES_H = "kernel/bpf/bpf_struct_ops_types.h"
VERIFIER_C = "kernel/bpf/verifier.c"
# "bpf, net: switch to dynamic registration" put these calls in place of one list of all types,
# kernel/bpf/bpf_struct_ops_types.h: 6.1 has the list, 6.12 the calls.
_REGISTER = re.compile(r"register_bpf_struct_ops(?<!\w.{23})\s*\(\s*&\s*(\w+)\s*,\s*(\w+)\s*\)")
_LISTED = re.compile(r"\bBPF_STRUCT_OPS_TYPE\s*\(\s*(\w+)\s*\)")
_DESIGNATED = re.compile(r"^\.\s*(\w+)\s*=\s*(.*)$", re.S)
_ONLY_SLEEPABLE = re.compile(r"sleepable\s*&&\s*prog->type\s*!=[^{;]*")
# The first name is that of 6.1 and later, the second that of 5.15.
_MEMBER_OFFSET = ("__btf_member_bit_offset", "btf_member_bit_offset")
_ARENA = re.compile(r"\w__arena\b")


@dataclass(frozen=True, slots=True)
class Registered:
    """A struct_ops type as it is registered: the struct, the variable, where."""

    type: str
    variable: str
    file: str
    place: Place


def find_registered(code: Code, file: str) -> Iterator[Registered]:
    """Return the types that functions of a file register."""
    source = code.source(file)
    for match in _REGISTER.finditer(source.code) if source else ():
        line = source.line_at(match.start()) if source else 0
        yield Registered(match[2], match[1], file, Place(file, line))


def find_listed(code: Code, files: list[str]) -> Iterator[Registered]:
    """Return the types of trees that list them in one header."""
    source = code.source(TYPES_H)
    for match in _LISTED.finditer(source.code) if source else ():
        variable = f"bpf_{match[1]}"
        pattern = re.compile(rf"\bstruct\s+bpf_struct_ops\s+{variable}\s*=\s*\{{")
        for file in files:
            if pattern.search(code.tree.read(file) or ""):
                line = source.line_at(match.start()) if source else 0
                yield Registered(match[1], variable, file, Place(TYPES_H, line))


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

    def read(self, registered: Registered, owner: str) -> StructOps | None:
        """Return the facts of a type."""
        code, file = self._code, registered.file
        struct = code.type("struct", registered.type, file)
        variable = code.variable(registered.variable, file)
        if struct is None or variable is None:
            self._note(registered.place, "struct_ops type", registered.type)
            return None
        fields = _designated(variable)
        stubs = self._read_stubs(fields.get("cfi_stubs", ""), file)
        check = self._find_function(fields.get("check_member", ""), file)
        members = []
        for laid in code.layout(struct).members:
            if laid.offset is None:
                self._note(Place(struct.file, laid.line), "offset of a member", laid.name)
                continue
            members.append(self._member(laid, struct.file, stubs, check))
        return StructOps(
            registered.type, registered.variable, owner, registered.place, tuple(members)
        )

    def _member(
        self, laid: LaidMember, file: str, stubs: _Stubs | None, check: Function | None
    ) -> Member:
        place = Place(file, laid.line)
        declaration = " ".join(laid.declaration.split())
        if not laid.callback:
            never = MemberSleep.NEVER
            return Member(
                laid.name, laid.offset or 0, False, declaration, False, never, place, None, None
            )
        checked = _Checked(self._code, check, laid.offset or 0)
        stub = stubs.members.get(laid.name) if stubs else None
        supported, supported_place = checked.supported, checked.place
        if self._asks_stubs:
            supported_place = stub.place if stub else stubs.place if stubs else None
            supported = None if stubs is None else bool(stub) and checked.supported
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

    def _read_stubs(self, value: str, file: str) -> _Stubs | None:
        name = value.lstrip("&").strip()
        item = self._code.variable(name, file) if name else None
        if item is None:
            return None
        members = {}
        for member, stub in _designated(item).items():
            function = self._code.function(stub, file) if stub.isidentifier() else None
            line = item.line_at(item.text.find(f".{member}"))
            members[member] = _Stub(Place(item.file, line), function.head if function else "")
        return _Stubs(Place(item.file, item.line_at(item.text.find(name))), members)

    def _find_function(self, value: str, file: str) -> Function | None:
        item = self._code.function(value.strip(), file) if value else None
        return parse_function(item) if item else None

    def _note(self, place: Place, construct: str, text: str) -> None:
        self.problems.append(NotUnderstood(place, construct, text))


@dataclass(frozen=True, slots=True)
class _Stub:
    place: Place
    head: str


@dataclass(frozen=True, slots=True)
class _Stubs:
    place: Place
    members: dict[str, _Stub]


@dataclass(slots=True)
class _Checked:
    """What check_member() says of one member."""

    code: Code
    function: Function | None
    offset: int
    supported: bool | None = True
    sleepable: MemberSleep = MemberSleep.MAY
    wants_stack: bool = False
    place: Place | None = None
    answers: list[Value] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.function is None:
            return
        for sleeps in (0, 1):
            run = _Checking(self.code, self.function, self.offset, sleeps)
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

    def __init__(self, code: Code, function: Function, offset: int, sleeps: int) -> None:
        super().__init__(function, dict.fromkeys(function.parameters))
        self._constants = Constants(code, function.file)
        self._code = code
        self._offset = offset
        self._sleeps = sleeps
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
        item = self._code.function(name, self.function.file)
        if item is not None and len(values) == 1 and values[0] is not None:
            return _is_in_table(self._code, item, values[0])
        return None

    def other_value(self, node: Node) -> Value:
        """Return offsetof(), and note what the program is made to have."""
        if node.type in ("offsetof_expression", "sizeof_expression"):
            return self._constants.value(node)
        target = field_of(node, "left") if node.type == "assignment_expression" else None
        # "bpf: Support private stack for struct_ops progs": seen first in 6.17.
        if target is not None and text_of(target).endswith("priv_stack_requested"):
            self.wants_stack = True
        return super().other_value(node)

    def find_case(self, cases: list[Node], value: int) -> int | None:
        """Note the line of the first case that matters."""
        at = super().find_case(cases, value)
        if at is not None and self.line == self.function.line:
            self.line = self.function.line_of(cases[at])
        return at


def _is_in_table(code: Code, item: Item, value: int) -> Value:
    """Answer for a helper that looks for its argument in an array of constants."""
    function = parse_function(item)
    looked_up = {
        text_of(base)
        for node in walk(function.body)
        if node.type == "subscript_expression" and (base := field_of(node, "argument")) is not None
    }
    if len(looked_up) != 1 or len(function.parameters) != 1:
        return None
    table = code.variable(looked_up.pop(), item.file)
    if table is None:
        return None
    body = table.text[table.brace + 1 : table.text.rfind("}")]
    values = [code.evaluate(part, item.file) for part in split_list(body)]
    return None if None in values else int(value in values)


def _designated(item: Item) -> dict[str, str]:
    """Return `.name = value` of an initialiser."""
    body = item.text[item.brace + 1 : item.text.rfind("}")]
    return {
        found[1]: found[2].strip() for found in map(_DESIGNATED.match, split_list(body)) if found
    }


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
