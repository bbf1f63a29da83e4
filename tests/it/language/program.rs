//! `args` and `env`: what a WASI program is given.

use super::harness::{assert_refused, folder_with, run_in};

#[test]
fn mistakes_are_refused_with_their_place() {
    for (lines, texts) in [
        (
            "args",
            ["s.steps:2:5", "expected a value", "args \"NAME\", EXPR"],
        ),
        (
            "args \"a\", 1",
            [
                "s.steps:2:11",
                "an argument of the guest cannot be 1",
                "write text without a NUL",
            ],
        ),
        (
            "args \"a\\0b\"",
            [
                "s.steps:2:6",
                "an argument of the guest cannot be",
                "write text without a NUL",
            ],
        ),
        (
            "args \"a\"\nargs \"b\"",
            [
                "s.steps:3:1",
                "a second `args`; the first is in line 2",
                "write all arguments on one line",
            ],
        ),
        (
            "call nothing()\nargs \"a\"",
            [
                "s.steps:3:1",
                "`args` must be before the first step",
                "the first step is in line 2",
            ],
        ),
        (
            "call nothing()\nenv A = \"a\"",
            [
                "s.steps:3:1",
                "`env` must be before the first step",
                "the first step is in line 2",
            ],
        ),
        (
            "env A = \"a\"\nenv A = \"b\"",
            [
                "s.steps:3:5",
                "a second value for this variable; the first is in line 2",
                "remove one of the lines",
            ],
        ),
        (
            "env \"A=B\" = \"a\"",
            [
                "s.steps:2:5",
                "cannot have this name",
                "write a name that is not empty",
            ],
        ),
        (
            "env A = true",
            [
                "s.steps:2:9",
                "a variable of the environment cannot be true",
                "write text without a NUL",
            ],
        ),
        (
            "input n = 1\nargs \"a\", n",
            [
                "s.steps:3:11",
                "an argument of the guest cannot be 1",
                "write text without a NUL",
            ],
        ),
        (
            "args \"a\", x\nlet x = \"b\"",
            [
                "s.steps:2:11",
                "there is no variable `x` here",
                "only the inputs",
            ],
        ),
    ] {
        assert_refused(lines, &texts);
    }
}

#[test]
fn args_and_env_are_names_of_variables_too() {
    let folder = folder_with(super::harness::GUEST);
    let steps = "module \"guest.wat\"\nenv = call id32(1)\nargs = call id32(env + 1)\n\
                 expect args == 2";
    run_in(&folder, steps, &[]).ok_trace();
}
