//! A guest that works with blocks of Zig's allocator for Wasm.

const std = @import("std");
const allocator = std.heap.wasm_allocator;

extern "env" fn text(n: usize) [*]u8;
extern "env" fn name(p: [*]u8, n: usize) void;

var held: ?[]u8 = null;
var arena: ?std.heap.ArenaAllocator = null;

export fn alloc(n: usize) ?[*]u8 {
    const block = allocator.alloc(u8, n) catch return null;
    return block.ptr;
}

export fn free(p: [*]u8, n: usize) void {
    allocator.free(p[0..n]);
}

export fn realloc(p: [*]u8, old: usize, n: usize) ?[*]u8 {
    const block = allocator.realloc(p[0..old], n) catch return null;
    return block.ptr;
}

/// Takes a block over: changes it and releases it.
export fn consume(p: [*]u8, n: usize) usize {
    @memset(p[0..n], 'c');
    allocator.free(p[0..n]);
    return n;
}

/// Takes a block over, and releases the one that it took over before.
export fn hold(p: [*]u8, n: usize) void {
    if (held) |block| allocator.free(block);
    held = p[0..n];
    @memset(p[0..n], 'h');
}

/// Returns a new block, which the caller must release.
export fn make(n: usize) ?[*]u8 {
    const block = allocator.alloc(u8, n) catch return null;
    @memset(block, 'm');
    return block.ptr;
}

/// Fills a block of the caller.
export fn fill(p: [*]u8, n: usize) void {
    @memset(p[0..n], 'f');
}

/// Gets a block from an import, which allocates it with this guest's allocator, and releases it.
export fn fetch(n: usize) usize {
    const p = text(n);
    p[0] = '!';
    allocator.free(p[0..n]);
    return n;
}

/// Lets an import write to a block, and releases it.
export fn ask(n: usize) usize {
    const block = allocator.alloc(u8, n) catch return 0;
    defer allocator.free(block);
    name(block.ptr, n);
    return block[0];
}

/// Returns a block of an arena, which `arena_reset` releases as a whole.
export fn arena_take(n: usize) ?[*]u8 {
    if (arena == null) arena = std.heap.ArenaAllocator.init(allocator);
    const block = arena.?.allocator().alloc(u8, n) catch return null;
    return block.ptr;
}

export fn arena_reset() void {
    if (arena) |*all| all.deinit();
    arena = null;
}

/// Works with lists that grow, and a frame on the stack.
export fn work(rounds: usize) usize {
    var sum: usize = 0;
    for (0..rounds) |round| {
        var frame: [64]u8 = undefined;
        @memset(&frame, @truncate(round));
        std.mem.doNotOptimizeAway(&frame);
        var list = std.ArrayList(u8).init(allocator);
        defer list.deinit();
        for (0..round * 7 + 5) |at| list.append(frame[at % 64]) catch return 0;
        sum += list.items.len;
    }
    return sum;
}
