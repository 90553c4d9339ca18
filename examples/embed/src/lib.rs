//! Workflow Redrive on one route of a Worker of your own.
//!
//! Point `failureUrl` at `https://<this worker>/workflow-failed`; every other path stays yours.

use std::{cell::OnceCell, rc::Rc};

use worker::{Context, Env, Method, Request, Response, Result, event};
use workflow_redrive::worker::Redrive;

thread_local! {
    /// One for each isolate: settings are parsed once, and a callback that is delivered twice is dealt with once.
    static REDRIVE: OnceCell<Rc<Redrive>> = const { OnceCell::new() };
}

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    match (request.method(), request.path().as_str()) {
        (Method::Get, "/") => {
            Response::ok("This Worker has work of its own, and looks after its failed workflow runs.")
        }
        (Method::Post, "/workflow-failed") => {
            // The request goes in untouched: its signature covers the exact URL and every byte of the body.
            Ok(redrive(&env).callback(request.inner()).await?.into())
        }
        _ => Response::error("not found", 404),
    }
}

fn redrive(env: &Env) -> Rc<Redrive> {
    REDRIVE.with(|cell| Rc::clone(cell.get_or_init(|| Rc::new(Redrive::new(env)))))
}
