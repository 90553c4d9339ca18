//! The DLQ API with all its patience, over JavaScript's `fetch` and timers.

use core::time::Duration;
use std::rc::Rc;

use super::{
    args::Args,
    error::{invalid, invalid_argument},
    filter::read,
    task::{Account, Check, Kind, Task},
};
use crate::{
    client::{Act, Action, BulkJob, DeedKind, Endpoint, Memory, Patience},
    dlq::{Call, CancelCallback, Ids, MAX_PER_PAGE, Overrides, RetryCallback, get_entry},
    ids::DlqId,
    json::TableError,
    settings::{DEFAULT_URL, Token, base_url},
    text,
};

impl Account {
    /// Checks what an account is made of: its token; its address, where an empty one is `https://qstash.upstash.io`;
    /// timeout in milliseconds; most attempts; most milliseconds for them together.
    pub(super) fn new(mut args: Args<'_>) -> Result<Rc<Self>, String> {
        let token = Token::new(args.text()).map_err(|error| invalid("`token`: ", &error))?;
        let url = args.text();
        let url = if url.is_empty() { DEFAULT_URL } else { url };
        let url = base_url(url).map_err(|problem| invalid_argument(&["`baseUrl` ", &problem].concat()))?;
        let endpoint = Endpoint::new(url, token).map_err(|error| invalid("`baseUrl`: ", &error))?;
        let timeout = Duration::from_millis(args.count());
        let attempts = u32::try_from(args.count()).unwrap_or(u32::MAX);
        let patience = Patience::DEFAULT
            .with_timeout(timeout)
            .with_bounds(attempts, Duration::from_millis(args.count()));
        Ok(Rc::new(Self { endpoint, patience, memory: Memory::new() }))
    }

    /// Begins with something: an operation, an action, overrides as a JSON object as in a policy, a count, a cursor or
    /// none, and which it is about.
    ///
    /// - `get`, `retryCallback`, `cancelCallback`: an id.
    /// - `act`: ids; the action (`resume`, `restart`, `delete`) is done to each of these once.
    /// - `list`, `page`, `job`: criteria, names and values; none select everything. A `list` is a page as the service
    ///   sends it; `page` does the action to as many as one call takes, and has the service's own answer; `job` does it to
    ///   each once, a page a turn.
    ///
    /// The count bounds a page, or the entries of a job.
    pub(super) fn begin(self: &Rc<Self>, mut args: Args<'_>) -> Result<Box<Task>, String> {
        let (operation, action, overrides) = (args.text(), args.text(), args.text());
        let count = args.count();
        let cursor = Some(args.text()).filter(|cursor| !cursor.is_empty()).map(str::to_owned);
        let few = usize::try_from(count).unwrap_or(usize::MAX);
        let kind = match operation {
            "act" => {
                let mut ids = Vec::new();
                for dlq_id in text::parts(args.0, 0) {
                    ids.push(id(dlq_id)?);
                }
                let ids = Ids::checked(&ids).map_err(|error| invalid("", &error))?;
                Kind::Act(Act::many(read_action(action, overrides)?, ids))
            }
            "list" | "page" | "job" => {
                let mut list = read(args.pairs()).map_err(|fault| invalid_argument(&fault))?;
                if operation == "list" {
                    list.selected().page(few.min(MAX_PER_PAGE), cursor);
                    Kind::verbatim(list.request(), Check::Page)
                } else {
                    let action = read_action(action, overrides)?;
                    if operation == "page" {
                        list.selected().page(few, cursor);
                        let mut request = action.request();
                        list.selected().act_in(&mut request);
                        let check =
                            if matches!(action, Action::Delete) { Check::Deleted } else { Check::Created };
                        Kind::verbatim(request, check)
                    } else {
                        Kind::Job(Box::new(BulkJob::over(action, *list).with_ceiling(count)))
                    }
                }
            }
            _ => {
                let dlq_id = id(args.0)?;
                match operation {
                    "retryCallback" => {
                        let request = RetryCallback::new(dlq_id.clone()).request();
                        Kind::Callback(Act::one(DeedKind::RetryCallback, request, dlq_id))
                    }
                    "cancelCallback" => {
                        let request = CancelCallback::new(dlq_id.clone()).request();
                        Kind::Callback(Act::one(DeedKind::CancelCallback, request, dlq_id))
                    }
                    _ => Kind::verbatim(get_entry(&dlq_id), Check::Entry(dlq_id)),
                }
            }
        };
        Ok(Box::new(Task { account: Rc::clone(self), kind }))
    }
}

fn id(dlq_id: &str) -> Result<DlqId, String> {
    DlqId::new(dlq_id).map_err(|error| invalid("", &error))
}

fn read_action(action: &str, overrides: &str) -> Result<Action, String> {
    if action == "delete" {
        return Ok(Action::Delete);
    }
    let overrides = Overrides::from_json("the options", overrides)
        .map_err(|TableError(message)| invalid_argument(&message))?;
    Ok(if action == "resume" { Action::Resume(overrides) } else { Action::Restart(overrides) })
}
