/* What Debian's static libraries want of a C library that is older than theirs, or of nobody. */
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* libbpf 1.5 of Debian 13 was compiled against a C library that reads 0b… in strtol(), under names that
 * older ones do not have (__isoc23_strtol, glibc 2.38). Nothing here depends on the difference. */
__attribute__((weak)) long __isoc23_strtol(const char *text, char **end, int base) { return strtol(text, end, base); }
__attribute__((weak)) unsigned long __isoc23_strtoul(const char *text, char **end, int base) { return strtoul(text, end, base); }
__attribute__((weak)) long long __isoc23_strtoll(const char *text, char **end, int base) { return strtoll(text, end, base); }
__attribute__((weak)) unsigned long long __isoc23_strtoull(const char *text, char **end, int base) { return strtoull(text, end, base); }
__attribute__((weak)) int __isoc23_vsscanf(const char *text, const char *format, va_list arguments) { return vsscanf(text, format, arguments); }
__attribute__((weak)) int __isoc23_sscanf(const char *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int count = vsscanf(text, format, arguments);
	va_end(arguments);
	return count;
}
__attribute__((weak)) int __isoc23_fscanf(FILE *file, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int count = vfscanf(file, format, arguments);
	va_end(arguments);
	return count;
}

/* The libelf.a of Debian 13 refers to elfutils' own library of trees, which no package has (lib/eu-search.c
 * of elfutils 0.192). The trees are for elf_getdata_rawchunk(), which libbpf does not call. */
__attribute__((weak)) void eu_search_tree_init(void *tree, void *compare) { (void)tree; (void)compare; }
__attribute__((weak)) void eu_search_tree_fini(void *tree, void *release) { (void)tree; (void)release; }

/* libbpf 1.5 of Debian 13 keeps a pointer to an object's arena (obj->arena_map, set in bpf_object__init_user_btf_maps(),
 * src/libbpf.c) into an array that grows while .data and the other maps of an object are added: where it moves, at
 * the 17th map, programs that use the arena are loaded with another map or crash libbpf. So the array stays where it
 * is: linked with --wrap=realloc. Later ones keep an index instead (arena_map_idx, as in tools/lib/bpf of 6.12.107). */
enum { ROOM = 64 << 10 };
extern void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
	if (old && size && size <= malloc_usable_size(old)) return old;
	return __real_realloc(old, size && size < ROOM ? ROOM : size);
}
