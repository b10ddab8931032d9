"""A small verifier for the tests: written for them, in the shapes that kernels have had."""

from __future__ import annotations

VERIFIER_C = "kernel/bpf/verifier.c"
LSM_C = "kernel/bpf/bpf_lsm.c"

PROGRAMS_H = """\
enum bpf_prog_type {
    BPF_PROG_TYPE_UNSPEC,
    BPF_PROG_TYPE_KPROBE,
    BPF_PROG_TYPE_SCHED_CLS,
    BPF_PROG_TYPE_XDP,
    BPF_PROG_TYPE_TRACING,
    BPF_PROG_TYPE_STRUCT_OPS,
    BPF_PROG_TYPE_LSM,
    BPF_PROG_TYPE_EXT,
    BPF_PROG_TYPE_SYSCALL,
    __MAX_BPF_PROG_TYPE
};
enum bpf_attach_type {
    BPF_CGROUP_INET_INGRESS,
    BPF_TRACE_RAW_TP,
    BPF_TRACE_FENTRY,
    BPF_TRACE_FEXIT,
    BPF_MODIFY_RETURN,
    BPF_LSM_MAC,
    BPF_TRACE_ITER,
    BPF_LSM_CGROUP,
    __MAX_BPF_ATTACH_TYPE
};
"""

HEAD = """\
#include <linux/btf.h>
#include <uapi/linux/bpf.h>
#include <linux/errno.h>
#include <linux/error-injection.h>
"""

INJECTION_H = """\
#ifdef CONFIG_FUNCTION_ERROR_INJECTION
extern bool within_error_injection_list(unsigned long addr);
#else
static inline bool within_error_injection_list(unsigned long addr) { return false; }
#endif
"""

SETS = """\
BTF_SET_START(quiet_injection)
BTF_ID(func, never_here)
BTF_SET_END(quiet_injection)

static int check_non_sleepable_error_inject(u32 btf_id)
{
    return btf_id_set_contains(&quiet_injection, btf_id);
}

BTF_SET_START(refused_set)
BTF_ID(func, migrate_off)
#ifdef CONFIG_NET
BTF_ID(func, net_off)
#endif
#ifdef CONFIG_FAR
BTF_ID(func, far_off)
#endif
BTF_SET_END(refused_set)

BTF_SET_START(noreturn_set)
BTF_ID(func, do_end)
BTF_SET_END(noreturn_set)
"""

MODIFY = """\
#define SECURITY_PREFIX "security_"
static int check_attach_modify_return(unsigned long addr, const char *name)
{
    if (within_error_injection_list(addr) ||
        !strncmp(SECURITY_PREFIX, name, sizeof(SECURITY_PREFIX) - 1))
        return 0;
    return -EINVAL;
}
"""

CHECK_TARGET = """\
int bpf_check_attach_target(struct bpf_verifier_log *log, const struct bpf_prog *prog,
                            const struct bpf_prog *tgt_prog, u32 btf_id)
{
    bool is_extension = prog->type == BPF_PROG_TYPE_EXT;
    int ret = 0;

    if (!btf_id)
        return -EINVAL;
    switch (prog->expected_attach_type) {
    case BPF_TRACE_RAW_TP:
        RAW_TP_TEST
        break;
    case BPF_TRACE_ITER:
        break;
    default:
        if (!is_extension)
            return -EINVAL;
        fallthrough;
    case BPF_MODIFY_RETURN:
    case BPF_LSM_MAC:
    case BPF_LSM_CGROUP:
    case BPF_TRACE_FENTRY:
    case BPF_TRACE_FEXIT:
        if (prog->sleepable) {
            ret = -EINVAL;
            switch (prog->type) {
            case BPF_PROG_TYPE_TRACING:
                if (!check_non_sleepable_error_inject(btf_id) &&
                    within_error_injection_list(addr))
                    ret = 0;
                else if (btf_kfunc_is_modify_return(btf, btf_id, prog) & KF_SLEEPABLE)
                    ret = 0;
                break;
            case BPF_PROG_TYPE_LSM:
                if (bpf_lsm_is_sleepable_hook(btf_id))
                    ret = 0;
                break;
            default:
                break;
            }
            if (ret)
                return ret;
        } else if (prog->expected_attach_type == BPF_MODIFY_RETURN) {
            if (check_attach_modify_return(addr, tname))
                return -EINVAL;
        }
        break;
    }
    return 0;
}
"""

CAN_SLEEP = """\
static bool can_be_sleepable(struct bpf_prog *prog)
{
    if (prog->type == BPF_PROG_TYPE_TRACING) {
        switch (prog->expected_attach_type) {
        case BPF_TRACE_FENTRY:
        case BPF_TRACE_FEXIT:
        case BPF_MODIFY_RETURN:
        case BPF_TRACE_ITER:
            return true;
        default:
            return false;
        }
    }
    return prog->type == BPF_PROG_TYPE_LSM || prog->type == BPF_PROG_TYPE_KPROBE ||
           prog->type == BPF_PROG_TYPE_STRUCT_OPS;
}
"""

LATER_TEST = """\
    if (prog->sleepable && !can_be_sleepable(prog)) {
        verbose(env, "Program of this type cannot be sleepable");
        return -EINVAL;
    }
"""

EARLIER_TEST = """\
    if (prog->sleepable && prog->type != BPF_PROG_TYPE_TRACING &&
        prog->type != BPF_PROG_TYPE_LSM && prog->type != BPF_PROG_TYPE_KPROBE)
        return -EINVAL;
    if (prog->sleepable && prog->type == BPF_PROG_TYPE_LSM &&
        prog->expected_attach_type == BPF_LSM_CGROUP)
        return -EINVAL;
"""

ATTACH = """\
static int check_attach_btf_id(struct bpf_verifier_env *env)
{
    struct bpf_prog *prog = env->prog;
    u32 btf_id = prog->aux->attach_btf_id;
    int ret;

    if (prog->type == BPF_PROG_TYPE_SYSCALL) {
        if (prog->sleepable)
            return 0;
        return -EINVAL;
    }
SLEEP_TEST
    if (prog->type == BPF_PROG_TYPE_STRUCT_OPS)
        return check_struct_ops_btf_id(env);
    if (prog->type != BPF_PROG_TYPE_TRACING && prog->type != BPF_PROG_TYPE_LSM &&
        prog->type != BPF_PROG_TYPE_EXT)
        return 0;
    ret = bpf_check_attach_target(&env->log, prog, NULL, btf_id);
    if (ret)
        return ret;
    if (prog->type == BPF_PROG_TYPE_TRACING && btf_id_set_contains(&refused_set, btf_id)) {
        return -EINVAL;
    } else if ((prog->expected_attach_type == BPF_TRACE_FEXIT ||
                prog->expected_attach_type == BPF_MODIFY_RETURN) &&
               btf_id_set_contains(&noreturn_set, btf_id)) {
        return -EINVAL;
    }
    return 0;
}
"""

FAULTABLE_TEST = """\
if (prog->sleepable && !tracepoint_is_faultable(btp->tp))
            return -EINVAL;"""


def write_verifier(*, later: bool = True, faultable: bool = False) -> dict[str, str]:
    """Return the files of a small verifier; `later`: it has can_be_sleepable()."""
    target = CHECK_TARGET.replace("RAW_TP_TEST", FAULTABLE_TEST if faultable else "")
    attach = ATTACH.replace("SLEEP_TEST", LATER_TEST if later else EARLIER_TEST)
    sleep = CAN_SLEEP if later else ""
    if faultable:
        sleep = sleep.replace(
            "case BPF_TRACE_ITER:", "case BPF_TRACE_ITER:\n        case BPF_TRACE_RAW_TP:"
        )
    return {
        "include/uapi/linux/bpf.h": PROGRAMS_H,
        "include/linux/error-injection.h": INJECTION_H,
        "kernel/bpf/Makefile": "obj-y += btf.o verifier.o\nobj-$(CONFIG_BPF_LSM) += bpf_lsm.o\n",
        VERIFIER_C: HEAD + SETS + MODIFY + target + sleep + attach,
    }
