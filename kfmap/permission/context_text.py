"""Contexts from what people and programs write: short names and JSON objects."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping

from kfmap.kernel.facts import KernelFacts
from kfmap.permission.context import Context
from kfmap.permission.context_words import (
    ATTACH_WORDS,
    KPROBE,
    PROBE_KINDS,
    SYSCALL,
    TYPE_PREFIX,
    TYPE_WORDS,
    full_target,
)
from kfmap.permission.view import EXT_TYPE, STRUCT_OPS_TYPE

_TEXT_KEYS = ("attach_type", "target", "struct_ops", "member", "replaces")
_EXAMPLES = "; write for example xdp, lsm/file_open or struct_ops/MEMBER"
MAX_LENGTH = 500


class ContextError(ValueError):
    """What was written is no context of this kernel: says which part, and what comes near it."""


def parse_context(text: str, facts: KernelFacts) -> Context:
    """Read a short name such as `struct_ops:sched_ext_ops.enqueue`, `lsm:file_open`, `xdp`.

    `TYPE.MEMBER` alone is a struct_ops callback. A `.s` after the first word asks for a sleepable
    program. Raises ContextError.
    """
    if len(text) > MAX_LENGTH:
        raise ContextError(f"a context has at most {MAX_LENGTH} characters")
    head, _, rest = text.strip().partition(":")
    if not rest and head.partition(".")[0] in {ops.name for ops in facts.struct_ops}:
        return _parse_struct_ops(head, False, facts)
    word, sleeps = (head[:-2], True) if head.endswith(".s") else (head, False)
    if not word:
        raise ContextError(f"no context given{_EXAMPLES}")
    if word == "struct_ops":
        return _parse_struct_ops(rest, sleeps, facts)
    if word == "freplace":
        return _parse_freplace(rest, sleeps, facts)
    if word == "tracing" and rest.partition(":")[0].removesuffix(".s") in ATTACH_WORDS:
        return parse_context(_with_sleep(rest, sleeps), facts)
    if word in ATTACH_WORDS:
        return _parse_attached(word, rest, sleeps, facts)
    return _parse_plain(word, rest, sleeps, facts)


def read_context(record: object) -> Context:
    """Read the JSON form of a context: the fields of `Context`, unset ones null or absent.

    Raises ContextError naming the field that does not fit.
    """
    if not isinstance(record, Mapping):
        raise ContextError("a context is an object with program_type and more, or a short name")
    program_type = record.get("program_type")
    if not isinstance(program_type, str):
        raise ContextError("context: program_type must be text such as BPF_PROG_TYPE_XDP")
    sleepable = record.get("sleepable") or False
    if not isinstance(sleepable, bool):
        raise ContextError("context: sleepable must be true or false")
    texts: dict[str, str | None] = {}
    for key in _TEXT_KEYS:
        value = record.get(key)
        if value is not None and not isinstance(value, str):
            raise ContextError(f"context: {key} must be text or null")
        texts[key] = value or None
    return Context(program_type, sleepable=sleepable, **texts)


def write_context(context: Context) -> dict[str, str | bool | None]:
    """Return the JSON form of a context."""
    record: dict[str, str | bool | None] = {"program_type": context.program_type}
    record |= {key: getattr(context, key) for key in _TEXT_KEYS if key != "replaces"}
    record["sleepable"] = context.sleepable
    if context.replaces:
        record["replaces"] = context.replaces
    return record


def _with_sleep(text: str, sleeps: bool) -> str:
    if not sleeps:
        return text
    head, colon, rest = text.partition(":")
    return f"{head}.s{colon}{rest}"


def _parse_struct_ops(rest: str, sleeps: bool, facts: KernelFacts) -> Context:
    name, _, member = rest.partition(".")
    known = {ops.name: ops for ops in facts.struct_ops}
    if name not in known:
        raise _no_such("struct_ops type", name, known)
    members = [item.name for item in known[name].members if item.callback]
    if not member:
        raise ContextError(f"which member of {name}? for example {', '.join(members[:3])}")
    if member not in {item.name for item in known[name].members}:
        raise _no_such(f"member of {name}", member, members)
    return Context(STRUCT_OPS_TYPE, struct_ops=name, member=member, sleepable=sleeps)


def _parse_freplace(rest: str, sleeps: bool, facts: KernelFacts) -> Context:
    if not rest:
        raise ContextError("which program does freplace replace? for example freplace:xdp")
    replaced = parse_context(rest, facts)
    if replaced.replaces or replaced.struct_ops:
        raise ContextError(f"freplace cannot replace {rest}")
    return Context(
        EXT_TYPE,
        replaced.attach_type,
        replaced.target,
        sleepable=sleeps,
        replaces=replaced.program_type,
    )


def _parse_attached(word: str, rest: str, sleeps: bool, facts: KernelFacts) -> Context:
    program_type, attach_type = ATTACH_WORDS[word]
    _check_type(program_type, facts)
    target = full_target(word, rest) if rest else None
    known = _known_targets(word, facts)
    if target and known and target not in {full_target(word, name) for name in known}:
        kind = "iterator" if word == "iter" else "LSM hook"
        raise _no_such(kind, rest, [name.removeprefix(full_target(word, "")) for name in known])
    return Context(program_type, attach_type, target, sleepable=sleeps)


def _known_targets(word: str, facts: KernelFacts) -> tuple[str, ...]:
    """Return the hooks or iterators of a kernel, with those that its configuration leaves out."""
    if word == "iter":
        known, kind = facts.iterators, "iterator"
    elif word in ("lsm", "lsm_cgroup"):
        known, kind = facts.lsm_hooks, "lsm_hook"
    else:
        return ()
    left_out = tuple(item.name for item in facts.left_out or () if item.kind == kind)
    return (*known, *left_out) if known else ()


def _parse_plain(word: str, rest: str, sleeps: bool, facts: KernelFacts) -> Context:
    if (word, rest) in PROBE_KINDS:
        _check_type(KPROBE, facts)
        return Context(KPROBE, PROBE_KINDS[word, rest], sleepable=sleeps)
    program_type = TYPE_WORDS.get(word.lower()) or _upper(word, TYPE_PREFIX)
    if program_type not in {item.name for item in facts.program_types}:
        raise _no_such("kind of program", word, _known_words(facts), otherwise=_EXAMPLES)
    attach, _, target = rest.partition(":")
    attach_type = _upper(attach, "BPF_") if attach else None
    known = [item.name for item in facts.attach_types]
    if attach_type and attach_type not in known:
        raise _no_such("attach type", attach, [name.removeprefix("BPF_").lower() for name in known])
    sleepable = sleeps or program_type == SYSCALL
    return Context(program_type, attach_type, target or None, sleepable=sleepable)


def _check_type(program_type: str, facts: KernelFacts) -> None:
    if program_type not in {item.name for item in facts.program_types}:
        lacks = "was not asked about" if facts.is_observed else "has no"
        raise ContextError(f"this kernel {lacks} program type {program_type}")


def _upper(word: str, prefix: str) -> str:
    name = word.upper()
    return name if name.startswith(prefix) else prefix + name


def _known_words(facts: KernelFacts) -> list[str]:
    types = {item.name for item in facts.program_types}
    words = [name.removeprefix(TYPE_PREFIX).lower() for name in types]
    words += [word for word, name in TYPE_WORDS.items() if name in types]
    words += [word for word, (name, _) in ATTACH_WORDS.items() if name in types]
    return [*words, "struct_ops", "freplace"]


def _no_such(kind: str, name: str, known: Iterable[str], otherwise: str = "") -> ContextError:
    """Return what to say of an unknown name: names near it or, where none is, `otherwise`."""
    near = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
    hint = f"; near it: {', '.join(near)}" if near else otherwise
    return ContextError(f"this kernel has no {kind} {name!r}{hint}")
