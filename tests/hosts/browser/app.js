// An app in a page, with glue between it and its guest as wasm-bindgen writes it: a view of memory
// that is made again when growth has detached it, and strings that are passed as pointer and length.
(() => {
  'use strict';
  let guest;
  let cached = null;

  function bytes() {
    if (cached === null || cached.byteLength === 0) cached = new Uint8Array(guest.memory.buffer);
    return cached;
  }

  function passString(text) {
    const pointer = guest.malloc(text.length);
    const { written } = new TextEncoder().encodeInto(text, bytes().subarray(pointer));
    return [pointer, written];
  }

  function getString(pointer, length) {
    return new TextDecoder().decode(bytes().subarray(pointer, pointer + length));
  }

  function greet(name) {
    const [pointer, length] = passString(name);
    const at = guest.greet(pointer, length);
    const [start, size] = new Uint32Array(guest.memory.buffer, at, 2);
    const text = getString(start, size);
    guest.free(start, size);
    return text;
  }

  const logged = [];
  const imports = {
    env: {
      log(pointer, length) {
        logged.push(getString(pointer, length));
        bytes()[8] = logged.length;
      },
    },
  };

  WebAssembly.instantiateStreaming(fetch('guest.wasm'), imports).then(({ instance, module }) => {
    if (!(instance instanceof WebAssembly.Instance) || !(module instanceof WebAssembly.Module)) {
      throw new TypeError('not what the engine gives');
    }
    guest = instance.exports;
    document.getElementById('out').textContent = `${greet('page')} ${logged}`;
  });
})();
