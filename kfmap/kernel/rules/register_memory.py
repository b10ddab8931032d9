"""What names, addresses and declarations mean in a function that registers kfuncs, as it is run."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tree_sitter import Node

from kfmap.kernel.expressions import Value, compute
from kfmap.kernel.facts import Place
from kfmap.kernel.rules.initializers import read_held
from kfmap.kernel.rules.register_doubts import RunnerInDoubt
from kfmap.kernel.rules.register_world import World
from kfmap.kernel.statements import FALLS
from kfmap.kernel.syntax import Function, field_of, strip_parentheses, text_of, walk

_TRUTH = re.compile(r"\b(?:bool|_Bool)\b")


class MemoryRunner(RunnerInDoubt):
    """One call of a function, with the tables, structs and pointers that it works on."""

    def __init__(
        self,
        world: World,
        function: Function,
        variables: Mapping[str, Value],
        doubt: Place | None = None,
    ) -> None:
        super().__init__(function, variables, doubt)
        self._world = world
        if b"enum" in (function.body.text or b""):  # its own enumerators hide those of the kernel
            self._locals.update(
                text_of(name)
                for node in walk(function.body)
                if node.type == "enumerator" and (name := field_of(node, "name")) is not None
            )

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
        if known is not None and not is_pointer and _TRUTH.search(head):
            known = int(bool(known))
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
