/* Kfunc of a file without a set. */

__bpf_kfunc void one(void)
{
}
