//! The built-in lessons: their files, and what each has to show.

/// The expected results of a lesson.
pub(super) struct Expected {
    pub(super) file: &'static str,
    pub(super) steps: usize,
    /// The steps and the kinds of the findings that the lesson expects.
    pub(super) mistakes: &'static [(usize, &'static str)],
    /// The steps of the questions, with their answers.
    pub(super) answers: &'static [(usize, &'static str)],
    /// The step that fails, or reveals that an earlier one did.
    pub(super) surprise: usize,
}

#[rustfmt::skip]
pub(super) const LESSONS: [Expected; 29] = [
    Expected { file: "01-bytes", steps: 14, mistakes: &[(8, "out-of-bounds")],
        answers: &[(4, "\"I\""), (6, "65535")], surprise: 8 },
    Expected { file: "02-protocol", steps: 12, mistakes: &[],
        answers: &[(4, "8"), (6, "\"HELLO\"")], surprise: 7 },
    Expected { file: "03-strings", steps: 15, mistakes: &[(5, "invalid-utf8")],
        answers: &[(2, "5"), (12, "\"Tom\"")], surprise: 5 },
    Expected { file: "04-numbers", steps: 17, mistakes: &[],
        answers: &[(1, "\"78\""), (7, "false"), (14, "-1")], surprise: 8 },
    Expected { file: "05-moving", steps: 12, mistakes: &[(8, "stale-pointer")],
        answers: &[(6, "false")], surprise: 8 },
    Expected { file: "06-ownership", steps: 16, mistakes: &[(6, "use-after-release")],
        answers: &[(8, "1024")], surprise: 6 },
    Expected { file: "07-in-place", steps: 14, mistakes: &[],
        answers: &[(6, "2")], surprise: 8 },
    Expected { file: "08-overrun", steps: 16, mistakes: &[(8, "overrun")],
        answers: &[(7, "114")], surprise: 8 },
    Expected { file: "09-out-of-bounds", steps: 16, mistakes: &[(7, "trap"), (9, "trap")],
        answers: &[(4, "16128"), (8, "false")], surprise: 9 },
    Expected { file: "10-structs", steps: 15, mistakes: &[],
        answers: &[(5, "36"), (12, "true")], surprise: 4 },
    Expected { file: "11-toolchains", steps: 17, mistakes: &[(15, "use-after-release")],
        answers: &[(8, "10")], surprise: 15 },
    Expected { file: "12-growing", steps: 13, mistakes: &[(7, "growth-refused"), (9, "out-of-bounds")],
        answers: &[(2, "1024"), (6, "-1")], surprise: 7 },
    Expected { file: "13-locals", steps: 10, mistakes: &[(7, "dangling-stack-pointer")],
        answers: &[(1, "0"), (5, "4")], surprise: 7 },
    Expected { file: "14-imports", steps: 10, mistakes: &[],
        answers: &[(3, "\"o\"")], surprise: 4 },
    Expected { file: "15-rollback", steps: 12, mistakes: &[(3, "trap"), (6, "trap")],
        answers: &[(2, "40")], surprise: 3 },
    Expected { file: "16-double-free", steps: 14, mistakes: &[(3, "double-release"), (7, "allocated-twice")],
        answers: &[(6, "1024")], surprise: 3 },
    Expected { file: "17-isolation", steps: 10, mistakes: &[(3, "trap")],
        answers: &[(2, "2")], surprise: 3 },
    Expected { file: "18-function-pointers", steps: 15, mistakes: &[(9, "overrun"), (14, "trap")],
        answers: &[(8, "1000")], surprise: 9 },
    Expected { file: "19-alignment", steps: 8, mistakes: &[],
        answers: &[(2, "1")], surprise: 3 },
    Expected { file: "20-dead-frame", steps: 14, mistakes: &[(2, "dangling-stack-pointer"), (7, "dangling-stack-pointer")],
        answers: &[(5, "false")], surprise: 2 },
    Expected { file: "21-who-frees", steps: 14, mistakes: &[(9, "double-release")],
        answers: &[(8, "2")], surprise: 9 },
    Expected { file: "22-nul", steps: 10, mistakes: &[],
        answers: &[(4, "\"AnnaABC\"")], surprise: 5 },
    Expected { file: "23-results", steps: 12, mistakes: &[(8, "address-and-length-swapped")],
        answers: &[(7, "256")], surprise: 8 },
    Expected { file: "24-utf16", steps: 12, mistakes: &[],
        answers: &[(2, "8")], surprise: 3 },
    Expected { file: "25-leak", steps: 15, mistakes: &[(6, "leak")],
        answers: &[(3, "1040")], surprise: 6 },
    Expected { file: "26-canonical-abi", steps: 17, mistakes: &[(9, "use-after-release")],
        answers: &[(8, "3")], surprise: 9 },
    Expected { file: "27-real-host", steps: 17, mistakes: &[(12, "double-release"), (15, "allocated-twice")],
        answers: &[(3, "0")], surprise: 12 },
    Expected { file: "28-padding", steps: 17, mistakes: &[(10, "padding-written")],
        answers: &[(3, "12"), (12, "false")], surprise: 13 },
    Expected { file: "29-struct-result", steps: 13, mistakes: &[],
        answers: &[(5, "1")], surprise: 7 },
];

/// The lessons whose questions have choices: one is chosen by its number or its text.
pub(super) const CHOICES: [&str; 3] = ["17-isolation", "26-canonical-abi", "29-struct-result"];
