"""Values of C expressions: integers, or None for what is not known."""

from __future__ import annotations

from tree_sitter import Node

from kfmap.kernel.syntax import arguments_of, called_name, field_of, text_of

Value = int | None
_TRANSPARENT = frozenset({"likely", "unlikely", "ilog2_const", "__force"})
OF_VALUES = _TRANSPARENT | {"fls"}
_MAX_DEPTH = 200


class Evaluator:
    """Evaluates expressions; what a name, a call or a field means is for subclasses to say."""

    _depth = 0

    def value(self, node: Node) -> Value:
        """Return the value of an expression."""
        if self._depth > _MAX_DEPTH:
            return None
        self._depth += 1
        try:
            return self._value(node)
        finally:
            self._depth -= 1

    def name_value(self, name: str) -> Value:
        """Return the value of a name."""
        return None

    def field_value(self, node: Node) -> Value:
        """Return the value of `a.b` or `a->b`."""
        return None

    def uses_values(self, name: str) -> bool:
        """Return whether the value of a call comes from the values of its arguments."""
        return True

    def call_value(self, name: str, node: Node, values: list[Value]) -> Value:
        """Return the value of a call."""
        return None

    def other_value(self, node: Node) -> Value:
        """Return the value of an expression of another kind, having evaluated its parts."""
        for child in node.named_children:
            self.value(child)
        return None

    def _value(self, node: Node) -> Value:
        match node.type:
            case "number_literal":
                return parse_number(text_of(node))
            case "char_literal":
                return None
            case "true" | "false":
                return int(node.type == "true")
            case "null":
                return 0
            case "identifier":
                return self.name_value(text_of(node))
            case "field_expression":
                return self.field_value(node)
            case "parenthesized_expression" | "comma_expression":
                values = [self.value(child) for child in node.named_children]
                return values[-1] if values else None
            case "cast_expression":
                value = field_of(node, "value")
                return None if value is None else self.value(value)
            case "unary_expression":
                return self._unary(node)
            case "binary_expression":
                return self._binary(node)
            case "conditional_expression":
                return self._conditional(node)
            case "call_expression":
                return self._call(node)
        return self.other_value(node)

    def _unary(self, node: Node) -> Value:
        operand = field_of(node, "argument")
        value = None if operand is None else self.value(operand)
        if value is None:
            return None
        return {"!": int(not value), "~": ~value, "-": -value, "+": value}.get(
            node.children[0].type
        )

    def _binary(self, node: Node) -> Value:
        left, right = field_of(node, "left"), field_of(node, "right")
        if left is None or right is None:
            return None
        operator = node.children[1].type
        first = self.value(left)
        if operator in ("&&", "||"):
            return self._logical(first, right, decisive=operator == "||")
        second = self.value(right)
        return None if first is None or second is None else compute(operator, first, second)

    def _logical(self, first: Value, right: Node, *, decisive: bool) -> Value:
        if first is not None and bool(first) is decisive:
            return int(decisive)
        second = self.value(right)
        if second is None or (first is None and bool(second) is not decisive):
            return None
        return int(bool(second))

    def _conditional(self, node: Node) -> Value:
        """Evaluate `a ? b : c`, and `a ?: c`, which is a where a is not 0."""
        condition = field_of(node, "condition")
        taken, other = field_of(node, "consequence"), field_of(node, "alternative")
        known = None if condition is None else self.value(condition)
        if known is None:
            values = [self.value(branch) for branch in (taken, other) if branch is not None]
            return values[0] if len(values) == 2 and values[0] == values[1] else None
        chosen = taken if known else other
        if chosen is None:
            return known if known else None
        return self.value(chosen)

    def _call(self, node: Node) -> Value:
        name = called_name(node)
        asked = arguments_of(node) if self.uses_values(name) else []
        values = [self.value(argument) for argument in asked]
        if name in _TRANSPARENT and len(values) == 1:
            return values[0]
        if name == "fls" and len(values) == 1:  # include/asm-generic/bitops/fls.h
            return None if values[0] is None else (values[0] & 0xFFFFFFFF).bit_length()
        return self.call_value(name, node, values)


def compute(operator: str, left: int, right: int) -> Value:
    """Compute a C operator on known integers; None for one that is not meant or does not apply."""
    if operator in ("<<", ">>"):
        if not 0 <= right < 64:
            return None
        return left << right if operator == "<<" else left >> right
    if operator in ("/", "%"):
        if right == 0:
            return None
        quotient = abs(left) // abs(right) * (1 if (left < 0) == (right < 0) else -1)
        return quotient if operator == "/" else left - quotient * right
    if operator == "*" and (left.bit_length() > 128 or right.bit_length() > 128):
        return None
    known: dict[str, int] = {
        "&": left & right,
        "|": left | right,
        "^": left ^ right,
        "+": left + right,
        "-": left - right,
        "*": left * right,
        "==": int(left == right),
        "!=": int(left != right),
        "<": int(left < right),
        ">": int(left > right),
        "<=": int(left <= right),
        ">=": int(left >= right),
    }
    return known.get(operator)


def parse_number(text: str) -> Value:
    """Read a C integer literal."""
    digits = text.rstrip("uUlL")
    octal = len(digits) > 1 and digits.startswith("0") and digits.isdigit()
    try:
        return int(digits, 8 if octal else 0)
    except ValueError:
        return None
