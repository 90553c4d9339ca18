//! A scripted outside world: publishes what an SDK would, answers deliveries, and moves the clock to whatever is next.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local_qstash::engine::{Config, Delivery, Engine, Outcome, Planted, Request, Response, Timestamp};
use serde_json::{Value, json};

pub(crate) const URL: &str = "https://shop.example/order";
pub(crate) const HOOK: &str = "https://redrive.example/?lineage=1";
const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) now: Timestamp,
    pub(crate) token: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A world in which these switches are set.
    pub(crate) fn with(switches: &[(&str, &str)]) -> Self {
        let mut config = Config::default();
        for (name, value) in switches {
            config.switches.set(name, value).unwrap();
        }
        let token = config.credentials.token.clone();
        Self { engine: Engine::new(config), now: START, token }
    }

    pub(crate) fn call(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        let headers = headers.iter().copied().collect();
        let request = Request {
            caller_ip: "203.0.113.7".to_owned(),
            ..Request::authorized(&self.token, method, target, headers, body)
        };
        self.engine.handle(&request, self.now)
    }

    /// A call that must succeed; its JSON.
    pub(crate) fn ok(&mut self, method: &str, target: &str) -> Value {
        self.ok_with(method, target, &[])
    }

    pub(crate) fn ok_with(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> Value {
        let response = self.call(method, target, headers, b"");
        assert!(response.status < 300, "{method} {target}: {}", String::from_utf8_lossy(&response.body));
        serde_json::from_slice(&response.body).unwrap()
    }

    /// A call that must be refused; status and message.
    pub(crate) fn refused(&mut self, method: &str, target: &str, headers: &[(&str, &str)]) -> (u16, String) {
        let response = self.call(method, target, headers, b"");
        let json: Value = serde_json::from_slice(&response.body).unwrap();
        (response.status, json["error"].as_str().unwrap().to_owned())
    }

    /// Triggers a run as the SDK does, with further headers.
    pub(crate) fn trigger(&mut self, run_id: &str, headers: &[(&str, &str)]) {
        let sdk = [
            ("Upstash-Workflow-Init", "true"),
            ("Upstash-Workflow-RunId", run_id),
            ("Upstash-Workflow-Url", URL),
            ("Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Forward-Upstash-Workflow-Sdk-Version", "1"),
            ("Upstash-Feature-Set", "LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig"),
        ];
        let headers: Vec<_> = sdk.iter().chain(headers).copied().collect();
        let response = self.call("POST", &format!("/v2/publish/{URL}"), &headers, b"{\"order\":7}");
        assert_eq!(response.status, 201, "{}", String::from_utf8_lossy(&response.body));
    }

    /// Publishes a step's result or plan.
    pub(crate) fn append(&mut self, run_id: &str, step: &Value) -> Response {
        let headers = [("Upstash-Workflow-Init", "false"), ("Upstash-Workflow-RunId", run_id)];
        self.call("POST", &format!("/v2/publish/{URL}"), &headers, step.to_string().as_bytes())
    }

    /// The deliveries that are due now.
    pub(crate) fn due(&mut self) -> Vec<Delivery> {
        self.engine.due(self.now)
    }

    /// The one delivery that is due next, and the clock moved to it.
    pub(crate) fn next(&mut self) -> Delivery {
        let mut due = self.due();
        while due.is_empty() {
            self.now = self.engine.next_wakeup().expect("nothing is on its way").max(self.now);
            due = self.due();
        }
        assert_eq!(due.len(), 1, "more than one delivery is due");
        due.remove(0)
    }

    pub(crate) fn answer(&mut self, delivery: &Delivery, status: u16, headers: &[(&str, &str)], body: &str) {
        let headers = headers.iter().copied().chain([("Upstash-Workflow-Sdk-Version", "1")]).collect();
        let outcome = Outcome::Answered { status, headers, body: body.as_bytes().to_vec() };
        self.engine.delivered(delivery.id, outcome, self.now);
    }

    /// The next delivery fails with 500.
    pub(crate) fn fail_next(&mut self) -> Delivery {
        let delivery = self.next();
        self.answer(&delivery, 500, &[], r#"{"error":"Error","message":"boom"}"#);
        delivery
    }

    pub(crate) fn plant(&mut self, planted: Value) -> Vec<Value> {
        let planted: Planted = serde_json::from_value(planted).unwrap();
        self.engine.plant(&planted, self.now).unwrap()
    }

    pub(crate) fn entries(&mut self) -> Vec<Value> {
        self.ok("GET", "/v2/workflows/dlq")["messages"].as_array().unwrap().clone()
    }

    /// The only entry's id.
    pub(crate) fn entry_id(&mut self) -> String {
        let entries = self.entries();
        assert_eq!(entries.len(), 1);
        entries[0]["dlqId"].as_str().unwrap().to_owned()
    }

    pub(crate) fn kinds(&self) -> Vec<&str> {
        self.engine.timeline(0).iter().map(|event| event["kind"].as_str().unwrap()).collect()
    }

    pub(crate) fn state(&mut self, run_id: &str) -> String {
        let logs =
            self.ok("GET", &format!("/v2/workflows/events?groupBy=workflowRunId&workflowRunId={run_id}"));
        logs["runs"][0]["workflowState"].as_str().unwrap_or("unknown").to_owned()
    }
}

/// A result; with `concurrent` above 1, of a parallel branch.
pub(crate) fn result(id: u64, name: &str, concurrent: u64) -> Value {
    json!({ "stepId": id, "stepName": name, "stepType": "Run", "out": "1", "concurrent": concurrent })
}

/// The plan of a parallel branch.
pub(crate) fn plan(target: u64, name: &str, concurrent: u64) -> Value {
    json!({ "stepId": 0, "stepName": name, "stepType": "Run", "concurrent": concurrent, "targetStep": target })
}

/// The entries that a delivery carries: message id, and the decoded step (null for the payload).
pub(crate) fn carried(delivery: &Delivery) -> Vec<(String, Value)> {
    let raw: Vec<Value> = serde_json::from_slice(&delivery.body).unwrap();
    raw.iter()
        .enumerate()
        .map(|(index, entry)| {
            let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
            let step = if index == 0 { Value::Null } else { serde_json::from_slice(&body).unwrap() };
            (entry["messageId"].as_str().unwrap().to_owned(), step)
        })
        .collect()
}

/// The names of the carried steps.
pub(crate) fn names(delivery: &Delivery) -> Vec<String> {
    let steps = carried(delivery).into_iter().skip(1);
    steps.map(|(_, step)| step["stepName"].as_str().unwrap().to_owned()).collect()
}

pub(crate) fn header<'a>(delivery: &'a Delivery, name: &str) -> &'a str {
    delivery.headers.value(name).unwrap_or_default()
}

pub(crate) fn body(delivery: &Delivery) -> Value {
    serde_json::from_slice(&delivery.body).unwrap()
}
