//! Indents JSON for people.

use crate::decode::string_end;

/// Writes an element of an array on lines of its own, with two spaces per level. The element must be valid JSON.
pub(crate) fn indent(out: &mut Vec<u8>, compact: &[u8]) {
    let mut depth = 1;
    let mut at = 0;
    new_line(out, depth);
    while let Some(&byte) = compact.get(at) {
        let mut end = at + 1;
        match byte {
            b'"' => {
                end = string_end(compact, end).unwrap_or(compact.len());
                out.extend_from_slice(&compact[at..end]);
            }
            byte if is_space(byte) => {}
            b'[' | b'{' => {
                out.push(byte);
                let rest = &compact[end..];
                let space = rest.iter().position(|&byte| !is_space(byte)).unwrap_or(rest.len());
                if let Some(close @ (b']' | b'}')) = rest.get(space) {
                    out.push(*close);
                    end += space + 1;
                } else {
                    depth += 1;
                    new_line(out, depth);
                }
            }
            b']' | b'}' => {
                depth -= 1;
                new_line(out, depth);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(out, depth);
            }
            b':' => out.extend_from_slice(b": "),
            _ => out.push(byte),
        }
        at = end;
    }
}

/// The white space of JSON (RFC 8259, section 2).
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn new_line(out: &mut Vec<u8>, depth: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * depth));
}
