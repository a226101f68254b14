//! Making a Grafana what it is to be: looking, comparing, changing what differs, removing what Aurora made and nobody wants.
//!
//! Nothing is changed that is right already, so that it does not matter how often this is done, or by which node. What Aurora
//! has not made stays: dashboards are known by their uids, and removed only if they have Aurora's tag as well; alert rules of
//! others in Aurora's group are handed back; nothing is ever saved by force, so that a dashboard of somebody else that has the
//! same title is safe, and a change that somebody makes at the same moment is seen before it is taken back.
//!
//! Grafana may keep a dashboard in other words than it was told: newer versions bring old JSON up to date. So what it made of
//! ours is read back once and remembered; as long as that is there, it is ours.

mod compare;
mod contact_point;

use std::collections::BTreeMap;

use serde_json::{Value, json};

pub use self::compare::says;
use self::compare::without_version;
use super::client::{Client, GrafanaError};
use super::datasource::DataSource;
use super::desired::Desired;
use super::model::PLUGIN;
use super::names::Names;

/// How often a dashboard is looked at again when somebody saves it at the same time.
const MOST_LOOKS: u32 = 3;
/// A Grafana that does not know of it leaves out where a rule's alerts go.
const TOO_OLD: &str =
    "This Grafana does not take where alert rules go to (11.2 does): its notification policies decide.";
/// Most faults of single things that are told.
const MOST_FAULTS: usize = 5;

/// What a round has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What it has changed, in words.
    pub changes: Vec<String>,
    /// What is not as it should be and is somebody else's to decide.
    pub notes: Vec<String>,
    /// What could not be done, though the rest could.
    pub faults: Vec<String>,
}

/// Keeps one Grafana in step.
#[derive(Debug)]
pub struct Syncer {
    client: Client,
    /// What Grafana made of what it was told, by uid: what it was told, and what it keeps.
    kept: BTreeMap<String, (Value, Value)>,
    /// The data source that has been written, whose password cannot be read back.
    written: Option<DataSource>,
}

impl Syncer {
    /// Keeps the Grafana of `client` in step.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            kept: BTreeMap::new(),
            written: None,
        }
    }

    /// Forgets what it knows of the Grafana: another node may change it from now on.
    pub fn forget(&mut self) {
        self.kept.clear();
        self.written = None;
    }

    /// Does what there is to do. An error is one after which nothing else can be done either; what was done before it stays.
    pub async fn sync(&mut self, desired: &Desired) -> Result<Outcome, GrafanaError> {
        let mut outcome = Outcome::default();
        self.datasource(desired, &mut outcome).await?;
        if self.client.has_plugin(PLUGIN).await? == Some(false) {
            outcome.notes.push(format!(
                "Grafana lacks the plugin {PLUGIN}: install it (grafana cli plugins install {PLUGIN}) and restart Grafana."
            ));
        }
        let folder = self.folder(&desired.names, &mut outcome).await;
        let Some(()) = one(folder, "the folder", &mut outcome)? else {
            return Ok(outcome);
        };
        for (uid, wanted) in &desired.dashboards {
            let title = wanted["title"].as_str().unwrap_or_default();
            let done = self.dashboard(uid, wanted, &desired.names, &mut outcome).await;
            one(done, &format!("the dashboard {title:?}"), &mut outcome)?;
        }
        let removed = self.remove_others(desired, &mut outcome).await;
        one(removed, "dashboards that are no longer wanted", &mut outcome)?;
        // Rules name it, so it is there before they are, and goes after them.
        let made = self.contact_point(desired, &mut outcome).await;
        let made = one(made, "the contact point", &mut outcome)?.unwrap_or_default();
        let alerts = self.alerts(desired, &mut outcome).await;
        one(alerts, "the alert rules", &mut outcome)?;
        if made && desired.contact_point.is_none() {
            let removed = self.remove_contact_point(desired, &mut outcome).await;
            one(removed, "the contact point", &mut outcome)?;
        }
        let others = [desired.names.folder(), desired.names.contact_point()];
        self.kept
            .retain(|uid, _| others.contains(uid) || desired.dashboards.contains_key(uid));
        Ok(outcome)
    }

    /// The data source comes first: whose it is says whether anything here is ours.
    async fn datasource(&mut self, desired: &Desired, outcome: &mut Outcome) -> Result<(), GrafanaError> {
        let (names, wanted) = (&desired.names, &desired.datasource);
        let uid = names.datasource();
        let body = wanted.body_with_password(names);
        let Some(found) = self.client.datasource(&uid).await? else {
            self.add_datasource(names, body).await?;
            outcome.changes.push("added the data source".to_owned());
            self.written = Some(wanted.clone());
            return Ok(());
        };
        if let Some(owner) = DataSource::owner_of(&found)
            && owner != wanted.owner
        {
            return Err(GrafanaError::OfAnother {
                uid,
                owner: owner.to_owned(),
            });
        }
        if found["readOnly"].as_bool() == Some(true) {
            outcome.notes.push(format!(
                "The data source {uid} comes from files, and is left as it is."
            ));
            return Ok(());
        }
        let is_right = says(&found["jsonData"], &wanted.json_data()) && found["type"] == PLUGIN;
        if is_right && self.written.as_ref() == Some(wanted) {
            return Ok(());
        }
        let mut body = body;
        // People may have given it another name.
        body["name"] = found["name"].clone();
        self.client.change_datasource(&uid, &body).await?;
        if !is_right {
            outcome.changes.push("changed the data source".to_owned());
        }
        self.written = Some(wanted.clone());
        Ok(())
    }

    async fn add_datasource(&self, names: &Names, mut body: Value) -> Result<(), GrafanaError> {
        match self.client.add_datasource(&body).await {
            Err(GrafanaError::NameTaken(_)) => {
                body["name"] = json!(names.datasource());
                self.client.add_datasource(&body).await
            }
            other => other,
        }
    }

    async fn folder(&self, names: &Names, outcome: &mut Outcome) -> Result<(), GrafanaError> {
        let uid = names.folder();
        if self.client.folder(&uid).await?.is_some() {
            return Ok(());
        }
        match self.client.add_folder(&uid, &names.title()).await {
            Err(GrafanaError::NameTaken(_)) => {
                self.client
                    .add_folder(&uid, &format!("{} ({uid})", names.title()))
                    .await?;
            }
            other => other?,
        }
        outcome.changes.push("added the folder".to_owned());
        Ok(())
    }

    /// Makes one dashboard what it is to be.
    async fn dashboard(
        &mut self,
        uid: &str,
        wanted: &Value,
        names: &Names,
        outcome: &mut Outcome,
    ) -> Result<(), GrafanaError> {
        let title = wanted["title"].as_str().unwrap_or_default();
        for look in 1..=MOST_LOOKS {
            let found = self.client.dashboard(uid).await?;
            let mut body = wanted.clone();
            if let Some(found) = &found {
                if found.is_from_files {
                    outcome.notes.push(format!(
                        "The dashboard {title:?} comes from files, and is left as it is."
                    ));
                    return Ok(());
                }
                if found.folder_uid == names.folder() && self.is_kept(uid, wanted, &found.dashboard) {
                    return Ok(());
                }
                body["id"] = found.dashboard["id"].clone();
                body["version"] = found.dashboard["version"].clone();
            }
            match self.save(&body, names).await {
                Ok(()) => {}
                Err(GrafanaError::Outrun(_)) if look < MOST_LOOKS => continue,
                Err(error) => return Err(error),
            }
            let did = if found.is_some() { "changed" } else { "added" };
            outcome.changes.push(format!("{did} the dashboard {title:?}"));
            if let Some(kept) = self.client.dashboard(uid).await? {
                let kept = without_version(kept.dashboard);
                self.kept.insert(uid.to_owned(), (wanted.clone(), kept));
            }
            return Ok(());
        }
        Ok(())
    }

    /// Whether what is there is what was wanted, or what Grafana has made of just that.
    fn is_kept(&self, uid: &str, wanted: &Value, found: &Value) -> bool {
        let is_what_it_became =
            |(told, kept): &(Value, Value)| told == wanted && without_version(found.clone()) == *kept;
        says(found, wanted) || self.kept.get(uid).is_some_and(is_what_it_became)
    }

    /// Saves a dashboard, under another title if somebody else's in the folder has it.
    async fn save(&self, body: &Value, names: &Names) -> Result<(), GrafanaError> {
        let folder = names.folder();
        match self.client.save_dashboard(body, &folder).await {
            Err(GrafanaError::NameTaken(_)) => {
                let mut body = body.clone();
                let title = body["title"].as_str().unwrap_or_default();
                body["title"] = json!(format!("{title} ({})", names.title()));
                self.client.save_dashboard(&body, &folder).await
            }
            other => other,
        }
    }

    /// Removes the dashboards of streams that are gone.
    async fn remove_others(&mut self, desired: &Desired, outcome: &mut Outcome) -> Result<(), GrafanaError> {
        let names = &desired.names;
        let tag = names.tag();
        let hits = self.client.tagged(&tag).await?;
        let is_ours = |uid: &str, tags: &[String]| names.is_of_stream(uid) && tags.contains(&tag);
        for hit in hits {
            if is_ours(&hit.uid, &hit.tags) && !desired.dashboards.contains_key(&hit.uid) {
                self.client.remove_dashboard(&hit.uid).await?;
                outcome.changes.push(format!("removed the dashboard {}", hit.uid));
            }
        }
        Ok(())
    }

    async fn alerts(&mut self, desired: &Desired, outcome: &mut Outcome) -> Result<(), GrafanaError> {
        let (folder, wanted) = (desired.names.folder(), &desired.alerts);
        let group = wanted["title"].as_str().unwrap_or_default();
        let found = self.client.rule_group(&folder, group).await?;
        let mut body = wanted.clone();
        if let Some(found) = &found {
            let (ours, others) = split_rules(found, &desired.names);
            if self.is_kept(&folder, wanted, &ours) {
                outcome.notes.extend(too_old(wanted, &ours));
                return Ok(());
            }
            // Rules that are not in the body would be gone.
            if let Some(rules) = body["rules"].as_array_mut() {
                rules.extend(others);
            }
        }
        self.client.put_rule_group(&folder, group, &body).await?;
        outcome.changes.push("changed the alert rules".to_owned());
        if let Some(kept) = self.client.rule_group(&folder, group).await? {
            let (ours, _) = split_rules(&kept, &desired.names);
            outcome.notes.extend(too_old(wanted, &ours));
            self.kept.insert(folder, (wanted.clone(), without_version(ours)));
        }
        Ok(())
    }
}

/// What is to be said of a Grafana that has left out where the alerts of a group of rules go.
fn too_old(wanted: &Value, kept: &Value) -> Option<String> {
    let has_receiver = |group: &Value| {
        let mut rules = group["rules"].as_array().into_iter().flatten();
        rules.any(|rule| rule["notification_settings"]["receiver"].is_string())
    };
    (has_receiver(wanted) && !has_receiver(kept)).then(|| TOO_OLD.to_owned())
}

/// A group of rules with only ours in it, and the others.
fn split_rules(group: &Value, names: &Names) -> (Value, Vec<Value>) {
    let prefix = format!("{}-", names.prefix());
    let rules = group["rules"].as_array().cloned().unwrap_or_default();
    let is_ours = |rule: &Value| rule["uid"].as_str().is_some_and(|uid| uid.starts_with(&prefix));
    let (mut ours, others): (Vec<Value>, Vec<Value>) = rules.into_iter().partition(is_ours);
    for rule in &mut ours {
        // When somebody last saved it, and a number of Grafana's own.
        if let Some(rule) = rule.as_object_mut() {
            rule.remove("updated");
            rule.remove("id");
        }
    }
    let mut group = group.clone();
    group["rules"] = json!(ours);
    (group, others)
}

/// Passes on a fault after which nothing else can be done; notes any other one, so that the rest is done.
fn one<T>(
    result: Result<T, GrafanaError>,
    what: &str,
    outcome: &mut Outcome,
) -> Result<Option<T>, GrafanaError> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.is_of_all() => Err(error),
        Err(error) => {
            if outcome.faults.len() < MOST_FAULTS {
                outcome.faults.push(format!("{what}: {error}"));
            }
            Ok(None)
        }
    }
}
