/* Two dimensional. */

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
static const enum bpf_prog_type types[][2] = { { BPF_PROG_TYPE_XDP, 0 }, { BPF_PROG_TYPE_SCHED_CLS, 1 } };
static int __init the_init(void)
{
 int i, ret;
 for (i = 0; i < ARRAY_SIZE(types); i++) {
  ret = register_btf_kfunc_id_set(types[i][0], &id_one);
  if (ret)
   return ret;
 }
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
late_initcall(the_init);
