"""Conditions on programs as `get_func_proto` functions test them: more than filters can ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from tree_sitter import Node as Syntax

from kfmap.kernel.helper_form import Ask, Choice, HelperNode, NoProto, Proto
from kfmap.kernel.rule_form import Always, Condition, ProgramHas, Trait, Unknown
from kfmap.kernel.rules.conditions import either, negate
from kfmap.kernel.rules.filter_meanings import (
    Global,
    Holds,
    Known,
    Meaning,
    NotInSubsetError,
    Number,
    Opaque,
    Tables,
)
from kfmap.kernel.rules.filters import FilterCompiler
from kfmap.kernel.syntax import arguments_of, called_name, field_of, text_of
from kfmap.quick_dataclass import dataclass

HELPER = "BPF_FUNC_"
# Functions that test for one capability (include/linux/bpf.h, include/linux/capability.h).
_CAPABLE = {"bpf_capable": "CAP_BPF", "perfmon_capable": "CAP_PERFMON"}
_LOCKDOWN = "security_locked_down"
# The offset of the member, asked of BTF (net/ipv4/bpf_tcp_ca.c).
_MEMBER_OFFSET = "prog_ops_moff"
_PROGRAM = (Known("prog"), Known("aux"))  # `sleepable` was in prog->aux in 6.1
_FIELDS = ("sleepable", "token", "dst_prog", "attach_func_name")
_TEXT = re.compile(r'"([^"\n]*)"')


_NOTHING = NoProto("", 0)


@dataclass(frozen=True, slots=True)
class Answer(Opaque):
    """A prototype, or NULL: what a function that answers for helpers gave."""

    node: HelperNode = _NOTHING


@dataclass(frozen=True, slots=True)
class HelperId(Opaque):
    """The helper that is asked about; "" is none that the function names."""

    helper: str = ""


@dataclass(frozen=True, slots=True)
class HelperTables(Tables):
    """What names mean; `answering` gives the id of a function that returns a prototype."""

    answering: Callable[[str, str], str | None]


class ProgramConditions(FilterCompiler):
    """Reads the conditions of one function that answers for helpers."""

    def condition_of(self, meaning: Meaning, node: Syntax) -> Condition:
        """Return the truth of a value; that of a prototype is whether there is one."""
        if isinstance(meaning, Answer):
            return self.is_given(meaning.node, node)
        if meaning == Known("sleepable"):
            return ProgramHas(Trait.SLEEPABLE)
        if meaning == Known("dst_prog"):
            return ProgramHas(Trait.TARGET_PROGRAM)
        return super().condition_of(meaning, node)

    def is_given(self, answer: HelperNode, node: Syntax) -> Condition:
        """Return the condition under which an answer is a prototype. Raises NotInSubsetError."""
        match answer:
            case Proto():
                return Always(True)
            case NoProto():
                return Always(False)
            case Ask(function=function):
                return ProgramHas(Trait.HELPER_OF, function)
            case Choice(condition=condition, then=then, otherwise=otherwise):
                return either(condition, self.is_given(then, node), self.is_given(otherwise, node))
            case Unknown(construct=construct):
                raise NotInSubsetError(construct, node)

    def local(self, value: Syntax | None, env: Mapping[str, Meaning], type_: str = "") -> Meaning:
        """Return what a local is set to; memory that is asked for is there."""
        called = called_name(value) if value is not None else ""
        if "alloc" in called:
            return Number(1)
        if called == "btf_name_by_offset" and "attach_btf_id" in text_of(self.function.body):
            return Known("attach_func_name")  # before 6.17, as far as seen: looked up in BTF
        return super().local(value, env, type_)

    def _name(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        known = env.get(text_of(node))
        return known if isinstance(known, Answer | HelperId) else super()._name(node, env)

    def _field(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        name = text_of(self._part(node, "field"))
        if name in _FIELDS:
            base = self.meaning(self._part(node, "argument"), env)
            if base in _PROGRAM:
                return Known(name)
        return super()._field(node, env)

    def _binary(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        operator = node.children[1].type
        left, right = field_of(node, "left"), field_of(node, "right")
        if left is not None and right is not None:
            if operator == "<" and called_name(left) == _LOCKDOWN:
                reason = arguments_of(left)
                return Holds(ProgramHas(Trait.LOCKDOWN, text_of(reason[0]) if reason else ""))
            if operator in ("==", "!="):
                known = env.get(text_of(left))
                if isinstance(known, HelperId) and not text_of(right).startswith(HELPER):
                    raise NotInSubsetError(f"comparison {text_of(node)[:60]}", node)
                if isinstance(known, HelperId):
                    same = text_of(right) == HELPER + known.helper
                    return Number(int(same == (operator == "==")))
        return super()._binary(node, env)

    def _call(self, node: Syntax, env: Mapping[str, Meaning]) -> Meaning:
        name, arguments = called_name(node), arguments_of(node)
        if name in _CAPABLE:
            return Holds(ProgramHas(Trait.CAPABILITY, _CAPABLE[name]))
        if name in ("capable", "bpf_token_capable") and arguments:
            return Holds(ProgramHas(Trait.CAPABILITY, text_of(arguments[-1])))
        if name == _MEMBER_OFFSET:
            return Known("offset")
        if name == "resolve_prog_type":  # of freplace it is the target's: so it is asked about
            return Known("type")
        if name.startswith("IS_ERR"):  # the kernel has its types
            return Number(0)
        if name == "strncmp" and len(arguments) == 3:
            return self._compared(arguments, env, node)
        if isinstance(self.tables, HelperTables):
            asked = self.tables.answering(name, self.file)
            first = env.get(text_of(arguments[0])) if arguments else None
            if asked is not None and arguments and not isinstance(first, HelperId):
                raise NotInSubsetError(f"call of {name} for another helper", node)
            if asked is not None:
                return Answer("prototype", Ask(asked, self.file, self.line(node)))
        return super()._call(node, env)

    def _compared(
        self, arguments: list[Syntax], env: Mapping[str, Meaning], node: Syntax
    ) -> Meaning:
        """Read a comparison of the target's name with a prefix: 0 where it begins with that."""
        if self.meaning(arguments[0], env) != Known("attach_func_name"):
            raise NotInSubsetError("comparison of texts", node)
        first = self.line(node) - 1
        lines = self.code.tree.lines(self.file)[first : first + 2]
        prefix = _TEXT.search(" ".join(lines))  # `Source` keeps no contents of strings
        if prefix is None:
            raise NotInSubsetError("comparison of texts", node)
        return Holds(negate(ProgramHas(Trait.TARGET_PREFIX, prefix[1])))


def proto_of(meaning: Meaning) -> str | None:
    """Return the name of the prototype whose address a value is, None for another value."""
    return meaning.name if isinstance(meaning, Global) else None
