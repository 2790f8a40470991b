"""The same jobs by DuckDB and Polars: `PEER JOB INPUT OUTPUT`, where the job is `orders` or `jsonl`.

Both are given the types of the columns, and run in parallel, keeping the order of the rows, as is their default.
`versions` prints what is installed.
"""

import sys


def columns(path):
    with open(path, encoding="utf-8") as file:
        return file.readline().strip().split(",")


def duckdb(job, source, target):
    import duckdb

    if job == "orders":
        types = ",".join(f"'{x}':'{'DOUBLE' if x == 'amount' else 'VARCHAR'}'" for x in columns(source))
        table = f"""read_csv('{source}', header=true, quote='"', escape='"', columns={{{types}}})"""
        fields = "*, amount * 1.19::DOUBLE AS gross"
    else:
        types = "'order_id':'VARCHAR','amount':'DOUBLE','status':'VARCHAR'"
        table = f"read_json('{source}', format='newline_delimited', columns={{{types}}})"
        fields = "*"
    duckdb.sql(f"COPY (SELECT {fields} FROM {table} WHERE status = 'paid') TO '{target}' (FORMAT JSON)")


def polars(job, source, target):
    import polars as pl

    if job == "orders":
        schema = {x: pl.Float64 if x == "amount" else pl.String for x in columns(source)}
        orders = pl.scan_csv(source, schema=schema).with_columns(gross=pl.col("amount") * 1.19)
    else:
        orders = pl.scan_ndjson(
            source, schema={"order_id": pl.String, "amount": pl.Float64, "status": pl.String}
        )
    orders.filter(pl.col("status") == "paid").sink_ndjson(target)


def versions():
    import platform

    import duckdb
    import polars

    print(f"DuckDB {duckdb.__version__}, Polars {polars.__version__}, Python {platform.python_version()}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["versions"]:
            versions()
        case ["duckdb", job, source, target]:
            duckdb(job, source, target)
        case ["polars", job, source, target]:
            polars(job, source, target)
        case _:
            sys.exit(__doc__)
