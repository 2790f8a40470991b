//! Dead letters: what is kept of a rejected record.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use godata_core::{RunContext, error_chain};
use time::UtcDateTime;

use crate::{PipelineInfo, Records, Rejected, Shape, StageName, Value, record};

/// The fields of a dead letter. Those that DuckDB has too are named as there, or shorter.
static FIELDS: LazyLock<Arc<Shape>> = LazyLock::new(|| {
    let names = [
        "pipeline", "run_id", "attempt", "time", "stage", "step", "file", "record", "line", "byte", "column",
        "kind", "error", "raw", "raw_hex", "header",
    ];
    Arc::new(Shape::new(names).unwrap_or_default())
});

/// The longest record that a letter keeps, in bytes. In JSON, each byte of it may take several, and readers of JSON Lines have a
/// limit for a line.
const LONGEST_RAW: usize = 16 << 20;

/// The dead letters of records that were rejected by now.
pub(super) fn letters(
    pipeline: &PipelineInfo,
    cx: &RunContext,
    now: UtcDateTime,
    rejected: &[Rejected],
) -> Records {
    let mut letters = Records::with_shape(Arc::clone(&FIELDS));
    for Rejected { stage, place, kind, column, error, raw, header, .. } in rejected {
        let step = match stage {
            StageName::Step(step) => Some(step.index()),
            StageName::Read | StageName::Write => None,
        };
        let raw = raw.as_deref().filter(|raw| raw.len() <= LONGEST_RAW).unwrap_or_default();
        // Few formats can hold a NUL.
        let (text, hex) = match std::str::from_utf8(raw) {
            Ok(text) if !raw.contains(&0) => (Some(text).filter(|text| !text.is_empty()), None),
            _ => (None, Some(hex(raw))),
        };
        letters.push(record! {
            "pipeline" => pipeline.name(),
            "run_id" => cx.run_id().to_string(),
            "attempt" => u64::from(cx.attempt()),
            "time" => now,
            "stage" => stage.to_string(),
            "step" => step.map(|step| step as u64),
            "file" => place.source.as_deref(),
            "record" => place.record,
            "line" => place.line,
            "byte" => place.byte,
            "column" => column.as_deref(),
            "kind" => kind.as_str(),
            "error" => error_chain(&**error).to_string(),
            "raw" => text,
            "raw_hex" => hex,
            "header" => header.as_deref().map_or(Value::Null, Value::from),
        });
    }
    letters
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}
