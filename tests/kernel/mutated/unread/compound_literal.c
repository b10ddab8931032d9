/* Compound literal. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &(struct btf_kfunc_id_set){ .owner = THIS_MODULE, .set = &set_one });
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &(struct btf_kfunc_id_set){ .set = &set_one });
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &(struct btf_kfunc_id_set){ .set = &set_two });
}
late_initcall(the_init);
