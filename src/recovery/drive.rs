//! Takes the steps of a recovery in a world that is asked for each.

use super::{
    Host,
    recover::{Ask, Moment, Recovery},
};

impl Recovery {
    /// Takes all steps; gives how many of them asked somebody for something.
    pub(crate) async fn drive(&mut self, host: &impl Host) -> u32 {
        let moment = || Moment { now: host.now(), entropy: host.entropy() };
        let mut asked = 0;
        loop {
            match self.ask() {
                Ask::Send(request) => {
                    let answer = host.send(&self.account, request).await;
                    self.answered(answer, moment());
                }
                Ask::Claim(entry) => {
                    let claim = host.claim(&self.case(entry)).await;
                    self.claimed(claim);
                }
                Ask::Admit(entry) => {
                    let admitted = host.admit(&self.case(entry)).await;
                    self.admitted(admitted);
                }
                Ask::Relay(to) => {
                    let relayed = host.relay(to, self.run_id()).await;
                    self.relayed(relayed, moment());
                }
                Ask::Settle(entry) => {
                    let is_kept = host.settle(&self.case(entry), &self.conclusion).await;
                    self.settled(is_kept);
                }
                Ask::Nothing => return asked,
            }
            asked += 1;
        }
    }
}
