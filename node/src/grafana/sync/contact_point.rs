//! The contact point that alerts go to, where Aurora makes one.

use serde_json::Value;

use super::super::client::GrafanaError;
use super::super::desired::Desired;
use super::compare::without_version;
use super::{Outcome, Syncer};

impl Syncer {
    /// Makes the contact point what it is to be, if there is to be one, and says whether there is one that Aurora has made.
    pub(super) async fn contact_point(
        &mut self,
        desired: &Desired,
        outcome: &mut Outcome,
    ) -> Result<bool, GrafanaError> {
        let uid = desired.names.contact_point();
        let found = self.made_contact_point(&uid).await;
        let Some(wanted) = &desired.contact_point else {
            // Who does not want one needs no right to look at them.
            return Ok(found.ok().flatten().is_some());
        };
        match found? {
            Some(found) if self.is_kept(&uid, wanted, &found) => return Ok(true),
            Some(_) => {
                self.client.change_contact_point(&uid, wanted).await?;
                outcome.changes.push("changed the contact point".to_owned());
            }
            None => {
                self.client.add_contact_point(wanted).await?;
                outcome.changes.push("added the contact point".to_owned());
            }
        }
        if let Some(kept) = self.made_contact_point(&uid).await? {
            self.kept.insert(uid, (wanted.clone(), without_version(kept)));
        }
        Ok(true)
    }

    /// Removes the contact point that Aurora has made.
    pub(super) async fn remove_contact_point(
        &self,
        desired: &Desired,
        outcome: &mut Outcome,
    ) -> Result<(), GrafanaError> {
        let uid = desired.names.contact_point();
        self.client.remove_contact_point(&uid).await?;
        outcome.changes.push("removed the contact point".to_owned());
        Ok(())
    }

    async fn made_contact_point(&self, uid: &str) -> Result<Option<Value>, GrafanaError> {
        let points = self.client.contact_points().await?;
        Ok(points.into_iter().find(|point| point["uid"] == *uid))
    }
}
