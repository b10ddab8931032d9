/* Results added up. */

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
 int ret = 0;
 ret |= register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one);
 ret |= register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
 ret += register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
 return ret;
}
late_initcall(the_init);
