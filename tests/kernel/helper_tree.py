"""A small kernel with helpers, written for the tests in the shapes of real ones."""

from __future__ import annotations

from tests.kernel.verifier_tree import write_verifier

HELPERS_C = "kernel/bpf/helpers.c"
FILTER_C = "net/filter.c"

MAPPER = """\
#define ___BPF_FUNC_MAPPER(FN, ctx...) \\
    FN(unspec, 0, ##ctx) \\
    FN(map_lookup_elem, 1, ##ctx) \\
    FN(probe_read, 4, ##ctx) \\
    FN(printk, 6, ##ctx) \\
    FN(copy, 7, ##ctx) \\
    FN(redirect, 8, ##ctx) \\
    FN(set_tunnel, 9, ##ctx) \\
    FN(sockopt, 10, ##ctx) \\
    FN(storage, 11, ##ctx) \\
    FN(path, 12, ##ctx) \\
    FN(seq, 13, ##ctx)
"""

TYPES_H = """\
BPF_PROG_TYPE(BPF_PROG_TYPE_XDP, xdp, int, int)
BPF_PROG_TYPE(BPF_PROG_TYPE_SCHED_CLS, tc, int, int)
BPF_PROG_TYPE(BPF_PROG_TYPE_TRACING, tracing, int, int)
BPF_PROG_TYPE(BPF_PROG_TYPE_LSM, lsm, int, int)
BPF_PROG_TYPE(BPF_PROG_TYPE_KPROBE, kprobe, int, int)
#ifdef CONFIG_FAR
BPF_PROG_TYPE(BPF_PROG_TYPE_SYSCALL, far, int, int)
#endif
BPF_PROG_TYPE(BPF_PROG_TYPE_STRUCT_OPS, none, int, int)
"""

HELPERS = """\
#include <uapi/linux/bpf.h>

const struct bpf_func_proto map_lookup_proto = {
    .func = map_lookup,
    .gpl_only = false,
};
static const struct bpf_func_proto printk_proto = {
    .gpl_only = true,
};
static const struct bpf_func_proto copy_proto = {
    .might_sleep = true,
};
const struct bpf_func_proto * __weak bpf_printk_proto(void)
{
    return NULL;
}
const struct bpf_func_proto *base_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
    switch (func_id) {
    case BPF_FUNC_map_lookup_elem:
        return &map_lookup_proto;
    default:
        break;
    }
    if (!bpf_token_capable(prog->aux->token, CAP_BPF))
        return NULL;
    switch (func_id) {
    case BPF_FUNC_copy:
        return prog->sleepable ? &copy_proto : NULL;
    case BPF_FUNC_probe_read:
        return security_locked_down(LOCKDOWN_BPF_READ_KERNEL) < 0 ? NULL : &map_lookup_proto;
    default:
        break;
    }
    if (!perfmon_capable())
        return NULL;
    switch (func_id) {
    case BPF_FUNC_printk:
        return bpf_printk_proto();
    default:
        return NULL;
    }
}
"""

FILTER = """\
#include <uapi/linux/bpf.h>

BTF_SET_START(path_targets)
BTF_ID(func, bpf_lsm_file_open)
BTF_SET_END(path_targets)

static bool path_allowed(const struct bpf_prog *prog)
{
    return btf_id_set_contains(&path_targets, prog->aux->attach_btf_id);
}
static bool storage_allowed(const struct bpf_prog *prog)
{
    if (prog->aux->dst_prog)
        return false;
    switch (prog->expected_attach_type) {
    case BPF_TRACE_ITER:
        return true;
    case BPF_TRACE_FENTRY:
        return !!strncmp(prog->aux->attach_func_name, "own_storage", strlen("own_storage"));
    default:
        return false;
    }
}
static const struct bpf_func_proto redirect_proto = { .gpl_only = false, };
static const struct bpf_func_proto tunnel_proto = { .gpl_only = false, };
static const struct bpf_func_proto sockopt_proto = { .gpl_only = false, };
static const struct bpf_func_proto path_proto = { .allowed = path_allowed, };
static const struct bpf_func_proto storage_proto = { .allowed = storage_allowed, };
static const struct bpf_func_proto seq_proto = { .gpl_only = false, };
static struct metadata_dst *md_dst;

const struct bpf_func_proto *bpf_printk_proto(void)
{
    mark_printk();
    return &printk_proto;
}
static const struct bpf_func_proto *tunnel_func_proto(enum bpf_func_id which)
{
    if (!md_dst) {
        struct metadata_dst *tmp;

        tmp = dst_alloc_percpu(1);
        if (!tmp)
            return NULL;
        if (cmpxchg(&md_dst, NULL, tmp))
            dst_free(tmp);
    }
    switch (which) {
    case BPF_FUNC_set_tunnel:
        return &tunnel_proto;
    default:
        return NULL;
    }
}
static const struct bpf_func_proto *
tc_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
    switch (func_id) {
    case BPF_FUNC_redirect:
        return &redirect_proto;
    case BPF_FUNC_set_tunnel:
        return tunnel_func_proto(func_id);
    case BPF_FUNC_sockopt:
        switch (prog->expected_attach_type) {
        case BPF_CGROUP_INET_INGRESS:
        case BPF_TRACE_RAW_TP:
            return &sockopt_proto;
        default:
            return NULL;
        }
    default:
        return base_func_proto(func_id, prog);
    }
}
static const struct bpf_func_proto *
tracing_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
    const struct bpf_func_proto *fn;

    switch (func_id) {
    case BPF_FUNC_path:
        return &path_proto;
    case BPF_FUNC_storage:
        return &storage_proto;
    case BPF_FUNC_seq:
        return prog->expected_attach_type == BPF_TRACE_ITER ? &seq_proto : NULL;
    default:
        fn = base_func_proto(func_id, prog);
        if (!fn && prog->expected_attach_type == BPF_TRACE_ITER)
            fn = bpf_iter_get_func_proto(func_id, prog);
        return fn;
    }
}
const struct bpf_func_proto *
bpf_iter_get_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
    list_for_each_entry(tinfo, &targets, list) {
        fn = tinfo->reg_info->get_func_proto(func_id, prog);
    }
    return fn;
}
static const struct bpf_func_proto *
tcp_iter_func_proto(enum bpf_func_id func_id, const struct bpf_prog *prog)
{
    switch (func_id) {
    case BPF_FUNC_sockopt:
        return &sockopt_proto;
    default:
        return NULL;
    }
}
static struct bpf_iter_reg tcp_reg_info = {
    .target = "tcp",
    .get_func_proto = tcp_iter_func_proto,
};
const struct bpf_verifier_ops xdp_verifier_ops = { .get_func_proto = base_func_proto, };
const struct bpf_verifier_ops tc_verifier_ops = { .get_func_proto = tc_func_proto, };
const struct bpf_verifier_ops tracing_verifier_ops = { .get_func_proto = tracing_func_proto, };
const struct bpf_verifier_ops lsm_verifier_ops = { .get_func_proto = tracing_func_proto, };
const struct bpf_verifier_ops kprobe_verifier_ops = { .is_valid_access = any_access, };
const struct bpf_verifier_ops none_verifier_ops = { };
"""


def write_helpers_tree() -> dict[str, str]:
    """Return the files of a small kernel with helpers."""
    files = write_verifier()
    files["include/uapi/linux/bpf.h"] += MAPPER
    files["include/linux/bpf_types.h"] = TYPES_H
    files["kernel/bpf/Makefile"] = "obj-y += btf.o verifier.o helpers.o\n"
    files["net/Makefile"] = "obj-y += set.o filter.o\n"
    files[HELPERS_C] = HELPERS
    files[FILTER_C] = FILTER
    return files
