// A guest that works with objects of AssemblyScript's garbage collector.

@external("env", "text") declare function text(n: usize): ArrayBuffer;
@external("env", "name") declare function name(bytes: ArrayBuffer, n: usize): void;

let held: ArrayBuffer | null = null;

function fillAll(bytes: ArrayBuffer, value: u8): void {
  memory.fill(changetype<usize>(bytes), value, bytes.byteLength);
}

// Changes an object of the caller, which the caller unpins.
export function consume(bytes: ArrayBuffer, n: usize): usize {
  fillAll(bytes, 0x63);
  return n;
}

// Keeps an object, and no more the one before it.
export function hold(bytes: ArrayBuffer, n: usize): void {
  held = bytes;
  fillAll(bytes, 0x68);
}

// Returns a new object.
export function make(n: usize): ArrayBuffer {
  const bytes = new ArrayBuffer(<i32>n);
  fillAll(bytes, 0x6d);
  return bytes;
}

// Fills an object of the caller.
export function fill(bytes: ArrayBuffer, n: usize): void { fillAll(bytes, 0x66); }

// Gets an object from an import, which makes it with this guest's runtime.
export function fetch(n: usize): usize {
  const bytes = text(n);
  store<u8>(changetype<usize>(bytes), 0x21);
  return bytes.byteLength;
}

// Lets an import write to an object.
export function ask(n: usize): u32 {
  const bytes = new ArrayBuffer(<i32>n);
  name(bytes, n);
  return load<u8>(changetype<usize>(bytes));
}

// Works with arrays that grow and strings.
export function work(rounds: u32): usize {
  let words = new Array<string>();
  for (let round: u32 = 0; round < rounds; round++) {
    words.push(round.toString() + "!");
    words.push(words[round].repeat(round));
  }
  return words.join(",").length;
}
