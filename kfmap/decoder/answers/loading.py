"""Answers about loading: the object, the kernel's BTF, privileges, maps, and what stays unsaid."""

from __future__ import annotations

from collections.abc import Sequence

from kfmap.decoder.about import About
from kfmap.decoder.asked import Asked, Explanation, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.messages.verifier import CLASSES
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.program_facts import MapRefusal
from kfmap.permission.context_words import type_word
from kfmap.permission.name_list import list_names
from kfmap.permission.verdict import give_reason


def _answer_object(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.LIBBPF:
        return Explanation("libbpf rejects the object before the kernel sees it.")
    return Explanation("The object file, or the way it is opened, is at fault; no kernel saw it.")


def _answer_privilege(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.BPF:
        text = "Programs that call kfuncs or other BPF functions need CAP_BPF to be loaded."
        return Explanation(text, ("CAP_BPF", "CAP_SYS_ADMIN"))
    if message.about == About.ROOT:
        return Explanation("The tool needs root.", ("sudo",))
    if message.about == About.LOCKDOWN:
        text = "The kernel is locked down: in the mode confidentiality BPF may not read its memory."
        return Explanation(text, ("lockdown=integrity", "a boot without Secure Boot"))
    text = "The user that loads lacks a right or a limit: locked memory on old kernels, or bpf()."
    return Explanation(text, ("setrlimit(RLIMIT_MEMLOCK)", "CAP_BPF and CAP_PERFMON"))


_SUPPORT = {
    About.BTF: ("The kernel was built without CONFIG_DEBUG_INFO_BTF, so it has no kfuncs.", ()),
    About.JIT_OFF: (
        "kfunc calls need the JIT compiler, and it is off.",
        ("net.core.bpf_jit_enable=1",),
    ),
    About.JIT: ("The JIT compiler of this architecture cannot make the call.", ()),
    About.STRUCT_OPS: ("The kernel could not register one of its own struct_ops types.", ()),
    About.SYSCALL: ("The kernel was built without bpf(): CONFIG_BPF_SYSCALL is off.", ()),
    About.GLOBAL_DATA: (
        "The kernel is too old for global variables: it has no maps for .data, .rodata and .bss.",
        ("a program without global variables",),
    ),
    About.PROBE_EVENTS: (
        "The file that probes are made with is not there: tracefs is not mounted, or the kernel was"
        " built without CONFIG_KPROBE_EVENTS or CONFIG_UPROBE_EVENTS.",
        ("mount -t tracefs tracefs /sys/kernel/tracing",),
    ),
    About.PRIVATE_STACK: (
        "The callback needs a private stack, and this JIT compiler has none.",
        (),
    ),
}


def _answer_support(message: LogMessage, asked: Asked) -> Explanation:
    text, steps = _SUPPORT[message.about]
    return Explanation(text, steps)


def _answer_kernel_btf(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.MODULE:
        return Explanation(
            "The BTF of a module in /sys/kernel/btf is damaged, and the loader reads that of all"
            " modules for what it does not find in the kernel's own.",
            ("the module rebuilt, or unloaded",),
        )
    if "module" in message.text:
        text = "A module's BTF does not fit the running kernel, so its kfuncs are not there."
        return Explanation(text, ("the modules of the kernel that runs",))
    text = (
        "The kernel's own BTF cannot be read: it was built without CONFIG_DEBUG_INFO_BTF, or"
        " /sys/kernel/btf/vmlinux is hidden. Without it there are no kfuncs, struct_ops or CO-RE."
    )
    return Explanation(text, ("a kernel with CONFIG_DEBUG_INFO_BTF=y",))


def _answer_program_type(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.UNREFERENCED:
        return Explanation(
            'A SEC("struct_ops") program is in no ops structure, so no member is known for it.',
            ('the program as a member in a SEC(".struct_ops.link") variable',),
        )
    text = "libbpf does not know the section name, so it does not know the program's type."
    return Explanation(text, ("bpf_program__set_type() before loading", "a name that libbpf knows"))


def _answer_map(message: LogMessage, asked: Asked) -> Explanation:
    name = message.facts.get("map")
    what = f"The map {name}" if name else "A map"
    error = message.facts.get("errno", "")
    if message.about == About.PINNED:
        text = f"{what} was made, and not pinned" + (f" ({error})" if error else "")
        return Explanation(
            f"{text}: another is pinned at that path, or the path is in no BPF file system.",
            ("bpftool map show pinned PATH", "mount -t bpf bpf /sys/fs/bpf"),
        )
    if any(word in error for word in ("allocate memory", "ENOMEM", "-12")):
        return Explanation(
            f"{what} needs more memory than there is, or than the cgroup or RLIMIT_MEMLOCK allows.",
            ("a smaller max_entries", "BPF_F_NO_PREALLOC"),
        )
    text = f"{what} cannot be made as the program declares it"
    text += f" ({error})" if error else ""
    return Explanation(f"{text}: its type, flags, sizes or BTF do not suit this kernel.")


def _answer_map_use(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.BTF:
        name = message.facts.get("map", "The map")
        text = f'{name} must be declared with BTF for its value, in SEC(".maps") with a __type.'
        return Explanation(text, ("__type(value, struct …) in the map's definition",))
    refusals = [item for item in asked.facts.map_refusals or () if item.message == message.text]
    place = refusals[0].place if refusals else None
    field = message.facts.get("field")
    if field:
        text = f"{_say_programs(refusals)} may not use a map whose value holds {_say_field(field)}"
        reason = give_reason("map", text, place)
        return Explanation(say(reason), ("tp_btf or fentry programs",), of_kernel=bool(place))
    types = dict.fromkeys(item.map_type for item in refusals if item.map_type)
    text = f"{_say_programs(refusals)} may not use maps of this type"
    text += f", which {list_names(list(types))} are" if types else ""
    return Explanation(say(give_reason("map", text, place)), of_kernel=bool(place))


def _say_programs(refusals: Sequence[MapRefusal]) -> str:
    """Name the programs that the kernel's check is about."""
    types = dict.fromkeys(name for item in refusals for name in item.program_types)
    if types:
        return f"{list_names([type_word(name) for name in types])} programs"
    if any(item.sleepable for item in refusals):
        return "Sleepable programs"
    return "Programs of this type"


def _say_field(field: str) -> str:
    names = field.strip("{}").split(",")
    return " or ".join(f"a bpf_{name}" for name in names)


def _answer_verifier(message: LogMessage, asked: Asked) -> Explanation:
    about = CLASSES[message.about]
    return Explanation(
        f"A complaint of the verifier that kfmap does not judge: it is about {about}."
    )


def _answer_load_failed(message: LogMessage, asked: Asked) -> Explanation:
    who = f"The program {message.program}" if message.program else "A program or object"
    text = (
        f"{who} was refused, and the reason is not in this text: it stands in the verifier's log."
    )
    steps = (
        "bpftool -d prog loadall FILE /sys/fs/bpf/x",
        "libbpf's debug output and log level 1",
        "the whole log, with the lines above",
    )
    return Explanation(text, steps)


def _answer_unrecognised(message: LogMessage, asked: Asked) -> Explanation:
    return Explanation("This line sounds like a complaint, and kfmap does not know it.")


LOADING = {
    Kind.OBJECT: _answer_object,
    Kind.PRIVILEGE: _answer_privilege,
    Kind.KERNEL_SUPPORT: _answer_support,
    Kind.KERNEL_BTF_MISSING: _answer_kernel_btf,
    Kind.PROGRAM_TYPE: _answer_program_type,
    Kind.MAP: _answer_map,
    Kind.MAP_USE: _answer_map_use,
    Kind.VERIFIER: _answer_verifier,
    Kind.LOAD_FAILED: _answer_load_failed,
    Kind.UNRECOGNISED: _answer_unrecognised,
}
