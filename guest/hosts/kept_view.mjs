// Makes a title upper case, and prints it. One line is wrong: the output is not "TITLE".
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const { memory, alloc, free, upper } = new WebAssembly.Instance(module).exports;

const title = alloc(5);
const view = new Uint8Array(memory.buffer, title, 5);

const page = alloc(100_000);
new Uint8Array(memory.buffer, page, 3).fill(0x2e);

new TextEncoder().encodeInto('title', view);
upper(title, 5);

console.log(JSON.stringify(new TextDecoder().decode(new Uint8Array(memory.buffer, title, 5))));
free(page);
free(title);
