//! Types at the line of `:`: fields that complete a record, and views at expressions and of types of
//! debug information.

use super::*;
use crate::app::prompt::Prompt;
use crate::data_types::{DataType, NumberType, Shape, TypeLookup};
use crate::testing::typed;

fn typed_app() -> App {
    let mut app = app_over(typed::session(), SIZE, 3);
    let mut input = app.timeline.inputs[0].clone();
    input.name = "p".into();
    input.value = Value::Int(i128::from(typed::SHAPES));
    app.timeline.inputs.push(input);
    app.timeline.guest.debug_types = TypeLookup::new(|name, table| {
        (name == "demo::Id<u32>").then(|| {
            table.add(DataType {
                name: Some(name.into()),
                size: 4,
                align: 4,
                shape: Shape::Number {
                    number: NumberType::U32,
                    order: Default::default(),
                },
            })
        })
    });
    app
}

fn prompt(app: &App) -> &Prompt {
    let Overlay::Prompt(prompt) = &app.overlay else {
        panic!("the line is not open: {:?}", app.overlay)
    };
    prompt
}

fn completed(text: &str) -> String {
    let mut app = typed_app();
    press(&mut app, ":");
    type_text(&mut app, text);
    press(&mut app, "tab");
    prompt(&app).input.value().to_owned()
}

#[test]
fn tab_completes_the_fields_of_a_record() {
    for (text, expected) in [
        ("write p, Point { ", "write p, Point { "),
        ("write p, Point { x", "write p, Point { x: "),
        ("write p, Point { x: 1.5, ", "write p, Point { x: 1.5, y: "),
        (
            "write p, Shape { kind: 1, na",
            "write p, Shape { kind: 1, name: ",
        ),
        (
            "let s = Shape { name: \"a, {\", co",
            "let s = Shape { name: \"a, {\", count: ",
        ),
        // A value, a list, a record of an unknown type, and one that has ended.
        ("write p, Point { x: p", "write p, Point { x: p"),
        (
            "write p, Shape { kind: min(1, na",
            "write p, Shape { kind: min(1, na",
        ),
        ("write p, Nothing { x", "write p, Nothing { x"),
        ("write p, Point { x: 1 }, y", "write p, Point { x: 1 }, y"),
    ] {
        assert_eq!(completed(text), expected, "{text}");
    }
}

/// Enters a line that adds a view, and returns the address and type of the view.
fn view(text: &str) -> Option<(u64, String)> {
    let mut app = typed_app();
    press(&mut app, ":");
    type_text(&mut app, text);
    press(&mut app, "enter");
    let view = app.fields.views.last()?;
    Some((view.address, view.ty.label()))
}

#[test]
fn a_view_takes_an_expression_and_a_type_of_debug_information() {
    let point = |address| Some((address, "Point".to_owned()));
    assert_eq!(view("view p as Point"), point(0x400));
    assert_eq!(view("view p + 4 * 8 as Point"), point(0x420));
    assert_eq!(view("view (p + 1) & ~0x3 as Point"), point(0x400));
    let id = Some((0x408, "demo::Id<u32>".to_owned()));
    assert_eq!(view("view p + 8 as \"demo::Id<u32>\""), id);
    // Outside memory, of no type, and with a name that nothing has.
    assert_eq!(view("view p * 0x1000 as Point"), None);
    assert_eq!(view("view p as \"demo::Other\""), None);
    assert_eq!(view("view q + 1 as Point"), None);
}
