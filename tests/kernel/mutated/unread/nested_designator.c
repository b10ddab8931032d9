/* Nested designator. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct btf_kfunc_id_set ids[2] = {
 [0].owner = THIS_MODULE,
 [0].set = &set_one,
 [1].set = &set_two,
};
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &ids[0]);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &ids[0]);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, ids + 1);
}
late_initcall(the_init);
