/* Linked list of sets. */

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
struct node { const struct btf_kfunc_id_set *set; struct node *next; };
static struct node first = { &id_one, NULL };
static int __init the_init(void)
{
 struct node *n;
 for (n = &first; n; n = n->next) {
  register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, n->set);
  register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, n->set);
 }
 return register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
}
late_initcall(the_init);
