"""What programs and callbacks may return, as small trees say."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import ReturnRange, Returns
from tests.kernel.small_kernel import extract
from tests.kernel.verifier_tree import LSM_C, VERIFIER_C, write_verifier

NAMES = """\
#define MAX_ERRNO 4095
enum bpf_reg_type { NOT_INIT = 0, SCALAR_VALUE };
struct bpf_retval_range { s32 minval; s32 maxval; bool return_32bit; };
"""
# In the shape of 6.12 to 6.18: one function, the low half by a local.
ONE_FUNCTION = """\
static int check_return_code(struct bpf_verifier_env *env, int regno, const char *name)
{
    const struct bpf_prog *prog = env->prog;
    struct bpf_reg_state *reg;
    struct bpf_retval_range range = retval_range(0, 1);
    enum bpf_prog_type prog_type = resolve_prog_type(env->prog);
    struct bpf_func_state *frame = env->cur_state->frame[0];
    const bool is_subprog = frame->subprogno;
    bool return_32bit = false;
    int err;

    if (!is_subprog) {
        switch (prog_type) {
        case BPF_PROG_TYPE_STRUCT_OPS:
            if (!prog->aux->attach_func_proto->type)
                return 0;
            break;
        default:
            break;
        }
    }
    err = check_reg_arg(env, regno, SRC_OP);
    if (err)
        return err;
    if (is_pointer_value(env, regno)) {
        verbose(env, "leaks\\n");
        return -EACCES;
    }
    reg = cur_regs(env) + regno;
    if (frame->in_async_callback_fn) {
        range = frame->callback_ret_range;
        goto enforce_retval;
    }
    if (is_subprog) {
        if (reg->type != SCALAR_VALUE)
            return -EINVAL;
        return 0;
    }
    switch (prog_type) {
    case BPF_PROG_TYPE_SCHED_CLS:
        if (env->prog->expected_attach_type == BPF_TRACE_ITER ||
            env->prog->expected_attach_type == BPF_LSM_CGROUP)
            range = retval_range(1, 1);
        break;
    case BPF_PROG_TYPE_TRACING:
        switch (env->prog->expected_attach_type) {
        case BPF_TRACE_FENTRY:
        case BPF_TRACE_FEXIT:
            range = retval_range(0, 0);
            break;
        case BPF_MODIFY_RETURN:
            return 0;
        case BPF_TRACE_ITER:
            break;
        default:
            return -ENOTSUPP;
        }
        break;
    case BPF_PROG_TYPE_LSM:
        if (env->prog->expected_attach_type != BPF_LSM_CGROUP) {
            if (!lsm_range(env->prog, &range))
                return 0;
            return_32bit = true;
        }
        break;
    case BPF_PROG_TYPE_EXT:
    default:
        return 0;
    }
enforce_retval:
    if (reg->type != SCALAR_VALUE)
        return -EINVAL;
    err = mark_chain_precision(env, regno);
    if (err)
        return err;
    if (!retval_range_within(range, reg, return_32bit))
        return -EINVAL;
    if (!tnum_is_unknown(more) && tnum_in(more, reg->var_off))
        env->prog->enforce_expected_attach_type = 1;
    return 0;
}
"""
HELPER = """\
static bool lsm_range(struct bpf_prog *prog, struct bpf_retval_range *found)
{
    if (prog->expected_attach_type == BPF_LSM_MAC && !bpf_lsm_get_retval_range(prog, found))
        return true;
    return false;
}
"""
LSM = """\
BTF_SET_START(yes_or_no)
BTF_ID(func, bpf_lsm_answer)
BTF_SET_END(yes_or_no)
int bpf_lsm_get_retval_range(const struct bpf_prog *prog, struct bpf_retval_range *out)
{
    if (!prog->aux->attach_func_proto->type)
        return -EINVAL;
    if (btf_id_set_contains(&yes_or_no, prog->aux->attach_btf_id)) {
        out->minval = 0;
        out->maxval = 1;
    } else {
        out->minval = -MAX_ERRNO;
        out->maxval = 0;
    }
    return 0;
}
"""
CALLBACKS = """\
static int set_loop_callback_state(struct bpf_verifier_env *env)
{
    callee->in_callback_fn = true;
    callee->callback_ret_range = retval_range(0, 1);
    return 0;
}
static int set_timer_callback_state(struct bpf_verifier_env *env)
{
    callee->in_async_callback_fn = true;
    callee->callback_ret_range = retval_range(0, 5);
    return 0;
}
static int prepare_func_exit(struct bpf_verifier_env *env, int *insn_idx)
{
    if (!retval_range_within(callee->callback_ret_range, r0, false))
        return -EINVAL;
    return 0;
}
"""
Bounds = tuple[int | None, int | None]


def _extract(root: Path, check: str = HELPER + ONE_FUNCTION + CALLBACKS) -> KernelFacts:
    files = write_verifier()
    files[VERIFIER_C] += NAMES + check
    files[LSM_C] = "#include <linux/btf.h>\n" + NAMES + LSM
    return extract(root, files, b"CONFIG_NET=y\nCONFIG_BPF_LSM=y\n")


def _bounds(
    facts: KernelFacts, program_type: str, attach_type: str | None = None
) -> dict[tuple[Returns, tuple[str, ...]], Bounds]:
    return {
        (item.returns, item.targets): (item.minimum, item.maximum)
        for item in facts.return_ranges
        if item.program_type.removeprefix("BPF_PROG_TYPE_") == program_type
        and item.attach_type == attach_type
    }


ANYTHING = (Returns.ANYTHING, ())


def test_an_attach_type_has_a_range_of_its_own_where_the_check_says_so(tmp_path: Path) -> None:
    facts = _extract(tmp_path)
    assert _bounds(facts, "SCHED_CLS") == {ANYTHING: (0, 1)}
    assert _bounds(facts, "SCHED_CLS", "BPF_TRACE_ITER") == {ANYTHING: (1, 1)}
    assert _bounds(facts, "SCHED_CLS", "BPF_LSM_CGROUP") == {ANYTHING: (1, 1)}
    assert _bounds(facts, "SCHED_CLS", "BPF_TRACE_FENTRY") == {}  # as all others


def test_any_number_will_do_where_nothing_is_asked_or_something_else_is_wrong(
    tmp_path: Path,
) -> None:
    facts = _extract(tmp_path)
    assert _bounds(facts, "TRACING") == {ANYTHING: (None, None)}  # -ENOTSUPP, whatever it returns
    assert _bounds(facts, "TRACING", "BPF_TRACE_FENTRY") == {ANYTHING: (0, 0)}
    assert _bounds(facts, "TRACING", "BPF_TRACE_ITER") == {ANYTHING: (0, 1)}
    assert _bounds(facts, "TRACING", "BPF_MODIFY_RETURN") == {}
    assert _bounds(facts, "EXT") == {ANYTHING: (None, None)}
    assert _bounds(facts, "XDP") == {}  # the check does not speak of it


def test_hooks_are_told_apart_by_what_they_return_and_by_a_set(tmp_path: Path) -> None:
    facts = _extract(tmp_path)
    assert _bounds(facts, "LSM", "BPF_LSM_MAC") == {
        (Returns.NUMBER, ()): (-4095, 0),
        (Returns.NUMBER, ("bpf_lsm_answer",)): (0, 1),
        (Returns.NOTHING, ()): (None, None),
    }
    assert _bounds(facts, "LSM", "BPF_LSM_CGROUP") == {ANYTHING: (0, 1)}
    halves = {item.attach_type: item.low_half for item in facts.return_ranges if item.minimum}
    assert halves["BPF_LSM_MAC"]
    assert not halves["BPF_TRACE_ITER"]


def test_a_range_is_at_the_line_that_asks(tmp_path: Path) -> None:
    [found] = [item for item in _extract(tmp_path).return_ranges if item.maximum == 5]
    lines = (tmp_path / VERIFIER_C).read_text().split("\n")
    line = 1 + next(
        at for at, text in enumerate(lines) if "callback_ret_range = retval_range(0, 5" in text
    )
    place = Place(VERIFIER_C, line)
    assert found == ReturnRange(
        "set_timer_callback_state", None, Returns.ANYTHING, (), 0, 5, False, True, place
    )


def test_callbacks_that_run_later_are_asked_as_the_check_says(tmp_path: Path) -> None:
    fixed = ONE_FUNCTION.replace(
        "range = frame->callback_ret_range;", "range = retval_range(0, 0);"
    )
    facts = _extract(tmp_path, HELPER + fixed + CALLBACKS)
    assert _bounds(facts, "set_timer_callback_state") == {ANYTHING: (0, 0)}
    assert _bounds(facts, "set_loop_callback_state") == {ANYTHING: (0, 1)}


def test_callbacks_whose_callers_wait_are_asked_on_their_way_out(tmp_path: Path) -> None:
    unasked = CALLBACKS.replace("retval_range_within(callee->callback_ret_range", "is_fine(0")
    facts = _extract(tmp_path, HELPER + ONE_FUNCTION + unasked)
    assert _bounds(facts, "set_loop_callback_state") == {}


def test_states_are_kept_apart_by_what_is_returned_where_it_is_marked(tmp_path: Path) -> None:
    marked = """\
    err = mark_chain_precision(env, regno);
    if (err)
        return err;
"""
    assert marked in ONE_FUNCTION
    for check, precise in ((ONE_FUNCTION, True), (ONE_FUNCTION.replace(marked, ""), False)):
        facts = _extract(tmp_path / str(precise), HELPER + check)
        assert {item.precise for item in facts.return_ranges if item.minimum is not None} == {
            precise
        }


def test_ranges_as_6_1_has_them(tmp_path: Path) -> None:
    old = (
        ONE_FUNCTION.replace(
            "struct bpf_retval_range range = retval_range", "struct tnum range = tnum_range"
        )
        .replace("retval_range(0, 0)", "tnum_const(0)")
        .replace("retval_range(", "tnum_range(")
        .replace("retval_range_within(range, reg, return_32bit)", "tnum_in(range, reg->var_off)")
    )
    facts = _extract(tmp_path, HELPER + old)
    assert _bounds(facts, "SCHED_CLS") == {ANYTHING: (0, 1)}
    assert _bounds(facts, "TRACING", "BPF_TRACE_FENTRY") == {ANYTHING: (0, 0)}


def test_ranges_as_a_function_of_their_own_finds_them_since_7_1(tmp_path: Path) -> None:
    check = """\
static bool find_range(struct bpf_verifier_env *env, struct bpf_retval_range *range)
{
    enum bpf_prog_type prog_type = resolve_prog_type(env->prog);
    *range = retval_range(0, 1);
    switch (prog_type) {
    case BPF_PROG_TYPE_STRUCT_OPS:
        *range = retval_range(0, 0);
        break;
    case BPF_PROG_TYPE_SCHED_CLS:
        range->return_32bit = true;
        break;
    default:
        return false;
    }
    return true;
}
static int check_return_code(struct bpf_verifier_env *env, int regno, const char *name)
{
    const struct bpf_prog *prog = env->prog;
    struct bpf_reg_state *reg = reg_state(env, regno);
    struct bpf_retval_range range = retval_range(0, 1);
    enum bpf_prog_type prog_type = resolve_prog_type(env->prog);
    const struct btf_type *reg_type, *ret_type = NULL;
    if (prog_type == BPF_PROG_TYPE_STRUCT_OPS) {
        reg_type = reg->btf ? btf_type_by_id(reg->btf, reg->btf_id) : NULL;
        ret_type = btf_type_resolve_ptr(prog->aux->attach_btf, 0, NULL);
        if (ret_type && ret_type == reg_type && reg_is_referenced(env, reg))
            return __check_ptr_off_reg(env, reg, regno, false);
    }
    if (prog_type == BPF_PROG_TYPE_STRUCT_OPS && !ret_type)
        return 0;
    if (!find_range(env, &range))
        return 0;
    if (!retval_range_within(range, reg))
        return -EINVAL;
    return 0;
}
"""
    facts = _extract(tmp_path, check)
    assert _bounds(facts, "STRUCT_OPS") == {
        (Returns.NUMBER, ()): (None, None),
        (Returns.POINTER, ()): (0, 0),
    }
    assert [item.low_half for item in facts.return_ranges if item.program_type.endswith("CLS")] == [
        True
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # whatever decides, nobody knows it
        (
            "    if (is_subprog) {\n",
            "    if (is_odd(reg))\n        return 0;\n    if (is_subprog) {\n",
        ),
        ("retval_range(0, 1);\n    enum", "retval_range(0, limit);\n    enum"),
        ("if (!retval_range_within(", "range = widen(range);\n    if (!retval_range_within("),
        ("if (!retval_range_within(", "widen(&range);\n    if (!retval_range_within("),
        ("if (!retval_range_within(", "range.maxval++;\n    if (!retval_range_within("),
        ("if (!retval_range_within(", "range.maxval += 2;\n    if (!retval_range_within("),
    ],
)
def test_what_is_not_understood_is_named_and_no_range_is_told(
    tmp_path: Path, before: str, after: str
) -> None:
    assert before in ONE_FUNCTION
    facts = _extract(tmp_path, HELPER + ONE_FUNCTION.replace(before, after, 1))
    assert _bounds(facts, "SCHED_CLS") == {}
    assert {item.construct for item in facts.not_understood} == {"what programs return"}


def test_lsm_programs_have_no_range_where_the_option_is_off(tmp_path: Path) -> None:
    files = write_verifier()
    files[VERIFIER_C] += NAMES + HELPER + ONE_FUNCTION
    facts = extract(tmp_path, files)
    assert _bounds(facts, "LSM", "BPF_LSM_MAC") == {}
    assert facts.not_understood == ()


def test_a_tree_without_the_check_says_nothing(tmp_path: Path) -> None:
    assert _extract(tmp_path, "").return_ranges == ()
