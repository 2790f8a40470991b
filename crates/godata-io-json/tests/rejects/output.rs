//! Records that the format of the output can't hold.

use std::collections::BTreeMap;

use godata_io_json::etl::{Limit, OnError, Record, RunContext};
use godata_io_json::{BoxError, Pipeline, json};

#[test]
fn a_value_that_json_can_not_hold_is_left_out_of_the_output() -> Result<(), BoxError> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("out.json");
    for pretty in [false, true] {
        let writer = json::write(&*path);
        let writer = if pretty { writer.pretty() } else { writer };
        let records = [1.5, f64::NAN, 2.5].map(|a| Record::from_iter([("a", a)]));
        let report = Pipeline::builder("t")
            .on_error(OnError::skip(Limit::records(1)))
            .read_vec(records.to_vec())
            .untyped()
            .write(writer)?
            .run_blocking(&RunContext::new())?;
        let written: Vec<BTreeMap<String, f64>> = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        assert_eq!(written, [1.5, 2.5].map(|a| BTreeMap::from([("a".to_owned(), a)])));
        let rejected = &report.rejections[0];
        assert_eq!((rejected.kind.as_str(), rejected.column.as_deref()), ("type", Some("a")));
        assert_eq!((report.written.records, report.written.rejected), (2, 1));
    }
    Ok(())
}
