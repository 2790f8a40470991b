//! Ways to compress a file.

use std::io::Write;

use godata::Compression;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Packing {
    Plain,
    Gzip,
    /// Several members, frames or streams.
    GzipParts,
    Zstd,
    ZstdParts,
    Bzip2,
    Bzip2Parts,
}

pub(crate) const PACKINGS: [Packing; 7] = [
    Packing::Plain,
    Packing::Gzip,
    Packing::GzipParts,
    Packing::Zstd,
    Packing::ZstdParts,
    Packing::Bzip2,
    Packing::Bzip2Parts,
];

impl Packing {
    pub(crate) fn pack(self, text: &[u8]) -> Vec<u8> {
        let parts: Vec<&[u8]> = match self {
            Self::GzipParts | Self::ZstdParts | Self::Bzip2Parts if text.len() > 1 => {
                text.chunks(text.len().div_ceil(3)).collect()
            }
            _ => vec![text],
        };
        parts.into_iter().flat_map(|part| self.pack_part(part)).collect()
    }

    pub(crate) fn pack_part(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Plain => text.to_vec(),
            Self::Gzip | Self::GzipParts => {
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Self::Zstd | Self::ZstdParts => {
                let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
                encoder.include_checksum(true).unwrap();
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
            Self::Bzip2 | Self::Bzip2Parts => {
                let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
                encoder.write_all(text).unwrap();
                encoder.finish().unwrap()
            }
        }
    }

    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Gzip | Self::GzipParts => ".gz",
            Self::Zstd | Self::ZstdParts => ".zst",
            Self::Bzip2 | Self::Bzip2Parts => ".bz2",
        }
    }

    pub(crate) fn chosen(self) -> Compression {
        match self {
            Self::Plain => Compression::None,
            Self::Gzip | Self::GzipParts => Compression::Gzip,
            Self::Zstd | Self::ZstdParts => Compression::Zstd,
            Self::Bzip2 | Self::Bzip2Parts => Compression::Bzip2,
        }
    }
}
