//! What the requests of one isolate tell the ledger together, as the Worker's shell does it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use workflow_redrive::durable::{Batch, Gather};

use crate::plan::SECOND;
use crate::sabotage::Sabotage;
use crate::world::World;

/// How long somebody waits for others.
const TURN: u64 = 12 * SECOND;

/// The ledger of one isolate.
#[derive(Default)]
pub(crate) struct Gathered {
    gather: RefCell<Gather>,
    waiting: RefCell<BTreeMap<u64, Wake>>,
}

type Wake = Box<dyn FnOnce(&Rc<World>, Turn)>;

/// What somebody who waits is woken for.
enum Turn {
    Lead,
    Answer(String),
    NobodyCame,
}

impl Gathered {
    /// Tells an actor something, in the task that runs at the moment; `None` where nobody can say whether it was heard.
    pub(crate) async fn tell(
        self: Rc<Self>,
        world: &Rc<World>,
        actor: &str,
        message: &str,
    ) -> Option<String> {
        let (number, leader) = self.gather.borrow_mut().join(actor, message.to_owned(), world.worker_time());
        if leader != Some(number) {
            self.let_lead(world, leader);
            match self.turn(world, number).await {
                Turn::Lead => {}
                Turn::Answer(answer) => return heard(answer),
                Turn::NobodyCame => {
                    let next = self.gather.borrow_mut().leave(actor, number, world.worker_time());
                    self.let_lead(world, next);
                    return None;
                }
            }
        }
        let Batch { numbers, messages } = self.gather.borrow_mut().lead(actor);
        let told = world.wait_for(|world, done| world.tell_actor(actor, messages, done)).await;
        let next = self.gather.borrow_mut().over(actor, number, world.worker_time());
        self.let_lead(world, next);
        let mut answers = told.unwrap_or_default();
        answers.resize(numbers.len(), String::new());
        if world.sabotage == Some(Sabotage::AnswersAllAlike) {
            answers = vec![answers[0].clone(); answers.len()];
        }
        let mut own = String::new();
        for (other, answer) in numbers.into_iter().zip(answers) {
            if other == number {
                own = answer;
            } else {
                self.wake(world, other, Turn::Answer(answer));
            }
        }
        heard(own)
    }

    async fn turn(self: &Rc<Self>, world: &Rc<World>, number: u64) -> Turn {
        world
            .wait_for(|world, done| {
                self.waiting.borrow_mut().insert(number, done);
                let gathered = Rc::clone(self);
                world.after(TURN, move |world| gathered.wake(world, number, Turn::NobodyCame));
            })
            .await
    }

    fn let_lead(&self, world: &Rc<World>, next: Option<u64>) {
        if let Some(next) = next {
            self.wake(world, next, Turn::Lead);
        }
    }

    fn wake(&self, world: &Rc<World>, number: u64, turn: Turn) {
        let wake = self.waiting.borrow_mut().remove(&number);
        if let Some(wake) = wake {
            wake(world, turn);
        }
    }
}

fn heard(answer: String) -> Option<String> {
    Some(answer).filter(|answer| !answer.is_empty())
}
