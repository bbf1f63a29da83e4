//! The arguments of commands for teaching: `lesson`, `answers` and `exercise`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::ScreenArgs;

#[derive(Debug, Args)]
pub struct LessonArgs {
    /// The lesson's number or name, a Markdown file with a lesson, or a folder with lessons
    pub name: Option<String>,

    /// Write the lesson as a page that asks its questions, or as a handout
    #[arg(long, value_enum, requires = "name", conflicts_with = "export")]
    pub format: Option<LessonFormat>,

    /// Write to this file instead of standard output; needs --format
    #[arg(long, short, value_name = "PATH", requires = "format")]
    pub output: Option<PathBuf>,

    /// Print which lesson needs which, in an order in which they can be taken
    #[arg(long)]
    pub map: bool,

    /// Write the lesson's files into this folder, to change or translate them
    #[arg(long, value_name = "FOLDER", requires = "name")]
    pub export: Option<PathBuf>,

    #[command(flatten)]
    pub screen: ScreenArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LessonFormat {
    /// One page that asks the questions, without a network
    Html,
    /// A handout, with hints and answers folded
    Markdown,
}

#[derive(Debug, Args)]
pub struct AnswersArgs {
    /// Files with a line of answers each or several, also among other text; - for standard input
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// A lesson of your own that the answers may belong to
    #[arg(long = "lesson", value_name = "LESSON.md")]
    pub lessons: Vec<PathBuf>,

    /// What to print
    #[arg(long, value_enum, default_value_t = AnswersFormat::Text)]
    pub format: AnswersFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswersFormat {
    /// A table, for people
    Text,
    /// Every answer that was given, for programs
    Json,
    /// A row for each line, for spreadsheets
    Csv,
}

#[derive(Debug, Args)]
pub struct ExerciseArgs {
    /// The exercise's name
    pub name: Option<String>,

    /// Replace files of the exercise that exist
    #[arg(long)]
    pub force: bool,

    #[command(flatten)]
    pub screen: ScreenArgs,
}
