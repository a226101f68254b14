//! The queue in front of the workers: first by priority, then by age; what has to go is the newest of the
//! least important, since who has waited long shall not have waited in vain.

use std::collections::VecDeque;
use std::sync::Arc;

use ractor::Message;
use ractor::factory::queues::Queue;
use ractor::factory::{DiscardHandler, DiscardReason, Job};

use super::super::sql::Priority;

/// Jobs that wait.
#[derive(Debug)]
pub(super) struct ByPriority<M: Message> {
    queues: [VecDeque<Job<Priority, M>>; Priority::ALL.len()],
}

impl<M: Message> Default for ByPriority<M> {
    fn default() -> Self {
        Self {
            queues: Default::default(),
        }
    }
}

impl<M: Message> Queue<Priority, M> for ByPriority<M> {
    fn len(&self) -> usize {
        self.queues.iter().map(VecDeque::len).sum()
    }

    fn is_empty(&self) -> bool {
        self.queues.iter().all(VecDeque::is_empty)
    }

    fn pop_front(&mut self) -> Option<Job<Priority, M>> {
        self.queues.iter_mut().find_map(VecDeque::pop_front)
    }

    /// The one to do without, in ractor's words the oldest.
    fn discard_oldest(&mut self) -> Option<Job<Priority, M>> {
        self.queues.iter_mut().rev().find_map(VecDeque::pop_back)
    }

    fn peek(&self) -> Option<&Job<Priority, M>> {
        self.queues.iter().find_map(VecDeque::front)
    }

    fn push_back(&mut self, job: Job<Priority, M>) {
        self.queues[job.key as usize].push_back(job);
    }

    fn remove_expired_items(&mut self, handler: &Option<Arc<dyn DiscardHandler<Priority, M>>>) -> usize {
        let before = self.len();
        for queue in &mut self.queues {
            queue.retain_mut(|job| {
                let is_expired = job.is_expired();
                if is_expired && let Some(handler) = handler {
                    handler.discard(DiscardReason::TtlExpired, job);
                }
                !is_expired
            });
        }
        before - self.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_important_goes_first_and_the_newest_of_the_least_important_goes_away() {
        let mut queue = ByPriority::<u32>::default();
        for (priority, number) in [
            (Priority::Background, 1),
            (Priority::Interactive, 2),
            (Priority::Background, 3),
            (Priority::Export, 4),
            (Priority::Interactive, 5),
        ] {
            queue.push_back(Job::new(priority, number));
        }
        assert_eq!(queue.discard_oldest().unwrap().msg, 3);
        let order: Vec<u32> = std::iter::from_fn(|| queue.pop_front())
            .map(|job| job.msg)
            .collect();
        assert_eq!(order, [2, 5, 4, 1]);
        assert!(queue.is_empty() && queue.discard_oldest().is_none());
    }
}
