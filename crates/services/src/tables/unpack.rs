//! Tables as their publishers pack them: gzip or zstd, and archives with one table among other files.

use std::io::{self, Cursor, Read};
use std::path::Path;

use drishti_detect::enrich::PLACES_BYTES_MAX;

use crate::ingest::unpacked;

/// Where a tar archive has its mark, and the mark (POSIX.1-1988, ustar).
const TAR_MARK: (usize, &[u8]) = (257, b"ustar");

/// How the files of an archive end that are tables.
const TABLES: [&str; 3] = ["mmdb", "csv", "txt"];

/// The table in `body`, unpacked; of an archive, its only file that can be one.
pub(super) fn unpacked_table(body: Vec<u8>) -> Result<Vec<u8>, String> {
    let body = unpacked(Box::new(Cursor::new(body))).and_then(all_of);
    let body = body.map_err(|error| packed(&error))?;
    let (place, mark) = TAR_MARK;
    let is_archive = body
        .get(place..)
        .is_some_and(|from_there| from_there.starts_with(mark));
    if is_archive {
        return only_table(&body);
    }
    Ok(body)
}

fn only_table(archive: &[u8]) -> Result<Vec<u8>, String> {
    let mut archive = tar::Archive::new(archive);
    let mut found: Option<(usize, Vec<u8>)> = None;
    for file in archive.entries().map_err(|error| packed(&error))? {
        let file = file.map_err(|error| packed(&error))?;
        let Some(rank) = rank(&file.path().map_err(|error| packed(&error))?) else {
            continue;
        };
        match &found {
            Some((known, _)) if *known == rank => {
                return Err(format!(
                    "it is an archive with several `.{}` files; name the address of one of them",
                    TABLES.get(rank).unwrap_or(&"")
                ));
            }
            Some((known, _)) if *known < rank => {}
            _ => found = Some((rank, all_of(file).map_err(|error| packed(&error))?)),
        }
    }
    let (_, table) = found.ok_or("it is an archive without a table: no .mmdb, .csv or .txt")?;
    Ok(table)
}

/// Which of [`TABLES`] a file is by its name: the first is a table for certain, the last may be a licence.
fn rank(path: &Path) -> Option<usize> {
    let extension = path.extension()?.to_str()?;
    TABLES
        .iter()
        .position(|known| extension.eq_ignore_ascii_case(known))
}

/// Everything that there is to read, unless that is more than any table may have.
fn all_of(input: impl Read) -> io::Result<Vec<u8>> {
    let most = PLACES_BYTES_MAX as u64;
    let mut all = Vec::new();
    input.take(most + 1).read_to_end(&mut all)?;
    if all.len() as u64 > most {
        return Err(io::Error::other(format!(
            "unpacked, it has more than {most} bytes"
        )));
    }
    Ok(all)
}

fn packed(error: &io::Error) -> String {
    format!("it can't be unpacked: {error}")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(body).unwrap();
        packer.finish().unwrap()
    }

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = tar::Builder::new(Vec::new());
        for (path, body) in files {
            let mut header = tar::Header::new_ustar();
            header.set_size(body.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, *body).unwrap();
        }
        archive.into_inner().unwrap()
    }

    #[test]
    fn tables_are_taken_as_their_publishers_pack_them() {
        let database: &[u8] = b"a database";
        let packed = archive(&[
            ("Places_20261101/LICENSE.txt", b"terms"),
            ("Places_20261101/Places.mmdb", database),
            ("Places_20261101/README.txt", b"words"),
        ]);
        for body in [
            database.to_vec(),
            gzip(database),
            packed.clone(),
            gzip(&packed),
        ] {
            assert_eq!(unpacked_table(body).unwrap(), database);
        }
        assert_eq!(unpacked_table(Vec::new()).unwrap(), b"");
    }

    #[test]
    fn what_can_not_be_unpacked_says_why() {
        let mut cut = gzip(&[7; 10_000]);
        cut.truncate(cut.len() / 2);
        let two = archive(&[("a.mmdb", b"one"), ("b.mmdb", b"other")]);
        let none = archive(&[("LICENSE", b"terms")]);
        for (body, said) in [
            (cut, "can't be unpacked"),
            (two, "several `.mmdb` files"),
            (none, "without a table"),
        ] {
            let refused = unpacked_table(body).unwrap_err();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
