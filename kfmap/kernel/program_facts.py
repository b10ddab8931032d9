"""What a kernel's loader and verifier ask of a program, beside which kfuncs it calls.

Frozen values, part of `KernelFacts`. Each says where the kernel decides; what was not read is
missing or `unknown`, never "no".
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from kfmap.kernel.place import Place
from kfmap.quick_dataclass import dataclass

MAY, NEVER, MUST, UNKNOWN = "may", "never", "must", "unknown"
TARGET_DECIDES = "target"
ALWAYS, SOMETIMES = "always", "sometimes"
TASK, DUMP, LOCKED_RQ, IDLE, RQ_LOCK = "task", "dump", "locked_rq", "idle", "rq_lock"
RQ_TASK = "rq_task"


@dataclass(frozen=True, slots=True)
class SleepRule:
    """Whether programs of a type may be sleepable (BPF_F_SLEEPABLE), as check_attach_btf_id() says.

    `attach_type` None: every attach type without a rule of its own. `answer` is MAY, NEVER, MUST,
    UNKNOWN, or TARGET_DECIDES: the function, hook, tracepoint or struct_ops member it attaches to.
    """

    program_type: str
    attach_type: str | None
    answer: str
    place: Place


@dataclass(frozen=True, slots=True)
class Target:
    """A kernel function, LSM hook or tracepoint; `prefix`: all whose names begin with `name`.

    `why` says in the kernel's words what lists it.
    """

    name: str
    place: Place
    why: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class AttachTargets:
    """What the kernel lists of the targets that programs attach to.

    `sleepable`: functions that sleepable fentry, fexit and fmod_ret programs may have;
    `modifiable`: those that fmod_ret programs may have; `denied`: none of tracing;
    `no_return`: not for programs of `no_return_attach_types`. `sleepable_hooks`,
    `disabled_hooks`: LSM hooks by their BTF names. `faultable_tracepoints`: those that sleepable
    programs may have, by the kernel's name (`sys_enter`).
    """

    sleepable: tuple[Target, ...]
    modifiable: tuple[Target, ...]
    denied: tuple[Target, ...]
    no_return: tuple[Target, ...]
    no_return_attach_types: tuple[str, ...]
    sleepable_hooks: tuple[Target, ...]
    disabled_hooks: tuple[Target, ...]
    faultable_tracepoints: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class IteratorSleep:
    """Whether sleepable programs attach to an iterator (BPF_ITER_RESCHED); all of them load."""

    name: str
    resched: bool | None
    place: Place


@dataclass(frozen=True, slots=True)
class Behaviour:
    """How the verifier of this kernel walks a program, where kernels differ; the names are those of
    rules/behaviours.py. `place`: the line that says so, or the function that does not."""

    name: str
    holds: bool
    place: Place | None


@dataclass(frozen=True, slots=True)
class MapRefusal:
    """A map that programs may not use, as check_map_prog_compatibility() has it.

    Either `field`, a special field of its values (an enumerator of btf_field_type, BPF_SPIN_LOCK),
    or `map_type` is given. `program_types` empty: programs of every type; `sleepable`: only those
    that are sleepable. `message` is what the verifier says.
    """

    field: str
    map_type: str
    program_types: tuple[str, ...]
    sleepable: bool
    message: str
    place: Place


class Returns(StrEnum):
    """What the function returns that a program attaches to, or stands for in an ops structure."""

    ANYTHING = ""  # it makes no difference
    NOTHING = "void"
    NUMBER = "number"
    POINTER = "pointer"


@dataclass(frozen=True, slots=True)
class ReturnRange:
    """The numbers that may be returned, as check_return_code() has it; None: any.

    `program_type` is one, or for callbacks the function of the verifier that enters them
    (`set_loop_callback_state`). `attach_type` None: every one without a range of its own.
    `returns`: of programs whose target returns that; `targets`: of these targets only. `low_half`:
    the low 32 bits count, else all 64 do. `precise`: the verifier does not take a state for one
    that it has seen where another number is returned.
    """

    program_type: str
    attach_type: str | None
    returns: Returns
    targets: tuple[str, ...]
    minimum: int | None
    maximum: int | None
    low_half: bool
    precise: bool
    place: Place


class KernelPart(StrEnum):
    """What one kernel may have and another lack."""

    KFUNC = "kfunc"
    HELPER = "helper"
    PROGRAM_TYPE = "program_type"
    ATTACH_TYPE = "attach_type"
    STRUCT_OPS = "struct_ops"
    MEMBER = "member"
    LSM_HOOK = "lsm_hook"
    ITERATOR = "iterator"
    MAP_TYPE = "map_type"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something the source has and this configuration leaves out.

    `options` are the CONFIG_ names that are off and gate it, at `place`.
    """

    kind: KernelPart
    name: str
    options: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class OpCircumstances:
    """What holds while the kernel calls a member of an ops structure, over all places it does.

    Each is ALWAYS, SOMETIMES or NEVER: `tasks`: the tasks that the op is about are recorded;
    `locked_rq`: an rq is known to be locked (None: trees that do not record it); `dumping`: a dump
    is written; `idle_off`: the built-in idle tracking was switched off. `lock` is where a caller
    takes the lock of an rq that it still holds, though the op is called as if none were locked.
    """

    struct_ops: str
    member: str
    tasks: str
    locked_rq: str | None
    dumping: str
    idle_off: str
    places: tuple[Place, ...]
    lock: Place | None = None


@dataclass(frozen=True, slots=True)
class RunTimeCheck:
    """A check that a kfunc makes on each call, beside masks.

    `asks`: TASK (its task is one of the op's), DUMP (a dump is written), LOCKED_RQ, RQ_TASK (its
    task is on the rq that is locked), IDLE (built-in idle tracking is on), or RQ_LOCK: no check,
    but the lock of an rq that it takes where no mask is in force. `sure`: every call comes to it.
    `message` is what the kernel says, `path` leads from the kfunc to the check, function by
    function.
    """

    kfunc: str
    asks: str
    sure: bool
    message: str
    path: tuple[tuple[str, Place], ...]


def find_target(targets: Iterable[Target], name: str) -> Target | None:
    """Return the entry that lists a function, hook or tracepoint; None where none does."""
    for target in targets:
        if name == target.name or (target.prefix and name.startswith(target.name)):
            return target
    return None
