"""Answers about struct_ops types and their members."""

from __future__ import annotations

from kfmap.decoder.asked import Asked, Explanation, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.facts import Member, MemberSleep
from kfmap.kernel.program_facts import KernelPart
from kfmap.permission.because import keep_plain
from kfmap.permission.missing import Missing
from kfmap.permission.name_list import list_names
from kfmap.permission.verdict import Reason, Step, give_reason


def _answer_type_missing(message: LogMessage, asked: Asked) -> Explanation:
    name = message.facts.get("struct_ops", "")
    missing = Missing(KernelPart.STRUCT_OPS, name)
    if name and not missing.is_in(asked.decider):
        return Explanation(say(asked.judge.explain_missing(missing)), of_kernel=True)
    if not name:
        text = "The kernel's module with the struct_ops type is not loaded."
        return Explanation(text)
    lacking = keep_plain([o.facts.name for o in asked.judge.others() if not missing.is_in(o)])
    text = f"{asked.kernel} has the struct_ops type {name}"
    text += (
        f", {list_names(lacking)} {'has' if len(lacking) == 1 else 'have'} not" if lacking else ""
    )
    text += f": the kernel that printed this {asked.say_why_absent('struct_ops', name)}"
    return Explanation(say(Reason(Step.MISSING, text)), of_kernel=True)


def _answer_member_missing(message: LogMessage, asked: Asked) -> Explanation:
    member = message.facts.get("member", "")
    if not member:
        text = "The kernel's ops structure is shorter than the one that the program was made for."
        return Explanation(text)
    named = message.facts.get("struct_ops") or message.struct_ops
    having = _find_types(member, named, asked)
    mapping = message.facts.get("map", "NAME")
    step = f"skel->struct_ops.{mapping}->{member} = NULL before loading"
    here = having.pop(asked.kernel, None)
    if here:
        text = f"{asked.kernel} has {member} in {list_names(here)}"
        text += ": the kernel that printed this is older, or an option that it needs is off"
    elif having:
        types = dict.fromkeys(name for names in having.values() for name in names)
        releases = keep_plain(list(having))
        has = "has" if len(releases) == 1 else "have"
        text = f"{asked.kernel} has no {list_names(list(types))} with a member {member};"
        text += f" {list_names(releases)} {has} it, and libbpf refuses the whole object"
    else:
        text = f"No kernel of the map has a member {member} in {named or 'any ops structure'}"
        text += ", and libbpf refuses the whole object while the program sets it"
    return Explanation(say(Reason(Step.MISSING, text)), (step,), of_kernel=True)


def _find_types(member: str, named: str | None, asked: Asked) -> dict[str, list[str]]:
    """Return the struct_ops types with a member of this name, by kernel, this one first."""
    found: dict[str, list[str]] = {}
    for decider in asked.all_deciders():
        types = [
            ops.name
            for ops in decider.facts.struct_ops
            if ops.name == (named or ops.name) and any(m.name == member for m in ops.members)
        ]
        if types:
            found[decider.facts.name] = types
    return found


def _answer_member_mismatch(message: LogMessage, asked: Asked) -> Explanation:
    member = message.facts.get("member", "")
    if "invalid reuse" in message.text or "cannot use prog" in message.text:
        function = message.facts.get("function", "The program")
        text = f"{function} stands in two different members, and a program can have only one."
        return Explanation(text, (f"a program of its own for {member}",))
    text = (
        f"The kernel's ops structure has {member or 'the member'} in another form than the object."
    )
    return Explanation(text, ("vmlinux.h of the kernel that the object is for",))


def _answer_unsupported(message: LogMessage, asked: Asked) -> Explanation:
    ops, name = message.facts.get("struct_ops", ""), message.facts.get("member", "")
    if not name:
        text = "No program, or no sleepable one, may implement that member: its name is cut off."
        return Explanation(text)
    member = _find_member(ops, name, asked)
    cell = f"{ops}.{name}"
    if member is None:
        text = f"The kernel lets no program implement {cell}, or no sleepable one."
        return Explanation(text, of_kernel=True)
    if member.supported is False:
        reason = give_reason("unsupported", f"no program can implement {cell}", None)
        if member.supported_place:
            reason = give_reason("unsupported", reason.text, member.supported_place)
        return Explanation(say(reason), of_kernel=True)
    if member.sleepable == MemberSleep.NEVER:
        text = f"{cell} may not sleep, and the program asks to"
        reason = give_reason("sleepable_member", text, member.sleepable_place)
        return Explanation(say(reason), (f"struct_ops:{cell}",), of_kernel=True)
    if member.sleepable == MemberSleep.MUST:
        text = f"{cell} must be sleepable, and the program is not"
        reason = give_reason("sleepable_member", text, member.sleepable_place)
        return Explanation(say(reason), (f"struct_ops.s:{cell}",), of_kernel=True)
    text = f"{asked.kernel} of the map lets programs implement {cell}: the kernel that refused this"
    return Explanation(f"{text} is another one, or built differently.", of_kernel=True)


def _find_member(ops: str, name: str, asked: Asked) -> Member | None:
    return next(
        (
            member
            for item in asked.facts.struct_ops
            if item.name == ops
            for member in item.members
            if member.name == name
        ),
        None,
    )


STRUCTURES = {
    Kind.STRUCT_OPS_MISSING: _answer_type_missing,
    Kind.MEMBER_MISSING: _answer_member_missing,
    Kind.MEMBER_MISMATCH: _answer_member_mismatch,
    Kind.UNSUPPORTED_MEMBER: _answer_unsupported,
}
