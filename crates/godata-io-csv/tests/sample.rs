//! Guessing the columns of a file and their types.
#![allow(clippy::unwrap_used, reason = "a panic fails the test")]

mod support;

use godata_etl::{Pipeline, Type, record};
use godata_io_csv::CastAs;

use godata_io_csv as csv;
use support::Folder;

const TEXT: &str = "id,zip,amount,paid,at,note,none\n\
    1,01067,12.50,true,2024-05-01T14:00:00Z,,NA\n\
    -2,10115,7,false,2024-05-01T14:00:00+02:00,NA,NA\n";

#[tokio::test]
async fn each_column_has_the_narrowest_type() {
    let folder = Folder::new(TEXT.as_bytes());
    let sample = csv::read_records(&folder.path).nulls(["NA"]).sample(10).await.unwrap();
    let expected = [
        ("id", Type::Int),
        ("zip", Type::Text),
        ("amount", Type::Float),
        ("paid", Type::Bool),
        ("at", Type::Timestamp),
        ("note", Type::Text),
        ("none", Type::Text),
    ];
    assert_eq!(sample.types().collect::<Vec<_>>(), expected);
    let table = "\
column  type         nulls  empties
id      int              0        0
zip     text             0        0
amount  float            0        0
paid    bool             0        0
at      timestamp        0        0
note    text             1        1
none    text             2        0
2 records sampled";
    assert_eq!(sample.to_string(), table);
}

#[tokio::test]
async fn a_sample_has_at_most_the_requested_number_of_records() {
    let text: String = (0..1001).map(|row| if row < 1000 { "1\n" } else { "x\n" }).collect();
    let folder = Folder::new(format!("n\n{text}").as_bytes());
    let sample = csv::sample(&folder.path).await.unwrap();
    assert_eq!((sample.records(), sample.columns()[0].kind), (1000, Type::Int));
    let all = csv::read_records(&folder.path).sample(2000).await.unwrap();
    assert_eq!((all.records(), all.columns()[0].kind), (1001, Type::Text));

    let flow = Pipeline::builder("test").read(csv::read_records(&folder.path)).cast_as(&sample);
    let expected = "step[0] (cast) failed at record 1001 (orders.csv:1002): \
                    field `n`: expected a whole number (int), found text `x`";
    assert_eq!(folder.message(&flow.collect(2000).await.unwrap_err()), expected);
}

#[tokio::test]
async fn a_file_without_records_has_no_columns() {
    let folder = Folder::new(b"a,b\n");
    let sample = csv::sample(&folder.path).await.unwrap();
    assert_eq!((sample.records(), sample.columns().len()), (0, 0));
}

#[tokio::test]
async fn fields_are_cast_to_the_types_of_a_sample() {
    let folder = Folder::new(b"a,b,c\n1,x,\n2,y,0.5\n");
    let reader = csv::read_records(&folder.path).nulls([""]);
    let sample = reader.sample(10).await.unwrap();
    let flow = Pipeline::builder("test").read(reader).cast_as(&sample);
    let expected = [record! {"a" => 1, "b" => "x", "c" => ()}, record! {"a" => 2, "b" => "y", "c" => 0.5}];
    assert_eq!(flow.collect(2).await.unwrap(), expected);
}

#[tokio::test]
async fn a_messy_file_is_read_by_the_casts_of_its_sample() {
    let text = "day;price;vat;paid;zip\n\
        01.05.2024;1.234,50 €;19 %;ja;01067\n\
        31.12.2024;-7,00 €;7 %;Nein;10115\n";
    let folder = Folder::new(text.as_bytes());
    let reader = csv::read_records(&folder.path).delimiter(b';');
    let sample = reader.sample(10).await.unwrap();
    let rows = Pipeline::builder("test").read(reader).cast_as(&sample).collect(2).await.unwrap();
    let shown: Vec<String> = rows.iter().map(|row| format!("{row:?}")).collect();
    assert_eq!(rows[0].decimal("price").unwrap().to_string(), "1234.50");
    assert_eq!(rows[1].decimal("vat").unwrap().to_string(), "0.07");
    assert_eq!(rows[1].date("day").unwrap().to_string(), "2024-12-31");
    assert_eq!((rows[0].bool("paid"), rows[1].bool("paid")), (Ok(true), Ok(false)), "{shown:?}");
    assert_eq!(rows[0].str("zip"), Some("01067"));
}
