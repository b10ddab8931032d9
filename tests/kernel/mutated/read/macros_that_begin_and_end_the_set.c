/* Macros that begin and end the set. */

#define OPEN(x) BTF_SET8_START(x)
#define ITEM(x) BTF_ID_FLAGS(func, x, KF_SLEEPABLE)
#define CLOSE(x) BTF_SET8_END(x)
OPEN(set_one)
ITEM(one)
CLOSE(set_one)
OPEN(set_two)
ITEM(two)
CLOSE(set_two)
static const struct btf_kfunc_id_set id_one = { .owner = THIS_MODULE, .set = &set_one };
static const struct btf_kfunc_id_set id_two = { .owner = THIS_MODULE, .set = &set_two };
static int __init the_init(void)
{
 int ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &id_one) ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SCHED_CLS, &id_one);
 ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_SYSCALL, &id_two);
 return ret;
}
late_initcall(the_init);
