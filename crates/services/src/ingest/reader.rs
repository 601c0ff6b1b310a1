//! The reading half of an ingest: a thread of its own that unpacks, cuts and parses.

use std::io::{self, Read};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use drishti_ledger::Quarantined;
use drishti_model::{AuditEvent, Clock};
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::accept::{Refusal, accept};
use super::pieces::{Damage, Fault, Piece, Pieces};
use super::unpack::{Counted, unpacked};
use super::window::Window;
use super::{Bounds, Problem};

/// Pieces of one chunk: so few that its events are still in the caches of the cores when they are judged or written.
const CHUNK_PIECES: usize = 512;

/// Text of one chunk, in bytes, beyond which no further piece joins it.
const CHUNK_BYTES: usize = 8 << 20;

/// Chunks that wait for the writer.
const CHUNKS_WAITING_MAX: usize = 2;

/// Time without a full chunk after which one that is not full is taken: its next event may be long in coming.
const QUIET: Duration = Duration::from_secs(1);

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
    /// Bytes of the pieces in it.
    text_bytes: usize,
    /// Set in the last chunk.
    pub(crate) end: Option<End>,
}

impl Chunk {
    fn is_full(&self) -> bool {
        self.events.len() + self.refused.len() >= CHUNK_PIECES || self.text_bytes >= CHUNK_BYTES
    }
}

/// How the input ended.
pub(crate) struct End {
    pub(crate) damage: Damage,
    /// Why it could not be read to its end.
    pub(crate) failure: Option<io::Error>,
    /// Refused pieces that were only counted.
    pub(crate) not_kept: u64,
}

/// What the reading thread has read.
pub(crate) struct Chunks {
    full: mpsc::Receiver<Chunk>,
    filling: Arc<Mutex<Chunk>>,
    bytes: Arc<AtomicU64>,
}

impl Chunks {
    /// The next chunk; `None` where the thread died before its [`End`].
    pub(crate) async fn next(&mut self) -> Option<Chunk> {
        loop {
            let mut chunk = match timeout(QUIET, self.full.recv()).await {
                Ok(chunk) => chunk?,
                Err(_) => take(&self.filling),
            };
            if chunk.end.is_some() || chunk.events.len() as u64 + chunk.refused_count > 0 {
                chunk.bytes = self.bytes.load(Ordering::Relaxed);
                return Some(chunk);
            }
        }
    }
}

fn take(filling: &Mutex<Chunk>) -> Chunk {
    std::mem::take(&mut *filling.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Reads `input` on a thread of its own, which ends at its next chunk when the [`Chunks`] are dropped.
pub(crate) fn read(
    input: Box<dyn Read + Send>,
    origin: &str,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
) -> io::Result<Chunks> {
    let (sender, full) = mpsc::channel(CHUNKS_WAITING_MAX);
    let chunks = Chunks {
        full,
        filling: Arc::default(),
        bytes: Arc::default(),
    };
    let input = Box::new(Counted {
        input,
        bytes: Arc::clone(&chunks.bytes),
    });
    let reader = Reader {
        origin: origin.to_owned(),
        clock,
        bounds,
        filling: Arc::clone(&chunks.filling),
        chunks: sender,
        kept: 0,
        kept_bytes: 0,
        not_kept: 0,
        problems: 0,
    };
    // Not on the runtime's pool: a runtime waits for that when it shuts down, and standard input may never answer.
    std::thread::Builder::new()
        .name("ingest".to_owned())
        .spawn(move || reader.run(input))?;
    Ok(chunks)
}

struct Reader {
    origin: String,
    clock: Arc<dyn Clock>,
    bounds: Bounds,
    filling: Arc<Mutex<Chunk>>,
    chunks: mpsc::Sender<Chunk>,
    kept: u64,
    kept_bytes: u64,
    not_kept: u64,
    problems: usize,
}

impl Reader {
    fn run(mut self, input: Box<dyn Read + Send>) {
        let end = match unpacked(input) {
            Err(failure) => Some((Damage::default(), Some(failure))),
            Ok(text) => self.read(text),
        };
        let Some((damage, failure)) = end else { return };
        let mut last = take(&self.filling);
        last.end = Some(End {
            damage,
            failure,
            not_kept: self.not_kept,
        });
        // Where nobody waits for it any more there is nobody to tell.
        self.chunks.blocking_send(last).unwrap_or_default();
    }

    /// Reads all of a text; `None` where nobody waits for it any more.
    fn read(&mut self, text: Box<dyn Read + Send>) -> Option<(Damage, Option<io::Error>)> {
        let mut pieces = Pieces::new(Window::new(text), self.bounds.line_bytes);
        let mut now = self.clock.now();
        while let Some(piece) = pieces.next() {
            if self.take(&piece, accept(piece.text, now)) {
                self.chunks.blocking_send(take(&self.filling)).ok()?;
                now = self.clock.now();
            }
        }
        let failure = pieces.window().take_failure();
        Some((pieces.damage, failure))
    }

    /// Puts a piece into the chunk, and tells whether that is full.
    fn take(&mut self, piece: &Piece<'_>, event: Result<AuditEvent, Refusal>) -> bool {
        let refusal = match (event, piece.fault) {
            (Ok(event), None) => {
                let mut chunk = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
                chunk.text_bytes += piece.text.len();
                chunk.events.push(event);
                return chunk.is_full();
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
        self.refuse(piece, refusal)
    }

    fn refuse(&mut self, piece: &Piece<'_>, refusal: Refusal) -> bool {
        let bytes = piece.text.len() as u64;
        let is_kept = self.kept < self.bounds.quarantine_entries
            && self.kept_bytes + bytes <= self.bounds.quarantine_bytes;
        let is_shown = self.problems < super::PROBLEMS_SHOWN_MAX;
        let mut chunk = self.filling.lock().unwrap_or_else(PoisonError::into_inner);
        chunk.text_bytes += piece.text.len();
        chunk.refused_count += 1;
        if is_shown {
            self.problems += 1;
            chunk.problems.push(Problem {
                line: piece.line,
                reason: refusal.reason.clone(),
            });
        }
        if is_kept {
            self.kept += 1;
            self.kept_bytes += bytes;
            chunk.refused.push(Quarantined {
                origin: self.origin.clone(),
                line: i64::try_from(piece.line).ok(),
                gid: refusal.gid,
                reason: refusal.reason,
                raw: piece.text.to_vec(),
            });
        } else {
            self.not_kept += 1;
        }
        chunk.is_full()
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
