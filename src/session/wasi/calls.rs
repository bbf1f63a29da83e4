//! What each function does.

use wasmer::{Memory, Value as Wasm};

use crate::session::imports::{HostTrap, Running};
use crate::session::memory;
use crate::value::Value;

use super::Wasi;
use super::abi::{self, Awaited, EVENT, IOVEC, Subscription};
use super::clock_and_random::{Clock, TICK};
use super::descriptors::{Descriptor, Descriptors, rights};
use super::errno::{Errno, Failure};
use super::functions::{Call, Version};

/// Buffers that one call reads or writes; past it, it is done in part, which the interface allows.
const MOST_BUFFERS: u64 = 1024;
/// Bytes that one call reads or writes, likewise.
const MOST_BYTES: u64 = i32::MAX as u64;
/// What one `poll_oneoff` may wait for.
const MOST_SUBSCRIPTIONS: u64 = 1 << 16;
/// Bytes that are written at once.
const PART: usize = 64 << 10;
/// What can always be written at once, as far as a guest that waits for it is told.
const ROOM_TO_WRITE: u64 = 64 << 10;
/// The highest number of a signal.
const LAST_SIGNAL: u64 = 30;

type Done = Result<(), Failure>;

/// A call that was carried out: its results for the guest, and the error's name where it is one.
pub type Answer = (Vec<Wasm>, Option<&'static str>);

/// Carries out a call.
///
/// # Errors
/// When the guest does not go on: it left, or had too much written.
pub fn perform(running: &mut Running<'_, '_>, call: Call) -> Result<Answer, HostTrap> {
    let args = std::array::from_fn(|index| match running.args.get(index) {
        // An i32 counts as unsigned here: it is a pointer, a length, a file descriptor or a set of
        // flags.
        Some(Value::Int(n)) if call.is_wide(index) => *n as u64,
        Some(Value::Int(n)) => u64::from(*n as u32),
        _ => 0,
    });
    let mut caller = Caller {
        running,
        version: call.version,
        args,
    };
    match caller.perform(call.name) {
        Ok(()) => Ok((vec![Wasm::I32(0)], None)),
        Err(Failure::Errno(errno)) => Ok((
            vec![Wasm::I32(i32::from(errno.number()))],
            Some(errno.name()),
        )),
        Err(Failure::Trap(trap)) => Err(trap),
    }
}

/// The guest while it waits for an answer.
struct Caller<'r, 'a, 'b> {
    running: &'r mut Running<'a, 'b>,
    version: Version,
    /// As many as the longest call has; the rest is zero.
    args: [u64; 9],
}

/// How long something that is awaited takes.
#[derive(Debug, Clone, Copy)]
enum Wait {
    /// Bytes that can be read or written now.
    Ready(u64),
    /// Nanoseconds.
    For(u64),
}

impl Caller<'_, '_, '_> {
    fn perform(&mut self, name: &str) -> Done {
        let [first, second, third, ..] = self.args;
        let fd = first as u32;
        match name {
            "args_get" => self.args_get(first, second),
            "args_sizes_get" => {
                let bytes = self.argument_bytes().len() as u64;
                self.write_two(first, 1, second, bytes)
            }
            "environ_get" | "sched_yield" => Ok(()),
            "environ_sizes_get" => self.write_two(first, 0, second, 0),
            "clock_res_get" => clock(fd).and_then(|_| self.write(second, &TICK.to_le_bytes())),
            "clock_time_get" => self.clock_time_get(clock(fd)?, third),
            "random_get" => self.random_get(first, second),
            "poll_oneoff" => self.poll_oneoff(),
            // An i32 as everywhere in a record, so that what the guest calls -1 reads as -1.
            "proc_exit" => Err(HostTrap::Exited(first as u32 as i32).into()),
            "fd_close" => Ok(self.descriptors().close(fd)?),
            "fd_renumber" => Ok(self.descriptors().renumber(fd, second as u32)?),
            "fd_fdstat_get" => {
                let descriptor = self.descriptors().get(fd)?;
                self.write(second, &abi::fdstat(&descriptor))
            }
            "fd_fdstat_set_flags" => Ok(self.descriptors().set_flags(fd, second)?),
            "fd_fdstat_set_rights" => Ok(self.descriptors().set_rights(fd, second, third)?),
            "fd_filestat_get" => {
                let descriptor = self.descriptors().get(fd)?;
                descriptor.demand(rights::FD_FILESTAT_GET)?;
                self.write(second, &abi::filestat(self.version, descriptor.stream))
            }
            "fd_read" => self.fd_read(fd),
            "fd_write" => self.fd_write(fd),
            _ => Err(self.refusal(name).into()),
        }
    }

    /// Why nothing here can do what is asked for.
    fn refusal(&mut self, name: &str) -> Errno {
        let [first, _, third, fourth, fifth, ..] = self.args;
        let named = match name {
            "proc_raise" if first > LAST_SIGNAL => return Errno::Inval,
            "proc_raise" => return Errno::Nosys,
            // No folder is opened beforehand: by this answer a guest knows that there are no more.
            "fd_prestat_get" | "fd_prestat_dir_name" => return Errno::Badf,
            "path_symlink" => [third, third],
            "path_link" => [first, fifth],
            "path_rename" => [first, fourth],
            _ => [first, first],
        };
        if let Some(errno) = named
            .into_iter()
            .find_map(|fd| self.descriptors().get(fd as u32).err())
        {
            return errno;
        }
        match name {
            // Preview 1 numbers the places to seek from in another order, but 0 to 2 they are in
            // both.
            "fd_seek" if third > 2 => Errno::Inval,
            "fd_seek" | "fd_tell" | "fd_pread" | "fd_pwrite" | "fd_advise" => Errno::Spipe,
            "fd_allocate" => Errno::Nodev,
            "fd_sync" | "fd_datasync" | "fd_filestat_set_size" => Errno::Inval,
            "fd_filestat_set_times" => Errno::Notcapable,
            "fd_readdir" => Errno::Notdir,
            _ if name.starts_with("path_") => Errno::Notdir,
            _ if name.starts_with("sock_") => Errno::Notsock,
            _ => Errno::Nosys,
        }
    }

    fn argument_bytes(&mut self) -> Vec<u8> {
        let mut bytes = self.wasi().name.clone().into_bytes();
        bytes.push(0);
        bytes
    }

    fn args_get(&mut self, pointers: u64, text: u64) -> Done {
        let bytes = self.argument_bytes();
        self.check(pointers, 4)?;
        self.check(text, bytes.len() as u64)?;
        self.write_number(pointers, text)?;
        self.write(text, &bytes)
    }

    fn clock_time_get(&mut self, id: u32, at: u64) -> Done {
        self.check(at, 8)?;
        let time = self.wasi().clock.read(id);
        self.write(at, &time.to_le_bytes())
    }

    fn random_get(&mut self, at: u64, len: u64) -> Done {
        self.check(at, len)?;
        let mut part = vec![0; PART];
        let mut done = 0;
        while done < len {
            let now = (len - done).min(PART as u64);
            let part = part.get_mut(..now as usize).unwrap_or_default();
            self.wasi().chance.fill(part);
            self.write(at + done, part)?;
            done += now;
        }
        Ok(())
    }

    /// `fd_write(fd, buffers, count, written)`
    fn fd_write(&mut self, fd: u32) -> Done {
        self.descriptors().writable(fd)?;
        let [_, _, _, written, ..] = self.args;
        self.check(written, 4)?;
        let mut total = 0;
        for (at, len) in self.buffers()? {
            let kept = len.min(self.wasi().output.room() as u64);
            let first = self.read(at, kept)?;
            self.wasi().output.print(len, &first);
            total += len;
        }
        self.write_number(written, total)
    }

    /// `fd_read(fd, buffers, count, read)`
    fn fd_read(&mut self, fd: u32) -> Done {
        self.descriptors().readable(fd)?;
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
            for (index, part) in input
                .get(start..end)
                .unwrap_or_default()
                .chunks(PART)
                .enumerate()
            {
                self.write(at + (index * PART) as u64, part)?;
            }
            total += now;
        }
        self.write_number(read, total)
    }

    /// The buffers that a call of `fd_read` or `fd_write` names, each inside memory, and together
    /// no more than a call can answer for.
    fn buffers(&mut self) -> Result<Vec<(u64, u64)>, Failure> {
        let [_, at, count, ..] = self.args;
        self.check(at, count * IOVEC)?;
        let array = self.read(at, count.min(MOST_BUFFERS) * IOVEC)?;
        let mut room = MOST_BYTES;
        let mut buffers = Vec::new();
        for buffer in array.chunks_exact(IOVEC as usize) {
            let (at, len) = (
                u64::from(abi::u32_at(buffer, 0)),
                u64::from(abi::u32_at(buffer, 4)),
            );
            if len > 0 {
                self.check(at, len)?;
                buffers.push((at, len.min(room)));
                room -= len.min(room);
            }
        }
        Ok(buffers)
    }

    /// `poll_oneoff(subscriptions, events, count, happened)`. Nothing is ever waited for: where
    /// only clocks can end it, time jumps to where the first of them does.
    fn poll_oneoff(&mut self) -> Done {
        let [from, to, count, happened, ..] = self.args;
        if count == 0 || count > MOST_SUBSCRIPTIONS {
            return Err(Errno::Inval.into());
        }
        let size = Subscription::size(self.version);
        self.check(to, count * EVENT as u64)?;
        self.check(happened, 4)?;
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
            .map(|(_, wait)| length(*wait))
            .min()
            .unwrap_or(0);
        wasi.clock.pass(shortest);
        let events: Vec<_> = awaited
            .iter()
            .filter(|(_, wait)| length(*wait) <= shortest)
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
        self.write_number(happened, events.len() as u64)
    }

    fn wasi(&mut self) -> &mut Wasi {
        &mut self.running.env.data_mut().wasi
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        &mut self.wasi().descriptors
    }

    fn memory(&self) -> Result<Memory, Errno> {
        let state = self.running.env.data();
        state
            .wasi
            .aside
            .as_ref()
            .or(state.memory.as_ref())
            .cloned()
            .ok_or(Errno::Fault)
    }

    /// # Errors
    /// `EFAULT` where the span leads out of memory; so do all that follow.
    fn check(&self, at: u64, len: u64) -> Result<(), Errno> {
        memory::check_span(&self.memory()?, &self.running.env, "reach", at, len)
            .map_err(|_| Errno::Fault)
    }

    fn read(&self, at: u64, len: u64) -> Result<Vec<u8>, Errno> {
        memory::read(&self.memory()?, &self.running.env, at, len).map_err(|_| Errno::Fault)
    }

    fn write(&mut self, at: u64, bytes: &[u8]) -> Done {
        self.check(at, bytes.len() as u64)?;
        if bytes.is_empty() {
            return Ok(());
        }
        if self.wasi().aside.is_none() {
            return Ok(self.running.write(at, bytes)?);
        }
        self.running.count_write(bytes.len())?;
        memory::write(&self.memory()?, &self.running.env, at, bytes)
            .map_err(|_| Errno::Fault.into())
    }

    /// Writes a `size`, or a pointer.
    fn write_number(&mut self, at: u64, number: u64) -> Done {
        self.write(at, &(number as u32).to_le_bytes())
    }

    fn write_two(&mut self, first_at: u64, first: u64, second_at: u64, second: u64) -> Done {
        self.check(second_at, 4)?;
        self.write_number(first_at, first)?;
        self.write_number(second_at, second)
    }
}

fn clock(id: u32) -> Result<u32, Failure> {
    if Clock::exists(id) {
        Ok(id)
    } else {
        Err(Errno::Inval.into())
    }
}

/// In nanoseconds. What cannot be awaited is told at once.
fn length(wait: Result<Wait, Errno>) -> u64 {
    match wait {
        Ok(Wait::For(time)) => time,
        Ok(Wait::Ready(_)) | Err(_) => 0,
    }
}

impl Wasi {
    fn wait(&self, what: Awaited) -> Result<Wait, Errno> {
        match what {
            Awaited::Clock { id, .. } if !Clock::exists(id) => Err(Errno::Inval),
            Awaited::Clock {
                id,
                timeout,
                is_absolute: true,
            } => Ok(Wait::For(timeout.saturating_sub(self.clock.shown(id)))),
            Awaited::Clock { timeout, .. } => Ok(Wait::For(timeout)),
            Awaited::Read { fd } => {
                let demand = |descriptor: Descriptor| descriptor.demand(rights::POLL_FD_READWRITE);
                self.descriptors
                    .readable(fd)
                    .and_then(demand)
                    .map(|()| Wait::Ready(self.unread().len() as u64))
            }
            Awaited::Write { fd } => {
                let demand = |descriptor: Descriptor| descriptor.demand(rights::POLL_FD_READWRITE);
                self.descriptors
                    .writable(fd)
                    .and_then(demand)
                    .map(|()| Wait::Ready(ROOM_TO_WRITE))
            }
        }
    }
}
