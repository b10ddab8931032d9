/* Cleanup of a local. */

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
static void add_cls(int *x)
{
 register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
}
static int __init the_init(void)
{
 int x __attribute__((cleanup(add_cls))) = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one);
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
late_initcall(the_init);
