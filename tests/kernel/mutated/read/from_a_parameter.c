/* From a parameter. */

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
 int ret;
 ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
static int set_it(const char *v, const struct kernel_param *p)
{
 return the_init();
}
static const struct kernel_param_ops ops = { .set = set_it };
module_param_cb(it, &ops, NULL, 0644);
