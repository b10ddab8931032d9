/* Xmacro of registrations. */

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
#define KINDS(X) X(XDP, id_one) X(SCHED_CLS, id_one) X(SYSCALL, id_two)
#define ADD(kind, ids) ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_##kind, &ids);
static int __init the_init(void)
{
 int ret = 0;
 KINDS(ADD)
 return ret;
}
late_initcall(the_init);
