/* One name in two functions. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)
BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static int __init a(void)
{
 static const struct btf_kfunc_id_set ids = { .set = &set_one };
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &ids) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &ids);
}
late_initcall(a);
static int __init b(void)
{
 static const struct btf_kfunc_id_set ids = { .set = &set_two };
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &ids);
}
late_initcall(b);
