/* Kfunc id set by a pasted name. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)
BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
#define ___PASTE(a,b) a##b
#define __PASTE(a,b) ___PASTE(a,b)
#define IDS(s) __PASTE(ids_, s)
static const struct btf_kfunc_id_set IDS(one) = { .set = &set_one };
static const struct btf_kfunc_id_set IDS(two) = { .set = &set_two };
static int __init the_init(void)
{
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &IDS(one)) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &IDS(one)) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &IDS(two));
}
late_initcall(the_init);
