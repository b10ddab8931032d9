"""Runs functions that register kfuncs: loops, tables, pointers, and functions around the call.

An unknown call succeeds, and a registration returns 0; what unknown tests make of the rest is in
register_doubts.py.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tree_sitter import Node

from kfmap.kernel.code import Code
from kfmap.kernel.expressions import Value, compute
from kfmap.kernel.facts import Place
from kfmap.kernel.preprocessor import config_call
from kfmap.kernel.rules.function_doubts import find_doubt
from kfmap.kernel.rules.initializers import read_held
from kfmap.kernel.rules.kfunc_memory import Memory
from kfmap.kernel.rules.register_doubts import RunnerInDoubt
from kfmap.kernel.rules.register_world import (
    REGISTER,
    REGISTER_FMODRET,
    REGISTER_OPS,
    Met,
    Site,
    World,
)
from kfmap.kernel.rules.statement_macros import expand_statement
from kfmap.kernel.statements import BREAKS, CONTINUES, FALLS, LEAVES, TooLongError
from kfmap.kernel.syntax import (
    Function,
    arguments_of,
    called_name,
    field_of,
    parse_function,
    strip_parentheses,
    text_of,
    walk,
)

_MAX_LOOP = 2_000
_MAX_CALLS = 12  # of functions in functions
_COPIES = frozenset({"memcpy", "memmove", "__builtin_memcpy"})
_BITS = frozenset({"BIT", "BIT_ULL"})  # include/vdso/bits.h
_KNOWN = frozenset({"likely", "unlikely", "ARRAY_SIZE", *_COPIES, *_BITS})
_MAX_CONSTANT = 400  # characters of the body of a function that only returns a constant
_NEVER_RETURN = frozenset({"BUG", "panic", "unreachable", "do_exit", "__builtin_unreachable"})
_CHANGES = re.compile(rf"{REGISTER}|{REGISTER_FMODRET}|{REGISTER_OPS}|\+\+|--|(?<![=!<>])=(?!=)")


class RegisterMachine(RunnerInDoubt):
    """One call of a function that registers."""

    def __init__(
        self,
        world: World,
        function: Function,
        variables: Mapping[str, Value],
        depth: int = 0,
        doubt: Place | None = None,
    ) -> None:
        super().__init__(function, variables, doubt)
        self._world = world
        self._call_depth = depth
        world.met.functions.add(function.name)

    # Names and memory

    def constant(self, name: str) -> Value:
        """Return a constant, or the address of a table or a struct."""
        code, file = self._world.code, self.function.file
        if name in self._locals:
            return None
        if name in self._world.program_types:
            macro = code.macro(name, file)
            given = self._world.program_types[name]
            return given if macro is None else code.evaluate(macro.body, file)
        value = code.value(name, file)
        if value is not None:
            return value
        variable = self._world.memory.find_variable(name, file)
        if variable is None:
            return None
        address = self._world.memory.address(name, file)
        is_plain = not variable.is_array and isinstance(variable.elements[0], str)
        if is_plain and not variable.is_constant:
            return None
        return self._world.memory.load(address) if is_plain else address

    def field_value(self, node: Node) -> Value:
        """Return a field of a struct whose address is known."""
        argument, name = field_of(node, "argument"), field_of(node, "field")
        if argument is None or name is None:
            return None
        fields = self._world.memory.fields(self.value(argument))
        return None if fields is None else fields.get(text_of(name), 0)

    def other_value(self, node: Node) -> Value:
        """Return addresses, elements and what is at an address; run assignments and ++."""
        match node.type:
            case "pointer_expression":
                return self._pointer(node)
            case "subscript_expression":
                return self._world.memory.load(self._element(node))
            case "update_expression":
                return self._update(node)
            case "assignment_expression":
                return self._assign_any(node)
            case "compound_statement":
                self._statement(node)
                return None
            case "offsetof_expression" | "sizeof_expression":
                return self._world.code.evaluate(text_of(node), self.function.file)
        return super().other_value(node)

    def _element(self, node: Node) -> Value:
        argument, index = field_of(node, "argument"), field_of(node, "index")
        base = None if argument is None else self.value(argument)
        offset = None if index is None else self.value(index)
        return None if base is None or offset is None else base + offset

    def _pointer(self, node: Node) -> Value:
        argument = field_of(node, "argument")
        if argument is None:
            return None
        argument = strip_parentheses(argument)
        if node.children[0].type == "*":
            return self._world.memory.load(self.value(argument))
        if argument.type == "identifier":
            name = text_of(argument)
            if name in self._locals:
                value = self.variables.get(name)
                return value if self._world.memory.find(value) else None
            return self._world.memory.address(name, self.function.file)
        if argument.type == "subscript_expression":
            return self._element(argument)
        return self.value(argument)

    def _update(self, node: Node) -> Value:
        argument = field_of(node, "argument")
        value = None if argument is None else self.value(argument)
        step = 1 if any(child.type == "++" for child in node.children) else -1
        changed = None if value is None else value + step
        if argument is not None:
            self._store(argument, changed)
        return changed if node.children[0].type in ("++", "--") else value

    def _assign_any(self, node: Node) -> Value:
        target, source = field_of(node, "left"), field_of(node, "right")
        if target is None or source is None:
            return None
        operator = node.children[1].type
        value = self.value(source)
        if operator != "=":
            before = self.value(target)
            known = before is not None and value is not None
            value = compute(operator[:-1], before or 0, value or 0) if known else None
        self._store(strip_parentheses(target), value)
        return value

    def _store(self, target: Node, value: Value) -> None:
        memory = self._world.memory
        match target.type:
            case "identifier":
                self._store_name(text_of(target), value)
            case "field_expression":
                argument, name = field_of(target, "argument"), field_of(target, "field")
                if argument is not None and name is not None:
                    memory.write_field(self.value(argument), text_of(name), value)
            case "subscript_expression":
                memory.write(self._element(target), value)
            case "pointer_expression":
                argument = field_of(target, "argument")
                memory.write(None if argument is None else self.value(argument), value)

    def _store_name(self, name: str, value: Value) -> None:
        memory = self._world.memory
        if name in self._locals:
            found = memory.find(self.variables.get(name))
            if found and found[0].name == name and found[0].file == "":  # a local struct
                memory.write(found[0].address, value)
            else:
                self.variables[name] = value
        else:
            memory.write(memory.address(name, self.function.file), value)

    # Declarations

    def _declare(self, node: Node) -> set[str]:
        for child in node.named_children:
            if child.type == "init_declarator":
                declarator, value = field_of(child, "declarator"), field_of(child, "value")
                if declarator is not None and value is not None:
                    self._declare_one(node, declarator, value)
            elif child.type.endswith("declarator") or child.type == "identifier":
                self._declare_one(node, child, None)
        return {FALLS}

    def _declare_one(self, node: Node, declarator: Node, value: Node | None) -> None:
        name = next((text_of(n) for n in walk(declarator) if n.type == "identifier"), "")
        is_pointer = any(n.type == "pointer_declarator" for n in walk(declarator))
        is_array = declarator.type == "array_declarator"
        text = text_of(node)
        head = text[: declarator.start_byte - node.start_byte]
        if is_pointer:
            self._pointers.add(name)
        is_struct = re.search(r"\bstruct\b", head) is not None and not is_pointer
        known = None if value is None or value.type == "initializer_list" else self.value(value)
        self._locals.add(name)
        if not (is_struct or is_array):
            self.variables[name] = known
            return
        memory = self._world.memory
        block = memory.allocate(name, "")
        self.variables[name] = block.address
        if value is not None and value.type == "initializer_list":
            dimensions = "[]" if is_array else ""
            held = read_held(self._world.code, head, dimensions, value, self.function.file)
            for index, element in enumerate(held):
                if isinstance(element, str):
                    block.values[index] = self._read_text(element)
                elif element is not None:
                    block.fields[index] = {n: self._read_text(t) for n, t in element.items()}
            block.length = len(held) if is_array else None
        elif value is not None:
            memory.write(block.address, known)
        else:
            block.fields[0] = {}

    def _read_text(self, text: str) -> Value:
        return self._world.memory.held_value(text, self.function.file)

    # Calls

    def _call(self, node: Node) -> Value:
        """Leave out what a call is given where nothing in it registers or changes a variable."""
        name, text = called_name(node), text_of(node)
        matters = name in _KNOWN or _CHANGES.search(text) is not None
        if not matters and not any(entered in text for entered in self._world.entered):
            return self._known_answer(name, node)
        return super()._call(node)

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Note a registration, which succeeds; enter functions that may register."""
        if name in (REGISTER, REGISTER_FMODRET):
            self._note(name, node, values)
            return 0
        if name == REGISTER_OPS:
            if self._doubt is None:
                place = Place(self.function.file, self.function.line_of(node))
                self._world.met.types.add(place)
            return 0
        if name == "ARRAY_SIZE" and values:
            return self._world.memory.length(values[0])
        if name in _BITS and values and values[0] is not None:
            return compute("<<", 1, values[0])
        if name in _COPIES and len(values) > 1:
            self._world.memory.write(values[0], values[1])
            return values[0]
        function = self._world.enter(name) if self._call_depth < _MAX_CALLS else None
        if function is not None:
            given = dict(zip(function.parameters, values, strict=False))
            inside = RegisterMachine(
                self._world, function, given, self._call_depth + 1, self._doubt
            )
            inside.steps = self.steps
            value = inside.execute()
            self.steps = inside.steps
            return value
        return self._known_answer(name, node)

    def _known_answer(self, name: str, node: Node) -> Value:
        """Return what IS_ENABLED() and kin say, and functions that only return a constant."""
        code = self._world.code
        arguments = [text_of(argument) for argument in arguments_of(node)]
        option = config_call(code.config, name, arguments)
        item = code.function_beside(name, self.function.file) if option is None and name else None
        if item is None or len(item.text) - item.brace > _MAX_CONSTANT:
            return option
        body = [part for part in parse_function(item).body.named_children if part.type != "comment"]
        is_plain = len(body) == 1 and body[0].type == "return_statement"
        if not is_plain or not body[0].named_children or find_doubt(code, item):
            return None
        return code.evaluate(text_of(body[0].named_children[0]), item.file)

    def _note(self, name: str, node: Node, values: list[Value]) -> None:
        met, key = self._world.met, (self.function.file, self._offset(node))
        is_known = bool(values) and values[-1] is not None and (len(values) < 2 or values[0])
        if self.is_rerun and key in met.nodes and is_known:
            return  # the same once more; with other arguments it is a loop of goto
        met.nodes.add(key)
        arguments = arguments_of(node)
        is_plain = name == REGISTER and len(arguments) == 2
        texts = [text_of(argument) for argument in arguments] or [""]
        met.sites.append(
            Site(
                Place(self.function.file, self.function.line_of(node)),
                texts[0] if is_plain else "",
                values[0] if is_plain else None,
                texts[-1],
                values[-1] if values else None,
                self._doubt,
                any(
                    text_of(inner) in self._parameters
                    for argument in arguments
                    for inner in walk(argument)
                    if inner.type == "identifier"
                ),
            )
        )

    def _offset(self, node: Node) -> int:
        return self.function.first_row * 1_000_000 + node.start_byte

    # Loops

    def _statement(self, node: Node) -> set[str]:
        if node.type in ("for_statement", "while_statement", "do_statement"):
            self.count_step()
            return self._loop(node)
        if node.type == "expression_statement" and len(node.named_children) == 1:
            (child,) = node.named_children
            if child.type == "call_expression" and self._never_returns(called_name(child)):
                return {LEAVES}
        return super()._statement(node)

    def expanded(self, node: Node) -> list[Node]:
        """Return the statements of a macro that leads out of where it stands."""
        return expand_statement(
            self._world.code, self.function, node, self.function.line_of(node), ()
        )

    def _never_returns(self, name: str) -> bool:
        if name in _NEVER_RETURN:
            return True
        item = self._world.code.function_beside(name, self.function.file) if name else None
        return item is not None and "__noreturn" in item.text[: item.brace]

    def _loop(self, node: Node) -> set[str]:
        """Run a loop round by round as long as its condition is known."""
        initializer, condition = field_of(node, "initializer"), field_of(node, "condition")
        body, update = field_of(node, "body"), field_of(node, "update")
        if body is None:
            return self._maybe(node)
        if initializer is not None:
            if initializer.type == "declaration":
                self._declare(initializer)
            else:
                self.value(initializer)
        ends: set[str] = set()
        is_first = node.type == "do_statement"
        doubt = self._doubt
        for _ in range(_MAX_LOOP):
            self._doubt = doubt
            known = 1 if condition is None or is_first else self.value(condition)
            is_first = False
            if known is None:
                return ends | self._maybe(body)
            if not known:
                return ends | {FALLS}
            ways = self._statement(body)
            ends |= ways - {BREAKS, CONTINUES, FALLS}
            if BREAKS in ways:
                return ends | {FALLS}
            if not ways & {FALLS, CONTINUES}:
                return ends
            if update is not None:
                self.value(update)
        raise TooLongError(f"{self.function.name} has a loop that does not end")

    def _binary(self, node: Node) -> Value:
        """Return `sizeof(a) / sizeof(a[0])`, the length of a table."""
        left, right = field_of(node, "left"), field_of(node, "right")
        if left is not None and left.type == "sizeof_expression" and right is not None:
            words = re.findall(r"\w+", text_of(left))
            if right.type == "sizeof_expression" and len(words) == 2:
                return self._world.memory.length(self.name_value(words[1]))
        return super()._binary(node)


def run_function(code: Code, function: Function, values: Sequence[Value]) -> Value:
    """Return what a function gives that asks its arguments and tables alone, None if not known."""
    world = World(code, Memory(code, function.file), Met(), lambda name: None, {}, ())
    try:
        given = dict(zip(function.parameters, values, strict=False))
        return RegisterMachine(world, function, given).execute()
    except TooLongError:
        return None
