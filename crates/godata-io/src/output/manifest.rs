//! The manifest: a list of the files of an output.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::folders;
use super::rolling::Filled;

/// A file in a manifest.
#[derive(Debug)]
pub(crate) struct Listing {
    pub(crate) path: PathBuf,
    /// How many records this run wrote to it.
    pub(crate) records: u64,
    /// How many stored bytes this run wrote to it.
    pub(crate) bytes: u64,
}

/// The text of the manifest at `path`.
pub(crate) fn text(path: &Path, files: &[Listing]) -> String {
    let folder = folders::parent(path);
    let mut text = String::from("{\"files\":[");
    let mut all = Filled::default();
    for (index, file) in files.iter().enumerate() {
        text.push_str(if index == 0 { "\n  {\"path\":" } else { ",\n  {\"path\":" });
        push_string(&mut text, &file.path.strip_prefix(folder).unwrap_or(&file.path).to_string_lossy());
        push(&mut text, format_args!(",\"records\":{},\"bytes\":{}}}", file.records, file.bytes));
        all.records += file.records;
        all.bytes += file.bytes;
    }
    push(&mut text, format_args!("\n],\"records\":{},\"bytes\":{}}}\n", all.records, all.bytes));
    text
}

/// Adds a JSON string (RFC 8259, section 7).
fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => push(out, format_args!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` can't fail.
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_to_the_directory_of_the_manifest() {
        let files = [
            Listing { path: "out/a/1.csv".into(), records: 2, bytes: 30 },
            Listing { path: "elsewhere/\"\\\n.csv".into(), records: 1, bytes: 10 },
        ];
        let expected = "{\"files\":[\n  {\"path\":\"a/1.csv\",\"records\":2,\"bytes\":30},\n  \
            {\"path\":\"elsewhere/\\\"\\\\\\u000a.csv\",\"records\":1,\"bytes\":10}\n],\"records\":3,\"bytes\":40}\n";
        assert_eq!(text(Path::new("out/manifest.json"), &files), expected);
        assert_eq!(text(Path::new("manifest.json"), &[]), "{\"files\":[\n],\"records\":0,\"bytes\":0}\n");
    }
}
