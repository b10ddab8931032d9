/* Macro that defines the set. */

#define SET_OF(name, kfunc) BTF_KFUNCS_START(name) \
 BTF_ID_FLAGS(func, kfunc) \
 BTF_KFUNCS_END(name)
SET_OF(set_one, one)
SET_OF(set_two, two)
static const struct btf_kfunc_id_set id_one = { .owner = THIS_MODULE, .set = &set_one };
static const struct btf_kfunc_id_set id_two = { .owner = THIS_MODULE, .set = &set_two };
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
 return ret;
}
late_initcall(the_init);
