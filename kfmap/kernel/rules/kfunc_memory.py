"""The variables that functions which register read and write, by address.

An address is a number, so that expressions of C compute with it: element n of a variable is at the
variable's address plus n. What has only a name (a set, a function) has an address, too.
"""

from __future__ import annotations

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Evaluator, Value
from kfmap.kernel.rules.initializers import Held, Variable, find_variable
from kfmap.kernel.syntax import field_of, parse_expression, text_of
from kfmap.quick_dataclass import dataclass, field

_FIRST = 1 << 60
_SPACING = 1 << 20
_MAX_BLOCKS = 10_000

Fields = dict[str, Value]


@dataclass(slots=True)
class Block:
    """A variable or a name: what its elements hold, as far as it was asked for or written."""

    name: str
    file: str
    address: int
    is_global: bool
    fields: dict[int, Fields | None] = field(default_factory=dict)
    values: dict[int, Value] = field(default_factory=dict)
    is_written: bool = False
    length: int | None = None  # of an array that is local to a function


class Memory:
    """Variables and names of a tree, as one file sees them."""

    def __init__(self, code: Code, file: str) -> None:
        self._code = code
        self._file = file
        self._blocks: list[Block] = []
        self._known: dict[tuple[str, str], Block] = {}
        self._variables: dict[tuple[str, str], Variable | None] = {}

    def find_variable(self, name: str, file: str) -> Variable | None:
        """Return a global variable with an initialiser."""
        key = (name, file)
        if key not in self._variables:
            self._variables[key] = find_variable(self._code, name, file)
        return self._variables[key]

    def address(self, name: str, file: str) -> int:
        """Return the address of what a name of a file stands for."""
        key = (name, file)
        if key not in self._known:
            self._known[key] = self.allocate(name, file, is_global=True)
        return self._known[key].address

    def allocate(self, name: str, file: str, *, is_global: bool = False) -> Block:
        """Return new memory. Names beyond those of any kernel share the last block."""
        if len(self._blocks) >= _MAX_BLOCKS:
            return self._blocks[-1]
        block = Block(name, file, _FIRST + len(self._blocks) * _SPACING, is_global)
        self._blocks.append(block)
        return block

    def find(self, address: Value) -> tuple[Block, int] | None:
        """Return the memory at an address, and which element of it."""
        if address is None or address < _FIRST:
            return None
        number, index = divmod(address - _FIRST, _SPACING)
        return (self._blocks[number], index) if number < len(self._blocks) else None

    def length(self, address: Value) -> Value:
        """Return the number of elements of the array at an address."""
        found = self.find(address)
        if found is None:
            return None
        variable = self._variable(found[0])
        if variable and variable.is_array:
            return len(variable.elements) or None  # none: its initialiser was not read
        return found[0].length

    def load(self, address: Value) -> Value:
        """Return what `*address` is: a number, or the address itself where a struct is there."""
        found = self.find(address)
        if found is None:
            return None
        block, index = found
        if index in block.values:
            return block.values[index]
        held, file = self._held(block, index)
        if isinstance(held, str):
            block.values[index] = self.held_value(held, file)
            return block.values[index]
        return address if self.fields(address) is not None else None

    def fields(self, address: Value) -> Fields | None:
        """Return the fields of the struct at an address, None where they are not known."""
        found = self.find(address)
        if found is None:
            return None
        block, index = found
        if index not in block.fields:
            held, file = self._held(block, index)
            block.fields[index] = None
            if held is not None and not isinstance(held, str):
                block.fields[index] = {
                    name: self.held_value(text, file) for name, text in held.items()
                }
        return block.fields[index]

    def write_field(self, address: Value, name: str, value: Value) -> None:
        """Write a field of a struct."""
        found = self.find(address)
        if found is None:
            return
        block, index = found
        fields = self.fields(address)
        block.fields[index] = {**(fields or {}), name: value}
        block.is_written = True

    def write(self, address: Value, value: Value) -> None:
        """Write a number, or copy the struct that is at `value`."""
        found = self.find(address)
        if found is None:
            return
        block, index = found
        copied = self.fields(value)
        block.fields[index] = None if copied is None else dict(copied)
        block.values.pop(index, None)
        if copied is None:
            block.values[index] = value
        block.is_written = True

    def _variable(self, block: Block) -> Variable | None:
        return self.find_variable(block.name, block.file) if block.is_global else None

    def _held(self, block: Block, index: int) -> tuple[Held | None, str]:
        variable = self._variable(block)
        if variable is None or index >= len(variable.elements):
            return None, block.file
        return variable.elements[index], variable.file

    def held_value(self, text: str, file: str) -> Value:
        """Return the value of an expression of an initialiser: names stand for addresses."""
        return _Initial(self, self._code, file).value(parse_expression(text))


class _Initial(Evaluator):
    def __init__(self, memory: Memory, code: Code, file: str) -> None:
        self._memory = memory
        self._code = code
        self._file = file

    def name_value(self, name: str) -> Value:
        """Return a constant, or the address of a function or an array."""
        value = self._code.value(name, self._file)
        return self._memory.address(name, self._file) if value is None else value

    def other_value(self, node: Node) -> Value:
        """Return `&name`, `&name[n]`, offsetof() and sizeof()."""
        argument = field_of(node, "argument")
        if node.type in ("offsetof_expression", "sizeof_expression"):
            return self._code.evaluate(text_of(node), self._file)
        if node.type == "subscript_expression" and argument is not None:
            index = field_of(node, "index")
            place = self.value(argument), None if index is None else self.value(index)
            return None if place[0] is None or place[1] is None else place[0] + place[1]
        if node.type == "pointer_expression" and argument is not None:
            if argument.type == "identifier":
                return self._memory.address(text_of(argument), self._file)
            return self.value(argument)
        return super().other_value(node)
