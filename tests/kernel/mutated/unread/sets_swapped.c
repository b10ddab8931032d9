/* Sets swapped. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static struct btf_kfunc_id_set id_one = {
 .set = &set_two,
};
static struct btf_kfunc_id_set id_two = {
 .set = &set_one,
};
static int __init the_init(void)
{
 swap(id_one, id_two);
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
late_initcall(the_init);
