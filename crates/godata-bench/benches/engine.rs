//! The engine compared with a plain loop, for different numbers of workers, with and without a hook.

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use godata_bench::{RECORDS, numbers, pipeline, plain_loop};
use godata_core::RunContext;
use godata_etl::{Pipeline, PipelineBuilder, PipelineHook};

struct Silent;

impl PipelineHook for Silent {}

fn engine(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("the system gives two threads");
    let mut group = c.benchmark_group("engine");
    group.throughput(Throughput::Elements(RECORDS)).sample_size(20).measurement_time(Duration::from_secs(5));

    let input = numbers();
    group.bench_function("reference: plain loop", |b| b.iter(|| plain_loop(black_box(&input))));
    let pipelines: [(&str, PipelineBuilder); 3] = [
        ("1 worker", Pipeline::builder("bench").workers(1)),
        ("2 workers", Pipeline::builder("bench").workers(2)),
        ("2 workers, empty hook", Pipeline::builder("bench").workers(2).hook(Silent)),
    ];
    for (name, builder) in pipelines {
        let pipeline = pipeline(builder, numbers()).expect("the settings are valid");
        group.bench_function(name, |b| {
            b.iter(|| runtime.block_on(pipeline.run(&RunContext::new())).expect("nothing fails"));
        });
    }
    group.finish();
}

criterion_group!(benches, engine);
criterion_main!(benches);
