// Sends a text, and stores two others. One line is wrong: the output is not "apple plum ".
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const { memory, alloc, free, send } = new WebAssembly.Instance(module).exports;

function store(text) {
  const bytes = new TextEncoder().encode(text);
  const at = alloc(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  return at;
}

const load = (at) => new TextDecoder().decode(new Uint8Array(memory.buffer, at, 5));

const letter = store('hello');
send(letter, 5);
free(letter);

const first = store('apple');
const second = store('plum ');
console.log(load(first), load(second));
free(first);
free(second);
