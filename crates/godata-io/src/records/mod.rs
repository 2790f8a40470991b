//! Writing records to files: encoding, partitioning, rolling, publishing.

mod encode;
mod encoded;
mod fields;
mod files;
mod format;
mod groups;
mod sink;

pub use self::encoded::Encoded;
pub use self::fields::Fields;
pub use self::format::FileFormat;
pub use self::sink::FileSink;
