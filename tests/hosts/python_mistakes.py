"""Hosts of guest/examples/alloc.wat, each with one mistake: `python3 app.py MISTAKE`."""

import os
import sys

from wasmtime import Engine, Instance, Module, Store

engine = Engine()
store = Store(engine)
module = Module.from_file(engine, os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest.wasm"))
exports = Instance(store, module, []).exports(store)
memory, alloc, free, upper = (exports[name] for name in ("memory", "alloc", "free", "upper"))


def put(data):
    at = alloc(store, len(data))
    memory.write(store, data, at)
    return at


def grown(at, length, new_length):
    """Moves a block to a larger one, as realloc does."""
    data = memory.read(store, at, at + length)
    new = alloc(store, new_length)
    memory.write(store, data, new)
    free(store, at)
    return new


def none():
    at = grown(put(b"hello"), 5, 40)
    upper(store, at, 5)
    free(store, at)


def double_release():
    at = put(b"hello")
    upper(store, at, 5)
    free(store, at)
    free(store, at)


def pointer_kept():
    at = put(b"hello")
    new = grown(at, 5, 40)
    memory.write(store, b"HELLO", at)
    free(store, new)


def write_past_block():
    at = alloc(store, 5)
    alloc(store, 5)
    memory.write(store, b"hello, all the world", at)
    free(store, at)


globals()[sys.argv[1]]()
