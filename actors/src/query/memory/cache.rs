//! A value that is read again when it has become old, by one reader at a time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::MemoryError;

/// How old a value may be.
const MAX_AGE: Duration = Duration::from_secs(2);

/// What was read last.
#[derive(Debug)]
pub(super) struct Cached<T> {
    value: Mutex<Option<(Instant, Arc<T>)>>,
    /// Held while reading, so that many who ask read once.
    reading: tokio::sync::Mutex<()>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            value: Mutex::new(None),
            reading: tokio::sync::Mutex::new(()),
        }
    }
}

impl<T: Default> Cached<T> {
    /// The value. When it cannot be read, the last one that could, or nothing.
    pub(super) async fn get(&self, what: &str, read: impl AsyncFnOnce() -> Result<T, MemoryError>) -> Arc<T> {
        if let Some(value) = self.fresh() {
            return value;
        }
        let _reading = self.reading.lock().await;
        if let Some(value) = self.fresh() {
            return value;
        }
        let read = read().await;
        let mut known = self.value.lock();
        let value = match read {
            Ok(value) => Arc::new(value),
            Err(error) => {
                tracing::warn!(what, %error, "what is remembered cannot be read; the last that is known is used");
                known.take().map(|(_, value)| value).unwrap_or_default()
            }
        };
        *known = Some((Instant::now(), value.clone()));
        value
    }

    fn fresh(&self) -> Option<Arc<T>> {
        let value = self.value.lock();
        let (read_at, value) = value.as_ref()?;
        (read_at.elapsed() < MAX_AGE).then(|| value.clone())
    }

    /// Reads it again when it is asked for next: this node has changed it.
    pub(super) fn forget(&self) {
        if let Some((read_at, _)) = self.value.lock().as_mut()
            && let Some(earlier) = read_at.checked_sub(MAX_AGE)
        {
            *read_at = earlier;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test]
    async fn many_who_ask_read_once_and_a_failure_keeps_what_was_known() {
        let (cached, reads) = (Cached::<u32>::default(), AtomicU32::new(0));
        let ask = || {
            cached.get("it", async || {
                tokio::task::yield_now().await;
                Ok(reads.fetch_add(1, Ordering::Relaxed) + 7)
            })
        };
        let (first, second) = tokio::join!(ask(), ask());
        assert_eq!((*first, *second, reads.load(Ordering::Relaxed)), (7, 7, 1));
        cached.forget();
        let failed = cached.get("it", async || Err(MemoryError::Unreadable)).await;
        assert_eq!(*failed, 7);
        cached.forget();
        assert_eq!(*ask().await, 8);
    }

    #[tokio::test]
    async fn what_was_never_read_is_nothing() {
        let cached = Cached::<u32>::default();
        assert_eq!(*cached.get("it", async || Err(MemoryError::Unreadable)).await, 0);
    }
}
