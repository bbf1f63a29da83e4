//! Timelines with views: memory that a script shows as types.

use super::steps;
use super::timelines::TimelineBuilder;
use crate::data_types::TypeRef;
use crate::script;
use crate::script::ast::StatementKind;
use crate::timeline::{Moment, StepKind, Timeline, Writer};

/// The address of the shapes.
pub const SHAPES: u64 = 0x400;
/// The address of the names.
pub const NAMES: u64 = 0x500;
/// The address of the points.
pub const POINTS: u64 = 0x540;

/// The types of the shapes.
const TYPES: &str = "type Point = { x: f32, y: f32 }
type Shape = {
    kind: u8 enum { circle = 0, polygon = 1 },
    name: *cstr,
    count: u32,
    points: *[Point; count],
}
";

/// Returns the type that is written as `ty`, where `types` are declared.
pub fn written(types: &str, ty: &str) -> TypeRef {
    let text = format!("module \"guest.wat\"\n{types}view v = 0 as {ty}\n");
    let mut script = script::parse("types.steps", &text).expect("the types are parsed");
    script
        .resolve_types(&mut ())
        .expect("the types have a layout");
    let found = script.steps().find_map(|statement| match &statement.kind {
        StatementKind::View { ty, .. } => ty.resolved.clone(),
        _ => None,
    });
    found.expect("the view has a type")
}

/// Returns a session with a view of four shapes from step 1 on. In step 2, the host writes the third
/// shape. In step 3, the guest writes its points, and sets its count to 3 in the last of five stores.
pub fn session() -> Timeline {
    let ty = written(TYPES, "[Shape; 4]");
    let mut builder = TimelineBuilder::new("shapes.steps", 1);
    builder.timeline().types = ty.table().clone();
    builder.instantiate();
    builder.step(StepKind::Region, "view shapes = p as [Shape; 4]", |step| {
        steps::view(step, "shapes", SHAPES, &ty);
    });
    builder.step(StepKind::Write, "write p + 32, shape", |step| {
        steps::write(step, NAMES, b"square\0", Writer::Host);
        let shape = [
            1, 0, 0, 0, 0, 5, 0, 0, 2, 0, 0, 0, 0x40, 5, 0, 0, // the third shape
            0, 0, 0, 0, 0, 0, 0, 9, // the fourth one has a pointer outside memory
        ];
        steps::write(step, SHAPES + 32, &shape, Writer::Host);
    });
    builder.step(StepKind::Call, "call extend(p)", |step| {
        let writer = |offset| steps::guest_writer("extend", offset, 45);
        for (index, value) in [1.5f32, 2.0, 3.25, 4.0].into_iter().enumerate() {
            let address = POINTS + 4 * index as u64;
            steps::write(step, address, &value.to_le_bytes(), writer(0xa0));
        }
        steps::write(step, SHAPES + 32 + 8, &3u32.to_le_bytes(), writer(0xb0));
    });
    builder.finish()
}

/// Returns a session of two steps with a view of one type over memory whose bytes are their addresses.
pub fn session_of(types: &str, ty: &str) -> Timeline {
    let ty = written(types, ty);
    let mut builder = TimelineBuilder::new("view.steps", ty.size().div_ceil(1 << 16).max(1) + 1);
    builder.timeline().types = ty.table().clone();
    builder.instantiate();
    builder.step(StepKind::Write, "write p, bytes", |step| {
        let bytes: Vec<u8> = (0..1024u32).map(|byte| byte as u8).collect();
        steps::write(step, SHAPES, &bytes, Writer::Host);
        steps::view(step, "values", SHAPES, &ty);
    });
    builder.finish()
}

/// The moment after the last store of [`session`].
pub const LAST: Moment = Moment { step: 3, event: 5 };
