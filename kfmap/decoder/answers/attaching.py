"""Answers about attaching: targets that do not exist, or that take no such program."""

from __future__ import annotations

from kfmap.decoder.about import About
from kfmap.decoder.asked import Asked, Explanation, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.kernel.program_facts import KernelPart, Target, find_target
from kfmap.permission.missing import Missing
from kfmap.permission.verdict import give_reason

_LSM = "bpf_lsm_"
_ITERATOR = "bpf_iter_"
_TRACEPOINT = "btf_trace_"


def _answer_missing(message: LogMessage, asked: Asked) -> Explanation:
    target = message.facts.get("target", "")
    text = message.text
    if "not a module" in text:
        text = (
            f"{target} is no loaded module with BTF, and the program attaches to a function in it."
        )
        return Explanation(text, (f"modprobe {target}",))
    if message.about == About.USER:
        return Explanation("The program or library has no such symbol: it is stripped or inlined.")
    if message.about == About.TRACEPOINT:
        text = f"The kernel has no tracepoint {target}, or tracefs is not readable."
        return Explanation(text, ("bpftrace -l 'tracepoint:*'",))
    if "cannot attach kprobe" in text:
        return Explanation(
            "The kernel has no function of that name to probe: it is inlined, renamed or notrace."
        )
    if not target:
        return Explanation(
            "The program was loaded with a BTF number that is no such target in this kernel: it was"
            " prepared for another kernel, or names no target."
        )
    if target.startswith(_LSM):
        return _answer_hook(target.removeprefix(_LSM), asked)
    if target.startswith(_ITERATOR):
        return _answer_iterator(target.removeprefix(_ITERATOR), asked)
    if target.startswith(_TRACEPOINT):
        text = f"The kernel has no tracepoint {target.removeprefix(_TRACEPOINT)}."
        return Explanation(text, ("bpf_program__set_autoload(prog, false) where it is not there",))
    return _answer_function(target, asked)


def _answer_function(target: str, asked: Asked) -> Explanation:
    """Answer for the name of a function that the log says is not there."""
    found = asked.judge.is_function(target)
    subject = f"{asked.kernel} has" if found is not None else "The kernel has"
    text = f"{subject} no function {target} to attach to: it is inlined or renamed there."
    if found:
        text = f"{asked.kernel} has a function {target}: the kernel that does not is another one."
    if found is None:
        text = (
            f"{subject} no function {target} to attach to: it is inlined or renamed there, or its"
            " module is not loaded."
        )
    steps = ('SEC("?…") or bpf_program__set_autoload(prog, false) where it is not there',)
    return Explanation(text, steps, of_kernel=True)


def _answer_hook(hook: str, asked: Asked) -> Explanation:
    return _answer_listed_name(
        Missing(KernelPart.LSM_HOOK, _LSM + hook), f"the LSM hook {hook}", asked
    )


def _answer_iterator(name: str, asked: Asked) -> Explanation:
    return _answer_listed_name(
        Missing(KernelPart.ITERATOR, _ITERATOR + name), f"the iterator {name}", asked
    )


def _answer_listed_name(missing: Missing, words: str, asked: Asked) -> Explanation:
    if missing.is_in(asked.decider):
        text = f"{asked.kernel} has {words}: the kernel that lacks it is another one."
        return Explanation(text, of_kernel=True)
    return Explanation(say(asked.judge.explain_missing(missing)), of_kernel=True)


def _answer_refused(message: LogMessage, asked: Asked) -> Explanation:
    target, text = message.facts.get("target", ""), message.text
    if text.endswith("is not sleepable"):
        return _answer_not_sleepable(target, asked)
    if text.endswith("is not modifiable"):
        return Explanation(
            f"fmod_ret programs may attach only to functions made for it, and {target} is none:"
            " error-injection functions, security hooks, and a few more.",
            (f"fexit/{target}",),
        )
    if "tracing programs to function" in text:
        return _answer_listed(target, "denied", asked)
    if "__noreturn" in text:
        return Explanation(
            "A function that never returns takes fentry programs only.",
            (f"fentry/{target}",) if target else ("fentry",),
        )
    if "disabled hook" in text:
        return Explanation(f"No BPF program may attach to the LSM hook {target}.")
    if "non-faultable tracepoint" in text:
        return Explanation(
            f"The tracepoint {target} may not fault, so no sleepable program may attach to it.",
            ("the program without .s",),
        )
    if "arguments" in text or "return" in text or "variable args" in text:
        return Explanation(
            f"{target or 'The function'} takes or returns what a trampoline cannot pass on.",
            ("a kprobe",),
        )
    if "attach" in text and message.about == About.LIBBPF:
        return Explanation("libbpf found no such place to attach the user-space probe to.")
    if (
        text.startswith(
            ("failed to", "cannot attach", "Couldn't attach", "Kernel error message", "create ")
        )
        or "auto-attach" in text
    ):
        return Explanation(
            "The program was loaded, and attaching it failed with the error that the line names."
        )
    if text.startswith("Error attaching"):
        return Explanation(
            "The program was loaded, and its probe could not be attached: the lines before say why,"
            " or there is no such function that may be traced."
        )
    return Explanation("The kernel lets no program of this type attach to that target.")


def _answer_not_sleepable(target: str, asked: Asked) -> Explanation:
    targets = asked.facts.targets
    if target.startswith(_LSM):
        hook = target.removeprefix(_LSM)
        text = f"The LSM hook {hook} runs where nothing may sleep"
        return Explanation(say(give_reason("target", text)), (f"lsm:{hook}",), of_kernel=True)
    text = (
        f"{target} is not a function that sleepable programs may attach to: only system call entry"
        " points and functions made for error injection are"
    )
    place = targets.sleepable[0].place if targets and targets.sleepable else None
    reason = give_reason("target", text, place)
    return Explanation(say(reason), (f"fentry:{target}", f"fexit:{target}"), of_kernel=True)


def _answer_listed(target: str, which: str, asked: Asked) -> Explanation:
    targets = asked.facts.targets
    found: Target | None = find_target(targets.denied, target) if targets else None
    text = f"{target} is on the kernel's list of functions that no tracing program may attach to"
    return Explanation(
        say(give_reason("target", text, found.place if found else None)), of_kernel=True
    )


def _answer_sleepable(message: LogMessage, asked: Asked) -> Explanation:
    if "Syscall" in message.text:
        text = "A syscall program is always sleepable: the loader must set BPF_F_SLEEPABLE."
        return Explanation(text, ('SEC("syscall")',))
    text = (
        "Programs of this type cannot be sleepable: only fentry, fexit, fmod_ret, LSM, iterator,"
        " uprobe, struct_ops and syscall programs can."
    )
    return Explanation(text, ("the section name without .s",), of_kernel=True)


ATTACHING = {
    Kind.ATTACH_TARGET_MISSING: _answer_missing,
    Kind.ATTACH_TARGET: _answer_refused,
    Kind.SLEEPABLE_PROGRAM: _answer_sleepable,
}
