// The recorder of linmem for JavaScript hosts. It writes what crosses the border between the host
// and its WebAssembly guests as `linmem.host/1`; docs/hostlog.md describes that format.
//
// In Node it is loaded by `--require`, before the app, and writes the file that LINMEM_RECORD names.
// In a browser it is one script element before all others; `linmemRecorder.save()` saves the
// recording. It has no import and no export, so it is both a module and a classic script.
(() => {
  'use strict';
  if (globalThis.linmemRecorder || typeof WebAssembly !== 'object') return;

  const process = globalThis.process;
  const fs = process?.getBuiltinModule?.('node:fs');
  const output = process?.env?.LINMEM_RECORD;
  if (fs && !output) return;

  const LEAF = 4096;
  const CHUNK = 65536;
  // A memory of at most this many bytes is compared whole at each crossing, for so many crossings.
  const SMALL = 2 * CHUNK;
  const WHOLE_CROSSINGS = 20000;
  const FULL_INTERVAL_MS = 50;
  // A leaf that did not change for so many crossings is not compared any more at each crossing.
  const ACTIVE_CROSSINGS = 32;
  const MAX_ACTIVE = 256;
  // The most bytes from an address on to which the host is expected to write.
  const MAX_EXPECTED = 16384;
  // To find the host's line takes longer than all else. A function that is called more often has it at
  // every sixteenth call, and more lines than these are without the line that called the function.
  const ALL_PLACES = 10000;
  const FLUSH_CHARACTERS = 1 << 16;
  const FLUSH_INTERVAL_MS = 20;
  const MAX_BYTES = Number(process?.env?.LINMEM_RECORD_LIMIT) || 1 << 30;
  // Whether all of memory is compared at each crossing.
  const IS_EXACT = process?.env?.LINMEM_RECORD_EXACT === '1';
  const SOURCE_LINES = 2;
  const MAX_SOURCE_LINE = 200;
  const MAX_SOURCE_FILE = 4 << 20;

  // The app may replace these, so the recorder keeps those of the start.
  const { apply, construct, defineProperty, getOwnPropertyDescriptor } = Reflect;
  const now = performance.now.bind(performance);
  const quote = JSON.stringify;
  const NodeBuffer = globalThis.Buffer;
  const native = {
    set: Uint8Array.prototype.set,
    slice: Uint8Array.prototype.slice,
    fromBuffer: NodeBuffer?.from,
    compare: NodeBuffer?.prototype.compare,
    openSync: fs?.openSync,
    writeSync: fs?.writeSync,
    readFileSync: fs?.readFileSync,
    statSync: fs?.statSync,
    request: fs ? undefined : globalThis.XMLHttpRequest,
  };
  const { Memory, Table, Global, Module, Instance, Exception, RuntimeError } = WebAssembly;
  const getter = (of, name) => getOwnPropertyDescriptor(of.prototype, name).get;
  const bufferOf = getter(Memory, 'buffer');
  const exportsOf = getter(Instance, 'exports');
  const globalValue = getter(Global, 'value');

  // Of a page, the files of its own server are named without that server.
  const base = fs ? undefined : globalThis.location?.origin;

  // ---- The file ----

  let isOff = false;
  let chunks = [];
  let characters = 0;
  let written = 0;
  let descriptor;
  let lastFlush = 0;

  const header = quote({
    format: 'linmem.host/1',
    recorder: `javascript ${process?.versions?.node ? `node ${process.versions.node}` : 'browser'}`,
    command: process?.argv?.slice(1).map(relative) ?? [],
  });

  function line(text) {
    if (isOff) return;
    chunks.push(text);
    characters += text.length + 1;
    if (fs && characters > FLUSH_CHARACTERS) flush();
    else if (!fs && characters > MAX_BYTES) stop();
  }

  // Opens the file of this thread: each further thread and process gets one of its own.
  function open() {
    for (let number = 1; number < 100000; number++) {
      const path = number === 1 ? output : output.replace(/(\.[^./]*)?$/, `.${number}$1`);
      try {
        return native.openSync(path, 'wx', 0o600);
      } catch (error) {
        if (error?.code !== 'EEXIST') return undefined;
      }
    }
    return undefined;
  }

  function flush() {
    if (!fs || chunks.length === 0) return;
    lastFlush = now();
    let text = chunks.join('\n') + '\n';
    chunks = [];
    characters = 0;
    if (descriptor === undefined) {
      descriptor = open();
      text = header + '\n' + text;
    }
    if (descriptor === undefined) {
      isOff = true;
      return;
    }
    try {
      const bytes = apply(native.fromBuffer, NodeBuffer, [text, 'utf8']);
      for (let at = 0; at < bytes.length; ) {
        at += native.writeSync(descriptor, bytes, at, bytes.length - at);
      }
      written += bytes.length;
    } catch {
      isOff = true;
    }
    if (written > MAX_BYTES) stop();
  }

  function stop() {
    if (isOff) return;
    chunks.push('{"end":"limit"}');
    written = 0;
    flush();
    isOff = true;
  }

  // ---- Values ----

  const I32 = 0x7f, I64 = 0x7e, F32 = 0x7d, F64 = 0x7c, V128 = 0x7b, FUNCREF = 0x70, EXTERNREF = 0x6f;
  const bits = new DataView(new ArrayBuffer(8));
  const setFloat32 = DataView.prototype.setFloat32;
  const setFloat64 = DataView.prototype.setFloat64;
  const getUint32 = DataView.prototype.getUint32;
  const objects = new WeakMap();
  const primitives = new Map();
  let objectCount = 0;

  function reference(value) {
    const known = Object(value) === value ? objects : primitives;
    let number = known.get(value);
    if (number === undefined) known.set(value, (number = objectCount++));
    return `{"ref":${number}}`;
  }

  const hex = (word) => (word >>> 0).toString(16).padStart(8, '0');

  // Returns a value of the guest's type as JSON: floats by their bits.
  function encode(type, value) {
    switch (type) {
      case I32: return '' + value;
      case I64: return '"' + value + '"';
      case F32:
        apply(setFloat32, bits, [0, value]);
        return `"0x${hex(apply(getUint32, bits, [0]))}"`;
      case F64:
        apply(setFloat64, bits, [0, value]);
        return `"0x${hex(apply(getUint32, bits, [0]))}${hex(apply(getUint32, bits, [4]))}"`;
      case FUNCREF: {
        const of = value && wrapperFacts.get(wrapperOf.get(value) ?? value);
        return value === null ? 'null' : of ? `{"function":${of.number()}}` : reference(value);
      }
      default: return value === null ? 'null' : reference(value);
    }
  }

  // Converts a value as the engine does when it enters the guest.
  function convert(type, value) {
    switch (type) {
      case I32: return typeof value === 'number' ? value | 0 : +value | 0;
      case I64: return BigInt.asIntN(64, value);
      case F32: return Math.fround(value);
      case F64: return +value;
      case FUNCREF: return rawOf.get(value) ?? value;
      default: return value;
    }
  }

  function encodeAll(types, values) {
    let text = '';
    for (let i = 0; i < types.length; i++) {
      text += i === 0 ? encode(types[i], values[i]) : ',' + encode(types[i], values[i]);
    }
    return text;
  }

  // ---- Modules ----

  // Reads the types of a module's functions and what it imports and exports.
  function parse(bytes) {
    let at = 8;
    const byte = () => bytes[at++];
    const uint = () => {
      let value = 0, scale = 1, next;
      do {
        next = byte();
        if (next === undefined) throw new Error('the module ends early');
        value += (next & 0x7f) * scale;
        scale *= 128;
      } while (next & 0x80);
      return value;
    };
    const decoder = new TextDecoder();
    const name = () => {
      const length = uint();
      at += length;
      return decoder.decode(native.slice.call(bytes, at - length, at));
    };
    const valueType = () => {
      const code = byte();
      if (code === 0x63 || code === 0x64) uint();
      return code;
    };
    const many = (read) => Array.from({ length: uint() }, read);
    const limits = () => {
      const flags = byte();
      const limit = { min: uint() };
      if (flags & 1) limit.max = uint();
      if (flags & 2) limit.shared = true;
      return limit;
    };
    // Returns the type of the elements. A type of a function counts as `funcref`.
    const tableType = () => {
      const code = byte();
      const element = code === 0x63 || code === 0x64 ? uint() : code;
      limits();
      return element === EXTERNREF ? EXTERNREF : FUNCREF;
    };
    const globalType = () => ({ type: valueType(), isMutable: byte() === 1 });
    // Skips a constant expression.
    const constant = () => {
      for (let code = byte(); code !== 0x0b; code = byte()) {
        if (code === 0x41 || code === 0x42 || code === 0x23 || code === 0xd2) uint();
        else if (code === 0x43) at += 4;
        else if (code === 0x44) at += 8;
        else if (code === 0xd0) byte();
        else if (code === 0xfd) at += 17;
        else if (code === undefined) throw new Error('the module ends early');
      }
    };
    if (bytes[0] !== 0 || bytes[1] !== 0x61 || bytes.length < 8) throw new Error('no module');
    const module = { types: [], imports: [], functions: [], exports: [], globals: [], tables: [] };
    while (at < bytes.length) {
      const id = byte();
      const end = uint() + at;
      if (id === 1) {
        module.types = many(() => {
          if (byte() !== 0x60) throw new Error('a type that is no function');
          return { params: many(valueType), results: many(valueType) };
        });
      } else if (id === 2) {
        module.imports = many(() => {
          const entry = { module: name(), name: name(), kind: byte() };
          if (entry.kind === 0) module.functions.push((entry.type = module.types[uint()]));
          else if (entry.kind === 1) module.tables.push((entry.element = tableType()));
          else if (entry.kind === 2) entry.limits = limits();
          else if (entry.kind === 3) module.globals.push((entry.global = globalType()));
          else { byte(); uint(); }
          return entry;
        });
      } else if (id === 3) {
        for (const index of many(uint)) module.functions.push(module.types[index]);
      } else if (id === 4) {
        for (let left = uint(); left > 0; left--) {
          const hasElement = bytes[at] === 0x40;
          if (hasElement) at += 2;
          module.tables.push(tableType());
          if (hasElement) constant();
        }
      } else if (id === 6) {
        for (let left = uint(); left > 0; left--) {
          module.globals.push(globalType());
          constant();
        }
      } else if (id === 7) {
        module.exports = many(() => ({ name: name(), kind: byte(), index: uint() }));
      }
      at = end;
    }
    return module;
  }

  const moduleFacts = new WeakMap();
  let moduleCount = 0;

  // Returns a copy of the bytes that the app gave to the engine.
  function copied(source) {
    const view = ArrayBuffer.isView(source)
      ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
      : new Uint8Array(source);
    return native.slice.call(view);
  }

  function factsOf(source) {
    try {
      const bytes = copied(source);
      return { bytes, ...parse(bytes) };
    } catch {
      return undefined;
    }
  }

  function base64(bytes) {
    if (fs) {
      const { buffer, byteOffset, byteLength } = bytes;
      return apply(native.fromBuffer, NodeBuffer, [buffer, byteOffset, byteLength]).toString('base64');
    }
    let text = '';
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...native.slice.call(bytes, at, at + 8192));
    }
    return btoa(text);
  }

  function moduleNumber(facts) {
    if (facts.number === undefined) {
      facts.number = moduleCount++;
      line(`{"module":${facts.number},"bytes":"${base64(facts.bytes)}"}`);
      facts.bytes = undefined;
    }
    return facts.number;
  }

  // ---- Places in the host ----

  const placeNumbers = new Map();
  const fileNumbers = new Map();
  const sources = new Map();
  let placeCount = 0;
  const keepSites = (_, sites) => sites;

  function isOfApp(file) {
    return file && file !== ownFile && !file.startsWith('node:') && !file.startsWith('wasm:');
  }

  function pathOf(file) {
    return file.startsWith('file://') ? decodeURIComponent(file.slice(7)) : file;
  }

  function relative(path) {
    const folder = base ?? process?.cwd?.();
    return folder && path.startsWith(folder + '/') ? path.slice(folder.length + 1) : path;
  }

  // Returns a file of the page's own server, which the browser has loaded before.
  function loadedFile(path) {
    if (!native.request || !base || !path.startsWith(base + '/')) return undefined;
    const request = new native.request();
    request.open('GET', path, false);
    request.send();
    return request.status === 200 ? request.responseText : undefined;
  }

  function sourceFile(path) {
    if (!fs) return loadedFile(path);
    return native.statSync(path).size <= MAX_SOURCE_FILE ? native.readFileSync(path, 'utf8') : undefined;
  }

  function sourceLines(path) {
    if (!sources.has(path)) {
      let lines;
      try {
        const text = sourceFile(path);
        lines = text !== undefined && text.length <= MAX_SOURCE_FILE ? text.split(/\r?\n/) : undefined;
      } catch {
        lines = undefined;
      }
      sources.set(path, lines);
    }
    return sources.get(path);
  }

  function placeOf(site, file, from) {
    const number = placeCount++;
    const path = pathOf(file);
    const place = {
      place: number,
      file: relative(path),
      line: site.getLineNumber() ?? 0,
      column: site.getColumnNumber() ?? 0,
    };
    const name = site.getFunctionName();
    if (name) place.function = name.slice(0, 200);
    const lines = sourceLines(path);
    if (lines && place.line > 0) {
      const first = Math.max(1, place.line - SOURCE_LINES);
      place.first = first;
      place.lines = lines
        .slice(first - 1, place.line + SOURCE_LINES)
        .map((text) => text.slice(0, MAX_SOURCE_LINE));
    }
    if (from !== undefined) place.from = from;
    line(quote(place));
    return number;
  }

  // Returns the number of a place for a frame and the place that called it.
  function numberOf(site, file, from) {
    let fileNumber = fileNumbers.get(file);
    if (fileNumber === undefined) fileNumbers.set(file, (fileNumber = fileNumbers.size));
    const key = (fileNumber * 33554432 + site.getPosition()) * 65536 + (from === undefined ? 0 : from + 1);
    let number = placeNumbers.get(key);
    if (number === undefined) {
      placeNumbers.set(key, (number = placeOf(site, file, from)));
    }
    return number;
  }

  function sitesOf(cut, limit) {
    const { prepareStackTrace, stackTraceLimit } = Error;
    try {
      Error.stackTraceLimit = limit;
      Error.prepareStackTrace = keepSites;
      const holder = {};
      Error.captureStackTrace(holder, cut);
      return holder.stack;
    } catch {
      return [];
    } finally {
      Error.prepareStackTrace = prepareStackTrace;
      Error.stackTraceLimit = stackTraceLimit;
    }
  }

  const ownFile = (() => {
    const site = typeof Error.captureStackTrace === 'function' && sitesOf(undefined, 1)?.[0];
    return site?.getFileName?.() ?? undefined;
  })();

  let placesFound = 0;
  const LIMITS = [3, 20];
  const SHORT_LIMITS = [1, 20];

  // Returns `,"at":N` for the host's innermost frame outside of `cut`, or nothing.
  function here(cut) {
    if (typeof Error.captureStackTrace !== 'function') return '';
    const isShort = placesFound++ >= ALL_PLACES;
    for (const limit of isShort ? SHORT_LIMITS : LIMITS) {
      const sites = sitesOf(cut, limit);
      if (!Array.isArray(sites)) return '';
      let inner, innerFile;
      for (const site of sites) {
        const file = site.getFileName();
        if (!isOfApp(file)) continue;
        if (!inner) {
          if (isShort) return `,"at":${numberOf(site, file, undefined)}`;
          [inner, innerFile] = [site, file];
        } else {
          return `,"at":${numberOf(inner, innerFile, numberOf(site, file, undefined))}`;
        }
      }
      if (inner && (sites.length < limit || limit === 20)) {
        return `,"at":${numberOf(inner, innerFile, undefined)}`;
      }
      if (sites.length < limit) return '';
    }
    return '';
  }

  // Returns whether the nearest frame outside of `cut` is one of the platform itself.
  function isOfPlatform(cut) {
    if (!fs || typeof Error.captureStackTrace !== 'function') return false;
    const sites = sitesOf(cut, 1);
    const file = Array.isArray(sites) && sites[0]?.getFileName?.();
    return typeof file === 'string' && file.startsWith('node:internal/deps');
  }

  // ---- Memory ----

  const memories = new WeakMap();
  const memoryOfBuffer = new WeakMap();
  const allMemories = new Set();
  let memoryCount = 0;
  // How many times the host has entered a guest.
  let entries = 0;

  class Watched {
    constructor(memory) {
      this.number = memoryCount++;
      this.memory = memory;
      this.active = new Map();
      this.buffer = undefined;
      this.shadow = new Uint8Array(0);
      this.lastFull = entries;
      this.nextFull = 0;
      this.pending = undefined;
      this.hasMore = false;
      this.hasWrittenMore = false;
      this.wholeCompared = 0;
      // The leaves to which the host is likely to write, as it was given an address in them.
      this.expected = new Set();
      this.refresh();
      this.isShared = typeof SharedArrayBuffer === 'function' && this.buffer instanceof SharedArrayBuffer;
      line(`{"memory":${this.number},"pages":${this.bytes.length / 65536}${this.isShared ? ',"shared":true' : ''}}`);
    }

    // Follows the memory when it has grown. Returns whether it has.
    refresh() {
      const buffer = apply(bufferOf, this.memory, []);
      if (buffer === this.buffer) return false;
      this.buffer = buffer;
      memoryOfBuffer.set(buffer, this);
      this.bytes = new Uint8Array(buffer);
      this.units = new Int32Array(buffer);
      this.words = NodeBuffer ? apply(native.fromBuffer, NodeBuffer, [buffer]) : undefined;
      const shadow = new Uint8Array(this.bytes.length);
      native.set.call(shadow, this.shadow);
      this.shadow = shadow;
      this.shadowUnits = new Int32Array(shadow.buffer);
      this.shadowWords = NodeBuffer ? apply(native.fromBuffer, NodeBuffer, [shadow.buffer]) : undefined;
      return true;
    }

    // Follows the memory when it has grown, and writes down its size.
    follow() {
      if (this.refresh()) line(`{"memory":${this.number},"pages":${this.bytes.length / 65536}}`);
    }

    // Takes memory as it is for known: the replay computes it too.
    adopt() {
      this.refresh();
      native.set.call(this.shadow, this.bytes);
      this.lastFull = entries;
    }

    // Returns whether all of the memory is compared at each crossing.
    isWhole() {
      return IS_EXACT || (this.bytes.length <= SMALL && this.wholeCompared < WHOLE_CROSSINGS);
    }

    differs(start, end) {
      if (this.words) {
        return apply(native.compare, this.words, [this.shadowWords, start, end, start, end]) !== 0;
      }
      const { bytes, shadow } = this;
      for (let i = start; i < end; i++) if (bytes[i] !== shadow[i]) return true;
      return false;
    }

    // Appends the changed bytes of a leaf to `writes`, and takes them over.
    collect(start, end, writes) {
      const { bytes, shadow, units, shadowUnits } = this;
      for (let unit = start >> 2; unit < end >> 2; unit++) {
        if (units[unit] === shadowUnits[unit]) continue;
        let i = unit * 4;
        while (bytes[i] === shadow[i]) i++;
        let last = i;
        for (let j = i + 1; j < end && j - last <= 8; j++) if (bytes[j] !== shadow[j]) last = j;
        const changed = bytes.subarray(i, last + 1);
        writes.push(`[${i},"${base64(changed)}"]`);
        native.set.call(shadow, changed, i);
        // The rest of this unit may still differ.
        unit = (last >> 2) - 1;
      }
    }

    // Marks a span as one that may have changed: it is compared at the next crossings.
    touch(start, length) {
      if (start >= this.bytes.length) this.follow();
      const size = this.bytes.length;
      if (!(start >= 0 && start < size)) return;
      const end = Math.min(size, start + Math.max(1, length));
      for (let leaf = Math.floor(start / LEAF); leaf * LEAF < end; leaf++) {
        const known = this.active.get(leaf);
        if (known) known.until = Math.max(known.until, entries + 2);
        else if (this.active.size < MAX_ACTIVE) {
          this.active.set(leaf, { until: entries + 2, seen: this.lastFull });
        } else {
          this.hasMore = true;
          return;
        }
      }
    }

    compareActive() {
      const size = this.bytes.length;
      let late;
      const writes = [];
      for (const [leaf, state] of this.active) {
        const start = leaf * LEAF;
        const end = Math.min(size, start + LEAF);
        if (this.differs(start, end)) {
          const isRecent = state.seen >= entries - 1;
          const into = isRecent ? writes : ((late ??= new Map()).get(state.seen) ?? []);
          if (!isRecent) late.set(state.seen, into);
          this.collect(start, end, into);
          state.until = entries + ACTIVE_CROSSINGS;
        } else if (state.until < entries) this.active.delete(leaf);
        state.seen = entries;
      }
      for (const [seen, found] of late ?? []) this.log(found, seen, false);
      if (writes.length > 0) this.log(writes, entries - 1, false);
    }

    compareAll() {
      const size = this.bytes.length;
      const late = [];
      const recent = [];
      for (let chunk = 0; chunk < size; chunk += CHUNK) {
        const chunkEnd = Math.min(size, chunk + CHUNK);
        if (!this.differs(chunk, chunkEnd)) continue;
        for (let start = chunk; start < chunkEnd; start += LEAF) {
          const end = Math.min(size, start + LEAF);
          if (!this.differs(start, end)) continue;
          const state = this.active.get(start / LEAF);
          this.collect(start, end, state && state.seen >= entries - 1 ? recent : late);
          if (state) state.until = entries + ACTIVE_CROSSINGS;
          else if (this.active.size < MAX_ACTIVE) {
            this.active.set(start / LEAF, { until: entries + ACTIVE_CROSSINGS, seen: entries });
          }
        }
      }
      for (const state of this.active.values()) state.seen = entries;
      if (late.length > 0) this.log(late, this.lastFull, false);
      this.log(recent, entries - 1, true);
      this.lastFull = entries;
    }

    log(writes, since, isFull) {
      const window = since < entries - 1 ? `,"since":${since}` : '';
      line(`{"memory":${this.number},"writes":[${writes.join()}]${window}${isFull ? ',"full":true' : ''}}`);
    }

    // Takes over what the guest has written where the host is likely to write next. A byte that the host
    // sets back would look as if nobody had changed it.
    leaveGuest() {
      const size = this.bytes.length;
      const spans = [];
      const take = (start, end) => {
        if (!this.differs(start, end)) return;
        native.set.call(this.shadow, this.bytes.subarray(start, end), start);
        spans.push(`[${start},${end - start}]`);
      };
      if (this.isWhole()) take(0, size);
      else for (const leaf of this.expected) take(leaf * LEAF, Math.min(size, (leaf + 1) * LEAF));
      this.expected.clear();
      if (spans.length > 0) line(`{"memory":${this.number},"left":[${spans.join()}]}`);
    }

    // Compares memory with what is known of it, before the host enters the guest.
    check(mustBeFull) {
      if (this.pending) this.logPending();
      this.follow();
      if (this.hasWrittenMore || IS_EXACT) mustBeFull = true;
      this.hasMore = this.hasWrittenMore = false;
      if (!IS_EXACT && this.isWhole()) {
        this.wholeCompared++;
        if (!mustBeFull) this.compareActive();
        if (mustBeFull || this.differs(0, this.bytes.length)) this.compareAll();
        else this.lastFull = entries;
        return;
      }
      const time = now();
      if (mustBeFull || time >= this.nextFull) {
        this.compareAll();
        const took = now() - time;
        this.nextFull = time + Math.max(FULL_INTERVAL_MS, 20 * took);
      } else this.compareActive();
    }

    // Notes a write by a method of the host: its span and its line.
    wrote(start, length, cut) {
      if (isOff || length <= 0) return;
      const at = here(cut);
      const last = this.pending;
      const isSame = last && last.at === at;
      if (isSame && last.start <= start && start + length <= last.start + last.length) return;
      if (isSame && last.start + last.length === start) last.length += length;
      else {
        if (last) this.logPending();
        this.pending = { start, length, at };
      }
      this.hasMore = false;
      this.touch(start, length);
      // The bytes of what a method wrote must be in the next comparison.
      if (this.hasMore) this.hasWrittenMore = true;
    }

    logPending() {
      const { start, length, at } = this.pending;
      this.pending = undefined;
      line(`{"wrote":${this.number},"address":${start},"length":${length}${at}}`);
    }
  }

  function watchedOf(memory) {
    let watched = memories.get(memory);
    if (!watched) {
      memories.set(memory, (watched = new Watched(memory)));
      allMemories.add(new WeakRef(watched));
    }
    return watched;
  }

  // Marks what a number that crossed may be the address of.
  function hint(owner, types, values, longest) {
    for (let i = 0; i < types.length; i++) {
      if (types[i] !== I32) continue;
      const start = values[i] >>> 0;
      const next = types[i + 1] === I32 ? values[i + 1] >>> 0 : 0;
      // A larger number is more likely to be another address than a length.
      const length = next <= longest ? next : 64;
      for (const memory of owner.memories) {
        // A view of a memory that has grown has no length any more.
        if (memory.bytes.length === 0) memory.follow();
        if (start < 1024 || memory.isWhole()) continue;
        memory.touch(start, length);
        const last = Math.min(start + length, start + MAX_EXPECTED, memory.bytes.length - 1);
        for (let leaf = Math.floor(start / LEAF); leaf * LEAF <= last; leaf++) memory.expected.add(leaf);
      }
    }
  }

  // ---- Functions ----

  // The recorder's function for an exported one, and back.
  const wrapperOf = new WeakMap();
  const rawOf = new WeakMap();
  const wrapperFacts = new WeakMap();
  let functionCount = 0;

  function defined(fields) {
    let number;
    return {
      number: () => {
        if (number === undefined) {
          number = functionCount++;
          line(`{"function":${number},${fields()}}`);
        }
        return number;
      },
    };
  }

  // The calls that have not ended: whether each is one of an import. A stack overflow in the recorder
  // itself can leave some of them without an end.
  const running = [];

  function begin(isImport, text) {
    line(text);
    running.push(isImport);
    return running.length;
  }

  function end(depth, text) {
    while (running.length > depth) {
      line(`{"${running.pop() ? 'fail' : 'throw'}":{"kind":"host","message":""}}`);
    }
    running.pop();
    line(text);
  }

  function enter(owner) {
    entries++;
    for (const memory of owner.memories) memory.check(false);
    if (fs && now() - lastFlush > FLUSH_INTERVAL_MS) owner.mustFlush = true;
  }

  // The guest has passed control to the host.
  function leave(owner) {
    for (const memory of owner.memories) {
      memory.follow();
      memory.leaveGuest();
    }
  }

  function thrown(error) {
    let kind = 'host';
    if (error instanceof RuntimeError) kind = 'trap';
    else if (Exception && error instanceof Exception) kind = 'exception';
    let message = '';
    try {
      message = String(error?.message ?? error).slice(0, 1000);
    } catch {
      // An object that cannot become text has no message.
    }
    return quote({ kind, message });
  }

  function outOfGuest(type, value) {
    return type === FUNCREF && typeof value === 'function' ? wrapped(value) : value;
  }

  // Returns the recorder's function for a function that the engine exported.
  function wrapped(raw, owner, type, fields) {
    const known = wrapperOf.get(raw);
    if (known || !owner || !type) return known ?? raw;
    if (type.params.includes(V128) || type.results.includes(V128)) return raw;
    const { params, results } = type;
    const facts = defined(fields);
    let calls = 0;
    const returnsFunction = results.includes(FUNCREF);
    const wrapper = (...args) => {
      if (isOff) return raw(...args.map((value) => rawOf.get(value) ?? value));
      if (args.length !== params.length) args.length = params.length;
      for (let i = 0; i < params.length; i++) args[i] = convert(params[i], args[i]);
      const at = calls++ < ALL_PLACES || calls % 16 === 0 ? here(wrapper) : '';
      // What the host wrote before the call is often at an address that it passes.
      hint(owner, params, args, CHUNK);
      enter(owner);
      const number = facts.number();
      const depth = begin(false, `{"call":${number},"args":[${encodeAll(params, args)}]${at}}`);
      if (owner.mustFlush) {
        owner.mustFlush = false;
        flush();
      }
      let result;
      try {
        result = apply(raw, undefined, args);
      } catch (error) {
        end(depth, `{"throw":${thrown(error)}}`);
        throw error;
      }
      if (results.length === 0) end(depth, '{"return":[]}');
      else if (results.length === 1) {
        end(depth, `{"return":[${encode(results[0], result)}]}`);
        if (results[0] === I32) {
          const length = params[0] === I32 ? Math.max(args[0], params[1] === I32 ? args[1] : 0) : 0;
          hint(owner, [I32, I32], [result, Math.max(length, 64)], 1 << 20);
        }
        if (returnsFunction) result = outOfGuest(results[0], result);
      } else {
        end(depth, `{"return":[${encodeAll(results, result)}]}`);
        if (returnsFunction) result = result.map((value, i) => outOfGuest(results[i], value));
      }
      if (IS_EXACT) leave(owner);
      return result;
    };
    defineProperty(wrapper, 'name', { value: raw.name, configurable: true });
    defineProperty(wrapper, 'length', { value: raw.length, configurable: true });
    wrapperOf.set(raw, wrapper);
    rawOf.set(wrapper, raw);
    wrapperFacts.set(wrapper, facts);
    return wrapper;
  }

  // Returns the recorder's function for a function of the host that a guest imports.
  function imported(fn, owner, type, fields) {
    const { params, results } = type;
    if (params.includes(V128) || results.includes(V128)) return fn;
    const facts = defined(fields);
    const takesFunction = params.includes(FUNCREF);
    return (...args) => {
      if (isOff) return fn(...args);
      const number = facts.number();
      const depth = begin(true, `{"import":${number},"args":[${encodeAll(params, args)}]}`);
      for (const memory of owner.memories) memory.expected.clear();
      hint(owner, params, args, CHUNK);
      leave(owner);
      if (takesFunction) args = args.map((value, i) => outOfGuest(params[i], value));
      let result;
      let values;
      try {
        result = apply(fn, undefined, args);
        if (results.length === 1) values = [convert(results[0], result)];
        else values = results.length === 0 ? [] : Array.from(result, (v, i) => convert(results[i], v));
      } catch (error) {
        enter(owner);
        end(depth, `{"fail":${thrown(error)}}`);
        throw error;
      }
      enter(owner);
      end(depth, `{"answer":[${encodeAll(results, values)}]}`);
      return results.length === 1 ? values[0] : results.length === 0 ? undefined : values;
    };
  }

  // ---- Tables and globals ----

  const tableFacts = new WeakMap();
  const globalFacts = new WeakMap();
  let tableCount = 0;

  const tableLength = getter(Table, 'length');

  function tableOf(table, owner, element) {
    let facts = tableFacts.get(table);
    if (!facts) {
      facts = { number: tableCount++, owner, element };
      tableFacts.set(table, facts);
      line(`{"table":${facts.number}}`);
    }
    return facts;
  }

  // Returns what the host gets for a function in a table.
  function fromTable(table, index, raw) {
    if (typeof raw !== 'function') return raw;
    const facts = tableFacts.get(table);
    const owner = facts?.owner;
    const type = owner?.module.functions[Number(raw.name)];
    const fields = () => `"instance":${owner.number},"table":${facts.number},"index":${index}`;
    return wrapped(raw, owner, type, fields);
  }

  // ---- Instances ----

  const exportsOfInstance = new WeakMap();
  let instanceCount = 0;

  // Prepares an instance: its imports are replaced by the recorder's.
  function prepare(module, imports) {
    const owner = { module, memories: [], number: undefined, mustFlush: false };
    const given = [];
    let replaced = Object.create(null);
    for (const entry of module.imports) {
      if (Object(imports?.[entry.module]) !== imports?.[entry.module]) {
        // The engine refuses such imports, with its own message.
        replaced = imports;
        break;
      }
      const value = imports[entry.module][entry.name];
      let own = value;
      if (entry.kind === 0 && typeof value === 'function') {
        const fields = () =>
          `"instance":${owner.number},"import":[${quote(entry.module)},${quote(entry.name)}]`;
        own = imported(value, owner, entry.type, fields);
      } else if (entry.kind === 1 && value instanceof Table) {
        given.push(() => {
          const size = apply(tableLength, value, []);
          return [entry, `"table":${tableOf(value, owner, entry.element).number},"size":${size}`];
        });
      } else if (entry.kind === 2 && value instanceof Memory) {
        const watched = watchedOf(value);
        owner.memories.push(watched);
        (owner.imported ??= []).push(watched);
        const max = entry.limits.max === undefined ? '' : `,"max":${entry.limits.max}`;
        given.push(() => [entry, `"memory":${watched.number},"pages":${watched.bytes.length / 65536}${max}`]);
      } else if (entry.kind === 3) {
        const { type, isMutable } = entry.global;
        const current = value instanceof Global ? apply(globalValue, value, []) : convert(type, value);
        given.push(() => [entry, `"value":${encode(type, current)},"type":${type}`]);
        if (isMutable && value instanceof Global) {
          globalFacts.set(value, { owner, type, fields: `"import":[${quote(entry.module)},${quote(entry.name)}]` });
        }
      }
      (replaced[entry.module] ??= Object.create(null))[entry.name] = own;
    }
    owner.start = () => {
      owner.number = instanceCount++;
      for (const memory of owner.memories) memory.check(true);
      const number = moduleNumber(module);
      const list = given.map((give) => {
        const [entry, fields] = give();
        return `{"import":[${quote(entry.module)},${quote(entry.name)}],${fields}}`;
      });
      line(`{"instance":${owner.number},"module":${number},"given":[${list.join()}]${owner.at ?? ''}}`);
      flush();
    };
    return { owner, imports: replaced };
  }

  // Takes a new instance over: its exports are replaced by the recorder's.
  function adopt(instance, owner) {
    const real = apply(exportsOf, instance, []);
    const { module } = owner;
    const own = Object.create(null);
    const lines = [];
    for (const { name, kind, index } of module.exports) {
      let value = real[name];
      if (kind === 0) {
        const fields = () => `"instance":${owner.number},"export":${quote(name)}`;
        value = wrapped(value, owner, module.functions[index], fields);
      } else if (kind === 1 && value instanceof Table) {
        lines.push(`{"export":${quote(name)},"table":${tableOf(value, owner, module.tables[index]).number}}`);
      } else if (kind === 2 && value instanceof Memory) {
        const isNew = !memories.has(value);
        const watched = watchedOf(value);
        if (!owner.memories.includes(watched)) owner.memories.push(watched);
        if (isNew) watched.adopt();
        lines.push(`{"export":${quote(name)},"memory":${watched.number}}`);
      } else if (kind === 3 && value instanceof Global) {
        if (!globalFacts.has(value)) {
          globalFacts.set(value, { owner, type: module.globals[index].type, fields: `"export":${quote(name)}` });
        }
      }
      own[name] = value;
    }
    entries++;
    for (const watched of owner.imported ?? []) watched.check(true);
    line(`{"created":${owner.number},"exports":[${lines.join()}]}`);
    exportsOfInstance.set(instance, Object.freeze(own));
    flush();
    return instance;
  }

  // ---- What the app sees ----

  // Replaces a function by a proxy, which has its name, its length and all else of it.
  function replace(on, name, call) {
    const old = getOwnPropertyDescriptor(on, name);
    if (typeof old?.value !== 'function') return;
    const value = new Proxy(old.value, { apply: call });
    defineProperty(on, name, { ...old, value });
  }

  // Notes a method that writes into a view of a memory that has grown since: nothing reaches memory.
  function noteDetached(view, source, name, cut) {
    const watched = watchedView(view);
    if (!watched || watched.isShared || source?.length === 0) return;
    if (apply(bufferOf, watched.memory, []) === view.buffer) return;
    const at = here(cut);
    // A method that calls another one is one write.
    if (watched.lastDetached === at + entries) return;
    watched.lastDetached = at + entries;
    // What the host wrote before this comes before it.
    watched.check(false);
    line(`{"detached":${watched.number},"method":${quote(name)}${at}}`);
  }

  // Replaces a method by one that calls `after` with the object, the result and the arguments.
  function method(on, name, after) {
    const call = (target, self, args) => {
      const result = apply(target, self, args);
      if (!isOff) after(self, result, args, call);
      return result;
    };
    replace(on, name, call);
  }

  // Replaces one half of an accessor.
  function replaceAccessor(of, name, half, accessor) {
    const replaced = getOwnPropertyDescriptor(accessor, name)[half];
    const old = getOwnPropertyDescriptor(of.prototype, name);
    defineProperty(of.prototype, name, { ...old, [half]: replaced });
    return old[half];
  }

  replaceAccessor(Instance, 'exports', 'get', {
    get exports() {
      return exportsOfInstance.get(this) ?? apply(exportsOf, this, []);
    },
  });

  const ModuleOfApp = new Proxy(Module, {
    construct(target, args, newTarget) {
      const facts = isOff || isOfPlatform(undefined) ? undefined : factsOf(args[0]);
      const module = construct(target, args, newTarget);
      if (facts) moduleFacts.set(module, facts);
      return module;
    },
  });
  defineProperty(Module.prototype, 'constructor', { value: ModuleOfApp, configurable: true, writable: true });
  defineProperty(WebAssembly, 'Module', { value: ModuleOfApp, configurable: true, writable: true });

  const InstanceOfApp = new Proxy(Instance, {
    construct(target, args, newTarget) {
      const facts = moduleFacts.get(args[0]);
      if (isOff || !facts) return construct(target, args, newTarget);
      const { owner, imports } = prepare(facts, args[1]);
      owner.at = here(undefined);
      owner.start();
      return adopt(construct(target, [args[0], imports], newTarget), owner);
    },
  });
  defineProperty(Instance.prototype, 'constructor', { value: InstanceOfApp, configurable: true, writable: true });
  defineProperty(WebAssembly, 'Instance', { value: InstanceOfApp, configurable: true, writable: true });

  const { instantiate } = WebAssembly;

  function compileInto(target, self, args) {
    const facts = isOff || isOfPlatform(compileInto) ? undefined : factsOf(args[0]);
    const promise = apply(target, self, args);
    if (!facts) return promise;
    return promise.then((module) => {
      moduleFacts.set(module, facts);
      return module;
    });
  }
  replace(WebAssembly, 'compile', compileInto);

  function instantiateInto(target, self, args) {
    if (isOff || isOfPlatform(instantiateInto)) return apply(target, self, args);
    const [source, imports, ...rest] = args;
    const isModule = source instanceof Module;
    const facts = isModule ? moduleFacts.get(source) : factsOf(source);
    if (!facts) return apply(target, self, args);
    const at = here(instantiateInto);
    const { owner, imports: own } = prepare(facts, imports);
    owner.at = at;
    owner.start();
    return apply(target, self, [source, own, ...rest]).then((made) => {
      if (!isModule) moduleFacts.set(made.module, facts);
      adopt(isModule ? made : made.instance, owner);
      return made;
    });
  }
  replace(WebAssembly, 'instantiate', instantiateInto);

  // The bytes of a response are read from a copy of it, while the engine compiles the response.
  const { compileStreaming } = WebAssembly;
  function streaming(name, finish) {
    const call = (target, self, args) => {
      if (isOff || isOfPlatform(call)) return apply(target, self, args);
      const [source, ...rest] = args;
      const at = here(call);
      const copy = Promise.resolve(source).then((response) => response.clone());
      const bytes = copy.then((response) => response.arrayBuffer()).catch(() => undefined);
      const module = copy.catch(() => undefined).then(() => apply(compileStreaming, self, [source]));
      return module.then(async (compiled) => {
        const facts = factsOf((await bytes) ?? new ArrayBuffer(0));
        if (facts) moduleFacts.set(compiled, facts);
        return finish(compiled, rest, at);
      });
    };
    replace(WebAssembly, name, call);
  }
  streaming('compileStreaming', (module) => module);
  streaming('instantiateStreaming', async (module, [imports], at) => {
    const facts = moduleFacts.get(module);
    if (!facts) return { module, instance: await apply(instantiate, WebAssembly, [module, imports]) };
    const { owner, imports: own } = prepare(facts, imports);
    owner.at = at;
    owner.start();
    const instance = await apply(instantiate, WebAssembly, [module, own]);
    return { module, instance: adopt(instance, owner) };
  });

  replaceAccessor(Memory, 'buffer', 'get', {
    get buffer() {
      const buffer = apply(bufferOf, this, []);
      const watched = memories.get(this);
      if (watched && watched.buffer !== buffer) memoryOfBuffer.set(buffer, watched);
      return buffer;
    },
  });

  method(Memory.prototype, 'grow', (memory, before, [by], own) => {
    const watched = memories.get(memory);
    if (!watched) return;
    if (watched.pending) watched.logPending();
    line(`{"grow":${watched.number},"before":${before},"by":${Number(by)}${here(own)}}`);
    watched.refresh();
  });

  const rawValue = (value) => rawOf.get(value) ?? value;
  replace(Table.prototype, 'get', (target, table, args) => {
    const raw = apply(target, table, args);
    return isOff ? raw : fromTable(table, Number(args[0]), raw);
  });
  const setTable = (target, table, args) => {
    const result = apply(target, table, args.map(rawValue));
    noteTable(table, Number(args[0]), args[1], setTable);
    return result;
  };
  replace(Table.prototype, 'set', setTable);
  const growTable = (target, table, args) => {
    const before = apply(target, table, args.map(rawValue));
    const facts = tableFacts.get(table);
    if (facts && !isOff) {
      const element = elementOf(facts, args[1]);
      line(`{"grow_table":${facts.number},"before":${before},"by":${Number(args[0])},${element}${here(growTable)}}`);
    }
    return before;
  };
  replace(Table.prototype, 'grow', growTable);
  function noteTable(table, index, value, cut) {
    const facts = tableFacts.get(table);
    if (!facts || isOff) return;
    const element = elementOf(facts, value);
    line(`{"set_table":${facts.number},"index":${index},${element}${here(cut)}}`);
  }
  function elementOf(facts, value) {
    if (facts.element === EXTERNREF) return `"value":${encode(EXTERNREF, value)}`;
    const of = value && wrapperFacts.get(wrapperOf.get(value) ?? value);
    return `"function":${of ? of.number() : 'null'}`;
  }

  const setGlobal = replaceAccessor(Global, 'value', 'set', {
    set value(value) {
      apply(setGlobal, this, [rawValue(value)]);
      const facts = globalFacts.get(this);
      if (!facts || isOff) return;
      const { owner, type, fields } = facts;
      const text = encode(type, apply(globalValue, this, []));
      const own = getOwnPropertyDescriptor(Global.prototype, 'value').set;
      line(`{"set":${text},"instance":${owner.number},${fields}${here(own)}}`);
    },
  });

  // ---- Methods that write: they give the exact line ----

  const watchedView = (view) => (ArrayBuffer.isView(view) ? memoryOfBuffer.get(view.buffer) : undefined);
  const TypedArray = Object.getPrototypeOf(Uint8Array).prototype;

  function note(view, start, end, cut) {
    const watched = watchedView(view);
    if (watched) watched.wrote(view.byteOffset + start, end - start, cut);
  }

  // Replaces a method that writes into a view. Of the object and the arguments, `parts` returns that view
  // and what is written.
  function writer(on, name, after, parts = (view, [source]) => [view, source]) {
    const call = (target, self, args) => {
      if (!isOff) noteDetached(...parts(self, args), name, call);
      const result = apply(target, self, args);
      if (!isOff) after(self, result, args, call);
      return result;
    };
    replace(on, name, call);
  }

  const position = (value, length, otherwise) => {
    const number = value === undefined ? otherwise : Math.trunc(Number(value)) || 0;
    return number < 0 ? Math.max(0, length + number) : Math.min(number, length);
  };

  writer(TypedArray, 'set', (view, _, [source, at], own) => {
    if (!watchedView(view)) return;
    const size = view.BYTES_PER_ELEMENT;
    const start = (Math.trunc(Number(at)) || 0) * size;
    note(view, start, start + (source?.length ?? 0) * size, own);
  });
  writer(TypedArray, 'fill', (view, _, [, from, to], own) => {
    if (!watchedView(view)) return;
    const size = view.BYTES_PER_ELEMENT;
    note(view, position(from, view.length, 0) * size, position(to, view.length, view.length) * size, own);
  });
  writer(TypedArray, 'copyWithin', (view, _, [target, from, to], own) => {
    if (!watchedView(view)) return;
    const size = view.BYTES_PER_ELEMENT;
    const at = position(target, view.length, 0);
    const count = position(to, view.length, view.length) - position(from, view.length, 0);
    note(view, at * size, (at + Math.min(count, view.length - at)) * size, own);
  });
  const widths = { Int8: 1, Uint8: 1, Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Float32: 4, Float64: 8, BigInt64: 8, BigUint64: 8 };
  for (const [name, width] of Object.entries(widths)) {
    writer(DataView.prototype, `set${name}`, (view, _, [at], own) => {
      const start = Math.trunc(Number(at)) || 0;
      note(view, start, start + width, own);
    });
  }
  if (typeof TextEncoder === 'function') {
    writer(TextEncoder.prototype, 'encodeInto', (_, { written: length }, [, view], own) => {
      note(view, 0, length, own);
    }, (_, [text, view]) => [view, text]);
  }
  if (NodeBuffer) {
    const on = NodeBuffer.prototype;
    writer(on, 'copy', (_, count, [target, at], own) => {
      const start = (Math.trunc(Number(at)) || 0) * (target.BYTES_PER_ELEMENT ?? 1);
      note(target, start, start + count, own);
    }, (source, [target]) => [target, source]);
    writer(on, 'fill', (view, _, [, from, to], own) => {
      if (typeof from === 'string') return note(view, 0, view.length, own);
      note(view, position(from, view.length, 0), position(to, view.length, view.length), own);
    });
    writer(on, 'write', (view, count, [, at], own) => {
      const start = typeof at === 'number' ? at : 0;
      note(view, start, start + count, own);
    });
    const encodings = ['utf8', 'latin1', 'ascii', 'ucs2', 'base64', 'base64url', 'hex'];
    for (const name of encodings) {
      writer(on, `${name}Write`, (view, count, [, at], own) => {
        const start = Math.trunc(Number(at)) || 0;
        note(view, start, start + count, own);
      });
    }
    const numbers = /^write(?:Big)?U?(?:Int|Float|Double|int)(8|16|32|64)?(?:LE|BE)?$/i;
    for (const name of Object.getOwnPropertyNames(on)) {
      const found = numbers.exec(name);
      if (!found) continue;
      const isVariable = found[1] === undefined && /int/i.test(name);
      const width = found[1] ? Number(found[1]) / 8 : /double/i.test(name) ? 8 : 4;
      writer(on, name, (view, end, args, own) => {
        const length = isVariable ? Number(args[2]) : width;
        note(view, end - length, end, own);
      });
    }
  }

  // ---- The end ----

  function finish(reason, status) {
    if (isOff || (chunks.length === 0 && descriptor === undefined)) return;
    entries++;
    for (const memory of allMemories) memory.deref()?.check(true);
    line(`{"end":"${reason}","status":${Number(status) || 0}}`);
    flush();
  }
  if (fs) {
    process.on('exit', (status) => finish('exit', status));
    setInterval(flush, FULL_INTERVAL_MS).unref();
  }
  defineProperty(globalThis, 'linmemRecorder', {
    configurable: true,
    value: Object.freeze({
      // Returns the recording so far.
      text: () => [header, ...chunks].join('\n') + '\n',
      // Saves the recording so far as a file.
      save(name = 'app.hostlog') {
        const link = document.createElement('a');
        link.href = URL.createObjectURL(new Blob([this.text()], { type: 'application/json' }));
        link.download = name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), 10000);
      },
    }),
  });
})();
