/* Macro that defines everything. */

#define KFUNC(kfunc, t) \
BTF_KFUNCS_START(set_##kfunc) \
BTF_ID_FLAGS(func, kfunc) \
BTF_KFUNCS_END(set_##kfunc) \
static const struct btf_kfunc_id_set id_##kfunc = { .set = &set_##kfunc }; \
static int __init init_##kfunc(void) \
{ \
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_##t, &id_##kfunc); \
} \
late_initcall(init_##kfunc);
KFUNC(one, XDP)
KFUNC(two, SYSCALL)
static int __init the_init(void)
{
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
}
late_initcall(the_init);
