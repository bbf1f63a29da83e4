//! The fields of views: in the hex rows, about the byte, as a tree, and in the list of types.

use linmem::app::input::hit_test::{Hit, hit};
use linmem::app::{self, Action, App, Pane, keymap};
use linmem::testing::apps::app_showing;
use linmem::testing::typed::{self, NAMES, POINTS, SHAPES};
use linmem::ui::Theme;

use super::{plain, screen, styles, text, with};

/// The app at the end of a step, with the cursor at the count of the third shape.
fn at_step(step: usize, size: (u16, u16)) -> App {
    with(app_showing(typed::session(), step, size), |app| {
        app.top = SHAPES;
        app.cursor = SHAPES + 40;
    })
}

fn press(app: &mut App, keys: &str) {
    for key in keys.split_whitespace() {
        app::key(app, keymap::parse(key).unwrap());
    }
}

/// The app at the end of a step with the fields in focus, after some keys.
fn fields(step: usize, size: (u16, u16), keys: &str) -> App {
    with(at_step(step, size), |app| {
        press(app, "7");
        press(app, keys);
    })
}

#[test]
fn the_fields_are_a_tree_at_each_size() {
    for size in [(200, 50), (120, 40), (80, 24), (40, 12)] {
        let app = fields(3, size, "enter j j o j j j enter");
        let buffer = screen(&app, &Theme::dark());
        let name = format!("fields_{}x{}", size.0, size.1);
        insta::assert_snapshot!(name.clone(), text(&buffer));
        insta::assert_snapshot!(format!("{name}_styles"), styles(&buffer));
    }
}

#[test]
fn fields_and_padding_are_marked_without_colour_and_unicode() {
    let app = at_step(3, (80, 24));
    let buffer = screen(&app, &Theme::mono().with_ascii());
    insta::assert_snapshot!("field_marks_ascii_80x24", text(&buffer));
    insta::assert_snapshot!(
        "field_marks_mono_80x24",
        styles(&screen(&app, &Theme::mono()))
    );
    insta::assert_snapshot!("field_marks_40x12", plain(&at_step(3, (40, 12))));
}

#[test]
fn the_byte_has_its_path_its_value_before_and_after_and_its_writer() {
    let about = |step, address| {
        let app = with(at_step(step, (200, 50)), |app| {
            app.cursor = address;
            app.pane = Pane::Inspector;
        });
        plain(&app)
    };
    let count = about(3, SHAPES + 40);
    assert!(count.contains("│ field "), "{count}");
    assert!(count.contains("shapes[2].count: u32"), "{count}");
    assert!(count.contains("3 (before this step 2)"), "{count}");
    let point = about(3, POINTS + 12);
    assert!(point.contains("shapes[2].points → [1].y: f32"), "{point}");
    assert!(point.contains("4.0 (before this step 0.0)"), "{point}");
    let second_byte = about(3, SHAPES + 33);
    assert!(
        second_byte.contains("padding after kind in shapes[2], 3 bytes"),
        "{second_byte}"
    );
    assert!(about(3, NAMES).contains("shapes[2].name →: cstr"));
    assert!(!about(3, 0x800).contains("│ field "), "no view leads there");
    assert!(
        !about(0, SHAPES + 40).contains("│ field "),
        "there is no view yet"
    );
}

#[test]
fn enter_follows_a_pointer_and_the_cursor_goes_with_the_rows() {
    let mut app = fields(3, (120, 40), "");
    assert_eq!(app.cursor, SHAPES + 40, "the row that is open has the byte");
    press(&mut app, "enter j j");
    assert_eq!(app.cursor, SHAPES + 36);
    press(&mut app, "j j");
    assert_eq!(app.cursor, SHAPES + 44);
    press(&mut app, "enter");
    assert_eq!(app.cursor, POINTS);
    assert!(plain(&app).contains("Followed points to 0x540."));
    press(&mut app, "j enter j j");
    assert_eq!(app.cursor, POINTS + 12);
    // A field without parts folds what contains it.
    press(&mut app, "o");
    assert_eq!(app.cursor, POINTS + 8);
    // A pointer that leads nowhere has its reason, and is not followed.
    press(&mut app, "j j enter j j enter");
    let screen = plain(&app);
    assert!(screen.contains("There is nothing to follow."), "{screen}");
    assert!(screen.contains("reach past the end of memory"), "{screen}");
    assert_eq!(app.cursor, SHAPES + 52);
}

#[test]
fn the_keys_of_touches_go_through_the_writes_of_the_field() {
    let mut app = fields(3, (120, 40), "enter j j j");
    assert_eq!(app.cursor, SHAPES + 40);
    press(&mut app, "w");
    assert_eq!(app.moment, typed::LAST);
    press(&mut app, "{");
    assert_eq!((app.moment.step, app.moment.event), (2, 2));
    press(&mut app, "}");
    assert_eq!(app.moment, typed::LAST);
    // The second point has two fields, written by two stores.
    press(&mut app, "j enter j w");
    assert_eq!((app.moment.step, app.moment.event), (3, 4));
    press(&mut app, "{");
    assert_eq!((app.moment.step, app.moment.event), (3, 3));
}

#[test]
fn a_click_on_a_row_moves_the_cursor() {
    let mut app = fields(3, (120, 40), "enter");
    let screen = plain(&app);
    let (row, line) = screen
        .lines()
        .enumerate()
        .find(|(_, line)| line.contains("points") && line.contains("*[Point"))
        .unwrap();
    let byte = line.find("points").unwrap();
    let column = line.get(..byte).unwrap().chars().count();
    assert!(matches!(
        hit(&app, column as u16, row as u16),
        Hit::Field(_)
    ));
    app::click(&mut app, column as u16, row as u16);
    assert_eq!(app.cursor, SHAPES + 44);
    assert_eq!(app.pane, Pane::Fields);
}

#[test]
fn the_list_has_views_and_types_with_layouts() {
    let mut app = at_step(3, (80, 24));
    press(&mut app, "V");
    insta::assert_snapshot!("types_80x24", plain(&app));
    press(&mut app, "j j");
    insta::assert_snapshot!("types_layout_80x24", plain(&app));
    press(&mut app, "d");
    assert!(plain(&app).contains("Types cannot be removed"));
    press(&mut app, "g enter");
    assert_eq!((app.cursor, app.pane), (SHAPES, Pane::Fields));
    let mut small = at_step(3, (40, 12));
    press(&mut small, "V");
    insta::assert_snapshot!("types_40x12", plain(&small));
}

#[test]
fn a_view_of_the_screen_shows_at_every_moment_and_can_be_removed() {
    let mut app = at_step(3, (120, 40));
    for key in ":view_0x540_as_[Point;_3]".chars() {
        let key = if key == '_' {
            "space".into()
        } else {
            key.to_string()
        };
        press(&mut app, &key);
    }
    press(&mut app, "enter");
    let now = plain(&app);
    assert_eq!(app.cursor, POINTS, "{now}");
    assert!(
        now.contains("0x540") && now.contains("{ x: 1.5, y: 2.0 }"),
        "{now}"
    );
    // Before the step of the script that names the shapes.
    app::update(&mut app, Action::First);
    let start = plain(&app);
    assert!(start.contains("{ x: 0.0, y: 0.0 }"), "{start}");
    press(&mut app, "V");
    assert!(plain(&app).contains("typed at the screen"));
    press(&mut app, "d");
    assert!(!plain(&app).contains("typed at the screen"));
}

#[test]
fn a_mistake_in_a_view_is_explained() {
    let message = |line: &str| {
        let mut app = at_step(3, (120, 40));
        for key in line.chars() {
            let key = if key == ' ' {
                "space".into()
            } else {
                key.to_string()
            };
            press(&mut app, &key);
        }
        press(&mut app, "enter");
        plain(&app)
    };
    assert!(message(":view nothing as Point").contains("Nothing is called nothing here"));
    assert!(message(":view 0x540 as Pont").contains("did you mean `Point`?"));
    let unfinished = message(":view 0x540 as [Point");
    assert!(unfinished.contains("is never closed"), "{unfinished}");
    assert!(message(":view 0x99999 as Point").contains("past the end of memory"));
}

#[test]
fn only_rows_on_the_screen_of_a_large_array_are_read() {
    let types = "type Shape = { kind: u32, name: *cstr, count: u32, points: u32 }\n";
    let timeline = typed::session_of(types, "[Shape; 100000]");
    let mut app = with(app_showing(timeline, 1, (120, 40)), |app| {
        app.top = SHAPES;
        app.cursor = SHAPES;
    });
    press(&mut app, "7");
    let begin = std::time::Instant::now();
    for _ in 0..20 {
        press(&mut app, "PgDn");
        plain(&app);
    }
    let screen = plain(&app);
    assert!(
        screen.contains("of 100") && screen.contains("001 ━"),
        "{screen}"
    );
    // A debug build draws about a hundred screens a second; to read all elements takes far longer.
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}
