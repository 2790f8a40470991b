//! Generated orders: the same bytes for the same number of rows, on any machine.

use std::io;
use std::io::Write;

use godata_core::BoxError;

/// The size of a write, in bytes.
const BUFFER: usize = 256 * 1024;

/// The shape of the orders.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    /// CSV of 3 columns without quotes.
    Narrow,
    /// CSV of 20 columns, some quoted, some with commas and doubled quotes.
    Wide,
    /// The narrow orders as JSON Lines, with amounts as numbers.
    JsonLines,
}

impl Kind {
    /// The shape with this name on the command line.
    pub(crate) fn named(name: &str) -> Result<Self, BoxError> {
        match name {
            "narrow" => Ok(Self::Narrow),
            "wide" => Ok(Self::Wide),
            "jsonl" => Ok(Self::JsonLines),
            _ => Err(format!("`{name}` is no kind of orders: narrow, wide or jsonl").into()),
        }
    }
}

/// Writes `rows` orders. A third of them are paid.
pub(crate) fn generate(kind: Kind, rows: u64, out: impl Write) -> io::Result<()> {
    let mut out = io::BufWriter::with_capacity(BUFFER, out);
    match kind {
        Kind::Narrow => narrow(rows, &mut out)?,
        Kind::Wide => wide(rows, &mut out)?,
        Kind::JsonLines => json_lines(rows, &mut out)?,
    }
    out.flush()
}

fn narrow(rows: u64, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"order_id,amount,status\n")?;
    let mut numbers = Numbers(42);
    for row in 0..rows {
        let (cents, status) = (numbers.cents(), numbers.status());
        writeln!(out, "ORD-{row:07},{}.{:02},{status}", cents / 100, cents % 100)?;
    }
    Ok(())
}

fn json_lines(rows: u64, out: &mut impl Write) -> io::Result<()> {
    let mut numbers = Numbers(42);
    for row in 0..rows {
        let (cents, status) = (numbers.cents(), numbers.status());
        let (whole, cents) = (cents / 100, cents % 100);
        writeln!(out, r#"{{"order_id":"ORD-{row:07}","amount":{whole}.{cents:02},"status":"{status}"}}"#)?;
    }
    Ok(())
}

fn wide(rows: u64, out: &mut impl Write) -> io::Result<()> {
    const CITIES: [&str; 5] = ["Berlin", "Hamburg", "München", "Köln", "Frankfurt am Main"];
    out.write_all(
        b"order_id,customer,email,street,city,zip,country,status,amount,currency,qty,sku,title,note,created_at,\
          updated_at,channel,campaign,ip,flag\n",
    )?;
    let mut numbers = Numbers(7);
    for row in 0..rows {
        let (cents, status, k) = (numbers.cents(), numbers.status(), numbers.next());
        let city = CITIES[(k % 5) as usize];
        write!(
            out,
            r#"ORD-{row:07},"Doe {}, Jane",jane{}@example.com,"{} Main St, Apt {}",{city},{:05},DE,{status},"#,
            k % 9_999,
            k % 99_999,
            k % 200,
            k % 50,
            k % 99_999,
        )?;
        write!(
            out,
            r#"{}.{:02},EUR,{},SKU-{:06},"Widget ""Pro"" {}","#,
            cents / 100,
            cents % 100,
            k % 9 + 1,
            k % 999_999,
            k % 100,
        )?;
        match k % 4 {
            0 => write!(out, r#""said ""ok"" on day {}, call back""#, k % 365)?,
            1 => write!(out, r#""line, with comma {}""#, k % 100)?,
            _ => {}
        }
        writeln!(
            out,
            ",2026-{:02}-{:02}T10:20:30Z,2026-11-22T10:20:30Z,web,camp-{},10.0.{}.{},true",
            k % 12 + 1,
            k % 28 + 1,
            k % 40,
            k % 256,
            k % 251,
        )?;
    }
    Ok(())
}

/// A linear congruential generator; its upper bits are used.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn cents(&mut self) -> u64 {
        self.next() % 100_000
    }

    fn status(&mut self) -> &'static str {
        ["paid", "pending", "refunded"][(self.next() / 7 % 3) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FNV-1a.
    fn hash(bytes: &[u8]) -> u64 {
        let step = |hash: u64, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        bytes.iter().fold(0xcbf2_9ce4_8422_2325, step)
    }

    #[test]
    fn orders_stay_the_same() {
        for (kind, expected) in [
            (Kind::Narrow, 0xcd65_50e4_5d1b_4cab),
            (Kind::Wide, 0x359e_ca94_6d6d_af90),
            (Kind::JsonLines, 0x3793_aa7f_f12b_31ab),
        ] {
            let mut orders = Vec::new();
            generate(kind, 1_000, &mut orders).unwrap();
            let text = String::from_utf8_lossy(&orders);
            assert_eq!(hash(&orders), expected, "{kind:?} ends with {:?}", text.lines().last());
        }
    }
}
