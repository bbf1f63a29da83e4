import { readFileSync } from "node:fs";

const encoder = new TextEncoder(), decoder = new TextDecoder();

// Throws where a condition does not hold.
function assert(condition) {
  if (!condition) throw new Error("an expectation does not hold");
}

// Throws where an access or a call throws nothing: an access outside memory is a RangeError, and a trap a
// WebAssembly.RuntimeError.
function assertThrows(body) {
  try {
    body();
  } catch {
    return;
  }
  throw new Error("nothing was thrown");
}

// Calls a program's `_start`, which WASI leaves by a symbol that it throws.
function started(start) {
  try {
    start();
  } catch (exit) {
    if (typeof exit !== "symbol") throw exit;
  }
}

// Values. A text is compared and measured as its bytes in UTF-8.
const bytesOf = (value) => typeof value === "string" ? encoder.encode(value) : value;
const len = (value) => bytesOf(value).length;
const at = (value, index) => bytesOf(value)[index];
const slice = (value, from, to) => typeof value === "string" ? decoder.decode(encoder.encode(value).slice(from, to)) : value.slice(from, to);
const joined = (a, b) => {
  if (typeof a === "string" && typeof b === "string") return a + b;
  if (Array.isArray(a)) return [...a, ...b];
  return Uint8Array.of(...bytesOf(a), ...bytesOf(b));
};
const repeated = (value, count) => typeof value === "string" ? value.repeat(count) : Uint8Array.from({ length: value.length * count }, (_, i) => value[i % value.length]);
const same = (a, b) => a == b || (a?.length !== undefined && a.length === b?.length && typeof a !== "string" && [...a].every((value, i) => same(value, b[i]))) || sameFields(a, b);
const isRecord = (value) => value !== null && typeof value === "object" && value.length === undefined;
const sameFields = (a, b) => isRecord(a) && isRecord(b) && Object.keys(a).every((name) => same(a[name], b[name]));
const cstrBytes = (text) => Uint8Array.of(...encoder.encode(text), 0);
const utf16 = (text) => new Uint8Array(Uint16Array.from(text.split(""), (unit) => unit.charCodeAt(0)).buffer);
const file = (path) => new Uint8Array(readFileSync(new URL(path, import.meta.url)));

// Numbers as little-endian bytes.
const numbers = (method, size, convert = Number) => (...values) => {
  const view = new DataView(new ArrayBuffer(size * values.length));
  values.forEach((value, i) => view[method](i * size, convert(value), true));
  return new Uint8Array(view.buffer);
};
const i8 = numbers("setInt8", 1), i16 = numbers("setInt16", 2), i32 = numbers("setInt32", 4), i64 = numbers("setBigInt64", 8, BigInt);
const u8 = numbers("setUint8", 1), u16 = numbers("setUint16", 2), u32 = numbers("setUint32", 4), u64 = numbers("setBigUint64", 8, BigInt);
const f32 = numbers("setFloat32", 4), f64 = numbers("setFloat64", 8);

// Reads text in UTF-8 up to a NUL.
function cstr(memory, start) {
  const bytes = new Uint8Array(memory.buffer, start);
  return decoder.decode(bytes.slice(0, bytes.indexOf(0)));
}

// The calls of each import, as linmem records them.
const recordedCalls = new Map();
let reads = [];
const calls = (name) => recordedCalls.get(name) ?? [];
function recorded(name, body) {
  return (...args) => {
    const call = { args, reads: [], results: [] }, outer = reads;
    recordedCalls.set(name, [...calls(name), call]);
    reads = call.reads;
    try {
      const result = body(...args);
      call.results = result === undefined ? [] : Array.isArray(result) ? result : [result];
      return result;
    } finally {
      reads = outer;
    }
  };
}
