//! `pkg/types.d.cts`: the types of this room as TypeScript.
//!
//! `make types` writes it. The test below fails where it is not what the types say.

use std::{env, fs, path::Path};

use ts_rs::{Config, TS};

use super::{
    acted::{Acted, CreatedRun, RefusedEntry, Totals},
    api_error::ApiError,
    dlq_entry::DlqEntry,
    dlq_filter::{DlqFilter, NAMED_STATES},
    failure::Failure,
    layout::{laid_out, union},
    one_or_many::OneOrMany,
    policy::{
        AttemptPattern, Policy, PolicyBackoff, PolicyBreaker, PolicyBudget, PolicyCondition, PolicyDrain,
        PolicyFlowControl, PolicyOverrides, PolicyRule, StatusPattern,
    },
};
use crate::{
    callback::CallbackError,
    client::CallError,
    dlq,
    policy::{Action, Considered, Explained, FailureClass, Reason},
    recovery::{Line, Outcome, Summary},
    signature::SignatureError,
};

type Names<'a> = &'a [(&'a str, &'a [&'a str])];

fn declarations() -> String {
    let states = NAMED_STATES.map(|state| (state.as_wire().expect("it has a name"), [].as_slice()));
    // A missing header is an empty signature in JavaScript.
    let missing = SignatureError::Missing.code();
    let mut signature_codes = SignatureError::NAMES.to_vec();
    signature_codes.retain(|(code, _)| *code != missing);
    let error = dlq::ApiError::malformed("");
    let ambiguous = CallError::Ambiguous { error, attempts: 0 };
    let mut api_codes = dlq::ApiErrorKind::NAMES.to_vec();
    api_codes.extend([
        (
            ambiguous.code(),
            ["Nobody knows whether it was done: the answer was lost, and looking did not help."].as_slice(),
        ),
        // The package's JavaScript says this one.
        ("run_unknown", ["It was done, but the answer that names the new run was lost."].as_slice()),
    ]);
    [
        "// Made of the Rust types by `make types`: change those.\n".to_owned(),
        "import type { RedriveError } from \"./index.d.cts\";\n".to_owned(),
        names("Why a signature was refused.", "SignatureErrorCode", &signature_codes),
        names(
            "Why a body is no failure callback of a workflow run.",
            "CallbackErrorCode",
            CallbackError::NAMES,
        ),
        names("Why a call of the DLQ API has no result.", "ApiErrorCode", &api_codes),
        interface::<ApiError>().replace("interface ApiError ", "interface ApiError extends RedriveError "),
        interface::<OneOrMany<String>>(),
        interface::<Failure<'_>>(),
        names("What is done with a failed run.", "Action", Action::NAMES),
        names("Why a decision fell as it did.", "Reason", Reason::NAMES),
        interface::<Explained<'_>>(),
        interface::<Considered<'_>>(),
        names("What kind of failure it is.", "FailureClass", FailureClass::NAMES),
        interface::<Policy>(),
        interface::<PolicyBackoff>(),
        interface::<PolicyBreaker>(),
        interface::<PolicyDrain>(),
        interface::<PolicyBudget>(),
        interface::<PolicyRule>(),
        interface::<PolicyCondition>(),
        interface::<StatusPattern>(),
        interface::<AttemptPattern>(),
        interface::<PolicyOverrides>(),
        interface::<PolicyFlowControl>(),
        names("What became of a failure callback that was dealt with.", "Outcome", Outcome::NAMES),
        interface::<Summary<'_>>(),
        interface::<Line<'_>>(),
        names("State of a failure callback.", "CallbackState", &states),
        interface::<DlqFilter>(),
        // QStash sends more than is declared.
        interface::<DlqEntry>().replace("\n}\n", "\n  [field: string]: unknown;\n}\n"),
        interface::<CreatedRun<'_>>(),
        interface::<RefusedEntry<'_>>(),
        interface::<Acted<'_>>(),
        interface::<Totals>(),
    ]
    .join("\n")
}

fn interface<T: TS>() -> String {
    // No number here is too large for JavaScript's.
    let config = Config::new().with_large_int("number");
    laid_out(T::docs().as_deref(), &T::decl(&config))
}

fn names(comment: &str, name: &str, names: Names<'_>) -> String {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    union(comment, name, &sorted)
}

#[test]
fn the_package_ships_the_declarations_of_these_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("pkg/types.d.cts");
    let made = declarations();
    if env::var_os("WRITE_TYPES").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let shipped = fs::read_to_string(&path).unwrap_or_default();
    let differing = shipped.lines().zip(made.lines()).find(|(shipped, made)| shipped != made);
    assert!(shipped == made, "pkg/types.d.cts is not what the types say: `make types`; first {differing:#?}");
}
