//! Damage that a disk, a person or a program may do to a file that is not in use.

use crate::Seeded;

/// A damaged file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// The damage, in words.
    pub how: String,
    /// The content of the file afterwards.
    pub bytes: Vec<u8>,
    /// Whether the file ends at the end of a line, as if it had never been longer.
    pub ends_with_a_line: bool,
}

impl Damaged {
    fn new(how: String, bytes: Vec<u8>) -> Self {
        let ends_with_a_line = bytes.last() == Some(&b'\n');
        Self { how, bytes, ends_with_a_line }
    }
}

/// Each byte changed, by one bit or to a random value. Equal seeds make equal changes.
pub fn flips(file: &[u8], seed: u64) -> impl Iterator<Item = Damaged> {
    let mut seeded = Seeded::new(seed);
    (0..file.len()).map(move |at| {
        let mask = if seeded.one_in(2) { 1 << seeded.below(8) } else { 1 + seeded.below(255) as u8 };
        let mut bytes = file.to_vec();
        bytes[at] ^= mask;
        Damaged::new(format!("byte {at} is changed by {mask:#04x}"), bytes)
    })
}

/// The file cut at every byte.
pub fn truncations(file: &[u8]) -> impl Iterator<Item = Damaged> {
    (0..file.len()).map(|len| Damaged::new(format!("it is cut to {len} bytes"), file[..len].to_vec()))
}

/// Each line removed, duplicated, or swapped with the next one.
pub fn line_edits(file: &[u8]) -> impl Iterator<Item = Damaged> {
    let lines: Vec<&[u8]> = file.split_inclusive(|byte| *byte == b'\n').collect();
    (0..lines.len()).flat_map(move |n| {
        let edit = |how: &str, edit: &dyn Fn(&mut Vec<&[u8]>)| {
            let mut lines = lines.clone();
            edit(&mut lines);
            Damaged::new(format!("line {} is {how}", n + 1), lines.concat())
        };
        let swapped =
            (n + 1 < lines.len()).then(|| edit("swapped with the next", &|lines| lines.swap(n, n + 1)));
        let removed = edit("removed", &|lines| {
            lines.remove(n);
        });
        let doubled = edit("doubled", &|lines| lines.insert(n, lines[n]));
        [removed, doubled].into_iter().chain(swapped)
    })
}

/// Changes by an editor that only saves a file: line ends of another system, a byte order mark, a line end at the end of the
/// file or none.
pub fn editors(file: &[u8]) -> impl Iterator<Item = Damaged> {
    let crlf =
        file.iter().flat_map(|byte| if *byte == b'\n' { &b"\r\n"[..] } else { std::slice::from_ref(byte) });
    let ends = if let Some(rest) = file.strip_suffix(b"\n") { rest.to_vec() } else { [file, b"\n"].concat() };
    [
        Damaged::new("its lines end in CRLF".to_owned(), crlf.copied().collect()),
        Damaged::new("it begins with a byte order mark".to_owned(), [b"\xef\xbb\xbf", file].concat()),
        Damaged::new("its last line end is toggled".to_owned(), ends),
    ]
    .into_iter()
}
