"""A small kernel tree, written for the tests: what every tree has, and one place to add to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kfmap.kernel.code import Code
from kfmap.kernel.config import read_config
from kfmap.kernel.extract import extract_kernel
from kfmap.kernel.facts import KernelFacts
from kfmap.kernel.tree import Tree

UAPI_H = """\
enum bpf_prog_type {
    BPF_PROG_TYPE_UNSPEC,
    BPF_PROG_TYPE_KPROBE,
    BPF_PROG_TYPE_SCHED_CLS,
    BPF_PROG_TYPE_XDP,
    BPF_PROG_TYPE_TRACING,
    BPF_PROG_TYPE_STRUCT_OPS,
    BPF_PROG_TYPE_LSM,
    BPF_PROG_TYPE_SYSCALL,
    __MAX_BPF_PROG_TYPE
};
enum bpf_attach_type {
    BPF_TRACE_FENTRY,
    BPF_TRACE_ITER,
    BPF_TRACE_KPROBE_SESSION = 40,
    __MAX_BPF_ATTACH_TYPE
};
"""

BTF_H = """\
#define KF_ACQUIRE (1 << 0)
#define KF_RELEASE (1 << 1)
#define KF_SLEEPABLE (1 << 5)

struct btf_kfunc_id_set {
    struct module *owner;
    struct btf_id_set8 *set;
    btf_kfunc_filter_t filter;
};
"""

BTF_C = """\
#include <linux/btf.h>
#include <uapi/linux/bpf.h>
#include <linux/errno.h>

enum btf_kfunc_hook {
    BTF_KFUNC_HOOK_COMMON,
    BTF_KFUNC_HOOK_XDP,
    BTF_KFUNC_HOOK_TC,
    BTF_KFUNC_HOOK_TRACING,
    BTF_KFUNC_HOOK_STRUCT_OPS,
    BTF_KFUNC_HOOK_SYSCALL,
    BTF_KFUNC_HOOK_KPROBE,
    BTF_KFUNC_HOOK_MAX,
};

enum {
    BTF_KFUNC_SET_MAX_CNT = 256,
    BTF_KFUNC_FILTER_MAX_CNT = 16,
};

static int bpf_prog_type_to_kfunc_hook(enum bpf_prog_type prog_type)
{
    switch (prog_type) {
    case BPF_PROG_TYPE_UNSPEC:
        return BTF_KFUNC_HOOK_COMMON;
    case BPF_PROG_TYPE_XDP:
        return BTF_KFUNC_HOOK_XDP;
    case BPF_PROG_TYPE_SCHED_CLS:
        return BTF_KFUNC_HOOK_TC;
    case BPF_PROG_TYPE_TRACING:
    case BPF_PROG_TYPE_LSM:
        return BTF_KFUNC_HOOK_TRACING;
    case BPF_PROG_TYPE_STRUCT_OPS:
        return BTF_KFUNC_HOOK_STRUCT_OPS;
    case BPF_PROG_TYPE_SYSCALL:
        return BTF_KFUNC_HOOK_SYSCALL;
    default:
        return BTF_KFUNC_HOOK_MAX;
    }
}

bool btf_kfunc_is_allowed(const struct btf *btf, u32 id, const struct bpf_prog *prog)
{
    return true;
}
"""

FILES = {
    "Makefile": "VERSION = 9\nPATCHLEVEL = 1\nSUBLEVEL = 2\nEXTRAVERSION =\n",
    "Kbuild": "obj-y += kernel/\nobj-$(CONFIG_NET) += net/\n",
    "kernel/Makefile": "obj-y += bpf/\n",
    "kernel/bpf/Makefile": "obj-y += btf.o\n",
    "kernel/bpf/btf.c": BTF_C,
    "include/linux/btf.h": BTF_H,
    "include/linux/errno.h": "#define EACCES 13\n#define EINVAL 22\n",
    "include/uapi/linux/bpf.h": UAPI_H,
    "net/Makefile": "obj-y += set.o\n",
}
INCLUDES = "#include <linux/btf.h>\n#include <uapi/linux/bpf.h>\n#include <linux/errno.h>\n"
SET_C = "net/set.c"
CONFIG = b"CONFIG_NET=y\n"


def write_tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write the small kernel with these files added or replaced."""
    for file, text in {**FILES, **files}.items():
        path = root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def extract(
    root: Path, files: Mapping[str, str | bytes], config: bytes | None = CONFIG
) -> KernelFacts:
    """Extract the facts of the small kernel."""
    return extract_kernel(write_tree(root, files), config=config)


def extract_set(root: Path, text: str, config: bytes | None = CONFIG) -> KernelFacts:
    """Extract the facts of the small kernel with one more file, net/set.c."""
    return extract(root, {SET_C: INCLUDES + text}, config)


def read_code(root: Path, files: Mapping[str, str], config: bytes | None = CONFIG) -> Code:
    """Return the code of the small kernel, for the parts of extraction."""
    return Code(Tree(write_tree(root, files)), read_config(config))


def id_set(names: str, *, filter_: str = "", types: str = "XDP") -> str:
    """Write a kfunc set, its kfunc id set and the function that registers it for some types."""
    entries = "".join(f"BTF_ID_FLAGS(func, {name})\n" for name in names.split())
    calls = "".join(
        f"    ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_{kind}, &the_id_set);\n"
        for kind in types.split()
    )
    filter_line = f"    .filter = {filter_},\n" if filter_ else ""
    return f"""\
BTF_KFUNCS_START(the_set)
{entries}BTF_KFUNCS_END(the_set)

{filter_ and f"static int {filter_}(const struct bpf_prog *prog, u32 kfunc_id);"}
static const struct btf_kfunc_id_set the_id_set = {{
    .owner = THIS_MODULE,
    .set = &the_set,
{filter_line}}};

static int __init the_init(void)
{{
    int ret = 0;
{calls}    return ret;
}}
late_initcall(the_init);
"""
