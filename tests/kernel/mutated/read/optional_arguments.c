/* Optional arguments. */

#define SET(name, m, ...) BTF_KFUNCS_START(name) BTF_ID_FLAGS(func, m __VA_OPT__(,) __VA_ARGS__) BTF_KFUNCS_END(name)
SET(set_one, one)
SET(set_two, two, KF_SLEEPABLE)
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
late_initcall(the_init);
