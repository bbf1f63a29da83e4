//! A guest with types: records with padding, pointers and lengths, an enum with data, and a global variable.
//!
//! The layouts are those of C where the host writes fields itself, and Rust's own in the last two.

use std::cell::UnsafeCell;

/// A point in the plane.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// A shape: its corners are elsewhere.
#[repr(C)]
pub struct Shape {
    /// 0 is a circle, 1 a polygon.
    pub kind: u8,
    pub count: u32,
    pub points: *mut Point,
}

/// A rectangle that contains a shape.
#[repr(C)]
pub struct Bounds {
    pub low: Point,
    pub high: Point,
}

/// What the last call of `move_shape` did. Rust chooses the order of the fields.
pub enum Moved {
    Nothing,
    By { x: f32, y: f32 },
}

/// A global variable. A cell, because a plain one cannot be changed.
#[repr(transparent)]
pub struct Global<T>(UnsafeCell<T>);

// This guest has one thread.
unsafe impl<T> Sync for Global<T> {}

/// What the calls did so far.
pub struct Totals {
    pub calls: u32,
    pub last: Moved,
}

pub static TOTALS: Global<Totals> = Global(UnsafeCell::new(Totals { calls: 0, last: Moved::Nothing }));

static POINTS: Global<[Point; 8]> = Global(UnsafeCell::new([Point { x: 0.0, y: 0.0 }; 8]));
static SHAPE: Global<Shape> = Global(UnsafeCell::new(Shape { kind: 1, count: 3, points: POINTS.0.get().cast() }));

/// Returns the address of a triangle whose corners are all at the origin.
#[no_mangle]
pub extern "C" fn triangle() -> *mut Shape {
    SHAPE.0.get()
}

/// Returns the address of what the calls did so far.
#[no_mangle]
pub extern "C" fn totals() -> *const Totals {
    TOTALS.0.get()
}

/// Moves every corner of a shape.
///
/// # Safety
/// `shape` points to a shape, and its `points` to as many points as `count`.
#[no_mangle]
pub unsafe extern "C" fn move_shape(shape: &mut Shape, x: f32, y: f32) {
    for index in 0..shape.count as usize {
        let point = &mut *shape.points.add(index);
        point.x += x;
        point.y += y;
    }
    let totals = &mut *TOTALS.0.get();
    totals.calls += 1;
    totals.last = if x == 0.0 && y == 0.0 { Moved::Nothing } else { Moved::By { x, y } };
}

/// Adds a corner to a shape that has fewer than 8.
///
/// # Safety
/// As for [`move_shape`].
#[no_mangle]
pub unsafe extern "C" fn add_point(shape: &mut Shape, x: f32, y: f32) {
    if shape.count < 8 {
        *shape.points.add(shape.count as usize) = Point { x, y };
        shape.count += 1;
    }
}

/// Returns the rectangle around a shape. The caller passes the address of the result before the parameter.
///
/// # Safety
/// As for [`move_shape`].
#[no_mangle]
pub unsafe extern "C" fn bounds(shape: &Shape) -> Bounds {
    let mut bounds = Bounds { low: *shape.points, high: *shape.points };
    for index in 1..shape.count as usize {
        let point = *shape.points.add(index);
        bounds.low.x = bounds.low.x.min(point.x);
        bounds.low.y = bounds.low.y.min(point.y);
        bounds.high.x = bounds.high.x.max(point.x);
        bounds.high.y = bounds.high.y.max(point.y);
    }
    bounds
}
