// Hosts of guest/examples/alloc.wat, each with one mistake: `node app.mjs MISTAKE`.
import { readFileSync } from 'node:fs';

const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const { memory, alloc, free, upper } = new WebAssembly.Instance(module).exports;
const bytes = (at, length) => new Uint8Array(memory.buffer, at, length);
const text = new TextEncoder().encode('hello');

function store(data) {
  const at = alloc(data.length);
  bytes(at, data.length).set(data);
  return at;
}

const mistakes = {
  none() {
    const at = store(text);
    upper(at, text.length);
    free(at);
  },
  use_after_release() {
    const at = store(text);
    free(at);
    bytes(at, 5).fill(0x21);
  },
  double_release() {
    const at = store(text);
    upper(at, text.length);
    free(at);
    free(at);
  },
  leak() {
    const at = store(text);
    upper(at, text.length);
  },
  overrun() {
    const at = alloc(5);
    new Uint8Array(memory.buffer).set(new TextEncoder().encode('hello, all the world'), at);
    free(at);
  },
  invalid_release() {
    const at = store(text);
    free(at + 4);
  },
  null_block_used() {
    const at = alloc(1 << 20);
    bytes(at, text.length).set(text);
    free(at);
  },
  length_past_block() {
    const at = store(text);
    upper(at, text.length + 70000);
  },
  released_while_used() {
    const at = store(text);
    free(at);
    upper(at, text.length);
  },
  assigned_after_release() {
    const at = store(text);
    const view = bytes(at, text.length);
    free(at);
    view[0] = 0x48;
    alloc(5);
  },
  negative_length() {
    const at = store(text);
    upper(at, -1);
  },
};

mistakes[process.argv[2]]();
