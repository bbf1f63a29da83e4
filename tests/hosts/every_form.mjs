// Uses WebAssembly in every form that the recorder replaces, and prints what an app can see of it.
import { readFileSync } from 'node:fs';
import { Worker, isMainThread } from 'node:worker_threads';

const bytes = readFileSync(new URL('guest.wasm', import.meta.url));
const print = (...values) => console.log(...values.map((value) => typeof value === 'bigint' ? `${value}n` : value));

const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
const seen = [];
const imports = {
  env: {
    memory,
    log: (value) => { seen.push(value); return value + 1; },
    fail: () => { throw new TypeError('from the host'); },
    again: (n) => (n > 0 ? instance.exports.count(n - 1) : 0),
    keep: (object) => { seen.push(object.name); return object; },
  },
};

const module = new WebAssembly.Module(bytes);
const instance = new WebAssembly.Instance(module, imports);
const { exports } = instance;
print(instance instanceof WebAssembly.Instance, module instanceof WebAssembly.Module);
print(Object.keys(exports).join(), Object.isFrozen(exports), Object.getPrototypeOf(exports) === null);
print(exports.add.name, exports.add.length, typeof exports.add.prototype, exports.add === instance.exports.add);
print(WebAssembly.Instance.name, WebAssembly.instantiate.name, WebAssembly.instantiate.length);
print(Object.prototype.toString.call(instance), WebAssembly.Memory.prototype.grow.name);

print(exports.add(1, 2), exports.add(1.9, '3'), exports.add(), exports.wide(-1n, 2.5, 0.1));
print(...exports.pair(7), exports.log(4));
for (const call of [() => exports.wide(1), () => exports.trap(), () => exports.fail()]) {
  try { call(); } catch (error) { print(error.name, error.message, error instanceof WebAssembly.RuntimeError); }
}
print(exports.count(3));
const object = { name: 'an object' };
print(exports.keep(object) === object);

const view = new Uint8Array(memory.buffer);
view.set([1, 2, 3], 100);
view.fill(9, 200, 204);
view.copyWithin(300, 100, 103);
new TextEncoder().encodeInto('héllo', view.subarray(400));
new DataView(memory.buffer).setUint32(500, 0xdeadbeef, true);
Buffer.from(memory.buffer).write('buffer', 600);
Buffer.from(memory.buffer).writeInt16LE(-2, 700);
view[800] = 42;
print(exports.sum(0, 1000));
print(memory.grow(1), view.length, memory.buffer.byteLength);
new Uint8Array(memory.buffer)[70000] = 7;
print(exports.sum(69000, 2000));

exports.counter.value = 5;
print(exports.counter.value, exports.next());
const fromTable = exports.table.get(0);
print(fromTable === exports.add, exports.table.get(0) === fromTable, fromTable(20, 22));
exports.table.set(1, exports.add);
print(exports.indirect(1, 3, 4), exports.table.length);

const loaded = await WebAssembly.instantiate(bytes, imports);
print(loaded.module instanceof WebAssembly.Module, loaded.instance.exports.add(5, 6));
print((await WebAssembly.instantiate(await WebAssembly.compile(bytes), imports)).exports.add(7, 8));
const response = () => new Response(bytes, { headers: { 'content-type': 'application/wasm' } });
print((await WebAssembly.instantiateStreaming(response(), imports)).instance.exports.add(9, 1));
print((await WebAssembly.compileStreaming(Promise.resolve(response()))) instanceof WebAssembly.Module);
for (const start of [() => WebAssembly.instantiate(new Uint8Array(3)), () => new WebAssembly.Instance(module, {})]) {
  try { await start(); } catch (error) { print(error.name, error.message); }
}
print(seen.join());

const worker = new Worker(`
  const { parentPort, workerData } = require('node:worker_threads');
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
  const host = { memory, log: (n) => n, fail() {}, again() { return 0; }, keep: (o) => o };
  parentPort.postMessage(new WebAssembly.Instance(new WebAssembly.Module(workerData), { env: host }).exports.add(40, 2));
`, { eval: true, workerData: bytes });
print(await new Promise((resolve) => worker.once('message', resolve)));
process.exitCode = 3;
