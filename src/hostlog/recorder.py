"""The recorder of linmem for Python hosts that use the `wasmtime` package.

It writes what crosses the border between the host and its WebAssembly guests as `linmem.host/1`;
docs/hostlog.md describes that format. `linmem record` puts this file into a folder of its own as
`sitecustomize.py`, and that folder into PYTHONPATH, so Python loads it before the app. It writes
the file that LINMEM_RECORD names.

It replaces functions of the C interface inside the package. They return before the package raises
an exception, so the recorder is in no traceback of the app.
"""

import sys


def _start():
    import os

    folder = os.path.dirname(os.path.abspath(__file__))
    output = os.environ.get("LINMEM_RECORD")
    if output and "wasmtime" not in sys.modules:
        sys.meta_path.insert(0, _Finder(output, os.getcwd()))
    if __name__ == "sitecustomize":
        _run_sitecustomize_of_app(folder, os.path)


def _run_sitecustomize_of_app(folder, path):
    """Runs the `sitecustomize` that Python would load without the recorder."""
    sys.path[:] = [entry for entry in sys.path if path.abspath(entry) != folder]
    own = sys.modules.pop("sitecustomize")
    try:
        import sitecustomize  # noqa: F401
    except ModuleNotFoundError as error:
        if error.name != "sitecustomize":
            raise
    finally:
        # The import of this file ends with an error if its name is gone.
        sys.modules.setdefault("sitecustomize", own)


class _Finder:
    """Waits for the import of `wasmtime`, and installs the recorder after it."""

    def __init__(self, output, folder):
        self.output = output
        self.folder = folder

    def find_spec(self, name, path=None, target=None):
        if name != "wasmtime":
            return None
        sys.meta_path.remove(self)
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find else None
            if spec is not None:
                break
        else:
            return None
        if spec.loader is not None and hasattr(spec.loader, "exec_module"):
            self.follow(spec.loader)
        return spec

    def follow(self, loader):
        run = loader.exec_module

        def exec_module(module):
            del loader.exec_module
            run(module)
            try:
                _install(module, self.output, self.folder)
            except Exception:
                # A version of the package that has other functions is not recorded.
                pass

        loader.exec_module = exec_module


def _install(package, output, folder):
    import _thread
    import atexit
    import binascii
    import ctypes
    import os
    import time

    ffi = sys.modules[package.__name__ + "._ffi"]
    functions = sys.modules[package.__name__ + "._func"]
    values_of_package = sys.modules[package.__name__ + "._value"]
    byref, addressof, string_at = ctypes.byref, ctypes.addressof, ctypes.string_at
    void = ctypes.c_void_p
    frame_of = sys._getframe
    now = time.monotonic
    base64 = binascii.b2a_base64
    # The calls are short, so the lock of the interpreter stays with this thread.
    libc = ctypes.PyDLL(None)
    memcmp = libc.memcmp
    memcmp.argtypes = [void, void, ctypes.c_size_t]
    memcmp.restype = ctypes.c_int

    LEAF = 4096
    CHUNK = 65536
    # A memory of at most this many bytes is compared whole at each crossing.
    SMALL = 32 * CHUNK
    FULL_INTERVAL = 0.05
    # A leaf that did not change for so many crossings is not compared any more at each crossing.
    ACTIVE_CROSSINGS = 32
    MAX_ACTIVE = 256
    # The most bytes from an address on to which the host is expected to write.
    MAX_EXPECTED = 16384
    MAX_BYTES = int(os.environ.get("LINMEM_RECORD_LIMIT") or 0) or 1 << 30
    IS_EXACT = os.environ.get("LINMEM_RECORD_EXACT") == "1"
    SOURCE_LINES = 2
    MAX_SOURCE_LINE = 200
    MAX_SOURCE_FILE = 4 << 20
    FUNC, GLOBAL, TABLE, MEMORY = 0, 1, 2, 3
    I32, I64, F32, F64, V128, FUNCREF, EXTERNREF = 0, 1, 2, 3, 4, 5, 6

    escapes = {code: "\\u%04x" % code for code in range(32)}
    escapes.update({ord('"'): '\\"', ord("\\"): "\\\\"})

    def quote(text):
        """Returns a text as JSON. Half of a surrogate pair, as in a file name, becomes `?`."""
        return '"' + text.encode("utf-8", "replace").decode("utf-8").translate(escapes) + '"'

    def relative(path):
        return path[len(folder) + 1 :] if path.startswith(folder + "/") else path

    def encode_bytes(data):
        return base64(data, newline=False).decode("ascii")

    # ---- The file ----

    class File:
        """The recording of this process. It is created with the first line."""

        def __init__(self):
            self.lines = []
            self.is_off = False
            self.descriptor = None
            self.written = 0

        def open(self):
            stem, ending = os.path.splitext(output)
            for number in range(1, 100000):
                path = output if number == 1 else "%s.%d%s" % (stem, number, ending)
                try:
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
                    return os.open(path, flags, 0o600)
                except FileExistsError:
                    continue
            raise OSError("no name is free")

        def header(self):
            version = "python %d.%d.%d wasmtime %s" % (
                *sys.version_info[:3],
                getattr(package, "__version__", version_of_package()),
            )
            command = ",".join(quote(relative(str(arg))) for arg in getattr(sys, "argv", []))
            return '{"format":"linmem.host/1","recorder":%s,"command":[%s]}' % (
                quote(version.rstrip()),
                command,
            )

        def flush(self):
            if not self.lines or self.is_off:
                return
            lines, self.lines = self.lines, []
            try:
                if self.descriptor is None:
                    self.descriptor = self.open()
                    lines.insert(0, self.header())
                data = ("\n".join(lines) + "\n").encode("utf-8")
                self.written += len(data)
                while data:
                    data = data[os.write(self.descriptor, data) :]
            except (OSError, ValueError):
                self.is_off = True
                return
            if self.written > MAX_BYTES:
                self.written = 0
                self.lines.append('{"end":"limit"}')
                self.flush()
                self.is_off = True

    def version_of_package():
        """Returns the version in the name of the folder that pip writes beside the package."""
        site = os.path.dirname(package_folder)
        try:
            names = [name for name in os.listdir(site) if name.startswith("wasmtime-")]
        except OSError:
            return ""
        return names[0].split("-")[1].replace(".dist", "") if names else ""

    package_folder = os.path.dirname(os.path.abspath(package.__file__))
    file = File()
    line = lambda text: file.lines.append(text)  # noqa: E731
    # A crossing of one thread holds the lock until it ends. Those of others are not recorded then.
    lock = _thread.RLock()

    def proceed(recording, value):
        try:
            recording.send(value)
        except StopIteration:
            pass
        except Exception:
            stop()

    def stop():
        """Ends the recording after an error of the recorder, which LINMEM_RECORD_DEBUG prints."""
        if os.environ.get("LINMEM_RECORD_DEBUG"):
            sys.__excepthook__(*sys.exc_info())
        file.is_off = True

    def recorded(original):
        """Makes the decorated function record what `original` does.

        The function gets the arguments, and yields when `original` is to be called. An error of the
        recorder ends the recording, never the app.
        """

        def decorate(record):
            def replacement(*args):
                if file.is_off or not lock.acquire(False):
                    return original(*args)
                try:
                    try:
                        after = record(*args)
                    except TypeError:
                        # Another version of the package passes other arguments.
                        stop()
                        return original(*args)
                    proceed(after, None)
                    result = original(*args)
                    if not file.is_off:
                        proceed(after, result)
                    return result
                except BaseException:
                    # A signal, such as Ctrl+C: which call it ended is not known.
                    file.is_off = True
                    raise
                finally:
                    lock.release()

            replacement.__name__ = original.__name__
            return replacement

        return decorate

    def replace(name):
        """Replaces a function of the C interface by the recorded one."""

        def decorate(record):
            original = getattr(ffi, name, None)
            if original is not None:
                setattr(ffi, name, recorded(original)(record))
            return original

        return decorate

    # ---- Values ----

    objects = {}

    def object_number(value):
        # The object is kept, so no other one gets its identity.
        return objects.setdefault(id(value), (len(objects), value))[0]

    def key_of(struct):
        """Returns the identity of a function, a memory, a global or a table of a store."""
        return bytes(struct)

    def memory_key(struct):
        # The structure has padding with any content.
        return (struct._anon_1.store_id, key_of(struct)[8:12], key_of(struct)[16:20])

    def global_key(struct):
        return key_of(struct)[:20]

    def reference(context, value, kind):
        if kind == FUNCREF:
            if value.of.funcref.store_id == 0:
                return "null"
            known = exported.get(key_of(value.of.funcref))
            if known is not None:
                return '{"function":%d}' % known.number()
            return '{"ref":%d}' % object_number(key_of(value.of.funcref))
        if kind == EXTERNREF:
            if value.of.externref.store_id == 0:
                return "null"
            index = ffi.wasmtime_externref_data(context, byref(value.of.externref))
            if not index:
                return "null"
            return '{"ref":%d}' % object_number(values_of_package._unintern(index))
        raise ValueError("a type that is not recorded")

    def encode(context, value):
        """Returns a value of the C interface as JSON: floats by their bits."""
        kind = value.kind
        if kind == I32:
            return "%d" % value.of.i32
        if kind == I64:
            return '"%d"' % value.of.i64
        if kind == F32:
            return '"0x%08x"' % (value.of.i32 & 0xFFFFFFFF)
        if kind == F64:
            return '"0x%016x"' % (value.of.i64 & 0xFFFFFFFFFFFFFFFF)
        return reference(context, value, kind)

    def encode_all(context, values, count):
        return ",".join([encode(context, values[i]) for i in range(count)])

    # ---- Places in the host ----

    own_file = frame_of().f_code.co_filename
    place_numbers = {}
    sources = {}

    def is_of_app(code):
        name = code.co_filename
        return not (
            name == own_file or name.startswith(package_folder) or name.startswith("<frozen ")
        )

    def source_lines(path):
        if path not in sources:
            try:
                import tokenize

                is_small = os.path.getsize(path) <= MAX_SOURCE_FILE
                with tokenize.open(path) as source:
                    sources[path] = source.read().splitlines() if is_small else None
            except (OSError, SyntaxError, UnicodeError, ValueError):
                sources[path] = None
        return sources[path]

    def column_of(code, position):
        """Returns the column of an instruction, counted from 1, or 0 before Python 3.11."""
        if not hasattr(code, "co_positions") or position < 0:
            return 0
        for index, (_, _, column, _) in enumerate(code.co_positions()):
            if index * 2 == position:
                return 0 if column is None else column + 1
        return 0

    def place_of(frame, caller):
        code, number = frame.f_code, len(place_numbers)
        name = code.co_filename
        path = name if name.startswith("<") else os.path.join(folder, name)
        text = '{"place":%d,"file":%s,"line":%d' % (
            number,
            quote(relative(os.path.normpath(path))),
            frame.f_lineno or 0,
        )
        column = column_of(code, frame.f_lasti)
        if column:
            text += ',"column":%d' % column
        function = getattr(code, "co_qualname", code.co_name)
        if function != "<module>":
            text += ',"function":%s' % quote(function.replace(".<locals>", "")[:200])
        lines = source_lines(path)
        if lines and frame.f_lineno:
            first = max(1, frame.f_lineno - SOURCE_LINES)
            around = lines[first - 1 : frame.f_lineno + SOURCE_LINES]
            around = ",".join(quote(source[:MAX_SOURCE_LINE]) for source in around)
            text += ',"first":%d,"lines":[%s]' % (first, around)
        if caller is not None:
            text += ',"from":%d' % caller
        line(text + "}")
        return number

    def number_of(frame, caller):
        # The code object is kept, so no other one gets its identity.
        key = (id(frame.f_code), frame.f_lasti, caller)
        known = place_numbers.get(key)
        if known is None:
            known = (place_of(frame, caller), frame.f_code)
            place_numbers[key] = known
        return known[0]

    def next_frame(frame):
        while frame is not None and not is_of_app(frame.f_code):
            frame = frame.f_back
        return frame

    def here():
        """Returns `,"at":N` for the innermost line of the app, or nothing."""
        inner = next_frame(frame_of(1))
        if inner is None:
            return ""
        outer = next_frame(inner.f_back)
        caller = None if outer is None else number_of(outer, None)
        return ',"at":%d' % number_of(inner, caller)

    # ---- Memory ----

    memories = {}
    # How many times the host has entered a guest.
    entries = 0

    class Watched:
        """A memory, and a copy of what is known of it."""

        def __init__(self, context, struct):
            self.number = len(memories)
            # The structure of the package can change or end, so this is a copy.
            self.struct = type(struct).from_buffer_copy(struct)
            self.context = context
            self.shadow = bytearray()
            self.size = 0
            self.active = {}
            self.expected = set()
            self.last_full = entries
            self.next_full = 0
            self.pending = None
            self.must_be_full = False
            self.refresh()
            line('{"memory":%d,"pages":%d}' % (self.number, self.size // 65536))

        def refresh(self):
            """Follows the memory when it has moved or grown. Returns whether it has grown."""
            data = ffi.wasmtime_memory_data(self.context, byref(self.struct))
            self.data = addressof(data.contents) if data else 0
            size = ffi.wasmtime_memory_data_size(self.context, byref(self.struct))
            if size == self.size:
                return False
            grown = bytearray(size)
            grown[: self.size] = self.shadow
            self.shadow, self.size = grown, size
            self.shadow_data = addressof((ctypes.c_char * size).from_buffer(grown)) if size else 0
            return True

        def follow(self):
            if self.refresh():
                line('{"memory":%d,"pages":%d}' % (self.number, self.size // 65536))

        def adopt(self):
            """Takes memory as it is for known: the replay computes it too."""
            self.refresh()
            self.take(0, self.size)
            self.last_full = entries

        def take(self, start, end):
            if end > start:
                ctypes.memmove(self.shadow_data + start, self.data + start, end - start)

        def differs(self, start, end):
            return memcmp(self.data + start, self.shadow_data + start, end - start) != 0

        def collect(self, start, end, writes):
            """Appends the changed bytes of a leaf to `writes`, and takes them over."""
            new = string_at(self.data + start, end - start)
            old = bytes(self.shadow[start:end])
            self.shadow[start:end] = new
            # A part without a change is passed over at once.
            changed = [
                i
                for part in range(0, len(new), 128)
                if new[part : part + 128] != old[part : part + 128]
                for i in range(part, min(part + 128, len(new)))
                if new[i] != old[i]
            ]
            first = last = None
            for i in changed + [None]:
                if first is not None and (i is None or i - last > 8):
                    data = encode_bytes(new[first : last + 1])
                    writes.append('[%d,"%s"]' % (start + first, data))
                    first = None
                if first is None:
                    first = i
                last = i

        def touch(self, start, length):
            """Marks a span as one that may have changed: it is compared at the next crossings."""
            if start >= self.size:
                self.follow()
            if not 0 <= start < self.size:
                return
            end = min(self.size, start + max(1, length))
            for leaf in range(start // LEAF, (end - 1) // LEAF + 1):
                known = self.active.get(leaf)
                if known:
                    known[0] = max(known[0], entries + 2)
                elif len(self.active) < MAX_ACTIVE:
                    self.active[leaf] = [entries + 2, self.last_full]
                else:
                    self.must_be_full = True
                    return

        def compare_active(self):
            recent, late = [], {}
            for leaf, state in list(self.active.items()):
                start, end = leaf * LEAF, min(self.size, leaf * LEAF + LEAF)
                if self.differs(start, end):
                    is_recent = state[1] >= entries - 1
                    self.collect(start, end, recent if is_recent else late.setdefault(state[1], []))
                    state[0] = entries + ACTIVE_CROSSINGS
                elif state[0] < entries:
                    del self.active[leaf]
                state[1] = entries
            for seen, writes in late.items():
                self.log(writes, seen, False)
            if recent:
                self.log(recent, entries - 1, False)

        def compare_all(self):
            recent, late = [], []
            is_recent = self.last_full >= entries - 1
            for chunk in range(0, self.size, CHUNK):
                chunk_end = min(self.size, chunk + CHUNK)
                if not self.differs(chunk, chunk_end):
                    continue
                for start in range(chunk, chunk_end, LEAF):
                    end = min(self.size, start + LEAF)
                    if not self.differs(start, end):
                        continue
                    state = self.active.get(start // LEAF)
                    is_new = is_recent or (state and state[1] >= entries - 1)
                    self.collect(start, end, recent if is_new else late)
                    if state:
                        state[0] = entries + ACTIVE_CROSSINGS
                    elif len(self.active) < MAX_ACTIVE:
                        self.active[start // LEAF] = [entries + ACTIVE_CROSSINGS, entries]
            for state in self.active.values():
                state[1] = entries
            if late:
                self.log(late, self.last_full, False)
            self.log(recent, entries - 1, True)
            self.last_full = entries

        def log(self, writes, since, is_full):
            window = ',"since":%d' % since if since < entries - 1 else ""
            full = ',"full":true' if is_full else ""
            text = '{"memory":%d,"writes":[%s]%s%s}'
            line(text % (self.number, ",".join(writes), window, full))

        def leave_guest(self):
            """Takes over what the guest has written where the host is likely to write next.

            A byte that the host sets back would look as if it had not changed.
            """
            if IS_EXACT or self.size <= SMALL:
                parts = [(at, min(self.size, at + CHUNK)) for at in range(0, self.size, CHUNK)]
                if self.size and not self.differs(0, self.size):
                    parts = []
            else:
                parts = [(at * LEAF, min(self.size, at * LEAF + LEAF)) for at in self.expected]
            self.expected.clear()
            spans = []
            for start, end in parts:
                if start >= end or not self.differs(start, end):
                    continue
                for leaf in range(start, end, LEAF):
                    leaf_end = min(end, leaf + LEAF)
                    if self.differs(leaf, leaf_end):
                        self.take(leaf, leaf_end)
                        spans.append("[%d,%d]" % (leaf, leaf_end - leaf))
            if spans:
                line('{"memory":%d,"left":[%s]}' % (self.number, ",".join(spans)))

        def check(self, must_be_full):
            """Compares memory with what is known of it, before the host enters the guest."""
            if self.pending:
                self.log_pending()
            self.follow()
            must_be_full = must_be_full or self.must_be_full or IS_EXACT
            self.must_be_full = False
            if self.size <= SMALL:
                if not must_be_full:
                    self.compare_active()
                if must_be_full or self.size and self.differs(0, self.size):
                    self.compare_all()
                else:
                    self.last_full = entries
                return
            time = now()
            if must_be_full or time >= self.next_full:
                self.compare_all()
                self.next_full = time + max(FULL_INTERVAL, 20 * (now() - time))
            else:
                self.compare_active()

        def wrote(self, start, length):
            """Notes a write by a method of the package: its span and its line."""
            at, last = here(), self.pending
            if last and last[2] == at and last[0] + last[1] == start:
                last[1] += length
            else:
                if last:
                    self.log_pending()
                self.pending = [start, length, at]
            self.touch(start, length)

        def log_pending(self):
            start, length, at = self.pending
            self.pending = None
            text = '{"wrote":%d,"address":%d,"length":%d%s}'
            line(text % (self.number, start, length, at))

    def watched_of(context, struct):
        key = memory_key(struct)
        watched = memories.get(key)
        if watched is None:
            watched = Watched(context, struct)
            memories[key] = watched
        return watched

    def hint(owner, numbers, longest):
        """Marks what a number that crossed may be the address of."""
        for index, number in enumerate(numbers):
            if number is None:
                continue
            after = numbers[index + 1] if index + 1 < len(numbers) else 0
            # A larger number is more likely to be another address than a length.
            length = after if after is not None and after <= longest else 64
            for memory in owner.memories:
                if number < 1024 or memory.size <= SMALL:
                    continue
                memory.touch(number, length)
                last = min(number + min(length, MAX_EXPECTED), memory.size - 1)
                memory.expected.update(range(number // LEAF, last // LEAF + 1))

    def integers(values, count):
        return [
            values[i].of.i32 & 0xFFFFFFFF if values[i].kind == I32 else None for i in range(count)
        ]

    # ---- Functions ----

    # The exported functions and the functions of the host, by their identities.
    exported = {}
    of_host = {}
    function_count = 0
    # The calls that have not ended: whether each is one of an import.
    running = []

    class Function:
        """A function that crossings name. It is defined at its first use."""

        def __init__(self, owner, fields):
            self.owner = owner
            self.fields = fields
            self.defined = None

        def number(self):
            nonlocal function_count
            if self.defined is None:
                self.defined = function_count
                function_count += 1
                text = '{"function":%d,"instance":%d,%s}'
                line(text % (self.defined, self.owner.number, self.fields))
            return self.defined

    def begin(is_import, text):
        line(text)
        running.append(is_import)
        return len(running)

    def end(depth, text):
        while len(running) > depth:
            is_import = running.pop()
            line('{"%s":{"kind":"host","message":""}}' % ("fail" if is_import else "throw"))
        running.pop()
        line(text)

    def enter(owner, context):
        nonlocal entries
        entries += 1
        for memory in owner.memories:
            memory.check(False)

    def leave(owner):
        for memory in owner.memories:
            memory.follow()
            memory.leave_guest()

    def thrown(trap, error):
        """Returns why a call did not return. The package has not taken the error over yet."""
        raised = functions.LAST_EXCEPTION
        if raised is not None:
            try:
                message = str(raised) or type(raised).__name__
            except Exception:
                message = type(raised).__name__
            return '{"kind":"host","message":%s}' % quote(message[:1000])
        message = ffi.wasm_byte_vec_t()
        if trap:
            ffi.wasm_trap_message(trap, byref(message))
        else:
            ffi.wasmtime_error_message(error, byref(message))
        text = string_at(message.data, message.size).decode("utf-8", "replace").rstrip("\0")
        ffi.wasm_byte_vec_delete(byref(message))
        # The last line has the cause, after the guest's frames.
        text = text.rstrip().rpartition("\n")[2].strip()
        return '{"kind":"trap","message":%s}' % quote(text[:1000])

    @replace("wasmtime_func_call")
    def func_call(context, func, args, nargs, results, nresults, trap):
        known = exported.get(key_of(func._obj))
        if known is None or running and not running[-1]:
            return
        owner, at = known.owner, here()
        numbers = integers(args, nargs)
        hint(owner, numbers, CHUNK)
        text = encode_all(context, args, nargs)
        enter(owner, context)
        number = known.number()
        depth = begin(False, '{"call":%d,"args":[%s]%s}' % (number, text, at))
        file.flush()
        error = yield
        if error or trap._obj:
            end(depth, '{"throw":%s}' % thrown(trap._obj, error))
        else:
            end(depth, '{"return":[%s]}' % encode_all(context, results, nresults))
            longest = max([number or 0 for number in numbers[:2]] + [64])
            found = [number for number in integers(results, nresults) if number is not None]
            hint(owner, [part for number in found for part in (number, longest)][:2], 1 << 20)
        if IS_EXACT:
            leave(owner)
        file.flush()

    @replace("wasmtime_func_new")
    def func_new(context, kind, callback, env, finalizer, func):
        yield
        if callback is functions.trampoline:
            of_host[key_of(func._obj)] = env

    # ---- Functions of the host that a guest imports ----

    imported = {}

    @ffi.wasmtime_func_callback_t
    def answer(env, caller, args, nargs, results, nresults):
        """Calls the host for a guest. Each import of each instance has a function of its own."""
        if file.is_off or not lock.acquire(False):
            return functions.trampoline(env, caller, args, nargs, results, nresults)
        try:
            return import_called(env or 0, caller, args, nargs, results, nresults)
        finally:
            lock.release()

    def import_called(env, caller, args, nargs, results, nresults):
        depth = None
        try:
            function = imported[env]
            owner = function.owner
            context = ffi.wasmtime_caller_context(caller)
            text = encode_all(context, args, nargs)
            number = function.number()
            depth = begin(True, '{"import":%d,"args":[%s]}' % (number, text))
            for memory in owner.memories:
                memory.expected.clear()
            hint(owner, integers(args, nargs), CHUNK)
            leave(owner)
            file.flush()
        except Exception:
            stop()
        trap = functions.trampoline(env, caller, args, nargs, results, nresults)
        if depth is None or file.is_off:
            return trap
        try:
            enter(owner, context)
            if trap:
                end(depth, '{"fail":%s}' % thrown(None, None))
            else:
                end(depth, '{"answer":[%s]}' % encode_all(context, results, nresults))
            file.flush()
        except Exception:
            stop()
        return trap

    def replaced_import(context, item, env, owner, fields):
        """Replaces a function of the host among the imports by one that knows its instance."""
        struct = ffi.wasmtime_func_t()
        kind = ffi.wasmtime_func_type(context, byref(item.of.func))
        own = functions.FUNCTIONS.allocate(functions.FUNCTIONS.get(env or 0))
        imported[own] = Function(owner, fields)
        func_new(context, kind, answer, own, functions.finalize, byref(struct))
        ffi.wasm_functype_delete(kind)
        item.of.func = struct

    # ---- Modules and instances ----

    modules = {}
    module_count = 0
    instance_count = 0

    def address_of(pointer):
        return ctypes.cast(pointer, void).value

    class Module:
        """The bytes of a module until they are written, and its number after that."""

        def __init__(self, data):
            self.data = data
            self.defined = None

        def number(self):
            nonlocal module_count
            if self.defined is None:
                self.defined = module_count
                module_count += 1
                line('{"module":%d,"bytes":"%s"}' % (self.defined, encode_bytes(self.data)))
                self.data = None
            return self.defined

    class Owner:
        """An instance: its number, and the memories that it can use."""

        def __init__(self):
            self.number = None
            self.memories = []

    @replace("wasmtime_module_new")
    def module_new(engine, binary, length, module):
        error = yield
        if not error:
            modules[address_of(module._obj)] = Module(bytes(binary))

    @replace("wasmtime_module_delete")
    def module_delete(module):
        modules.pop(address_of(module), None)
        return
        yield

    def import_names(module):
        vector = ffi.wasm_importtype_vec_t(0, None)
        ffi.wasmtime_module_imports(module, byref(vector))
        names = []
        for index in range(vector.size):
            entry = package.ImportType._from_ptr(vector.data[index], vector)
            names.append((entry.module, entry.name))
        ffi.wasm_importtype_vec_delete(byref(vector))
        return names

    def value_of_global(context, struct):
        value = ffi.wasmtime_val_t()
        ffi.wasmtime_global_get(context, byref(struct), byref(value))
        text = encode(context, value)
        ffi.wasmtime_val_unroot(byref(value))
        return text

    def prepare(context, module, items, hosts, at):
        """Begins an instance. `hosts` has the functions of the host among the imports by index."""
        nonlocal instance_count
        owner, given = Owner(), []
        for index, path in enumerate(import_names(module)):
            item = items[index]
            fields = '"import":[%s,%s]' % (quote(path[0]), quote(path[1]))
            if item.kind == FUNC and hosts[index] is not None:
                replaced_import(context, item, hosts[index], owner, fields)
            elif item.kind == MEMORY:
                memory = watched_of(context, item.of.memory)
                owner.memories.append(memory)
                text = '{%s,"memory":%d,"pages":%d}'
                given.append(text % (fields, memory.number, memory.size // 65536))
            elif item.kind == TABLE:
                given.append('{%s,"table":%d}' % (fields, table_of(item.of.table, owner)[0]))
            elif item.kind == GLOBAL:
                globals_of.setdefault(global_key(item.of.global_), (owner, fields))
                value = value_of_global(context, item.of.global_)
                given.append('{%s,"value":%s}' % (fields, value))
        owner.number = instance_count
        owner.imports = list(owner.memories)
        instance_count += 1
        for memory in owner.memories:
            memory.check(True)
        number = modules[address_of(module)].number()
        text = '{"instance":%d,"module":%d,"given":[%s]%s}'
        line(text % (owner.number, number, ",".join(given), at))
        file.flush()
        return owner

    def adopt(context, instance, owner):
        """Takes a new instance over: its exports are what the host can call and change."""
        nonlocal entries
        lines = []
        for name, item in exports_of(context, instance):
            fields = '"export":%s' % quote(name)
            if item.kind == FUNC:
                exported.setdefault(key_of(item.of.func), Function(owner, fields))
            elif item.kind == TABLE:
                lines.append('{%s,"table":%d}' % (fields, table_of(item.of.table, owner)[0]))
            elif item.kind == MEMORY:
                is_new = memory_key(item.of.memory) not in memories
                memory = watched_of(context, item.of.memory)
                if memory not in owner.memories:
                    owner.memories.append(memory)
                if is_new:
                    memory.adopt()
                lines.append('{%s,"memory":%d}' % (fields, memory.number))
            elif item.kind == GLOBAL:
                globals_of.setdefault(global_key(item.of.global_), (owner, fields))
        entries += 1
        for memory in owner.imports:
            memory.check(True)
        line('{"created":%d,"exports":[%s]}' % (owner.number, ",".join(lines)))
        file.flush()

    def exports_of(context, instance):
        name, length = ctypes.POINTER(ctypes.c_char)(), ctypes.c_size_t(0)
        found = []
        item = ffi.wasmtime_extern_t()
        while ffi.wasmtime_instance_export_nth(
            context, byref(instance), len(found), byref(name), byref(length), byref(item)
        ):
            found.append((string_at(name, length.value).decode("utf-8"), item))
            item = ffi.wasmtime_extern_t()
        return found

    @replace("wasmtime_instance_new")
    def instance_new(context, module, imports, count, instance, trap):
        if address_of(module) not in modules or running and not running[-1]:
            return
        hosts = [of_host.get(key_of(imports[i].of.func)) for i in range(count)]
        if len(import_names(module)) != count:
            # The engine refuses such imports.
            return
        owner = prepare(context, module, imports, hosts, here())
        error = yield
        if not error and not trap._obj:
            adopt(context, instance._obj, owner)

    # ---- Linkers ----

    # Of each linker, the functions of the host that it defines without a store.
    linkers = {}

    @replace("wasmtime_linker_new")
    def linker_new(engine):
        linkers[address_of((yield))] = {}

    @replace("wasmtime_linker_define_func")
    def linker_define_func(linker, module, _, name, __, kind, callback, env, finalizer):
        error = yield
        if not error:
            linkers[address_of(linker)][module.value, name.value] = env

    @replace("wasmtime_linker_define")
    def linker_define(linker, context, module, _, name, __, item):
        error = yield
        if not error:
            linkers[address_of(linker)].pop((module.value, name.value), None)

    @replace("wasmtime_linker_define_instance")
    def linker_define_instance(linker, context, name, _, instance):
        error = yield
        if not error:
            defined = linkers[address_of(linker)]
            for key in [key for key in defined if key[0] == name.value]:
                del defined[key]

    def resolve(linker, context, module):
        """Returns the imports of a module and the functions of the host among them, or nothing."""
        names = import_names(module)
        items, hosts = (ffi.wasmtime_extern_t * len(names))(), []
        defined = linkers.get(address_of(linker), {})
        for index, path in enumerate(names):
            part, name = path[0].encode("utf-8"), (path[1] or "").encode("utf-8")
            item = items[index]
            if not ffi.wasmtime_linker_get(
                linker, context, part, len(part), name, len(name), byref(item)
            ):
                return None
            env = defined.get((part, name))
            if env is None and item.kind == FUNC:
                env = of_host.get(key_of(item.of.func))
            hosts.append(env)
        return items, hosts

    def instantiate_linked(linker, context, module, instance, trap):
        """Instantiates by the imports of a linker. Returns nothing if the linker lacks one."""
        if address_of(module) not in modules or running and not running[-1]:
            return None
        found = resolve(linker, context, module)
        if found is None:
            return None
        items, hosts = found
        owner = prepare(context, module, items, hosts, here())
        error = instance_new(context, module, items, len(items), instance, trap)
        if not error and not trap._obj:
            adopt(context, instance._obj, owner)
        return (error,)

    def linked(original, source):
        """Replaces a function that instantiates by a linker, which `source` finds."""

        def replacement(first, *rest):
            if file.is_off or not lock.acquire(False):
                return original(first, *rest)
            try:
                done = None
                try:
                    done = source(first, *rest)
                except Exception:
                    stop()
                return original(first, *rest) if done is None else done[0]
            finally:
                lock.release()

        return replacement

    ffi.wasmtime_linker_instantiate = linked(ffi.wasmtime_linker_instantiate, instantiate_linked)

    # ---- Stores ----

    delete_of_package = ffi.wasmtime_store_delete

    def store_delete(store):
        """Ends the memories of a store before the engine frees them."""
        try:
            context = address_of(ffi.wasmtime_store_context(store))
            if file.is_off or not lock.acquire(False):
                # The last changes of the host are lost, as another thread is in a recorded call.
                forget(context)
            else:
                try:
                    close(context)
                finally:
                    lock.release()
        except Exception:
            stop()
        return delete_of_package(store)

    ffi.wasmtime_store_delete = store_delete

    def forget(context):
        for memory in list(memories.values()):
            if memory.context and address_of(memory.context) == context:
                memory.context, memory.shadow = None, bytearray()

    def close(context):
        """Compares the memories of a store for the last time, or of all stores."""
        nonlocal entries
        ended = [
            (key, memory)
            for key, memory in memories.items()
            if memory.context and context in (None, address_of(memory.context))
        ]
        entries += 1 if ended else 0
        for _, memory in ended:
            memory.check(True)
            # The number of the memory stays in use, its bytes are freed with the store.
            memory.context, memory.shadow = None, bytearray()
        file.flush()

    # ---- What the host changes ----

    tables = {}
    globals_of = {}

    def table_of(struct, owner):
        key = memory_key(struct)
        if key not in tables:
            tables[key] = (len(tables), owner)
            line('{"table":%d}' % tables[key][0])
        return tables[key]

    @replace("wasmtime_memory_grow")
    def memory_grow(context, memory, delta, before):
        error = yield
        watched = memories.get(memory_key(memory._obj))
        if error or watched is None:
            return
        if watched.pending:
            watched.log_pending()
        text = '{"grow":%d,"before":%d,"by":%d%s}'
        line(text % (watched.number, before._obj.value, delta, here()))
        watched.refresh()

    @replace("wasmtime_global_set")
    def global_set(context, struct, value):
        error = yield
        known = globals_of.get(global_key(struct._obj))
        if not error and known is not None:
            owner, fields = known
            text = '{"set":%s,"instance":%d,%s%s}'
            line(text % (encode(context, value._obj), owner.number, fields, here()))

    @replace("wasmtime_table_set")
    def table_set(context, struct, index, value):
        error = yield
        known = tables.get(memory_key(struct._obj))
        if not error and known is not None:
            function = exported.get(key_of(value._obj.of.funcref))
            number = "null" if function is None else "%d" % function.number()
            text = '{"set_table":%d,"index":%d,"function":%s%s}'
            line(text % (known[0], index, number, here()))

    @replace("wasmtime_table_grow")
    def table_grow(context, struct, delta, value, before):
        error = yield
        known = tables.get(memory_key(struct._obj))
        if not error and known is not None:
            text = '{"grow_table":%d,"before":%d,"by":%d%s}'
            line(text % (known[0], before._obj.value, delta.value, here()))

    @replace("wasmtime_table_get")
    def table_get(context, struct, index, value):
        found = yield
        known = tables.get(memory_key(struct._obj))
        raw = value._obj
        if found and known is not None and raw.kind == FUNCREF and raw.of.funcref.store_id:
            number, owner = known
            fields = '"table":%d,"index":%d' % (number, index)
            exported.setdefault(key_of(raw.of.funcref), Function(owner, fields))

    def follow_writes():
        """Notes each `Memory.write`. It asks for a pointer just before it copies the bytes."""
        write, buffer = package.Memory.write, package.Memory.get_buffer_ptr

        def get_buffer_ptr(self, store, size=None, offset=0):
            if frame_of(1).f_code is write.__code__ and not file.is_off and lock.acquire(False):
                try:
                    watched = memories.get(memory_key(self._memory))
                    if watched is not None and size:
                        watched.wrote(offset, size)
                except Exception:
                    stop()
                finally:
                    lock.release()
            return buffer(self, store, size, offset)

        get_buffer_ptr.__doc__ = buffer.__doc__
        package.Memory.get_buffer_ptr = get_buffer_ptr

    if hasattr(package.Memory, "get_buffer_ptr"):
        follow_writes()

    # ---- The end ----

    def finish():
        if file.is_off or not lock.acquire(False):
            return
        try:
            if not running:
                close(None)
            if file.lines or file.descriptor is not None:
                line('{"end":"exit"}')
            file.flush()
        except Exception:
            pass
        finally:
            file.is_off = True
            lock.release()

    def after_fork():
        # The instances of the parent are in its recording only.
        if file.descriptor is not None or file.lines:
            file.is_off = True

    atexit.register(finish)
    os.register_at_fork(after_in_child=after_fork)


_start()
