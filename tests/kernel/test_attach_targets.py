"""The lists of functions and hooks that programs may attach to, as small trees have them."""

from __future__ import annotations

from pathlib import Path

from kfmap.kernel.facts import KernelFacts, Place
from kfmap.kernel.program_facts import AttachTargets, Target, find_target
from tests.kernel.small_kernel import INCLUDES, SET_C, extract
from tests.kernel.verifier_tree import LSM_C, VERIFIER_C, write_verifier

INJECTION = b"CONFIG_NET=y\nCONFIG_FUNCTION_ERROR_INJECTION=y\n"
WRAPPER_H = """\
#define __SYS_STUBx(abi, name, ...) \\
    long __##abi##_##name(void); \\
    ALLOW_ERROR_INJECTION(__##abi##_##name, ERRNO);
#define __X64_SYS_STUBx(x, name, ...) __SYS_STUBx(x64, sys##name, 1)
#ifdef CONFIG_IA32_EMULATION
#define __IA32_SYS_STUBx(x, name, ...) __SYS_STUBx(ia32, sys##name, 1)
#endif
"""
LSM_TEXT = """\
BTF_SET_START(off_hooks)
BTF_ID(func, bpf_lsm_ismaclabel)
BTF_SET_END(off_hooks)
BTF_SET_START(bpf_lsm_disabled_hooks)
BTF_ID(func, bpf_lsm_getprocattr)
BTF_SET_END(bpf_lsm_disabled_hooks)
int bpf_lsm_verify_prog(const struct bpf_prog *prog)
{
    if (btf_id_set_contains(&bpf_lsm_disabled_hooks, prog->aux->attach_btf_id))
        return -EINVAL;
    if (!btf_id_set_contains(&bpf_lsm_hooks, prog->aux->attach_btf_id))
        return -EINVAL;
    return 0;
}
BTF_SET_START(calm_hooks)
BTF_ID(func, bpf_lsm_file_open)
#ifdef CONFIG_SECURITY_PATH
BTF_ID(func, bpf_lsm_path_mkdir)
#endif
BTF_SET_END(calm_hooks)
bool bpf_lsm_is_sleepable_hook(u32 btf_id)
{
    return btf_id_set_contains(&calm_hooks, btf_id);
}
"""
FMODRET = """\
BTF_SET8_START(mod_set)
BTF_ID_FLAGS(func, may_change)
BTF_ID_FLAGS(func, may_change_asleep, KF_SLEEPABLE)
BTF_SET8_END(mod_set)
static const struct btf_kfunc_id_set mod_id_set = {
    .owner = THIS_MODULE,
    .set = &mod_set,
};
static int __init mod_init(void)
{
    return register_btf_fmodret_id_set(&mod_id_set);
}
late_initcall(mod_init);
"""
SYSCALL_PREFIX = """\
static bool has_arch_syscall_prefix(const char *func_name)
{
#if defined(__x86_64__)
    return !strncmp(func_name, "__x64_", 6);
#elif defined(__aarch64__)
    return !strncmp(func_name, "__arm64_", 8);
#endif
}
static int check_attach_sleepable(u32 btf_id, const char *func_name)
{
    return has_arch_syscall_prefix(func_name) ? 0 : -EINVAL;
}
"""


def _targets(facts: KernelFacts) -> AttachTargets:
    assert facts.targets is not None
    return facts.targets


def _names(targets: tuple[Target, ...]) -> set[str]:
    return {target.name + ("*" if target.prefix else "") for target in targets}


def test_sets_that_refuse_tracing_programs_keep_their_conditions(tmp_path: Path) -> None:
    files = write_verifier()
    targets = _targets(extract(tmp_path, files))
    assert _names(targets.denied) == {"migrate_off", "net_off"}
    assert _names(targets.no_return) == {"do_end"}
    assert targets.no_return_attach_types == ("BPF_MODIFY_RETURN", "BPF_TRACE_FEXIT")
    line = files[VERIFIER_C].split("\n").index("BTF_ID(func, do_end)") + 1
    assert targets.no_return[0].place == Place(VERIFIER_C, line)


def test_without_error_injection_only_fmodret_sets_and_prefixes_count(tmp_path: Path) -> None:
    files = write_verifier() | {SET_C: INCLUDES + FMODRET + "ALLOW_ERROR_INJECTION(some, ERRNO);"}
    targets = _targets(extract(tmp_path, files))
    assert _names(targets.sleepable) == {"may_change_asleep"}
    assert _names(targets.modifiable) == {"may_change", "may_change_asleep", "security_*"}


def test_the_error_injection_list_counts_where_it_is_on(tmp_path: Path) -> None:
    files = write_verifier() | {
        SET_C: "ALLOW_ERROR_INJECTION(mine, ERRNO);\nALLOW_ERROR_INJECTION(never_here, ERRNO);\n",
        "net/unbuilt.c": "ALLOW_ERROR_INJECTION(not_built, ERRNO);\n",
        "arch/x86/include/asm/syscall_wrapper.h": WRAPPER_H,
    }
    targets = _targets(extract(tmp_path, files, INJECTION))
    assert _names(targets.sleepable) == {"mine", "__x64_sys_*"}
    assert _names(targets.modifiable) == {"mine", "never_here", "__x64_sys_*", "security_*"}
    assert find_target(targets.sleepable, "__x64_sys_read") is not None
    assert find_target(targets.sleepable, "never_here") is None


def test_system_calls_of_trees_without_wrappers_have_the_plain_prefix(tmp_path: Path) -> None:
    header = "#define __DO(x, name) ALLOW_ERROR_INJECTION(sys##name, ERRNO);\n"
    files = write_verifier() | {"include/linux/syscalls.h": header}
    assert _names(_targets(extract(tmp_path, files, INJECTION)).sleepable) == {"sys_*"}


def test_the_prefix_of_system_calls_stands_in_for_the_list(tmp_path: Path) -> None:
    files = write_verifier()
    files[VERIFIER_C] = files[VERIFIER_C].replace(
        "static int check_attach_modify_return",
        SYSCALL_PREFIX + "static int check_attach_modify_return",
    )
    targets = _targets(extract(tmp_path, files))
    assert _names(targets.sleepable) == {"__x64_*"}
    found = find_target(targets.sleepable, "__x64_sys_open")
    line = next(
        at for at, text in enumerate(files[VERIFIER_C].split("\n"), 1) if '"__x64_"' in text
    )
    assert found == Target("__x64_", Place(VERIFIER_C, line), "has_arch_syscall_prefix", True)


def test_lsm_hooks_come_from_the_sets_that_the_functions_ask(tmp_path: Path) -> None:
    files = write_verifier() | {LSM_C: LSM_TEXT}
    targets = _targets(extract(tmp_path, files, b"CONFIG_NET=y\nCONFIG_BPF_LSM=y\n"))
    assert _names(targets.sleepable_hooks) == {"bpf_lsm_file_open"}
    assert _names(targets.disabled_hooks) == {"bpf_lsm_getprocattr"}
    off = _targets(extract(tmp_path / "off", files))
    assert (off.sleepable_hooks, off.disabled_hooks) == ((), ())


def test_faultable_tracepoints_are_those_of_system_calls(tmp_path: Path) -> None:
    header = "#ifdef CONFIG_NET\nTRACE_EVENT_SYSCALL(sys_enter,\n TP_PROTO(int a))\n#endif\n"
    files = write_verifier(faultable=True) | {
        "include/trace/events/syscalls.h": header,
        "include/trace/events/sched.h": "TRACE_EVENT(sched_switch, TP_PROTO(int a))\n",
    }
    found = _targets(extract(tmp_path, files)).faultable_tracepoints
    assert found == (
        Target("sys_enter", Place("include/trace/events/syscalls.h", 2), "TRACE_EVENT_SYSCALL"),
    )
    older = write_verifier() | {"include/trace/events/syscalls.h": header}
    assert _targets(extract(tmp_path / "older", older)).faultable_tracepoints == ()
