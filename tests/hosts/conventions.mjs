// Hosts of conventions.wat, each with one mistake, or the same without it: `node app.mjs NAME`.
import { readFileSync } from 'node:fs';

const env = { fail: (byte) => { throw new Error(`no digit: ${byte}`); } };
const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const guest = new WebAssembly.Instance(module, { env }).exports;
const { memory, malloc, free, stackSave, stackAlloc, stackRestore } = guest;
const encoder = new TextEncoder();
const bytes = () => new Uint8Array(memory.buffer);

function store(data) {
  const at = malloc(data.length);
  bytes().set(data, at);
  return at;
}

function caught(call) {
  try { return call(); } catch { return undefined; }
}

const hosts = {
  hard_coded_return_area() {
    const from = store([0xde, 0xad]);
    guest.to_hex(8, from, 2);
  },
  return_area() {
    const from = store([0xde, 0xad]);
    const result = malloc(4);
    guest.to_hex(result, from, 2);
  },
  result_left_out() {
    guest.size();
  },
  result_passed() {
    guest.size(malloc(8));
  },
  exception_leaves_stack() {
    caught(() => guest.digit(0x78));
    guest.digit(0x31);
  },
  exception_restores_stack() {
    const stack = stackSave();
    caught(() => guest.digit(0x78));
    stackRestore(stack);
    guest.digit(0x31);
  },
  text_larger_than_stack() {
    const stack = stackSave();
    const text = encoder.encode('a'.repeat(9500) + '\0');
    const at = stackAlloc(text.length);
    bytes().set(text, at);
    guest.length(at);
    stackRestore(stack);
  },
  text_on_stack() {
    const stack = stackSave();
    const text = encoder.encode('a'.repeat(95) + '\0');
    const at = stackAlloc(text.length);
    bytes().set(text, at);
    guest.length(at);
    stackRestore(stack);
  },
  index_for_address() {
    const at = malloc(16);
    new Float32Array(memory.buffer).set([0.5, 0.25, 0.125, 0.125], at);
    guest.sum(at, 4);
    free(at);
  },
  index_of_address() {
    const at = malloc(16);
    new Float32Array(memory.buffer).set([0.5, 0.25, 0.125, 0.125], at >> 2);
    guest.sum(at, 4);
    free(at);
  },
  allocates_from_zero() {
    let next = 1000;
    const own = (text) => { const at = next; next += text.length; bytes().set(encoder.encode(text), at); return at; };
    guest.length(own('a text of the host\0'));
    guest.length(own('another text of it\0'));
  },
  allocates_from_heap_base() {
    let next = guest.__heap_base.value;
    const own = (text) => { const at = next; next += text.length; bytes().set(encoder.encode(text), at); return at; };
    guest.length(own('a text of the host\0'));
    guest.length(own('another text of it\0'));
  },
  callback_of_another_type() {
    guest.apply(2, 21);
  },
  callback_of_its_type() {
    guest.apply(1, 21);
  },
  growth_refused() {
    guest.reserve(70000);
  },
};

hosts[process.argv[2]]();
