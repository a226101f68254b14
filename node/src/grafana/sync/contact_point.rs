//! The contact point that alerts go to, where Aurora makes one.

use serde_json::Value;

use super::super::client::GrafanaError;
use super::super::desired::Desired;
use super::compare::without_version;
use super::{Outcome, Syncer};

impl Syncer {
    /// Makes the contact point what it is to be, if there is to be one.
    pub(super) async fn contact_point(
        &mut self,
        desired: &Desired,
        outcome: &mut Outcome,
    ) -> Result<(), GrafanaError> {
        let Some(wanted) = &desired.contact_point else {
            return Ok(());
        };
        let uid = desired.names.contact_point();
        match self.made_contact_point(&uid).await? {
            Some(found) if self.is_kept(&uid, wanted, &found) => return Ok(()),
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
        Ok(())
    }

    /// Removes the contact point that Aurora made, if there is to be none.
    pub(super) async fn remove_contact_point(
        &self,
        desired: &Desired,
        outcome: &mut Outcome,
    ) -> Result<(), GrafanaError> {
        let uid = desired.names.contact_point();
        if desired.contact_point.is_some() || self.made_contact_point(&uid).await?.is_none() {
            return Ok(());
        }
        self.client.remove_contact_point(&uid).await?;
        outcome.changes.push("removed the contact point".to_owned());
        Ok(())
    }

    async fn made_contact_point(&self, uid: &str) -> Result<Option<Value>, GrafanaError> {
        let points = self.client.contact_points().await?;
        Ok(points.into_iter().find(|point| point["uid"] == *uid))
    }
}
