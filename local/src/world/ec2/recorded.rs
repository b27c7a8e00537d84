//! A call to EC2 as it happens in AWS: carried out, and recorded by CloudTrail.

use std::sync::PoisonError;

use chrono::{DateTime, Utc};

use super::{Answer, Call, Ec2Error};
use crate::world::{World, identity::Caller, trail::Cut};

impl World {
    /// Carries out a mutating call and records it. The records are in the order of the effects.
    pub fn ec2_call(&self, caller: &Caller, call: &Call, now: DateTime<Utc>) -> Answer {
        let mut ec2 = self.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = ec2.apply(caller, call, now);
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).record_ec2(caller, call, &answer, now);
        answer
    }

    /// As [`World::ec2_call`], but the record of a call that succeeds comes out cut off.
    pub fn ec2_call_cut(&self, caller: &Caller, call: &Call, cut: Cut, now: DateTime<Utc>) -> Answer {
        let mut ec2 = self.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = ec2.apply(caller, call, now);
        let mut trail = self.trail.lock().unwrap_or_else(PoisonError::into_inner);
        if answer.result.is_ok() {
            trail.cut_next(cut);
        }
        trail.record_ec2(caller, call, &answer, now);
        answer
    }

    /// Refuses a mutating call before EC2 looks at it (no permission, throttled) and records the failure.
    pub fn ec2_refuse(&self, caller: &Caller, call: &Call, error: Ec2Error, now: DateTime<Utc>) -> Answer {
        let mut ec2 = self.ec2.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = Answer { request_id: ec2.request_id(), result: Err(error) };
        self.trail.lock().unwrap_or_else(PoisonError::into_inner).record_ec2(caller, call, &answer, now);
        answer
    }
}
