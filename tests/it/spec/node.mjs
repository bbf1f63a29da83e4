// Runs the guests of a plan, as given, and prints for each what its calls returned, its globals and
// the number of its stores. The final memory of a guest goes into a file.
//
//     node node.mjs FOLDER
//
// The plan, FOLDER/plan.json, is a list of guests: `wasm` and `memory` are names of files, `calls` has
// the name, the arguments and the types of the results of each call, `globals` the names and types.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folder = process.argv[2];

/// Writes a number of type `ty` as text: integers in decimal, floats as their bits.
function written(ty, value) {
  const bits = new DataView(new ArrayBuffer(8));
  switch (ty) {
    case "f32":
      if (Number.isNaN(value)) return "nan";
      bits.setFloat32(0, value);
      return String(bits.getUint32(0));
    case "f64":
      if (Number.isNaN(value)) return "nan";
      bits.setFloat64(0, value);
      return String(bits.getBigUint64(0));
    default:
      return String(value);
  }
}

function call({ name, args, results }, exports) {
  try {
    const given = args.map(([ty, value]) => (ty === "i64" ? BigInt(value) : value));
    const result = exports[name](...given);
    const all = results.length === 0 ? [] : results.length === 1 ? [result] : [...result];
    return { results: all.map((value, nth) => written(results[nth], value)) };
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
    return { trap: error.message };
  }
}

function run({ wasm, memory, calls, globals }) {
  const module = new WebAssembly.Module(readFileSync(join(folder, wasm)));
  let instance;
  const put = (at, value) => {
    new DataView(instance.exports.memory.buffer).setInt32(at & 0xfff0, value, true);
    return at;
  };
  try {
    instance = new WebAssembly.Instance(module, { host: { put } });
  } catch (error) {
    if (!(error instanceof WebAssembly.RuntimeError)) throw error;
    return { refused: error.message };
  }
  const { exports } = instance;
  const outcomes = calls.map((planned) => call(planned, exports));
  writeFileSync(join(folder, memory), new Uint8Array(exports.memory.buffer));
  return {
    calls: outcomes,
    globals: globals.map(([name, ty]) => written(ty, exports[name].value)),
  };
}

const plan = JSON.parse(readFileSync(join(folder, "plan.json"), "utf8"));
console.log(JSON.stringify(plan.map(run)));
