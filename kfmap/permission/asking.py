"""Contexts from whatever people write: section names, short names, bare names of callbacks.

`SEC("lsm.s/file_open")`, `struct_ops/enqueue`, `lsm:file_open`, `sched_ext_ops.enqueue`, `enqueue`
and BPF_PROG_TYPE_XDP all name contexts. Some name several: those are the candidates.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kfmap.kernel.facts import KernelFacts, StructOps
from kfmap.kernel.program_facts import NEVER, KernelPart
from kfmap.permission.context import Context
from kfmap.permission.context_text import MAX_LENGTH, ContextError, parse_context
from kfmap.permission.context_words import render_context
from kfmap.permission.section_names import ProgramKind, parse_section_name
from kfmap.permission.view import STRUCT_OPS_TYPE
from kfmap.quick_dataclass import replace

_SEC = re.compile(r'\A(?:__)?SEC\s*\(\s*"([^"]*)"\s*\)\Z')
_IDENTIFIER = re.compile(r"\A[A-Za-z_]\w*\Z")
# The types that people write for most, in this order, then the others by name.
_LIKELY = ("sched_ext_ops", "sched_ext_ops_cid", "tcp_congestion_ops", "hid_bpf_ops", "Qdisc_ops")
_UNLIKELY = ("bpf_dummy_ops",)
# What the loader sets and kernels do not ask for: the contexts of the map have no attach type.
_LEFT_OUT = ("BPF_XDP",)


class AmbiguousContextError(ContextError):
    """What was written names several contexts; `candidates` has them, the likeliest first."""

    def __init__(self, text: str, candidates: Sequence[Context]) -> None:
        names = [render_context(context) for context in candidates]
        super().__init__(f"{text} may be {', '.join(names[:-1])} or {names[-1]}: ask for one")
        self.candidates = tuple(candidates)


def find_contexts(
    text: str, facts: KernelFacts, others: Iterable[KernelFacts] = ()
) -> tuple[Context, ...]:
    """Return the contexts that a text may mean, the likeliest first.

    What this kernel does not know is looked for in `others`, so that one can say of a context of
    another kernel that this one lacks it. Raises ContextError.
    """
    try:
        return _find_in(text, facts)
    except ContextError as error:
        for other in others:
            try:
                return _find_in(text, other)
            except ContextError:
                continue
        raise error


def find_context(text: str, facts: KernelFacts, others: Iterable[KernelFacts] = ()) -> Context:
    """Return the context that a text means. Raises ContextError, AmbiguousContextError."""
    found = find_contexts(text, facts, others)
    if len(found) > 1:
        raise AmbiguousContextError(text.strip(), found)
    return found[0]


def names_a_section(text: str) -> bool:
    """Return whether a text is a section name rather than a short name of ours."""
    return "/" in text or bool(_SEC.match(text.strip()))


def _find_in(text: str, facts: KernelFacts) -> tuple[Context, ...]:
    if len(text) > MAX_LENGTH:
        raise ContextError(f"a context has at most {MAX_LENGTH} characters")
    name = text.strip()
    quoted = _SEC.match(name)
    name = (quoted[1] if quoted else name).removeprefix("?")
    section = parse_section_name(name)
    if section.program_type == STRUCT_OPS_TYPE and ":" not in name:
        return _find_callbacks_of_section(name, section, facts)
    is_section = section.program_type != "BPF_PROG_TYPE_UNSPEC"
    if is_section and ("/" in name or quoted or not _reads_short(name, facts)):
        return (_context_of_section(name, section, facts),)
    left_out = _find_left_out_callback(name, facts)
    if left_out:
        return (left_out,)
    try:
        return (parse_context(name, facts),)
    except ContextError:
        members = _find_callbacks(name, facts) if _IDENTIFIER.match(name) else ()
        if members:
            return members
        raise


def _find_left_out_callback(name: str, facts: KernelFacts) -> Context | None:
    """Return a callback of a structure that the configuration leaves out, whatever it is called."""
    head, _, callback = name.rpartition(":")
    struct_ops, _, member = callback.partition(".")
    names = {item.name for item in facts.left_out or () if item.kind == KernelPart.STRUCT_OPS}
    if head not in ("", "struct_ops", "struct_ops.s") or not member or struct_ops not in names:
        return None
    sleepable = head.endswith(".s")
    return Context(STRUCT_OPS_TYPE, struct_ops=struct_ops, member=member, sleepable=sleepable)


def _reads_short(name: str, facts: KernelFacts) -> bool:
    try:
        parse_context(name, facts)
    except ContextError:
        return False
    return True


def _context_of_section(name: str, section: ProgramKind, facts: KernelFacts) -> Context:
    attach = section.attach_type
    known = {item.name for item in facts.attach_types}
    # Kernels before tcx take tc/ingress for a program without attach type, as libbpf once did.
    if attach in _LEFT_OUT or (name.startswith("tc/") and attach not in known):
        attach = None
    context = Context(
        section.program_type, attach, section.attach_target, sleepable=section.sleepable
    )
    # The short name goes through the checks that short names go through: hooks, iterators.
    checked = parse_context(render_context(context), facts)
    return replace(checked, sleepable=context.sleepable)


def _find_callbacks_of_section(
    name: str, section: ProgramKind, facts: KernelFacts
) -> tuple[Context, ...]:
    """Return the callbacks that a struct_ops section may stand for.

    libbpf takes the callback from the map, so what follows the slash is any name: usually the
    callback's, often with a prefix of the program's own (`simple_enqueue`) or the structure's name.
    """
    if not section.target:
        raise ContextError(f"which callback? for example {name}/enqueue")
    wanted = section.target.rpartition("/")[2]
    type_name, _, member = wanted.partition(".")
    if member:  # which structure it is may be said, too
        named = (item for item in _find_callbacks(member, facts) if item.struct_ops == type_name)
        asked = tuple(named) or (parse_context(f"struct_ops:{wanted}", facts),)
        return _as_asked(asked, facts, sleepable=section.sleepable)
    for tail in _tails(wanted):
        found = _find_callbacks(tail, facts)
        if found:
            return _as_asked(found, facts, sleepable=section.sleepable)
    raise ContextError(f"no struct_ops type of this kernel has a callback {wanted!r}")


def _tails(name: str) -> Iterable[str]:
    """Return the name, then what follows each underscore: longest first."""
    parts = name.split("_")
    return ("_".join(parts[start:]) for start in range(len(parts)))


def _as_asked(
    found: Sequence[Context], facts: KernelFacts, *, sleepable: bool
) -> tuple[Context, ...]:
    """Return the callbacks in the asked form; of `.s` ones those that may sleep, if any."""
    if not sleepable:
        return tuple(found)
    never = {
        (ops.name, member.name)
        for ops in facts.struct_ops
        for member in ops.members
        if member.sleepable == NEVER
    }
    may = [item for item in found if (item.struct_ops, item.member) not in never]
    return tuple(replace(item, sleepable=True) for item in may or found)


def _find_callbacks(name: str, facts: KernelFacts) -> tuple[Context, ...]:
    return tuple(
        Context(STRUCT_OPS_TYPE, struct_ops=ops.name, member=name)
        for ops in sorted(facts.struct_ops, key=_likeliness)
        if any(member.name == name and member.callback for member in ops.members)
    )


def _likeliness(ops: StructOps) -> tuple[int, str]:
    if ops.name in _LIKELY:
        return _LIKELY.index(ops.name), ops.name
    return len(_LIKELY) + (ops.name in _UNLIKELY), ops.name
