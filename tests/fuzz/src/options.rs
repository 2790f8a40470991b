//! Options that the first bytes of the input stand for.

use arbitrary::Unstructured;

/// One of `choices`; the first, when there are no bytes left.
pub(crate) fn one_of<T: Copy>(bytes: &mut Unstructured<'_>, choices: &[T]) -> T {
    bytes.choose(choices).copied().unwrap_or(choices[0])
}

/// A size of blocks with which `len` bytes are not cut into more than some hundred.
pub(crate) fn block_size(bytes: &mut Unstructured<'_>, len: usize) -> usize {
    one_of(bytes, &[1, 2, 3, 5, 8, 21, 64, 1000]).max(len / 256)
}

/// The bytes after the options.
pub(crate) fn rest<'a>(bytes: Unstructured<'a>) -> &'a [u8] {
    bytes.take_rest()
}
