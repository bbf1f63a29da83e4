"""Uses a guest in each form that the recorder follows, and prints what an app can see of it."""

import os
import sys

from wasmtime import Engine, Func, FuncType, Instance, Linker, Module, Store, Trap, ValType

I32 = ValType.i32()
engine = Engine()
store = Store(engine)
module = Module.from_file(engine, os.path.join(os.path.dirname(os.path.abspath(__file__)), "guest.wasm"))
seen = []


def log(caller, number):
    seen.append(number)
    caller["memory"].write(caller, b"in an import", 0x900)
    return number + 1


def fail():
    raise LookupError("from the host")


def again(number):
    return exports["count"](store, number - 1) if number > 0 else 0


imports = [
    Func(store, FuncType([I32], [I32]), log, access_caller=True),
    Func(store, FuncType([], []), fail),
    Func(store, FuncType([I32], [I32]), again),
]
exports = Instance(store, module, imports).exports(store)
memory = exports["memory"]

print(exports["add"](store, 1, 2), exports["add"](store, 1 << 40, 3))
print(exports["wide"](store, -1, 2.5, 0.1), exports["pair"](store, 7), exports["log"](store, 4))
for call in (lambda: exports["trap"](store), lambda: exports["fail"](store)):
    try:
        call()
    except (Trap, LookupError) as error:
        print(type(error).__name__, str(error).splitlines()[-1].strip())
try:
    exports["add"](store, "1", 2)
except TypeError as error:
    print(error)
print(exports["count"](store, 3))

memory.write(store, b"\x01\x02\x03", 100)
memory.write(store, "héllo".encode(), 200)
memory.data_ptr(store)[300] = 42
print(exports["sum"](store, 0, 1000))
print(memory.grow(store, 1), memory.data_len(store))
memory.get_buffer_ptr(store)[70000] = 7
print(exports["sum"](store, 69000, 2000))
exports["counter"].set_value(store, 5)
print(exports["counter"].value(store), exports["next"](store))

linker = Linker(engine)
linker.define_func("env", "log", FuncType([I32], [I32]), lambda number: number * 2)
linker.define_func("env", "fail", FuncType([], []), fail)
linker.define(store, "env", "again", imports[2])
print(linker.instantiate(store, module).exports(store)["log"](store, 21))
print(seen)
try:
    memory.write(store, b"too far", 1 << 20)
except IndexError as error:
    print(error)
sys.stdout.flush()
if len(sys.argv) > 1:
    exports["fail"](store)
sys.exit(3)
