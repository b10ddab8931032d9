/* Loop over a local array. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct btf_kfunc_id_set id_one = { .owner = THIS_MODULE, .set = &set_one };
static const struct btf_kfunc_id_set id_two = { .owner = THIS_MODULE, .set = &set_two };
static int __init the_init(void)
{
 const enum bpf_prog_type types[] = { BPF_PROG_TYPE_XDP, BPF_PROG_TYPE_SCHED_CLS };
 int i, ret = 0;
 for (i = 0; i < ARRAY_SIZE(types); i++)
  ret = ret ?: register_btf_kfunc_id_set(types[i], &id_one);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
 return ret;
}
late_initcall(the_init);
