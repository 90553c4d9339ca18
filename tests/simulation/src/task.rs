//! What the Worker has under way: futures that wait for the world.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::world::{Event, World};

/// A request that an isolate deals with.
pub(crate) struct Task {
    pub(crate) future: Pin<Box<dyn Future<Output = ()>>>,
    /// The isolate that it lives in, and dies with.
    pub(crate) isolate: usize,
    /// What the other side sees where it dies.
    pub(crate) cut: Event,
}

/// An answer that is still to come.
pub(crate) struct Slot<T>(Rc<RefCell<Option<T>>>);

impl<T> Slot<T> {
    pub(crate) fn new() -> Self {
        Self(Rc::new(RefCell::new(None)))
    }

    /// Puts the answer in, where there is none yet; whether that was so.
    pub(crate) fn fill(&self, answer: T) -> bool {
        let mut slot = self.0.borrow_mut();
        let is_first = slot.is_none();
        if is_first {
            *slot = Some(answer);
        }
        is_first
    }
}

impl<T> Clone for Slot<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Future for Slot<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        self.0.borrow_mut().take().map_or(Poll::Pending, Poll::Ready)
    }
}

impl World {
    /// Begins a task in an isolate. `cut` is what the other side sees should the isolate end before the task does.
    pub(crate) fn spawn(
        self: &Rc<Self>,
        isolate: usize,
        future: impl Future<Output = ()> + 'static,
        cut: impl FnOnce(&Rc<Self>) + 'static,
    ) {
        let id = self.next_number();
        let task = Task { future: Box::pin(future), isolate, cut: Box::new(cut) };
        self.tasks.borrow_mut().insert(id, task);
        self.poll(id);
    }

    /// Lets a task go on, if it is still alive.
    fn poll(self: &Rc<Self>, id: u64) {
        let Some(mut task) = self.tasks.borrow_mut().remove(&id) else { return };
        let before = self.running.replace(Some((id, task.isolate)));
        let polled = task.future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        self.running.set(before);
        if polled.is_pending() {
            self.tasks.borrow_mut().insert(id, task);
        }
    }

    /// Waits, in the task that runs at the moment, until `begin` has called what it is given.
    pub(crate) fn wait_for<T: 'static>(
        self: &Rc<Self>,
        begin: impl FnOnce(&Rc<Self>, Box<dyn FnOnce(&Rc<Self>, T)>),
    ) -> Slot<T> {
        let slot = Slot::new();
        let Some((id, isolate)) = self.running.get() else { panic!("only tasks wait") };
        let filled = slot.clone();
        self.maybe_evict(isolate);
        begin(
            self,
            Box::new(move |world, answer| {
                if filled.fill(answer) {
                    world.poll(id);
                }
            }),
        );
        slot
    }

    /// Waits in the task that runs at the moment.
    pub(crate) fn sleep(self: &Rc<Self>, ms: u64) -> Slot<()> {
        self.wait_for(|world, done| world.after(ms, move |world| done(world, ())))
    }

    /// Ends an isolate with all that it has under way: nothing that was sent comes back to anybody.
    pub(crate) fn evict(self: &Rc<Self>, isolate: usize) {
        self.isolates.borrow_mut()[isolate] = crate::worker::Isolate::default();
        let mut tasks = self.tasks.borrow_mut();
        let ids: Vec<u64> =
            tasks.iter().filter(|(_, task)| task.isolate == isolate).map(|(id, _)| *id).collect();
        let cut: Vec<Task> = ids.iter().filter_map(|id| tasks.remove(id)).collect();
        drop(tasks);
        for task in cut {
            (task.cut)(self);
        }
    }
}
