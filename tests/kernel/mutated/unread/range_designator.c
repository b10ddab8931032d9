/* Range designator. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct btf_kfunc_id_set ids[3] = {
 [0 ... 1] = { .set = &set_one },
 [2] = { .set = &set_two },
};
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &ids[0]);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &ids[1]);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &ids[2]);
}
late_initcall(the_init);
