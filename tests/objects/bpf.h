/* The few declarations that the programs here need; no vmlinux.h, no libbpf. */
#pragma once

typedef unsigned char u8;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;
typedef _Bool bool;

#define NULL ((void *)0)
#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#define __weak __attribute__((weak))
#define __hidden __attribute__((visibility("hidden")))
#define __noinline __attribute__((noinline))
#define __always_inline inline __attribute__((always_inline))
#define __core __attribute__((preserve_access_index))
#define __tag(text) __attribute__((btf_decl_tag(text)))

/* members of a map definition, as libbpf reads them from BTF */
#define __uint(name, value) int(*name)[value]
#define __type(name, of) typeof(of) *name
#define __values(of, ...) typeof(of) *values[]

/* bpf_ksym_exists(): not inlined as a constant, for the address decides at load time */
#define exists(symbol) (!!(&symbol))

enum { BPF_MAP_TYPE_HASH = 1, BPF_MAP_TYPE_ARRAY = 2, BPF_MAP_TYPE_PROG_ARRAY = 3 };

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static u64 (*const bpf_ktime_get_ns)(void) = (void *)5;
static long (*const bpf_tail_call)(void *ctx, void *map, u32 index) = (void *)12;
static long (*const bpf_timer_init)(void *timer, void *map, u64 flags) = (void *)169;
static long (*const bpf_timer_set_callback)(void *timer, void *callback) = (void *)170;
static long (*const bpf_timer_start)(void *timer, u64 nanoseconds, u64 flags) = (void *)171;
static long (*const bpf_loop)(u32 times, void *callback, void *ctx, u64 flags) = (void *)181;

struct bpf_timer {
	u64 opaque[2];
} __attribute__((aligned(8)));

struct task_struct {
	int pid;
	int tgid;
} __core;
