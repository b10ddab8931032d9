"""The facts of one kernel: all that extraction gives and all that judging reads.

Frozen values only. `kfmap.kernel.facts_json` writes and reads them; the hash of that text is the
identity of a kernel's facts everywhere else.
"""

from __future__ import annotations

from enum import StrEnum

from kfmap.kernel.place import Place as Place
from kfmap.kernel.program_facts import (
    AttachTargets,
    Behaviour,
    IteratorSleep,
    LeftOut,
    MapRefusal,
    OpCircumstances,
    ReturnRange,
    RunTimeCheck,
    SleepRule,
)
from kfmap.kernel.rule_form import MemberTable, Node
from kfmap.quick_dataclass import dataclass

VMLINUX = "vmlinux"
AS_CONFIGURED = "as configured"
EVERY_OPTION_ON = "every option on"
ESTIMATED = "rules of another kernel"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the facts came from. Hashes are SHA-256 in hex, empty where the input was not given."""

    tree_version: str
    config_sha256: str
    btf_sha256: str
    profile: str  # AS_CONFIGURED, EVERY_OPTION_ON or ESTIMATED
    label: str  # for people: "Debian linux-image-7.2.12+deb13-amd64"

    @property
    def estimate(self) -> str:
        """Return what answers are, of a kernel that has the rules of another one; "" of others."""
        return self.label if self.profile == ESTIMATED else ""


@dataclass(frozen=True, slots=True)
class Constant:
    """An enumerator of the kernel, with its value (BPF_PROG_TYPE_XDP = 6)."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class HookOf:
    """The hook of a program type (`bpf_prog_type_to_kfunc_hook()`); None: the common one only."""

    program_type: str
    hook: str | None
    place: Place


@dataclass(frozen=True, slots=True)
class Decision:
    """The shape of the kernel's decision, found by looking for its functions (kernel/bpf/btf.c).

    `common`: BTF_KFUNC_HOOK_COMMON exists. `filters`: sets may carry filters. `split`: permission
    is decided apart from the flags (`btf_kfunc_is_allowed`). Limits are 0 where the tree has none.
    """

    common: bool
    filters: bool
    split: bool
    set_limit: int
    filter_limit: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One kfunc in one set. `condition` is the #if around it in our words, empty if none."""

    kfunc: str
    flags: tuple[str, ...]
    place: Place
    condition: str = ""


class SetKind(StrEnum):
    """The macro that makes a set of BTF ids (include/linux/btf_ids.h)."""

    KFUNCS = "kfuncs"  # BTF_KFUNCS_START
    SET8 = "set8"  # BTF_SET8_START: kfuncs too, in older trees
    SET = "set"  # BTF_SET_START: only filters ask it
    LIST = "list"  # BTF_ID_LIST


@dataclass(frozen=True, slots=True)
class KfuncSet:
    """A set of BTF ids; `id` is `name`, or `name@file` where several files use one static name."""

    id: str
    name: str
    kind: SetKind
    owner: str
    place: Place
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Registration:
    """One `register_btf_kfunc_id_set(program type, kfunc id set)` that the kernel reaches.

    `hook` is that of the program type; FMODRET for `register_btf_fmodret_id_set`. `filter` is a
    filter id, empty if the kfunc id set has none. `owner` is VMLINUX or the module's name.
    """

    program_type: str
    hook: str
    set_id: str
    filter: str
    owner: str
    kfunc_id_set: str
    place: Place
    set_place: Place


@dataclass(frozen=True, slots=True)
class Filter:
    """A `btf_kfunc_filter_t` in rule form. `id` like `KfuncSet.id`."""

    id: str
    name: str
    place: Place
    rule: Node


@dataclass(frozen=True, slots=True)
class Kfunc:
    """A kernel function that some registered set exposes.

    `prototype` is a C declaration made from BTF or source. `tagged`: BTF has the `bpf_kfunc` tag;
    `callable_in_btf`: BTF has what the loader needs (the function and, for KF_IMPLICIT_ARGS, its
    `_impl` twin). Both None where no BTF was given.
    """

    name: str
    owner: str
    prototype: str
    place: Place | None
    tagged: bool | None
    callable_in_btf: bool | None
    device_bound: bool = False


class MemberSleep(StrEnum):
    """Whether the programs of a member may or must be sleepable."""

    MAY = "may"
    NEVER = "never"
    MUST = "must"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Member:
    """A member of an ops structure. `offset` in bytes.

    `supported`: a program may implement it (from .cfi_stubs or unsupported_ops[]). `needs`: what
    the program must bring ("arena", "private stack").
    """

    name: str
    offset: int
    callback: bool
    prototype: str
    supported: bool | None
    sleepable: MemberSleep
    place: Place | None
    supported_place: Place | None
    sleepable_place: Place | None
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StructOps:
    """A struct_ops type: a struct registered as `bpf_struct_ops` under `variable`."""

    name: str
    variable: str
    owner: str
    place: Place
    members: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class OpMask:
    """The run-time mask in force while the kernel calls a member, from its call sites."""

    struct_ops: str
    member: str
    mask: int
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """A kfunc's run-time check: passes when a bit of `mask` is in force, or none and `unlocked`.

    `path` leads from the kfunc to the check, function by function; `task_argument`: it also demands
    that the task is an argument of the op.
    """

    kfunc: str
    mask: int
    unlocked: bool
    path: tuple[tuple[str, Place], ...]
    task_argument: bool = False


@dataclass(frozen=True, slots=True)
class RunTime:
    """Run-time masks (`scx_kf_allowed()`): absent from trees that decide at load time."""

    bits: tuple[Constant, ...]
    ops: tuple[OpMask, ...]
    guards: tuple[Guard, ...]
    boundary_bits: tuple[str, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A construct outside what extraction reads: named, with its line, never guessed."""

    place: Place
    construct: str
    text: str


# The constructs that register kfuncs: what one of them would have allowed is not known.
UNREAD_SET = "registration"
UNREAD_HOOK = "hook of a registration"
UNREAD_FUNCTION = "registering function"
UNREAD_DOUBT = "registration behind a test"
UNREAD_USE = "use of a registering function"
UNREAD_WRITTEN = "kfunc id set that is filled in as the kernel runs"
UNREAD_ENTRY = "part of a set"
UNREAD_LOST = "set that nothing registers"
UNREAD_KFUNC = "kfunc that is in no set"
UNREAD_FILE = "file that no Makefile names"
UNREAD_MAKEFILE = "line of a Makefile"
UNREAD_HEADER = "header that no file includes by its name"
UNREAD_NAME = "registration in a file that defines a name otherwise"
UNREAD_OPS = "registration of a struct_ops type"  # it brings members, not kfuncs
UNREAD_HELPERS = "helpers of a program type"  # nor do these bring kfuncs
REGISTERING = frozenset(
    {
        UNREAD_SET,
        UNREAD_HOOK,
        UNREAD_FUNCTION,
        UNREAD_DOUBT,
        UNREAD_USE,
        UNREAD_WRITTEN,
        UNREAD_ENTRY,
        UNREAD_LOST,
        UNREAD_KFUNC,
        UNREAD_FILE,
        UNREAD_MAKEFILE,
        UNREAD_HEADER,
        UNREAD_NAME,
    }
)


@dataclass(frozen=True, slots=True)
class UnreadRegistration:
    """What may register kfuncs and was not understood, with all that it could touch.

    `kfuncs` None: any; `hooks` None: any. `owner` is the object whose tables it would change, and
    `filters` says that it may bring a filter, which may refuse what other sets allow there.
    `removes`: it may take the kfuncs away where others register them.
    """

    place: Place
    construct: str
    text: str
    owner: str
    kfuncs: tuple[str, ...] | None
    hooks: tuple[str, ...] | None
    filters: bool
    removes: bool = False


class CallNeed(StrEnum):
    """What calls of kfuncs, or members, need of the kernel as it is built."""

    KFUNC_CALL = "kfunc_call"
    PRIVATE_STACK = "private_stack"


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the kernel as it is built does not have, and the line that asks for it."""

    need: CallNeed
    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class Observed:
    """One context of a booted kernel: a letter (A, D, ?) for each of `observed_kfuncs`."""

    program_type: str
    attach_type: str | None
    target: str | None
    struct_ops: str | None
    member: str | None
    sleepable: bool
    verdicts: str


@dataclass(frozen=True, slots=True)
class KernelFacts:
    """Everything known of one kernel. Tuples are sorted, so equal trees give equal text.

    `hooks` are BTF_KFUNC_HOOK_* names in enum order. `lsm_hooks` and `iterators` are the attach
    targets that exist.
    `observed` is for kernels whose verdicts were asked and whose source is not to be had.
    What follows it is described in program_facts.py; None, or () where it cannot be empty, stands
    for what was not read. `helpers` are the lines that helper_json.py reads.
    `lock_safe`: the kfuncs that may be called while a lock is held; None where a flag of theirs
    decides, or where it was not read.
    `unread` are registrations that may be there: each is in `not_understood`, too. `lacks` is
    what no call, or no program on some members, can do without.
    """

    name: str
    version: str
    origin: Origin
    program_types: tuple[Constant, ...]
    attach_types: tuple[Constant, ...]
    kfunc_flags: tuple[Constant, ...]
    hooks: tuple[str, ...]
    hook_of: tuple[HookOf, ...]
    decision: Decision
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]
    filters: tuple[Filter, ...]
    tables: tuple[MemberTable, ...]
    kfuncs: tuple[Kfunc, ...]
    struct_ops: tuple[StructOps, ...]
    run_time: RunTime | None
    lsm_hooks: tuple[str, ...]
    iterators: tuple[str, ...]
    not_understood: tuple[NotUnderstood, ...]
    observed_kfuncs: tuple[str, ...] = ()
    observed: tuple[Observed, ...] = ()
    sleeping: tuple[SleepRule, ...] = ()
    targets: AttachTargets | None = None
    iterator_sleep: tuple[IteratorSleep, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    lock_safe: tuple[str, ...] | None = None
    map_refusals: tuple[MapRefusal, ...] | None = None
    left_out: tuple[LeftOut, ...] | None = None
    helpers: tuple[str, ...] = ()
    run_time_checks: tuple[RunTimeCheck, ...] = ()
    op_circumstances: tuple[OpCircumstances, ...] = ()
    unread: tuple[UnreadRegistration, ...] = ()
    lacks: tuple[Lack, ...] = ()
    return_ranges: tuple[ReturnRange, ...] = ()

    @property
    def is_observed(self) -> bool:
        """Return whether nothing but the answers of the booted kernel is known."""
        return bool(self.observed) and not self.registrations

    def behaviour(self, name: str) -> bool | None:
        """Return whether the verifier behaves in a way, None where that is not known."""
        return next((item.holds for item in self.behaviours if item.name == name), None)
