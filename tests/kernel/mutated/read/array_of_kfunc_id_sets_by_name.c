/* Array of kfunc id sets by name. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
enum { A, B };
static const struct btf_kfunc_id_set ids[] = {
 [B] = { .set = &set_two },
 [A] = { .set = &set_one },
};
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &ids[A]) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &ids[A]);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, ids + B);
}
late_initcall(the_init);
