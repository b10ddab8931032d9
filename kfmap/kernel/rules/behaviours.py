"""How a kernel's verifier walks programs, where kernels differ: asked of the text of its functions.

Each row names a function of kernel/bpf/verifier.c (or a file beside it) and what its body says. A
function that a tree lacks does not say it; a tree without a verifier says nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from kfmap.kernel.code import Code
from kfmap.kernel.items import Item
from kfmap.kernel.place import Place
from kfmap.kernel.program_facts import Behaviour
from kfmap.quick_dataclass import dataclass

VERIFIER = "kernel/bpf/verifier.c"
_BESIDE = (
    "kernel/bpf/cfg.c",  # split off verifier.c in 7.1, as the next
    "kernel/bpf/fixups.c",
    "kernel/bpf/bpf_lsm.c",
    "kernel/bpf/btf.c",
)
_MARK = "do_check_common"  # whoever verifies has it
# Which kfuncs may be called while a lock is held, the newer function first: 6.12 has the second one
# only. kfunc_spin_allowed() names kfuncs until "bpf: Mark existing lock-safe kfuncs with
# KF_SPINLOCK_SAFE" (7.3.4), and asks for that flag from then on.
_SAFE_UNDER_LOCK = ("kfunc_spin_allowed", "is_bpf_graph_api_kfunc")
_MAX_DEPTH = 6  # of functions that ask each other which kfunc it is
_KFUNC = re.compile(r"\bKF_(\w+)")
_CALLED = re.compile(r"\b(is_\w+)\s*\(")
_LOCK_HELD = re.compile(r"if \(env->cur_state->active_(?:spin_)?lock")
_WITHIN = 400  # characters after it in which the exceptions stand
_FRAMES_COUNTED = ("check_max_stack_depth_subprog", "check_max_stack_depth")
_FRAMES = re.compile(r"if \(frame >= (\w+)\)")
_HELPER = re.compile(r"!=\s*BPF_FUNC_(\w+)")
# Which helpers and kfuncs may change a packet: by their numbers since "bpf: refactor
# bpf_helper_changes_pkt_data to use helper number" (6.12.107), before by their functions.
_PACKETS = "net/core/filter.c"
_PACKET_HELPERS, _CASE = "bpf_helper_changes_pkt_data", re.compile(r"case BPF_FUNC_(\w+)")
_PACKET_KFUNCS = ("bpf_is_kfunc_pkt_changing", "is_kfunc_pkt_changing")


@dataclass(frozen=True, slots=True)
class _Row:
    """A behaviour: that one of `functions` has text like `pattern`."""

    name: str
    functions: tuple[str, ...]
    pattern: str


# Each comment: what it decides, the commit that brought it, and the first of the releases read
# (6.1.192, 6.12.107, 6.17.8, 6.18.15, 6.19.6, 7.1.13, 7.2.12, 7.3.4) that has it; fixes reach older
# series too. Each mark is text of the very function that decides: a name may be there before it is
# asked, and stay when it no longer is.
_ROWS = (
    # An exception in a static function meets what its callers hold as well.
    # "bpf: Fix exception exit lock checking for subprogs"; 7.1.13, and 6.12.118 in do_check().
    _Row("throw_checks_callers", ("process_bpf_exit_full", "do_check"), r"exception_exit\s*\|\|"),
    # A global function that may throw ends the program at each of its calls.
    # "bpf: Check global subprog exception paths"; 7.1.13.
    _Row("globals_throw", ("check_func_call",), r"\bmight_throw\b"),
    # Global functions that may sleep, dead code counted, are marked before the walk.
    # "bpf: Summarize sleepable global subprogs"; 6.17.8.
    _Row("sleepable_globals_marked", ("mark_subprog_might_sleep",), ""),
    # Global functions are verified for callers that may sleep, and again for those that may not.
    # "bpf: Verify global subprogs in each sleepability context"; 7.3.4.
    _Row("globals_per_context", ("check_func_call",), r"\bcalled\s*\[\s*in_sleepable_context"),
    # No global function is called with preemption off. "bpf: Introduce
    # bpf_preempt_[disable,enable] kfuncs"; 6.12.107, until they were marked (see above).
    _Row(
        "globals_need_preemption",
        ("check_func_call",),
        r"if \(env->cur_state->active_preempt_lock\)",
    ),
    # Timer callbacks never sleep, whatever their program may.
    # "bpf: Fix sleepable context for async callbacks"; 6.18.15.
    _Row("timers_never_sleep", ("is_async_cb_sleepable",), ""),
    # bpf_rcu_read_lock() nests. "bpf: support nested rcu critical sections"; 6.19.6.
    _Row("rcu_nests", ("check_kfunc_call",), r"active_rcu_locks\s*\+\+"),
    # KF_RCU_PROTECTED is asked of every kfunc, not only of iterators.
    # "bpf: Enforce RCU protection for KF_RCU_PROTECTED"; 6.18.15.
    _Row("rcu_required", ("check_kfunc_call",), r"is_kfunc_rcu_protected\(&meta\) && !in_rcu_cs"),
    # What is under RCU stays valid where something else is held when a section ends.
    # "bpf: Account for preempt and IRQ state in RCU protection"; 7.3.4.
    _Row(
        "rcu_end_asks_all", ("check_kfunc_call",), r"in_rcu_cs\(env\)\)\s*\n?\s*invalidate_rcu_prot"
    ),
    # Static functions may be called while a lock is held; 6.1 lets none.
    # "bpf: Allow calling static subprogs while holding a bpf_spin_lock"; 6.12.107.
    _Row("static_calls_under_lock", ("check_func_call",), r"if \(env->cur_state->active_lock"),
    # What is held matters at the end of the program only, not of every function: the same commit.
    _Row(
        "exits_of_main_only",
        ("do_check", "process_bpf_exit_full"),
        r"active_lock\.ptr && !env->cur_state->curframe|!env->cur_state->curframe",
    ),
    # Functions below the callback of an rbtree are bound by its rules.
    # "bpf: Check ancestor frames for rbtree callbacks"; 7.2.12.
    _Row("tree_callback_reaches", ("in_rbtree_lock_required_cb",), r"for\s*\(frame"),
    # struct_ops, LSM and programs with kfuncs need a GPL-compatible licence: all releases read.
    # "bpf: Introduce BPF_PROG_TYPE_STRUCT_OPS", "bpf: lsm: Implement attach, detach and execution",
    # "bpf: Support bpf program calling kernel function".
    _Row("struct_ops_need_gpl", ("check_struct_ops_btf_id",), r"!prog->gpl_compatible"),
    _Row("lsm_need_gpl", ("bpf_lsm_verify_prog",), r"!prog->gpl_compatible"),
    _Row("kfuncs_need_gpl", ("add_kfunc_call", "bpf_add_kfunc_call"), r"!env->prog->gpl_compat"),
    # Special fields of maps may be in structs inside the value.
    # "bpf: look into the types of the fields of a struct type recursively."; 6.12.107.
    _Row("nested_special_fields", ("btf_find_nested_struct",), ""),
    # Preemption and IRQs that are off make an RCU section.
    # "bpf: Account for preempt and IRQ state in RCU protection"; 7.3.4.
    _Row("rcu_by_any_region", ("in_rcu_cs",), r"active_preempt_locks"),
    # Each element of a map that a callback of bpf_for_each_map_elem() gets is one of its own, so
    # the locks in two of them are two: seen first in 7.3.4.
    _Row(
        "callback_elements_have_ids",
        ("map_set_for_each_callback_args",),
        r"BPF_REG_3\]\.id\s*=\s*\+\+env->id_gen",
    ),
    # No callback, nor a function below it, may call another program, or load from a packet.
    # "bpf: Reject tail calls directly from callback frames", "bpf: Reject legacy packet loads from
    # callbacks"; 7.3.4.
    _Row(
        "callbacks_never_tail_call",
        ("check_max_stack_depth_subprog",),
        r"if \(tail_call_reachable\)\s*\{?\s*for[^}]{0,120}is_cb",
    ),
    _Row(
        "callbacks_never_load_packets",
        ("check_max_stack_depth_subprog",),
        r"has_ld_abs\)\s*\{?\s*for[^}]{0,120}is_cb",
    ),
    # What replaces a function changes packets only where that does, dead code counted.
    # "bpf: check changes_pkt_data property for extension programs"; 6.12.107.
    _Row(
        "replacing_keeps_packets",
        ("bpf_check_attach_target",),
        r"prog->aux->changes_pkt_data\s*&&",
    ),
    # And it may sleep only where that may: "bpf: Summarize sleepable global subprogs"; 6.17.8.
    _Row("replacing_keeps_sleep", ("bpf_check_attach_target",), r"prog->aux->might_sleep\s*&&"),
    # Nothing attaches to what a program has for its exceptions.
    # "bpf: Disallow fentry/fexit/freplace for exception callbacks"; 6.12.107.
    _Row("exception_callbacks_stay", ("bpf_check_attach_target",), r"->exception_cb\b"),
    # Tracing programs may attach to tracing programs, once.
    # "bpf: Relax tracing prog recursive attach rules"; 6.12.107.
    _Row("tracing_nests", ("bpf_check_attach_target",), r"->attach_tracing_prog\b"),
    # Nothing attaches to a struct_ops program that takes pointers into an arena; 7.3.4.
    _Row("arena_contexts_stay", ("bpf_check_attach_target",), r"bpf_prog_has_arena_ctx_arg"),
    # The frames of nested calls are counted anew from each global function: seen first in 7.1.13.
    _Row("frames_anew_in_globals", ("check_max_stack_depth_subprog",), r"\?\s*0\s*:\s*frame \+ 1"),
)


def extract_behaviours(code: Code) -> tuple[Behaviour, ...]:
    """Return every behaviour, held or not; none for a tree without a verifier."""
    functions = _read_functions(code)
    if _MARK not in functions:
        return ()
    found = [_ask(row, functions) for row in _ROWS]
    found += _call_frames(code, functions)
    found += (
        Behaviour(f"helper_under_lock:{name}", True, place)
        for name, place in _helpers_under_lock(functions)
    )
    found += (Behaviour(name, True, place) for name, place in _packet_changers(code, functions))
    return tuple(sorted(found, key=lambda item: item.name))


def extract_lock_safe(code: Code) -> tuple[str, ...] | None:
    """Return the kfuncs that may be called while a lock is held, by what the verifier names.

    None where a flag of theirs decides instead (KF_SPINLOCK_SAFE), or where there is no verifier.
    """
    functions = _read_functions(code)
    item = next((functions[name] for name in _SAFE_UNDER_LOCK if name in functions), None)
    if item is None:
        return () if _MARK in functions else None
    if "KF_SPINLOCK_SAFE" in item.text:
        return None
    return tuple(sorted(set(_named_kfuncs(item, functions, 0))))


def _read_functions(code: Code) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for file in (VERIFIER, *_BESIDE):
        for item in code.items(file):
            if item.function:
                found.setdefault(item.function, item)
    return found


def _ask(row: _Row, functions: dict[str, Item]) -> Behaviour:
    for name in row.functions:
        item = functions.get(name)
        match = re.search(row.pattern, item.text) if item else None
        if item and match:
            at = item.line_at(match.start()) if row.pattern else item.function_line
            return Behaviour(row.name, True, Place(item.file, at))
    asked = next((functions[name] for name in row.functions if name in functions), None)
    place = Place(asked.file, asked.function_line) if asked else None
    return Behaviour(row.name, False, place)


def _call_frames(code: Code, functions: dict[str, Item]) -> Iterator[Behaviour]:
    """Find how many frames a chain of calls may have.

    check_max_stack_depth(), or check_max_stack_depth_subprog() since 6.1.192, has asked so ever
    since there are functions; the number was 8, and is 16 in 7.2.12.
    """
    for name in _FRAMES_COUNTED:
        item = functions.get(name)
        match = _FRAMES.search(item.text) if item else None
        most = code.value(match[1], VERIFIER) if match else None
        if item and match and isinstance(most, int):
            place = Place(item.file, item.line_at(match.start()))
            yield Behaviour(f"call_frames:{most}", True, place)
            return


def _helpers_under_lock(functions: dict[str, Item]) -> Iterator[tuple[str, Place]]:
    """Find the helpers that the loop over instructions lets through while a lock is held."""
    for name in ("do_check_insn", "do_check"):
        item = functions.get(name)
        match = _LOCK_HELD.search(item.text) if item else None
        if item and match:
            place = Place(item.file, item.line_at(match.start()))
            condition = item.text[match.end() : match.end() + _WITHIN]
            yield from ((helper, place) for helper in _HELPER.findall(condition))
            return


def _packet_changers(code: Code, functions: dict[str, Item]) -> Iterator[tuple[str, Place]]:
    """Find the helpers and kfuncs after which nothing is known of a packet any more."""
    for item in code.items(_PACKETS):
        if item.function == _PACKET_HELPERS:
            for match in _CASE.finditer(item.text):
                place = Place(item.file, item.line_at(match.start()))
                yield f"packet_helper:{match[1]}", place
    for kfunc, place in (
        (match[1], Place(item.file, item.line_at(match.start())))
        for name, item in functions.items()
        if name in _PACKET_KFUNCS
        for match in _KFUNC.finditer(item.text)
    ):
        yield f"packet_kfunc:{kfunc}", place


def _named_kfuncs(item: Item, functions: dict[str, Item], depth: int) -> Iterator[str]:
    """Follow the questions `is it one of these` down to the kfuncs they name."""
    yield from _KFUNC.findall(item.text)
    if depth < _MAX_DEPTH:
        for name in _CALLED.findall(item.text[item.brace :]):
            asked = functions.get(name)
            if asked is not None and asked is not item:
                yield from _named_kfuncs(asked, functions, depth + 1)
