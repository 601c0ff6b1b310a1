//! The reading half of an ingest: a thread of its own that unpacks, cuts and parses.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use drishti_ledger::Quarantined;
use drishti_model::{AuditEvent, Clock};
use tokio::sync::mpsc;

use super::accept::{Refusal, accept};
use super::pieces::{Damage, Fault, Piece, Pieces};
use super::unpack::{Counted, unpacked};
use super::window::Window;
use super::{Bounds, Problem};

/// Pieces of one chunk.
const CHUNK_PIECES: usize = 4_096;

/// Text of one chunk, in bytes, beyond which no further piece joins it.
const CHUNK_BYTES: usize = 8 << 20;

/// Chunks that wait for the writer.
const CHUNKS_WAITING_MAX: usize = 2;

/// Part of the input, read.
#[derive(Default)]
pub(crate) struct Chunk {
    pub(crate) events: Vec<AuditEvent>,
    /// Those of the refused that are to be kept.
    pub(crate) refused: Vec<Quarantined>,
    /// All of the refused.
    pub(crate) refused_count: u64,
    pub(crate) problems: Vec<Problem>,
    /// Bytes of the input read so far, packed as they are.
    pub(crate) bytes: u64,
    /// Set in the last chunk.
    pub(crate) end: Option<End>,
}

/// How the input ended.
pub(crate) struct End {
    pub(crate) damage: Damage,
    /// Why it could not be read to its end.
    pub(crate) failure: Option<io::Error>,
    /// Refused pieces that were only counted.
    pub(crate) not_kept: u64,
}

pub(crate) struct Reader {
    origin: String,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    chunk: Chunk,
    chunk_bytes: usize,
    kept: u64,
    kept_bytes: u64,
    not_kept: u64,
    problems: usize,
}

/// Reads `input` on a thread of its own. The channel closes without an [`End`] where that thread dies; the thread ends at its next
/// chunk when the receiver is dropped.
pub(crate) fn read(
    input: Box<dyn Read + Send>,
    origin: &str,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
) -> io::Result<mpsc::Receiver<Chunk>> {
    let (chunks, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    let reader = Reader {
        origin: origin.to_owned(),
        clock,
        bounds,
        chunk: Chunk::default(),
        chunk_bytes: 0,
        kept: 0,
        kept_bytes: 0,
        not_kept: 0,
        problems: 0,
    };
    // Not on the runtime's pool: a runtime waits for that when it shuts down, and standard input may never answer.
    std::thread::Builder::new()
        .name("ingest".to_owned())
        .spawn(move || reader.run(input, &chunks))?;
    Ok(receiver)
}

impl Reader {
    fn run(mut self, input: Box<dyn Read + Send>, chunks: &mpsc::Sender<Chunk>) {
        let bytes = Arc::new(AtomicU64::new(0));
        let counted = Box::new(Counted {
            input,
            bytes: Arc::clone(&bytes),
        });
        let (damage, failure) = match unpacked(counted) {
            Err(failure) => (Damage::default(), Some(failure)),
            Ok(text) => {
                let mut pieces = Pieces::new(Window::new(text), self.bounds.line_bytes);
                let mut now = self.clock.now();
                while let Some(piece) = pieces.next() {
                    self.take(&piece, accept(piece.text, now));
                    if self.chunk_is_full() {
                        if !self.send(&bytes, None, chunks) {
                            return;
                        }
                        now = self.clock.now();
                    }
                }
                let failure = pieces.window().take_failure();
                (pieces.damage, failure)
            }
        };
        let end = End {
            damage,
            failure,
            not_kept: self.not_kept,
        };
        self.send(&bytes, Some(end), chunks);
    }

    fn chunk_is_full(&self) -> bool {
        self.chunk.events.len() + self.chunk.refused.len() >= CHUNK_PIECES
            || self.chunk_bytes >= CHUNK_BYTES
    }

    /// Hands the chunk over; false where nobody takes it.
    fn send(&mut self, bytes: &AtomicU64, end: Option<End>, chunks: &mpsc::Sender<Chunk>) -> bool {
        let mut chunk = std::mem::take(&mut self.chunk);
        chunk.bytes = bytes.load(Ordering::Relaxed);
        chunk.end = end;
        self.chunk_bytes = 0;
        chunks.blocking_send(chunk).is_ok()
    }

    fn take(&mut self, piece: &Piece<'_>, event: Result<AuditEvent, Refusal>) {
        self.chunk_bytes += piece.text.len();
        let refusal = match (event, piece.fault) {
            (Ok(event), None) => {
                self.chunk.events.push(event);
                return;
            }
            (Ok(event), Some(fault)) => Refusal {
                gid: Some(event.gid),
                reason: words(fault),
            },
            (Err(refusal), Some(fault)) => Refusal {
                reason: words(fault),
                ..refusal
            },
            (Err(refusal), None) => refusal,
        };
        self.refuse(piece, refusal);
    }

    fn refuse(&mut self, piece: &Piece<'_>, refusal: Refusal) {
        self.chunk.refused_count += 1;
        if self.problems < super::PROBLEMS_SHOWN_MAX {
            self.problems += 1;
            self.chunk.problems.push(Problem {
                line: piece.line,
                reason: refusal.reason.clone(),
            });
        }
        let bytes = piece.text.len() as u64;
        if self.kept >= self.bounds.quarantine_entries
            || self.kept_bytes + bytes > self.bounds.quarantine_bytes
        {
            self.not_kept += 1;
            return;
        }
        self.kept += 1;
        self.kept_bytes += bytes;
        self.chunk.refused.push(Quarantined {
            origin: self.origin.clone(),
            line: i64::try_from(piece.line).ok(),
            gid: refusal.gid,
            reason: refusal.reason,
            raw: piece.text.to_vec(),
        });
    }
}

fn words(fault: Fault) -> String {
    match fault {
        Fault::TooLong(bytes_max) => format!(
            "it has more than {bytes_max} bytes, of which only the first {} are kept",
            super::pieces::BEGINNING_BYTES
        ),
        Fault::Broken => "it breaks off, or what follows it is not JSON".to_owned(),
        Fault::Cut => "the input ends in the middle of it".to_owned(),
    }
}
