/* Local pointer to set. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct btf_kfunc_id_set id_one = {
 .owner = THIS_MODULE,
 .set = &set_one,
};
static const struct btf_kfunc_id_set id_two = {
 .owner = THIS_MODULE,
 .set = &set_two,
};
static int __init the_init(void)
{
 const struct btf_kfunc_id_set *set = &id_one;
 int ret;
 ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, set);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, set);
 set = &id_two;
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, set);
}
late_initcall(the_init);
