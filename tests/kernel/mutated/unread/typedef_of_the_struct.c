/* Typedef of the struct. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)
BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
typedef struct btf_kfunc_id_set ids_t;
static const ids_t id_one = {
 .set = &set_one,
};
static const ids_t id_two = {
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
