//! The way from the Worker to QStash's API and back.

use std::rc::Rc;

use local_qstash::engine::Response;
use workflow_redrive::dlq::{ApiRequest, ApiResponse, TransportError, Transported};

use crate::canary;
use crate::fault::Fault;
use crate::history::{By, Happening};
use crate::plan::SECOND;
use crate::sabotage::Sabotage;
use crate::world::World;

impl World {
    /// Sends a request to the API of `host`. `done` is called once, with the answer or what there is instead of one.
    pub(crate) fn send_to_api(
        self: &Rc<Self>,
        host: &str,
        request: ApiRequest,
        by: By,
        done: impl FnOnce(&Rc<Self>, Transported) + 'static,
    ) {
        let request = self.sabotaged(request);
        self.record(Happening::Request {
            host: host.to_owned(),
            line: format!("{} {}", request.method.as_str(), request.path_and_query),
            headers: request.headers.clone(),
            by,
        });
        let patience = self.settings.borrow().api_timeout;
        let limit = u64::try_from(patience.as_millis()).unwrap();
        let timeout = move || Err(TransportError::timeout(patience));
        let line = format!("{} {}", request.method.as_str(), request.path_and_query);
        if self.strikes(Fault::RequestLost) {
            let is_known = self.dice.happens(500);
            self.note(Fault::RequestLost, line);
            return if is_known {
                self.after(50, move |world| done(world, Err(TransportError::unreachable("no route"))));
            } else {
                self.after(limit, move |world| done(world, timeout()));
            };
        }
        let (there, back) = (self.way(&line), self.way(&line));
        let answer_in = there + back;
        let is_lost = self.strikes(Fault::AnswerLost);
        let slot = Rc::new(std::cell::RefCell::new(Some(done)));
        let once = move |world: &Rc<Self>, answer: Transported| {
            if let Some(done) = slot.borrow_mut().take() {
                world.after(0, move |world| done(world, answer));
            }
        };
        if answer_in > limit {
            let once = once.clone();
            self.after(limit, move |world| once(world, timeout()));
        }
        self.after(there, move |world| {
            let answer = world.answer(&request);
            if is_lost {
                world.note(Fault::AnswerLost, line);
                return world.after(back, move |world| {
                    once(world, Err(TransportError::interrupted("connection reset")));
                });
            }
            world.after(back, move |world| once(world, Ok(answer)));
        });
    }

    /// What the API answers, if it gets to see the request.
    fn answer(self: &Rc<Self>, request: &ApiRequest) -> ApiResponse {
        let line = || format!("{} {}", request.method.as_str(), request.path_and_query);
        let now = self.now();
        if let Some((_, status)) = self.plan.bursts.iter().find(|((from, to), _)| (*from..*to).contains(&now))
        {
            let reset = (now / 1000 + self.dice.between(1, 60)).to_string();
            return ApiResponse::new(*status, r#"{"error":"slow down"}"#, move |name| {
                (name.eq_ignore_ascii_case("Burst-RateLimit-Reset")).then(|| reset.clone())
            });
        }
        if self.strikes(Fault::ServerError) {
            self.note(Fault::ServerError, line());
            return failed();
        }
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.call(request.method.as_str(), &request.path_and_query, &headers, b"");
        if self.strikes(Fault::ServerErrorAfter) {
            self.note(Fault::ServerErrorAfter, line());
            return failed();
        }
        if self.strikes(Fault::AnswerCut) {
            self.note(Fault::AnswerCut, line());
            let half = answer.body.len() / 2;
            return read(Response { body: answer.body[..half].to_vec(), ..answer });
        }
        read(answer)
    }

    fn way(self: &Rc<Self>, line: &str) -> u64 {
        if self.strikes(Fault::SlowCall) {
            self.note(Fault::SlowCall, line.to_owned());
            return self.dice.between(SECOND, 25 * SECOND);
        }
        self.dice.between(3, 60)
    }

    /// The request as a Worker sends it that breaks a promise on purpose.
    fn sabotaged(&self, mut request: ApiRequest) -> ApiRequest {
        match self.sabotage {
            Some(Sabotage::ForgetsTheLineage) => {
                for (name, value) in &mut request.headers {
                    if *name == "Upstash-Failure-Callback" {
                        canary::HOOK.clone_into(value);
                    }
                }
            }
            Some(Sabotage::DoesNotSettle) => request.headers.retain(|(name, _)| *name != "Upstash-Delay"),
            Some(Sabotage::ClimbsPaths) => {
                request.path_and_query = request.path_and_query.replace("%2F", "/");
            }
            _ => {}
        }
        request
    }
}

fn failed() -> ApiResponse {
    ApiResponse::new(500, r#"{"error":"internal"}"#, |_| None)
}

fn read(answer: Response) -> ApiResponse {
    let headers = answer.headers;
    ApiResponse::new(answer.status, answer.body, move |name| headers.value(name).map(str::to_owned))
}
