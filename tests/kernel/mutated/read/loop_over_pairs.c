/* Loop over pairs. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct btf_kfunc_id_set id_one = { .owner = THIS_MODULE, .set = &set_one };
static const struct btf_kfunc_id_set id_two = { .owner = THIS_MODULE, .set = &set_two };
struct pair { enum bpf_prog_type type; const struct btf_kfunc_id_set *set; };
static const struct pair pairs[] = { { BPF_PROG_TYPE_XDP, &id_one }, { BPF_PROG_TYPE_SCHED_CLS, &id_one }, { .set = &id_two, .type = BPF_PROG_TYPE_SYSCALL } };
static int __init the_init(void)
{
int i, ret = 0;
 for (i = 0; i < ARRAY_SIZE(pairs); i++)
  ret = ret ?: register_btf_kfunc_id_set(pairs[i].type, pairs[i].set);
 return ret;
}
late_initcall(the_init);
