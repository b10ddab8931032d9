/* Set within a struct. */

BTF_KFUNCS_START(set_one)
BTF_ID_FLAGS(func, one)
BTF_KFUNCS_END(set_one)

BTF_KFUNCS_START(set_two)
BTF_ID_FLAGS(func, two)
BTF_KFUNCS_END(set_two)
static const struct {
 const char *name;
 struct btf_kfunc_id_set ids;
} first = { "one", { .owner = THIS_MODULE, .set = &set_one } }, second = { .name = "two", .ids = { .set = &set_two } };
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &first.ids);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &first.ids);
 return ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &second.ids);
}
late_initcall(the_init);
