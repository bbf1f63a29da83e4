// Writes by assignments, after the call that returned the address has grown memory.
import { readFileSync } from 'node:fs';

const bytes = readFileSync(new URL('guest.wasm', import.meta.url));
const { memory, grow, sum } = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports;
sum(0, 1);
const at = grow(1);
const view = new Uint8Array(memory.buffer, at, 8);
for (let i = 0; i < view.length; i++) view[i] = i + 1;
console.log(sum(at, 8));
