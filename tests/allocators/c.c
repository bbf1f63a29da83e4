// A guest that works with blocks of wasi-libc's allocator, which is dlmalloc.
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

__attribute__((import_module("env"), import_name("text"))) char *text(unsigned n);
__attribute__((import_module("env"), import_name("name"))) void name(char *p, unsigned n);

static char *held;
static char *arena;
static unsigned arena_used;

void *EXPORT(stackSave)(void) {
  void *pointer;
  __asm__ volatile("global.get __stack_pointer\nlocal.set %0" : "=r"(pointer));
  return pointer;
}

void EXPORT(stackRestore)(void *pointer) {
  __asm__ volatile("local.get %0\nglobal.set __stack_pointer" : : "r"(pointer));
}

void *EXPORT(stackAlloc)(unsigned n) {
  void *pointer = (char *)stackSave() - ((n + 15) & -16u);
  stackRestore(pointer);
  return pointer;
}

// Takes a block over: changes it and releases it.
unsigned EXPORT(consume)(char *p, unsigned n) {
  memset(p, 'c', n);
  free(p);
  return n;
}

// Takes a block over, and releases the one that it took over before.
void EXPORT(hold)(char *p, unsigned n) {
  free(held);
  held = p;
  memset(p, 'h', n);
}

// Returns a new block, which the caller must release.
char *EXPORT(make)(unsigned n) {
  char *p = n % 2 ? calloc(n, 1) : malloc(n);
  memset(p, 'm', n);
  return p;
}

// Fills a block of the caller.
void EXPORT(fill)(char *p, unsigned n) { memset(p, 'f', n); }

// Gets a block from an import, which allocates it with this guest's allocator, and releases it.
unsigned EXPORT(fetch)(unsigned n) {
  char *p = text(n);
  p[0] = '!';
  free(p);
  return n;
}

// Lets an import write to a block, and releases it.
unsigned EXPORT(ask)(unsigned n) {
  char *p = malloc(n);
  name(p, n);
  unsigned first = p[0];
  free(p);
  return first;
}

// Returns a part of a larger block, which `arena_reset` releases.
char *EXPORT(arena_take)(unsigned n) {
  if (!arena) arena = malloc(4096);
  char *p = arena + arena_used;
  arena_used += (n + 7) & -8u;
  return p;
}

void EXPORT(arena_reset)(void) {
  free(arena);
  arena = 0;
  arena_used = 0;
}

// Works with pairs of blocks and a frame on the stack.
unsigned EXPORT(work)(unsigned rounds) {
  volatile char frame[64];
  unsigned n = 0;
  for (; rounds; rounds--) {
    n = rounds * 7 + 5;
    char *a = malloc(n);
    for (unsigned i = 0; i < sizeof frame; i++) frame[i] = (char)rounds;
    memset(a, frame[rounds % sizeof frame], n);
    char *b = aligned_alloc(32, (n + 31) & -32u);
    memcpy(b, a, n);
    a = realloc(a, n * 3);
    memset(a + n, 'r', n * 2);
    free(b);
    free(a);
  }
  return n;
}
