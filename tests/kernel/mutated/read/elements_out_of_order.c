/* Elements out of order. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)
BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
enum { A_TWO, A_ONE };
static const struct btf_kfunc_id_set ids[] = {
 [A_ONE] = { .set = &set_one },
 [A_TWO] = { .set = &set_two },
};
static int __init the_init(void)
{
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &ids[A_ONE]) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &ids[A_ONE]) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &ids[A_TWO]);
}
late_initcall(the_init);
