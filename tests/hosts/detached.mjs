// Writes into views that growth has detached: `node app.mjs kept`. With `made`, each view is made again.
import { readFileSync } from 'node:fs';

const isKept = process.argv[2] === 'kept';
const encoder = new TextEncoder();
const make = () => new Uint8Array(memory.buffer, 1024, 8);
const env = {
  fill() {
    const view = isKept ? first : make();
    encoder.encodeInto('inside', view);
  },
};
const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const { memory, grow_and_fill } = new WebAssembly.Instance(module, { env }).exports;
const first = make();
first.set([1, 2, 3]);
grow_and_fill(0, 1024);
grow_and_fill(1, 1024);
const second = isKept ? first : make();
try {
  second.set([7, 8]);
} catch (error) {
  console.log(error.name);
}
// Nothing is lost here.
encoder.encodeInto("", first);
Buffer.from(memory.buffer).write('buffer', 2048);
grow_and_fill(0, 1024);
