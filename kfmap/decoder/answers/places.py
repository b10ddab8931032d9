"""Answers about where a program may do what: regions, locks, callbacks, arguments, helpers."""

from __future__ import annotations

from dataclasses import replace

from kfmap.decoder.about import About
from kfmap.decoder.answers.calls import answer_refusal, say_region
from kfmap.decoder.asked import Asked, Explanation, say
from kfmap.decoder.kinds import Kind
from kfmap.decoder.reading import LogMessage
from kfmap.permission.helper_names import helper_name
from kfmap.permission.renames import find_newer_helpers
from kfmap.permission.verdict import give_reason

_ENDS = {
    "bpf_rcu_read_lock-ed": ("an RCU read-side section", "bpf_rcu_read_unlock()"),
    "bpf_preempt_disable-ed": ("a section with preemption disabled", "bpf_preempt_enable()"),
    "bpf_local_irq_save-ed": ("a section with interrupts disabled", "bpf_local_irq_restore()"),
    "bpf_spin_lock-ed": ("a section under a BPF lock", "the unlock"),
}
_SINCE = "kernels from 6.19 on look at the callers of a subprogram, too"


def _answer_region(message: LogMessage, asked: Asked) -> Explanation:
    text = message.text
    if message.about == About.IRQ:
        return Explanation(
            "Interrupt state is saved and restored in pairs, on the stack, the last saved first.",
            ("bpf_local_irq_restore() with the flag of the last bpf_local_irq_save()",),
        )
    if message.about == About.UNMATCHED:
        return _answer_unmatched(message)
    name, end = next((v for k, v in _ENDS.items() if k in text), ("a section", "what closes it"))
    if message.about == About.THROW:
        said = f"bpf_throw() leaves {name} open, in the function or in a caller of it ({_SINCE})"
        return Explanation(f"{said}.", (f"bpf_throw() after {end}",))
    what = text.partition(" cannot be used")[0].partition(" is not allowed")[0]
    what = "The program ends" if "EXIT" in what else f"{what} stands"
    return Explanation(f"{what} inside {name} that this path has not closed.", (f"{end} before",))


def _answer_unmatched(message: LogMessage) -> Explanation:
    said = "A path opens a section again, or leaves the program, before it closes the section"
    if message.kfunc and ("unmatched" in message.text or "no matching" in message.text):
        said = f"{message.kfunc} closes a section that this path has not opened"
    return Explanation(f"{said}: on every path each opening needs one closing.")


def _answer_lock(message: LogMessage, asked: Asked) -> Explanation:
    if message.about == About.CALL:
        what = f"{message.called}()" if message.called else "A function"
        text = (
            f"{what} is called while a BPF lock is held: under bpf_spin_lock and bpf_res_spin_lock"
            f" only {_say_lock_safe(asked)} may be called, and no global function."
        )
        return Explanation(text, ("the call before the lock or after the unlock",))
    text = "A BPF lock is taken and released in pairs on every path, one at a time, the same lock."
    return Explanation(text)


def _say_lock_safe(asked: Asked) -> str:
    flags = {flag.name for flag in asked.facts.kfunc_flags}
    if "KF_SPINLOCK_SAFE" in flags:
        return "kfuncs with KF_SPINLOCK_SAFE and a few helpers"
    return "a few kfuncs and helpers"


def _answer_rcu(message: LogMessage, asked: Asked) -> Explanation:
    name = message.kfunc or message.called or "The operation"
    text = f"{name} works only inside an RCU read-side section, and this path is outside one"
    listed = asked.decider.find_listed(name) if asked.has_kfunc(name) else []
    place = next((i.entry.place for i in listed if "KF_RCU_PROTECTED" in i.entry.flags), None)
    reason = give_reason("rcu", text, place)
    if "unnecessary rbtree" in message.text:
        reason = give_reason("rcu", "An rbtree callback runs under the lock, so RCU is not needed")
        return Explanation(say(reason))
    return Explanation(
        say(reason), ("bpf_rcu_read_lock() before, bpf_rcu_read_unlock() after",), of_kernel=True
    )


def _answer_global(message: LogMessage, asked: Asked) -> Explanation:
    name = message.facts.get("function")
    what = f"The global function {name}()" if name else "A global function"
    words, end = say_region(message.facts.get("region", ""))
    where = words if "region" in message.facts else "a section or program that may not sleep"
    if "preemption disabled" in message.text:
        return Explanation(
            "Global functions may not be called with preemption disabled on this kernel.",
            ("a static function",),
        )
    text = f"{what} calls something that may sleep, and is called from {where}."
    steps = (f"the call after {end}",) if end else ()
    return Explanation(text, (*steps, "a static function that does not sleep"))


def _answer_callback(message: LogMessage, asked: Asked) -> Explanation:
    text = message.text
    if "bpf_throw" in (message.kfunc or ""):
        said = "bpf_throw() may not be called from a callback: it could not unwind to the program."
        return Explanation(said, ("a return value of the callback that the program looks at",))
    if "tail call" in text:
        return Explanation("A callback, or a program with such an argument, cannot tail call.")
    if "exception" in text:
        return Explanation(
            "An exception callback is a global function of one integer argument that returns one,"
            " named once, and called by nothing but the exception."
        )
    if "not allowed in rbtree cb" in text:
        return Explanation(
            f"{message.kfunc or 'The call'} may not be made while a tree is ordered."
        )
    return Explanation("The verifier refuses the callback that the call passes, or a call in it.")


_WANTED = {
    About.TRUSTED: (
        "{} must be a pointer that the kernel vouches for: an argument of the program, or what an"
        " acquiring kfunc returned and a null check passed",
        ("an acquiring kfunc, such as bpf_task_acquire()", "a null check before the call"),
    ),
    About.RCU: (
        "{} must be a pointer that RCU protects: read inside bpf_rcu_read_lock(), or trusted",
        ("bpf_rcu_read_lock() around the read and the call",),
    ),
    About.RELEASE: (
        "{} must be the pointer that an acquiring kfunc returned, not yet released",
        (),
    ),
    About.KIND: ("{} is not of the type that the kfunc takes", ()),
}


def _answer_argument(message: LogMessage, asked: Asked) -> Explanation:
    argument = message.facts.get("argument", "The argument")
    kfunc = message.kfunc or message.called
    text, steps = _WANTED[message.about]
    text = text.format(f"{argument} of {kfunc}" if kfunc else argument)
    known = asked.decider.find_kfunc(kfunc) if kfunc else None
    if known:
        text += f"; {asked.kernel} has it as {known.prototype}"
        listed = asked.decider.find_listed(known.name)
        flags = [flag for flag in listed[0].entry.flags if flag != "0"] if listed else []
        text += f" with {' | '.join(flags)}" if flags else ""
    place = known.place if known else None
    return Explanation(
        say(give_reason("argument", text, place)), steps, of_kernel=known is not None
    )


def _answer_arena(message: LogMessage, asked: Asked) -> Explanation:
    text = message.text
    if "CAP_" in text:
        return Explanation("A program with an arena needs CAP_BPF and CAP_PERFMON.")
    if "JIT" in text:
        return Explanation("This architecture's JIT compiler does not support it for arenas.")
    if "Only one arena" in text:
        return Explanation("A program has one arena map at most.")
    if "user address" in text:
        return Explanation(
            "The arena has no address in user space yet.", ("mmap() of the arena before loading",)
        )
    name = message.kfunc or message.called or "The call"
    text = f"{name} takes a pointer into an arena, and the program uses no arena map."
    return Explanation(text, ("a map of type BPF_MAP_TYPE_ARENA that the program refers to",))


def _answer_helper(message: LogMessage, asked: Asked) -> Explanation:
    number = message.facts.get("helper_id", "")
    name = message.facts.get("helper", "")
    if name in ("", "unknown"):
        name = (helper_name(int(number)) if number else None) or (message.called or "The helper")
    instead = find_newer_helpers(name)
    if message.about == About.NO_SUCH:
        text = f"This kernel, or programs of this type on it, have no helper {name}"
        text += f" (number {number})" if number and name == "The helper" else ""
        return Explanation(f"{text}.", instead)
    if message.about == About.PROBE:
        text = f"{name} is not allowed in this function: only in those that its own list names."
        return Explanation(text, instead)
    if message.about in (About.PACKET, About.SOCKMAP):
        return Explanation("Programs of this type may not hand this to a helper.", instead)
    if message.about == About.ATTACH_TYPE:
        return Explanation(f"{name} is for fentry, fexit and fmod_ret programs only.", instead)
    if name in asked.decider.helpers.names:
        found = answer_refusal(name, message, asked)
        steps = tuple(dict.fromkeys((*instead, *found.instead)))
        return replace(found, instead=steps, context=None)
    return Explanation(f"Programs of this type may not call the helper {name}.", instead)


def _answer_helper_sleeps(message: LogMessage, asked: Asked) -> Explanation:
    name = message.facts.get("helper") or message.called or "The helper"
    region = message.facts.get("region", "non-sleepable prog")
    words, end = say_region(region)
    text = f"{name} may sleep, and it is called in {words}."
    step = f"the call after {end}" if end else "a sleepable program: .s in its section name"
    return Explanation(text, (step,))


PLACES = {
    Kind.REGION: _answer_region,
    Kind.LOCK: _answer_lock,
    Kind.RCU_REQUIRED: _answer_rcu,
    Kind.GLOBAL_FUNCTION_SLEEPS: _answer_global,
    Kind.CALLBACK: _answer_callback,
    Kind.ARGUMENT: _answer_argument,
    Kind.ARENA: _answer_arena,
    Kind.HELPER_NOT_ALLOWED: _answer_helper,
    Kind.HELPER_SLEEPS: _answer_helper_sleeps,
}
