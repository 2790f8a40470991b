//! Orders as CSV.

use std::io;
use std::io::Write;

/// The header.
pub(crate) const HEADER: &[u8] = b"order_id,customer,amount,status,note\n";

/// Writes the order with this number: about 45 bytes, different for each.
pub(crate) fn write(out: &mut impl Write, number: u64) -> io::Result<()> {
    // A multiplication by an odd number mixes the digits, so that the text compresses about as orders do.
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let (customer, cents, status) =
        (mixed >> 44, mixed >> 32 & 0xffff, ["paid", "open", "lost"][number as usize % 3]);
    writeln!(
        out,
        "A-{number:09},customer {customer},{}.{:02},{status},{:x}",
        cents / 100,
        cents % 100,
        mixed & 0xff_ffff
    )
}
