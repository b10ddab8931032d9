/* Kfuncs of the module nf_conntrack, declared as it has them and otherwise. */
#include "bpf.h"

struct xdp_md {
	u32 data;
};
struct bpf_sock_tuple {
	u32 addresses[4];
};
struct bpf_ct_opts {
	s32 netns_id;
	s32 error;
	u8 l4proto;
	u8 dir;
	u8 reserved[2];
};
struct nf_conn {
	u32 mark;
};

extern struct nf_conn *bpf_xdp_ct_lookup(struct xdp_md *, struct bpf_sock_tuple *, u32, struct bpf_ct_opts *, u32) __ksym __weak;
extern void bpf_ct_release(struct nf_conn *) __ksym __weak;
extern void bpf_ct_release___void(void *) __ksym __weak;
extern void bpf_ct_release___fewer(void) __ksym __weak;
extern int bpf_ct_change_timeout___twice(struct nf_conn **, u32) __ksym __weak;
extern void bpf_ct_change_timeout___gives(struct nf_conn *, u32) __ksym __weak;
extern int bpf_ct_change_timeout___names(struct bpf_ct_opts *, unsigned char) __ksym __weak;

SEC("xdp")
int as_it_is(struct xdp_md *ctx)
{
	struct bpf_sock_tuple tuple = {};
	struct bpf_ct_opts options = { .netns_id = -1, .l4proto = 6 };
	struct nf_conn *found = bpf_xdp_ct_lookup(ctx, &tuple, 12, &options, sizeof(options));

	if (found)
		bpf_ct_release(found);
	return 2;
}

SEC("xdp")
int takes_void(struct xdp_md *ctx)
{
	bpf_ct_release___void(NULL);
	return 2;
}

SEC("xdp")
int takes_less(struct xdp_md *ctx)
{
	bpf_ct_release___fewer();
	return 2;
}

SEC("xdp")
int takes_pointers(struct xdp_md *ctx)
{
	return bpf_ct_change_timeout___twice(NULL, 1) ? 1 : 2;
}

SEC("xdp")
int gives_nothing(struct xdp_md *ctx)
{
	bpf_ct_change_timeout___gives(NULL, 1);
	return 2;
}

SEC("xdp")
int guarded(struct xdp_md *ctx) /* counts as absent */
{
	if (exists(bpf_ct_release___void))
		bpf_ct_release___void(NULL);
	return 2;
}

SEC("xdp")
int of_other_names(struct xdp_md *ctx) /* libbpf compares no names: it is there */
{
	return exists(bpf_ct_change_timeout___names) ? 2 : 1;
}

char _license[] SEC("license") = "GPL";
