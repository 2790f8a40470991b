//! Reading one input after another.

use std::fmt;

use godata_core::BoxError;

use super::{BlockingRead, BlockingSource, Reader, Source};
use crate::{Batch, RunScope, Unit};

/// Reads all of `first`, then all of `second`. Records keep the places that they have in their own input.
///
/// The readers can be of different formats, as long as they make the same kind of batches. Both inputs are opened before the first
/// record is read. For several files of one format, an `Input` of `godata-io` with a list or a pattern is simpler.
///
/// ```
/// use godata_etl::{Pipeline, chain};
/// # use godata_etl::{BoxError, Chunk, Origin, Reader, RunScope, Source, Unit};
/// # struct Numbers(Vec<u32>);
/// # impl Reader for Numbers {
/// #     type Batch = Vec<u32>;
/// #     type Source = Open;
/// #     async fn open(&self, _: &RunScope) -> Result<Open, BoxError> { Ok(Open(Some(self.0.clone()))) }
/// # }
/// # struct Open(Option<Vec<u32>>);
/// # impl Source for Open {
/// #     type Batch = Vec<u32>;
/// #     async fn next(&mut self) -> Result<Option<Unit<Vec<u32>>>, BoxError> {
/// #         Ok(self.0.take().map(|numbers| Unit::ready(Chunk::new(numbers, Origin::new(1)))))
/// #     }
/// # }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), BoxError> {
/// let old = Numbers(vec![1, 2]);
/// let new = Numbers(vec![3]);
/// let numbers = Pipeline::builder("all").read(chain(old, new)).collect(10).await?;
/// assert_eq!(numbers, [1, 2, 3]);
/// # Ok(())
/// # }
/// ```
pub fn chain<A, B>(first: A, second: B) -> Chain<A, B>
where
    A: Reader,
    B: Reader<Batch = A::Batch>,
{
    Chain { first, second }
}

/// Reads one input after another; see [`chain`].
#[derive(Clone, Debug)]
pub struct Chain<A, B> {
    first: A,
    second: B,
}

impl<A: Reader, B: Reader<Batch = A::Batch>> Reader for Chain<A, B> {
    type Batch = A::Batch;
    type Source = ChainedSources<A::Source, B::Source, A::Batch>;

    async fn open(&self, scope: &RunScope) -> Result<Self::Source, BoxError> {
        let first = First::Open(self.first.open(scope).await?);
        Ok(ChainedSources { first, second: self.second.open(scope).await?, scope: scope.clone() })
    }
}

/// Two open inputs, of which the second is read after the first: the source of [`chain`].
#[derive(Debug)]
pub struct ChainedSources<S, T, B> {
    first: First<S, B>,
    second: T,
    scope: RunScope,
}

/// The first input.
#[derive(Debug)]
enum First<S, B> {
    Open(S),
    /// Its source is quick, and that of the second input is not.
    Quick(BlockingRead<Boxed<B>>),
    Ended,
}

impl<B: Batch, S: Source<Batch = B>, T: Source<Batch = B>> Source for ChainedSources<S, T, B> {
    type Batch = B;

    async fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        let unit = match &mut self.first {
            First::Open(source) => source.next().await?,
            First::Quick(source) => source.next().await?,
            First::Ended => None,
        };
        if unit.is_some() {
            return Ok(unit);
        }
        self.first = First::Ended;
        self.second.next().await
    }

    fn is_exhausted(&self) -> bool {
        let first = match &self.first {
            First::Open(source) => source.is_exhausted(),
            First::Quick(source) => source.is_exhausted(),
            First::Ended => true,
        };
        first && self.second.is_exhausted()
    }

    /// The workers read the inputs themselves if both are quick.
    fn into_quick(self) -> Result<Box<dyn BlockingSource<Batch = B>>, Self> {
        let Self { first, second, scope } = self;
        let first = match first {
            First::Open(first) => first.into_quick().map_err(First::Open),
            other => Err(other),
        };
        let first = match first {
            Ok(first) => first,
            Err(first) => return Err(Self { first, second, scope }),
        };
        match second.into_quick() {
            Ok(second) => Ok(Box::new(QuickChain { first: Some(first), second })),
            Err(second) => {
                let first = First::Quick(BlockingRead::new(Boxed(first), &scope));
                Err(Self { first, second, scope })
            }
        }
    }
}

/// A blocking input without its type.
struct Boxed<B>(Box<dyn BlockingSource<Batch = B>>);

impl<B: Batch> BlockingSource for Boxed<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        self.0.next()
    }
}

impl<B> fmt::Debug for Boxed<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boxed").finish_non_exhaustive()
    }
}

/// Two inputs that the workers read.
struct QuickChain<B> {
    /// `None` after its end.
    first: Option<Box<dyn BlockingSource<Batch = B>>>,
    second: Box<dyn BlockingSource<Batch = B>>,
}

impl<B: Batch> BlockingSource for QuickChain<B> {
    type Batch = B;

    fn next(&mut self) -> Result<Option<Unit<B>>, BoxError> {
        if let Some(first) = &mut self.first {
            if let Some(unit) = first.next()? {
                return Ok(Some(unit));
            }
            self.first = None;
        }
        self.second.next()
    }
}
