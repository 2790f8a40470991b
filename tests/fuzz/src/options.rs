//! Options chosen by the first bytes of the input.

use arbitrary::Unstructured;

/// One of `choices`; the first if there are no bytes left.
pub(crate) fn one_of<T: Copy>(bytes: &mut Unstructured<'_>, choices: &[T]) -> T {
    bytes.choose(choices).copied().unwrap_or(choices[0])
}

/// A block size that cuts `len` bytes into a few hundred blocks at most.
pub(crate) fn block_size(bytes: &mut Unstructured<'_>, len: usize) -> usize {
    one_of(bytes, &[1, 2, 3, 5, 8, 21, 64, 1000]).max(len / 256)
}

/// The bytes after the options.
pub(crate) fn rest<'a>(bytes: Unstructured<'a>) -> &'a [u8] {
    bytes.take_rest()
}
