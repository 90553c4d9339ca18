//! Resume, restart and delete, by each way to say which entries.

use serde_json::json;
use workflow_redrive::dlq::{
    Call, DeleteEntry, DeleteMany, Filter, Ids, Label, Overrides, Restart, RestartMany, Resume, ResumeMany,
    Selection,
};
use workflow_redrive::ids::DlqId;

use crate::world::{Service, block_on};

/// Makes a call while five entries are in the queue, two of them labelled; how many it acted on.
fn acted<C: Call>(kind: &str, make: impl Fn(&[DlqId]) -> C) -> usize {
    let service = Service::new(&[]);
    let mut ids = service.plant(json!({ "count": 3 }));
    ids.extend(service.plant(json!({ "count": 2, "labels": ["night"] })));
    block_on(service.client().call(&make(&ids))).unwrap();
    let acts = service.acts(kind);
    assert!(acts.values().all(|times| *times == 1), "{acts:?}");
    acts.len()
}

fn two(ids: &[DlqId]) -> Selection {
    Ids::new(ids.iter().take(2).cloned()).unwrap().into()
}

fn labelled(_: &[DlqId]) -> Selection {
    Filter::builder().label(Label::new("night").unwrap()).build().unwrap().into()
}

fn all(_: &[DlqId]) -> Selection {
    Selection::All
}

type Which = fn(&[DlqId]) -> Selection;

/// How to say which entries, and how many of the five are meant.
const SELECTIONS: [(Which, usize); 3] = [(two, 2), (labelled, 2), (all, 5)];

#[test]
fn resume_by_id_ids_filter_and_all() {
    assert_eq!(acted("resumed", |ids| Resume::new(ids[0].clone(), Overrides::default())), 1);
    for (which, meant) in SELECTIONS {
        assert_eq!(acted("resumed", |ids| ResumeMany::new(which(ids), Overrides::default())), meant);
    }
}

#[test]
fn restart_by_id_ids_filter_and_all() {
    assert_eq!(acted("restarted", |ids| Restart::new(ids[0].clone(), Overrides::default())), 1);
    for (which, meant) in SELECTIONS {
        assert_eq!(acted("restarted", |ids| RestartMany::new(which(ids), Overrides::default())), meant);
    }
}

#[test]
fn delete_by_id_ids_filter_and_all() {
    assert_eq!(acted("dlq_deleted", |ids| DeleteEntry::new(ids[0].clone())), 1);
    for (which, meant) in SELECTIONS {
        assert_eq!(acted("dlq_deleted", |ids| DeleteMany::new(which(ids))), meant);
    }
}
