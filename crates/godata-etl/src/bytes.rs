//! Numbers and byte strings, one after the other.

/// Appends a whole number, 7 bits a byte, low bits first (LEB128).
#[inline]
pub(crate) fn put_int(mut int: u64, out: &mut Vec<u8>) {
    while int >= 0x80 {
        out.push(int as u8 | 0x80);
        int >>= 7;
    }
    out.push(int as u8);
}

/// Appends a byte string with its length.
#[inline]
pub(crate) fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_int(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

/// Appends what `write` appends, after its length.
#[inline]
pub(crate) fn put_sized<E>(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.push(0);
    write(out)?;
    let len = out.len() - start - 1;
    if let Some(short) = u8::try_from(len).ok().filter(|&len| len < 0x80) {
        out[start] = short;
        return Ok(());
    }
    let mut size = Vec::with_capacity(10);
    put_int(len as u64, &mut size);
    out.splice(start..=start, size);
    Ok(())
}

/// Reads what was put, from the start on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(pub(crate) &'a [u8]);

/// Bytes that end too early, or are not what was written.
#[derive(Debug, thiserror::Error)]
#[error("stored records are damaged")]
pub(crate) struct Damaged;

impl<'a> Bytes<'a> {
    #[inline]
    pub(crate) fn byte(&mut self) -> Result<u8, Damaged> {
        let (&byte, rest) = self.0.split_first().ok_or(Damaged)?;
        self.0 = rest;
        Ok(byte)
    }

    #[inline(always)]
    pub(crate) fn int(&mut self) -> Result<u64, Damaged> {
        // Most numbers are small.
        match *self.0 {
            [first, ref rest @ ..] if first < 0x80 => {
                self.0 = rest;
                Ok(first.into())
            }
            _ => self.long_int(),
        }
    }

    fn long_int(&mut self) -> Result<u64, Damaged> {
        let (mut int, mut shift) = (0, 0_u32);
        for (at, &byte) in self.0.iter().enumerate() {
            int |= u64::from(byte & 0x7f).checked_shl(shift).ok_or(Damaged)?;
            if byte < 0x80 {
                self.0 = &self.0[at + 1..];
                return Ok(int);
            }
            shift += 7;
        }
        Err(Damaged)
    }

    #[inline]
    pub(crate) fn len(&mut self) -> Result<usize, Damaged> {
        usize::try_from(self.int()?).map_err(|_| Damaged)
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Damaged> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(Damaged)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Damaged> {
        let len = self.len()?;
        self.take(len)
    }

    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Damaged)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        self.take(N)?.try_into().map_err(|_| Damaged)
    }
}
