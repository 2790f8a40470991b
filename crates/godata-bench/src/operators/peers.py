"""One operator in a peer: duckdb or polars, NAME, INPUT, TABLE, MIB. CSV goes to the standard output."""

import sys

QUERIES = {
    "sort": "select * from input order by key",
    "group": "select key, count(*), sum(amount) from input group by key",
    "distinct": "select distinct key, number from input",
    "dedupe": "select * exclude (rn) from (select *, row_number() over (partition by key) rn from input) where rn = 1",
    "join": "select * from input join other using (key)",
    "groups": "select number, count(*), sum(amount) from input group by number",
    "top": "select * from input order by key limit 10",
}


def duckdb(name, input, table, mib):
    import os
    import tempfile

    import duckdb

    with tempfile.TemporaryDirectory(dir=os.path.dirname(input)) as folder:
        db = duckdb.connect()
        db.sql(f"set memory_limit = '{mib}MiB'")
        db.sql(f"set temp_directory = '{folder}'")
        query = QUERIES[name].replace("input", f"read_csv('{input}') input").replace("other", f"read_csv('{table}') other")
        if name in ("group", "groups", "distinct", "dedupe", "join"):
            db.sql("set preserve_insertion_order = false")
        db.sql(f"copy ({query}) to '/dev/stdout' (format csv)")


def polars(name, input, table, mib):
    import polars as pl

    frame = pl.scan_csv(input)
    if name == "groups":
        frame = frame.group_by("number").agg(pl.len(), pl.col("amount").sum())
    elif name == "sort":
        frame = frame.sort("key")
    else:
        sys.exit(f"no polars for {name}")
    frame.sink_csv("/dev/stdout")


if __name__ == "__main__":
    program, name, input, table, mib = sys.argv[1:]
    {"duckdb": duckdb, "polars": polars}[program](name, input, table, mib)
