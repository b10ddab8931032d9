/* Section of sets. */

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
static const struct btf_kfunc_id_set * const first __used __section("kfunc_sets") = &id_one;
extern const struct btf_kfunc_id_set *__start_sets[], *__stop_sets[];
static int __init the_init(void)
{
 const struct btf_kfunc_id_set **p;
 for (p = __start_sets; p < __stop_sets; p++) {
  register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, *p);
  register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, *p);
 }
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
late_initcall(the_init);
