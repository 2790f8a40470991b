//! A library's job and a caller that reads what to do about its error.

use godata_core::{AnyJob, BoxError, Job, JobErrorKind, RunContext, Transient};

struct Fetch;

impl Job for Fetch {
    fn name(&self) -> &str {
        "fetch"
    }

    async fn run(&self, cx: &RunContext) -> Result<(), BoxError> {
        match cx.params().require("url")? {
            "http://busy" => Err(Transient::new("the server is busy").into()),
            url => {
                println!("fetched {url}");
                Ok(())
            }
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let job = AnyJob::new(Fetch);
    job.run(&RunContext::new().with_param("url", "http://ready")).await?;
    let error = job.run(&RunContext::new().with_param("url", "http://busy")).await.unwrap_err();
    println!("{}: {error:?}: {:?}", job.name(), JobErrorKind::of(&*error));
    Ok(())
}
