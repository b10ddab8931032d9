"""What the verifier's text says of how it walks, in the shapes that kernels have had."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.code import Code
from kfmap.kernel.config import Config
from kfmap.kernel.program_facts import Behaviour
from kfmap.kernel.rules.behaviours import VERIFIER, extract_behaviours, extract_lock_safe
from kfmap.kernel.tree import Tree

_MARK = "static int do_check_common(struct bpf_verifier_env *env)\n{\n    return 0;\n}\n"
_EXIT = """\
static int process_bpf_exit_full(struct bpf_verifier_env *env, bool exception_exit)
{{
    return check_resource_leak(env, exception_exit,
                               {third}, "main prog");
}}
"""
_LOOP = """\
static int do_check_insn(struct bpf_verifier_env *env)
{
    if (env->cur_state->active_locks) {
        if ((insn->src_reg == 0 && insn->imm != BPF_FUNC_spin_unlock &&
             insn->imm != BPF_FUNC_kptr_xchg) || !kfunc_spin_allowed(insn->imm))
            return -1;
    }
    return 0;
}
"""
_SAFE = """\
static bool is_bpf_list_api_kfunc(u32 id)
{
    return id == special_kfunc_list[KF_bpf_list_push] || id == special_kfunc_list[KF_bpf_list_pop];
}
static bool kfunc_spin_allowed(u32 id)
{
    return is_bpf_list_api_kfunc(id) || is_elsewhere_kfunc(id);
}
"""
_FLAG = """\
static bool kfunc_spin_allowed(u32 id)
{
    return *flags(id) & KF_SPINLOCK_SAFE;
}
"""


_FRAMES = """\
#define MAX_FRAMES {number}
static int check_max_stack_depth_subprog(struct bpf_verifier_env *env, int idx)
{{
    frame{step};
    if (frame >= MAX_FRAMES) {{
        return -E2BIG;
    }}
    return 0;
}}
"""


def _code(root: Path, text: str) -> Code:
    file = root / VERIFIER
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return Code(Tree(root), Config({}))


def _ask(root: Path, text: str, name: str) -> Behaviour:
    return next(item for item in extract_behaviours(_code(root, _MARK + text)) if item.name == name)


@pytest.mark.parametrize(
    ("third", "holds"),
    [
        ("!env->cur_state->curframe", False),
        ("exception_exit || !env->cur_state->curframe", True),
    ],
)
def test_whether_exceptions_ask_what_callers_hold(tmp_path: Path, third: str, holds: bool) -> None:
    found = _ask(tmp_path, _EXIT.format(third=third), "throw_checks_callers")
    assert found.holds is holds
    assert found.place is not None
    assert (found.place.file, found.place.line) == (VERIFIER, 8 if holds else 5)


def test_the_fix_for_exceptions_is_seen_where_an_older_series_has_it(tmp_path: Path) -> None:
    """6.12.118 has it in do_check(), which ends programs itself."""
    text = _EXIT.format(third="exception_exit || !env->cur_state->curframe")
    older = text.replace("process_bpf_exit_full", "do_check")
    assert older != text
    assert _ask(tmp_path, older, "throw_checks_callers").holds


def test_a_mention_in_a_comment_says_nothing(tmp_path: Path) -> None:
    third = "/* exception_exit || */ !env->cur_state->curframe"
    assert not _ask(tmp_path, _EXIT.format(third=third), "throw_checks_callers").holds


def test_a_function_that_a_kernel_lacks_does_not_say_it(tmp_path: Path) -> None:
    found = _ask(tmp_path, "", "timers_never_sleep")
    assert (found.holds, found.place) == (False, None)


def test_without_a_verifier_nothing_is_known(tmp_path: Path) -> None:
    code = _code(tmp_path, "int other(void)\n{\n    return 0;\n}\n")
    assert extract_behaviours(code) == ()
    assert extract_lock_safe(code) is None


def test_the_helpers_that_may_be_called_under_a_lock(tmp_path: Path) -> None:
    found = extract_behaviours(_code(tmp_path, _MARK + _LOOP))
    names = {item.name for item in found if item.name.startswith("helper_under_lock")}
    assert names == {"helper_under_lock:spin_unlock", "helper_under_lock:kptr_xchg"}


@pytest.mark.parametrize(
    ("text", "safe"),
    [(_SAFE, ("bpf_list_pop", "bpf_list_push")), (_FLAG, None), ("", ())],
)
def test_the_kfuncs_that_may_be_called_under_a_lock(
    tmp_path: Path, text: str, safe: tuple[str, ...] | None
) -> None:
    assert extract_lock_safe(_code(tmp_path, _MARK + text)) == safe


_ATTACH = """\
int bpf_check_attach_target(struct bpf_verifier_log *log, const struct bpf_prog *prog)
{
    if (prog->aux->changes_pkt_data && !tgt_changes_pkt_data)
        return -EINVAL;
    return 0;
}
static bool is_kfunc_pkt_changing(struct bpf_kfunc_call_arg_meta *meta)
{
    return meta->func_id == special_kfunc_list[KF_bpf_xdp_pull_data];
}
"""
_CHANGERS = """\
bool bpf_helper_changes_pkt_data(enum bpf_func_id func_id)
{
    switch (func_id) {
    case BPF_FUNC_skb_pull_data:
    case BPF_FUNC_tail_call:
        return true;
    default:
        return false;
    }
}
"""


def test_what_replaces_a_function_is_asked_whether_it_changes_packets(tmp_path: Path) -> None:
    (tmp_path / "net/core").mkdir(parents=True)
    (tmp_path / "net/core/filter.c").write_text(_CHANGERS)
    found = {item.name: item for item in extract_behaviours(_code(tmp_path, _MARK + _ATTACH))}
    assert found["replacing_keeps_packets"].holds
    assert not found["replacing_keeps_sleep"].holds
    changers = {name: item.place for name, item in found.items() if name.startswith("packet_")}
    assert {name: place and place.line for name, place in changers.items()} == {
        "packet_helper:skb_pull_data": 4,
        "packet_helper:tail_call": 5,
        "packet_kfunc:bpf_xdp_pull_data": 13,
    }


@pytest.mark.parametrize(
    ("number", "step", "anew"),
    [(8, "++", False), (16, " = bpf_subprog_is_global(env, idx) ? 0 : frame + 1", True)],
)
def test_how_many_frames_a_chain_of_calls_may_have(
    tmp_path: Path, number: int, step: str, anew: bool
) -> None:
    text = _FRAMES.format(number=number, step=step)
    found = _ask(tmp_path, text, f"call_frames:{number}")
    assert found.holds
    assert found.place is not None
    assert (found.place.file, found.place.line) == (VERIFIER, 9)
    assert _ask(tmp_path, text, "frames_anew_in_globals").holds is anew


def test_a_number_of_frames_that_cannot_be_read_is_not_known(tmp_path: Path) -> None:
    text = _FRAMES.format(number="other(1)", step="++")
    found = extract_behaviours(_code(tmp_path, _MARK + text))
    assert not [item for item in found if item.name.startswith("call_frames")]
