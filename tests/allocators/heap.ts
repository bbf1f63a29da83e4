// A guest that works with blocks of AssemblyScript's allocator, which is a TLSF allocator.

@external("env", "text") declare function text(n: usize): usize;
@external("env", "name") declare function name(p: usize, n: usize): void;

let held: usize = 0;
let arena: usize = 0;
let arenaUsed: usize = 0;

export function alloc(n: usize): usize { return heap.alloc(n); }
export function dealloc(p: usize): void { heap.free(p); }
export function realloc(p: usize, n: usize): usize { return heap.realloc(p, n); }

// Takes a block over: changes it and releases it.
export function consume(p: usize, n: usize): usize {
  memory.fill(p, 0x63, n);
  heap.free(p);
  return n;
}

// Takes a block over, and releases the one that it took over before.
export function hold(p: usize, n: usize): void {
  if (held) heap.free(held);
  held = p;
  memory.fill(p, 0x68, n);
}

// Returns a new block, which the caller must release.
export function make(n: usize): usize {
  const p = heap.alloc(n);
  memory.fill(p, 0x6d, n);
  return p;
}

// Fills a block of the caller.
export function fill(p: usize, n: usize): void { memory.fill(p, 0x66, n); }

// Gets a block from an import, which allocates it with this guest's allocator, and releases it.
export function fetch(n: usize): usize {
  const p = text(n);
  store<u8>(p, 0x21);
  heap.free(p);
  return n;
}

// Lets an import write to a block, and releases it.
export function ask(n: usize): u32 {
  const p = heap.alloc(n);
  name(p, n);
  const first = load<u8>(p);
  heap.free(p);
  return first;
}

// Returns a part of a larger block, which `arena_reset` releases.
export function arena_take(n: usize): usize {
  if (!arena) arena = heap.alloc(4096);
  const p = arena + arenaUsed;
  arenaUsed += (n + 7) & ~7;
  return p;
}

export function arena_reset(): void {
  if (arena) heap.free(arena);
  arena = 0;
  arenaUsed = 0;
}

// Works with blocks, and with objects that the collector owns.
export function work(rounds: u32): usize {
  let words = new Array<string>();
  for (let round: u32 = 0; round < rounds; round++) {
    const n = round * 7 + 5;
    let a = heap.alloc(n);
    memory.fill(a, 0x61, n);
    const b = heap.alloc(n);
    memory.copy(b, a, n);
    a = heap.realloc(a, n * 3);
    words.push(round.toString() + "!");
    heap.free(b);
    heap.free(a);
  }
  return words.length;
}
