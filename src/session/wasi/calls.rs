//! Carries out the WASI functions that are not simply refused.

use wasmer::Memory;

use crate::session::imports::{HostTrap, Running};
use crate::session::memory;
use crate::value::Value;

use super::Wasi;
use super::abi::{self, Awaited, EVENT, FileStat, IOVEC, Subscription, Version};
use super::clock_and_random::{Clock, TICK};
use super::descriptors::{Descriptor, Descriptors, Handle, rights};
use super::errno::{Errno, Failure};

/// The most buffers that one call reads or writes. A call with more is done in part, which WASI
/// allows.
const MAX_BUFFERS: u64 = 1024;
/// The most bytes that one call reads or writes. A call with more is done in part.
const MAX_BYTES: u64 = i32::MAX as u64;
/// The most subscriptions of one `poll_oneoff`.
const MAX_SUBSCRIPTIONS: u64 = 1 << 16;
/// The most bytes that the host writes at once.
pub(super) const CHUNK: usize = 64 << 10;
/// The number of bytes that a guest can always write, as `poll_oneoff` reports it.
const WRITE_CAPACITY: u64 = 64 << 10;
/// The highest number of a signal.
const LAST_SIGNAL: u64 = 30;
/// The most arguments of a function.
const MAX_ARGS: usize = 9;

/// Whether a call succeeded.
pub type Completion = Result<(), Failure>;

/// A guest that waits for a call to return.
pub struct Caller<'r, 'a, 'b> {
    running: &'r mut Running<'a, 'b>,
    pub(super) version: Version,
    /// The arguments as unsigned integers; the ones after the last are zero.
    pub(super) args: [u64; MAX_ARGS],
}

/// How long an event takes.
#[derive(Debug, Clone, Copy)]
enum Wait {
    /// No time; this many bytes can be read or written.
    Ready(u64),
    /// This many nanoseconds.
    For(u64),
}

impl<'r, 'a, 'b> Caller<'r, 'a, 'b> {
    /// Creates a caller from a running host function. `is_wide` returns whether an argument is an
    /// i64. Every i32 counts as unsigned: it is a pointer, a length, a file descriptor or a set of
    /// flags.
    pub fn new(
        running: &'r mut Running<'a, 'b>,
        version: Version,
        is_wide: impl Fn(usize) -> bool,
    ) -> Self {
        let args = std::array::from_fn(|index| match running.args.get(index) {
            Some(Value::Int(n)) if is_wide(index) => *n as u64,
            Some(Value::Int(n)) => u64::from(*n as u32),
            _ => 0,
        });
        Caller {
            running,
            version,
            args,
        }
    }

    /// Returns the error of a refused call: `errno`, or that of a file descriptor that is not open.
    pub fn refusal(&mut self, fds: &[usize], errno: Errno) -> Errno {
        let args = self.args;
        let descriptors = self.descriptors();
        let mut fds = fds.iter().filter_map(|index| args.get(*index));
        fds.find_map(|fd| descriptors.get(*fd as u32).err())
            .unwrap_or(errno)
    }

    pub(super) fn fd(&self) -> u32 {
        let [fd, ..] = self.args;
        fd as u32
    }

    pub fn args_get(&mut self) -> Completion {
        let strings = self.wasi().args.clone();
        self.write_strings(&strings)
    }

    pub fn args_sizes_get(&mut self) -> Completion {
        let (count, bytes) = sizes(&self.wasi().args);
        self.write_two_numbers(count, bytes)
    }

    pub fn environ_get(&mut self) -> Completion {
        let strings = self.wasi().environment.clone();
        self.write_strings(&strings)
    }

    pub fn environ_sizes_get(&mut self) -> Completion {
        let (count, bytes) = sizes(&self.wasi().environment);
        self.write_two_numbers(count, bytes)
    }

    /// Writes strings, each with a NUL, one after the other to the second argument, and their
    /// addresses to the first one.
    fn write_strings(&mut self, strings: &[String]) -> Completion {
        let [pointers, text, ..] = self.args;
        let (count, bytes) = sizes(strings);
        if count == 0 {
            return Ok(());
        }
        self.check(pointers, count.saturating_mul(4))?;
        self.check(text, bytes)?;
        let (mut addresses, mut texts) = (Vec::new(), Vec::new());
        for string in strings {
            let address = text.saturating_add(texts.len() as u64);
            addresses.extend_from_slice(&(address as u32).to_le_bytes());
            texts.extend_from_slice(string.as_bytes());
            texts.push(0);
        }
        self.write(pointers, &addresses)?;
        self.write(text, &texts)
    }

    pub fn clock_res_get(&mut self) -> Completion {
        let [id, at, ..] = self.args;
        check_clock(id as u32)?;
        self.write(at, &TICK.to_le_bytes())
    }

    pub fn clock_time_get(&mut self) -> Completion {
        let [id, _, at, ..] = self.args;
        let id = check_clock(id as u32)?;
        self.check(at, 8)?;
        let time = self.wasi().clock.read(id);
        self.write(at, &time.to_le_bytes())
    }

    pub fn proc_exit(&mut self) -> Completion {
        // Everywhere else in a record, an i32 is signed.
        Err(HostTrap::Exited(self.fd() as i32).into())
    }

    pub fn proc_raise(&mut self) -> Completion {
        let [signal, ..] = self.args;
        Err(if signal > LAST_SIGNAL {
            Errno::Inval.into()
        } else {
            Errno::Nosys.into()
        })
    }

    pub fn fd_close(&mut self) -> Completion {
        let fd = self.fd();
        let closed = self.descriptors().close(fd)?;
        self.wasi().closed(closed);
        Ok(())
    }

    pub fn fd_renumber(&mut self) -> Completion {
        let [from, to, ..] = self.args;
        let replaced = self.descriptors().renumber(from as u32, to as u32)?;
        if let Some(replaced) = replaced {
            self.wasi().closed(replaced);
        }
        Ok(())
    }

    pub fn fd_fdstat_get(&mut self) -> Completion {
        let [fd, at, ..] = self.args;
        let descriptor = self.descriptors().get(fd as u32)?;
        self.write(at, &abi::fdstat(&descriptor))
    }

    pub fn fd_fdstat_set_flags(&mut self) -> Completion {
        let [fd, flags, ..] = self.args;
        Ok(self.descriptors().set_flags(fd as u32, flags)?)
    }

    pub fn fd_fdstat_set_rights(&mut self) -> Completion {
        let [fd, base, inheriting, ..] = self.args;
        Ok(self.descriptors().set_rights(fd as u32, base, inheriting)?)
    }

    pub fn fd_filestat_get(&mut self) -> Completion {
        let [fd, at, ..] = self.args;
        let descriptor = self.descriptors().get(fd as u32)?;
        descriptor.check_right(rights::FD_FILESTAT_GET)?;
        let stat = match descriptor.handle {
            Handle::Stream(stream) => FileStat::from(stream),
            Handle::File { node, .. } | Handle::Folder { node, .. } => self.stat(node),
        };
        self.write(at, &stat.bytes(self.version))
    }

    pub fn random_get(&mut self) -> Completion {
        let [at, len, ..] = self.args;
        self.check(at, len)?;
        let mut chunk = vec![0; CHUNK];
        let mut done = 0;
        while done < len {
            let now = (len - done).min(CHUNK as u64);
            let chunk = chunk.get_mut(..now as usize).unwrap_or_default();
            self.wasi().random.fill(chunk);
            self.write(at + done, chunk)?;
            done += now;
        }
        Ok(())
    }

    /// Carries out `fd_write(fd, buffers, count, written)`.
    pub fn fd_write(&mut self) -> Completion {
        let fd = self.fd();
        let descriptor = self.descriptors().writable(fd)?;
        let Handle::Stream(stream) = descriptor.handle else {
            return self.write_at_position(&descriptor);
        };
        let stream = stream.output().ok_or(Errno::Badf)?;
        let [_, _, _, written, ..] = self.args;
        self.check(written, 4)?;
        let mut total = 0;
        for (at, len) in self.buffers()? {
            let recorded = len.min(self.wasi().output.capacity() as u64);
            let first = self.read(at, recorded)?;
            self.wasi().output.print(stream, len, &first);
            total += len;
        }
        self.write_number(written, total)
    }

    /// Carries out `fd_read(fd, buffers, count, read)`.
    pub fn fd_read(&mut self) -> Completion {
        let fd = self.fd();
        let descriptor = self.descriptors().readable(fd)?;
        if let Handle::File { node, position } = descriptor.handle {
            return self.read_at_position(node, position);
        }
        let [_, _, _, read, ..] = self.args;
        self.check(read, 4)?;
        let buffers = self.buffers()?;
        let input = self.wasi().input.clone();
        let mut total = 0;
        for (at, len) in buffers {
            let wasi = self.wasi();
            let start = wasi.read;
            let now = len.min(wasi.unread().len() as u64);
            wasi.read += now as usize;
            let end = wasi.read;
            for (index, chunk) in input
                .get(start..end)
                .unwrap_or_default()
                .chunks(CHUNK)
                .enumerate()
            {
                self.write(at + (index * CHUNK) as u64, chunk)?;
            }
            total += now;
        }
        self.write_number(read, total)
    }

    /// Returns the buffers of a call of `fd_read` or `fd_write`. Each is inside memory, and together
    /// they have at most [`MAX_BYTES`].
    pub(super) fn buffers(&mut self) -> Result<Vec<(u64, u64)>, Failure> {
        let [_, at, count, ..] = self.args;
        self.check(at, count * IOVEC)?;
        let array = self.read(at, count.min(MAX_BUFFERS) * IOVEC)?;
        let mut capacity = MAX_BYTES;
        let mut buffers = Vec::new();
        for buffer in array.chunks_exact(IOVEC as usize) {
            let (at, len) = (
                u64::from(abi::u32_at(buffer, 0)),
                u64::from(abi::u32_at(buffer, 4)),
            );
            if len > 0 {
                self.check(at, len)?;
                buffers.push((at, len.min(capacity)));
                capacity -= len.min(capacity);
            }
        }
        Ok(buffers)
    }

    /// Carries out `poll_oneoff(subscriptions, events, count, events_count)`. It never waits: if only
    /// clocks are awaited, time advances to the first of them.
    pub fn poll_oneoff(&mut self) -> Completion {
        let [from, to, count, events_count, ..] = self.args;
        if count == 0 || count > MAX_SUBSCRIPTIONS {
            return Err(Errno::Inval.into());
        }
        let size = Subscription::size(self.version);
        self.check(to, count * EVENT as u64)?;
        self.check(events_count, 4)?;
        let bytes = self.read(from, count * size as u64)?;
        let version = self.version;
        let wasi = self.wasi();
        let awaited: Vec<_> = bytes
            .chunks_exact(size)
            .map(|bytes| Subscription::read(version, bytes))
            .map(|one| (one, one.what.and_then(|what| wasi.wait(what))))
            .collect();
        let shortest = awaited
            .iter()
            .map(|(_, wait)| nanoseconds(*wait))
            .min()
            .unwrap_or(0);
        wasi.clock.advance(shortest);
        let events: Vec<_> = awaited
            .iter()
            .filter(|(_, wait)| nanoseconds(*wait) <= shortest)
            .map(|(one, wait)| {
                one.event(wait.map(|wait| {
                    if let Wait::Ready(bytes) = wait {
                        bytes
                    } else {
                        0
                    }
                }))
            })
            .collect();
        self.write(to, events.as_flattened())?;
        self.write_number(events_count, events.len() as u64)
    }

    pub(super) fn wasi(&mut self) -> &mut Wasi {
        &mut self.running.env.data_mut().wasi
    }

    pub(super) fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.wasi().descriptors
    }

    fn memory(&self) -> Result<Memory, Errno> {
        let state = self.running.env.data();
        state
            .wasi
            .other_memory
            .as_ref()
            .or(state.memory.as_ref())
            .cloned()
            .ok_or(Errno::Fault)
    }

    /// Checks that a span is inside memory.
    ///
    /// # Errors
    /// `EFAULT` if it is not; this holds for all methods below.
    pub(super) fn check(&self, at: u64, len: u64) -> Result<(), Errno> {
        memory::check_span(&self.memory()?, &self.running.env, "reach", at, len)
            .map_err(|_| Errno::Fault)
    }

    pub(super) fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, Errno> {
        memory::read(&self.memory()?, &self.running.env, at, len).map_err(|_| Errno::Fault)
    }

    pub(super) fn write(&mut self, at: u64, bytes: &[u8]) -> Completion {
        self.check(at, bytes.len() as u64)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.wasi().other_memory.is_none() {
            return Ok(self.running.write(at, bytes)?);
        }
        self.running.count_write(bytes.len())?;
        memory::write(&self.memory()?, &self.running.env, at, bytes)
            .map_err(|_| Errno::Fault.into())
    }

    /// Writes a `size` or a pointer.
    pub(super) fn write_number(&mut self, at: u64, number: u64) -> Completion {
        self.write(at, &(number as u32).to_le_bytes())
    }

    /// Writes two numbers to the addresses in the first two arguments.
    fn write_two_numbers(&mut self, first: u64, second: u64) -> Completion {
        let [first_at, second_at, ..] = self.args;
        self.check(second_at, 4)?;
        self.write_number(first_at, first)?;
        self.write_number(second_at, second)
    }
}

/// Returns the number of strings, and how many bytes they take, each with a NUL.
fn sizes(strings: &[String]) -> (u64, u64) {
    let bytes = strings.iter().map(|string| string.len() as u64 + 1).sum();
    (strings.len() as u64, bytes)
}

fn check_clock(id: u32) -> Result<u32, Failure> {
    if Clock::exists(id) {
        Ok(id)
    } else {
        Err(Errno::Inval.into())
    }
}

/// Returns how many nanoseconds an event takes; an error takes none.
fn nanoseconds(wait: Result<Wait, Errno>) -> u64 {
    match wait {
        Ok(Wait::For(time)) => time,
        Ok(Wait::Ready(_)) | Err(_) => 0,
    }
}

impl Wasi {
    /// Returns how long an event takes.
    fn wait(&self, what: Awaited) -> Result<Wait, Errno> {
        match what {
            Awaited::Clock { id, .. } if !Clock::exists(id) => Err(Errno::Inval),
            Awaited::Clock {
                id,
                timeout,
                is_absolute: true,
            } => Ok(Wait::For(timeout.saturating_sub(self.clock.time(id)))),
            Awaited::Clock { timeout, .. } => Ok(Wait::For(timeout)),
            Awaited::Read { fd } => {
                let check =
                    |descriptor: Descriptor| descriptor.check_right(rights::POLL_FD_READWRITE);
                let descriptor = self.descriptors.readable(fd)?;
                check(descriptor)?;
                Ok(Wait::Ready(match descriptor.handle {
                    Handle::File { node, position } => {
                        self.files.len(node)?.saturating_sub(position)
                    }
                    Handle::Stream(_) | Handle::Folder { .. } => self.unread().len() as u64,
                }))
            }
            Awaited::Write { fd } => {
                let check =
                    |descriptor: Descriptor| descriptor.check_right(rights::POLL_FD_READWRITE);
                self.descriptors
                    .writable(fd)
                    .and_then(check)
                    .map(|()| Wait::Ready(WRITE_CAPACITY))
            }
        }
    }
}
