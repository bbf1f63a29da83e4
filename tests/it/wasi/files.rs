//! Files in memory: those that a script provides, and those that a guest creates.

use linmem::timeline::Timeline;

use super::{PREVIEW1, UNSTABLE, config, every_function, expected_errnos, last, ok, run};

/// Where the tests write paths, and what the guest returns.
const PATHS: &str = "
        write 64, \"in.txt\"
        write 80, \"out.txt\"
        write 96, \"dir/sub\"
        write 112, \"../in.txt\"
        write 128, \"no/file\"
        write 144, \"dir\"
        write 160, u32(512, 3, 600, 100)
        write 176, u32(700, 5)
        write 700, \"abcde\"\n";

const ALL_RIGHTS: &str = "0x0fffffff, 0x0fffffff";

fn files(module: &str, rows: &str) -> Timeline {
    let steps = format!(
        "provide \"/in.txt\" = \"hello\"\nprovide \"/dir/a\" = hex\"00 ff\"\n{PATHS}{}",
        expected_errnos(&rows.replace("RIGHTS", ALL_RIGHTS))
    );
    ok(&every_function(module, ""), &steps)
}

#[test]
fn a_provided_file_is_opened_and_read() {
    let rows = "
        fd_prestat_get(3, 32) -> 0
        kind = read 32 as u32[2]
        expect kind == [0, 1]
        fd_prestat_dir_name(3, 32, 1) -> 0
        name = read 32, 1 as utf8
        expect name == \"/\"
        fd_prestat_get(4, 32) -> 8
        path_open(3, 0, 64, 6, 0, 2, 0, 0, 32) -> 0
        fd = read 32 as u32
        expect fd == 4
        fd_read(4, 160, 2, 36) -> 0
        n = read 36 as u32
        expect n == 5
        first = read 512, 3 as utf8
        rest = read 600, 2 as utf8
        expect first ++ rest == \"hello\"
        fd_read(4, 160, 2, 36) -> 0
        end = read 36 as u32
        expect end == 0
        fd_write(4, 176, 1, 36) -> 76
        fd_pread(4, 160, 1, 1, 36) -> 0
        part = read 512, 3 as utf8
        expect part == \"ell\"
        fd_tell(4, 40) -> 0
        at = read 40 as u64
        expect at == 5
        fd_filestat_set_size(4, 0) -> 76
        fd_close(4) -> 0
        fd_read(4, 160, 2, 36) -> 8";
    for module in [PREVIEW1, UNSTABLE] {
        files(module, rows);
    }
}

#[test]
fn what_a_guest_writes_is_read_by_the_script() {
    files(
        PREVIEW1,
        "
        path_open(3, 0, 80, 7, 9, RIGHTS, 0, 32) -> 0
        fd_write(4, 176, 1, 36) -> 0
        n = read 36 as u32
        expect n == 5
        fd_seek(4, -2, 1, 40) -> 0
        fd_write(4, 176, 1, 36) -> 0
        fd_seek(4, 2, 2, 40) -> 0
        at = read 40 as u64
        expect at == 10
        fd_pwrite(4, 176, 1, 9, 36) -> 0
        expect provided(\"/out.txt\") == bytes(\"abcabcde\\0abcde\")
        fd_filestat_set_size(4, 2) -> 0
        fd_allocate(4, 2, 2) -> 0
        expect provided(\"out.txt\") == bytes(\"ab\\0\\0\")
        fd_fdstat_set_flags(4, 1) -> 0
        fd_write(4, 176, 1, 36) -> 0
        expect provided(\"/out.txt\") == bytes(\"ab\\0\\0abcde\")
        fd_filestat_get(4, 800) -> 0
        size = read 832 as u64
        kind = read 816 as u8
        expect [size, kind] == [9, 4]
        path_unlink_file(3, 80, 7) -> 0
        fd_tell(4, 40) -> 0
        path_filestat_get(3, 0, 80, 7, 800) -> 44",
    );
    let message = "the guest has no file \"/out.txt\"; its files are \"/dir/a\" and \"/in.txt\"";
    let timeline = run(
        &every_function(PREVIEW1, ""),
        "provide \"/in.txt\" = \"hello\"\nprovide \"/dir/a\" = hex\"00 ff\"\n\
         let x = provided(\"/out.txt\")",
    );
    let error = last(&timeline).error.as_ref().unwrap();
    assert!(error.contains(message), "{error}");
    let timeline = run(
        &every_function(PREVIEW1, ""),
        "let x = provided(\"/out.txt\")",
    );
    let error = last(&timeline).error.as_ref().unwrap();
    assert!(error.ends_with("it has no files"), "{error}");
}

#[test]
fn paths_are_resolved_in_their_folder_only() {
    let rows = "
        path_open(3, 0, 112, 9, 0, RIGHTS, 0, 32) -> 76
        path_open(3, 0, 128, 7, 1, RIGHTS, 0, 32) -> 44
        path_open(3, 0, 80, 7, 0, RIGHTS, 0, 32) -> 44
        path_open(3, 0, 64, 6, 5, RIGHTS, 0, 32) -> 20
        path_open(3, 0, 64, 6, 2, RIGHTS, 0, 32) -> 54
        path_open(3, 0, 64, 6, 3, RIGHTS, 0, 32) -> 28
        path_open(3, 0, 64, 6, 16, RIGHTS, 0, 32) -> 28
        path_open(3, 0, 64, 6, 0, RIGHTS, 32, 32) -> 28
        path_open(3, 0, 144, 3, 0, RIGHTS, 0, 32) -> 31
        path_open(3, 0, 64, 5000, 0, RIGHTS, 0, 32) -> 37
        path_open(3, 0, 65530, 100, 0, RIGHTS, 0, 32) -> 21
        path_open(3, 0, 64, 6, 0, RIGHTS, 0, 65534) -> 21
        path_open(3, 0, 160, 4, 0, RIGHTS, 0, 32) -> 28
        path_open(3, 0, 144, 3, 2, RIGHTS, 0, 32) -> 0
        path_open(4, 0, 112, 9, 0, RIGHTS, 0, 36) -> 76
        write 900, \"a\"
        path_open(4, 0, 900, 1, 0, 2, 0, 0, 36) -> 0
        path_open(5, 0, 900, 1, 0, 2, 0, 0, 36) -> 54
        fd_prestat_get(4, 32) -> 8
        fd_read(4, 160, 1, 36) -> 31
        fd_seek(4, 0, 0, 40) -> 31
        path_symlink(64, 6, 3, 80, 7) -> 58
        path_link(3, 0, 64, 6, 3, 80, 7) -> 58
        path_readlink(3, 64, 6, 800, 10, 36) -> 28
        path_filestat_set_times(3, 0, 64, 6, 0, 0, 0) -> 0";
    for module in [PREVIEW1, UNSTABLE] {
        files(module, rows);
    }
}

#[test]
fn folders_are_listed_created_renamed_and_removed() {
    files(
        PREVIEW1,
        "
        path_create_directory(3, 96, 7) -> 0
        path_create_directory(3, 96, 7) -> 20
        path_rename(3, 64, 6, 3, 96, 7) -> 31
        path_rename(3, 96, 7, 3, 80, 7) -> 0
        path_filestat_get(3, 0, 80, 7, 800) -> 0
        kind = read 816 as u8
        expect kind == 3
        path_remove_directory(3, 144, 3) -> 55
        path_unlink_file(3, 144, 3) -> 31
        path_remove_directory(3, 80, 7) -> 0
        fd_readdir(3, 1000, 200, 0, 36) -> 0
        used = read 36 as u32
        expect used == 24 * 4 + 1 + 2 + 3 + 6
        next = read 1000 as u64
        namelen = read 1016 as u32
        kind = read 1020 as u8
        expect [next, namelen, kind] == [1, 1, 3]
        name = read 1024, 1 as utf8
        expect name == \".\"
        third = read 1000 + 24 + 1 + 24 + 2 + 24, 3 as utf8
        expect third == \"dir\"
        fd_readdir(3, 1000, 200, 3, 36) -> 0
        used = read 36 as u32
        expect used == 24 + 6
        fd_readdir(3, 1000, 10, 0, 36) -> 0
        used = read 36 as u32
        expect used == 10
        fd_readdir(3, 1000, 200, 4, 36) -> 0
        used = read 36 as u32
        expect used == 0
        fd_readdir(3, 1000, 65000, 0, 36) -> 21",
    );
}

#[test]
fn descriptors_of_files_are_renumbered_and_limited() {
    files(
        PREVIEW1,
        "
        path_open(3, 0, 64, 6, 0, RIGHTS, 0, 32) -> 0
        path_open(3, 0, 144, 3, 2, RIGHTS, 0, 32) -> 0
        fd_renumber(4, 5) -> 0
        fd_fdstat_get(4, 800) -> 8
        fd_fdstat_get(5, 800) -> 0
        kind = read 800 as u8
        expect kind == 4
        fd_fdstat_set_rights(5, 2, 0) -> 0
        fd_write(5, 176, 1, 36) -> 76
        fd_close(3) -> 0
        path_open(3, 0, 64, 6, 0, RIGHTS, 0, 32) -> 8",
    );
    let opens = "e = call path_open(3, 0, 64, 1, 1, 2, 0, 0, 32)\n".repeat(1024);
    let steps = format!(
        "provide \"/x\" = \"\"\nwrite 64, \"x\"\n{opens}expect e == 33\nfd = read 32 as u32\n\
         expect fd == 1023"
    );
    ok(&every_function(PREVIEW1, ""), &steps);
}

#[test]
fn without_a_file_in_the_script_no_folder_is_open() {
    ok(
        &every_function(PREVIEW1, ""),
        &expected_errnos("fd_prestat_get(3, 64) -> 8"),
    );
    ok(
        &every_function(PREVIEW1, ""),
        &format!(
            "write 64, \"o\"\n{}expect provided(\"/o\") == hex\"\"",
            expected_errnos("path_open(3, 0, 64, 1, 1, 0x42, 0, 0, 32) -> 0")
        ),
    );
}

#[test]
fn a_file_that_cannot_be_is_refused_at_its_place() {
    for (line, message) in [
        ("provide \"/a\" = 7", "a file cannot be 7"),
        ("provide \"/\" = \"\"", "this is not the path of a file"),
        ("provide \"/../a\" = \"\"", "this path leads out of `/`"),
        (
            "provide \"/a\" = \"\"\nprovide \"/a\" = \"\"",
            "there is a file or folder at this path already",
        ),
        (
            "provide \"/a\" = \"\"\nprovide \"/a/b\" = \"\"",
            "a part of this path is a file, not a folder",
        ),
        (
            "provide \"/a\" = repeat(\"x\", 200 << 20)\nprovide \"/b\" = repeat(\"x\", 100 << 20)",
            "at most 256 MiB together",
        ),
    ] {
        let config = config(&every_function(PREVIEW1, ""), line, b"");
        let error = linmem::session::Session::open(config).err().unwrap();
        assert!(error.to_string().contains(message), "{line}: {error}");
    }
}
