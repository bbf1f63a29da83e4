// Sets elements of tables, outside of the guest and while it waits.
import { readFileSync } from 'node:fs';

const objects = new WebAssembly.Table({ element: 'externref', initial: 5 });
const seen = [];
const env = {
  objects,
  keep: (object) => { seen.push(object?.name ?? object); },
  more() {
    objects.grow(2, { name: 'grown' });
    objects.set(0, { name: 'inside' });
    functions.set(2, exports.negate);
  },
};
const module = new WebAssembly.Module(readFileSync(new URL('guest.wasm', import.meta.url)));
const { exports } = new WebAssembly.Instance(module, { env });
const { functions, apply, show, sizes } = exports;
const page = { name: 'page' };
objects.set(3, page);
objects.set(4, null);
show(3);
show(4);
functions.grow(2);
functions.set(1, exports.double);
console.log(apply(1, 21), sizes().join(), apply(2, 21));
show(0);
show(6);
functions.set(1, null);
try {
  apply(1, 1);
} catch (error) {
  console.log(error.name);
}
show(3);
console.log(seen.join());
