//! Buckets: one with the program that machines run, one with backups.

use std::collections::BTreeMap;

use super::Layout;
use super::iam::Statement;
use crate::sdk::{Input, Options, Reference, Resource, Value, inputs, list, map};

/// How long an upload may stay unfinished before it is thrown away.
const UNFINISHED_DAYS: u32 = 2;
/// A backup holds what has changed since a whole one, which is at most so much older and has to be there for it.
const BASE_DAYS: u32 = 8;
/// How long a version that was overwritten or deleted can be taken back.
const OLD_VERSION_DAYS: u32 = 7;

/// Where machines find their program, and where backups go.
pub(super) struct Storage {
    programs: Resource,
    /// The program that this deployment's machines run.
    program: Resource,
    pub(super) backups: Resource,
    key: Resource,
}

impl Storage {
    /// The right to fetch programs.
    pub(super) fn fetching_programs(&self) -> Statement {
        let objects = Input::text([self.programs.output("arn").into(), "/programs/*".into()]);
        Statement::allow(["s3:GetObject"], [objects])
    }

    /// The right to write and read backups; not to delete any, but for the lock that ClickHouse has on one while it
    /// writes it.
    pub(super) fn backing_up(&self) -> Vec<Statement> {
        let bucket = Input::from(self.backups.output("arn"));
        let objects = Input::text([bucket.clone(), "/*".into()]);
        let locks = Input::text([bucket.clone(), "/*/.lock".into()]);
        vec![
            Statement::allow(["s3:ListBucket", "s3:GetBucketLocation"], [bucket]),
            Statement::allow(
                ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"],
                [objects],
            ),
            Statement::allow(["s3:DeleteObject"], [locks]),
            Statement::allow(
                ["kms:Decrypt", "kms:GenerateDataKey"],
                [self.key.output("arn").into()],
            ),
        ]
    }

    /// The name of the bucket with programs, once the program is in it.
    pub(super) fn program_bucket(&self) -> Reference {
        self.program.output("bucket")
    }
}

pub(super) fn declare(layout: &mut Layout<'_>) -> Storage {
    let component = layout.component("Storage", "storage");
    let keep_days = u32::from(layout.deployment().backups.keep_days) + BASE_DAYS;
    let expire = |days: u32| map! { "days" => days };
    let programs = bucket(layout, component, "programs", false, Input::NOTHING);
    let backups = bucket(layout, component, "backups", true, expire(keep_days));
    let file = &layout.plan.program;
    let source = Value::File {
        path: file.path.to_string_lossy().into_owned(),
        sha256: file.sha256.clone(),
    };
    let inputs = inputs! {
        "bucket" => programs.output("bucket"),
        "key" => format!("programs/{}/aurora", file.sha256),
        "source" => Input::Value(source),
        "serverSideEncryption" => "AES256",
    };
    // Machines that are being replaced may still want the old one; the bucket goes with all that is in it.
    let options = Options {
        retain_on_delete: true,
        // The path differs from one deploying machine to the next; the key says which content it is.
        ignore_changes: vec!["source".to_owned()],
        ..Options::child_of(component)
    };
    let program = layout
        .program
        .resource("aws:s3/bucketObjectv2:BucketObjectv2", "program", inputs, options);
    Storage {
        programs,
        program,
        backups,
        key: layout.account.key,
    }
}

/// Names of buckets are one world's: the account and the region are in them. At most 63 characters, so regions do without
/// their hyphens.
fn bucket_name(layout: &Layout<'_>, what: &str) -> Input {
    let deployment = layout.deployment();
    let region = deployment.region.replace('-', "");
    Input::text([
        format!("{}-{region}-", deployment.named(what)).into(),
        layout.account.id.clone().into(),
    ])
}

/// A bucket that nobody outside can reach, with versions. Those with data are encrypted with the deployment's key.
fn bucket(
    layout: &mut Layout<'_>,
    parent: Resource,
    what: &str,
    is_data: bool,
    expiration: Input,
) -> Resource {
    let options = || Options::child_of(parent).protected(is_data);
    let by_default = if is_data {
        map! { "sseAlgorithm" => "aws:kms", "kmsMasterKeyId" => layout.account.key.output("arn") }
    } else {
        map! { "sseAlgorithm" => "AES256" }
    };
    let inputs = inputs! {
        "bucket" => bucket_name(layout, what),
        // Who deletes it has said its deployment's name; then it goes with what is in it.
        "forceDestroy" => true,
        "tags" => layout.name_tag(what),
    };
    let bucket = layout
        .program
        .resource("aws:s3/bucket:Bucket", what, inputs, options());
    let mut part = |token: &str, mut inputs: BTreeMap<String, Input>, options: Options| {
        inputs.insert("bucket".to_owned(), bucket.id().into());
        layout.program.resource(token, what, inputs, options)
    };
    let block = inputs! {
        "blockPublicAcls" => true, "blockPublicPolicy" => true, "ignorePublicAcls" => true,
        "restrictPublicBuckets" => true,
    };
    let closed = part(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        block,
        options(),
    );
    let owner = inputs! { "rule" => map! { "objectOwnership" => "BucketOwnerEnforced" } };
    part(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        owner,
        options(),
    );
    let versions = inputs! { "versioningConfiguration" => map! { "status" => "Enabled" } };
    let versions = part("aws:s3/bucketVersioning:BucketVersioning", versions, options());
    let rule = map! { "applyServerSideEncryptionByDefault" => by_default, "bucketKeyEnabled" => is_data };
    let token = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration";
    part(token, inputs! { "rules" => list![rule] }, options());
    let rule = map! {
        "id" => "aurora",
        "status" => "Enabled",
        "filter" => map! {},
        "expiration" => expiration,
        "noncurrentVersionExpiration" => map! { "noncurrentDays" => OLD_VERSION_DAYS },
        "abortIncompleteMultipartUpload" => map! { "daysAfterInitiation" => UNFINISHED_DAYS },
    };
    let token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration";
    // Whoever takes a deployment down keeps its backups, however old they get: the rule that deletes them goes with it.
    part(
        token,
        inputs! { "rules" => list![rule] },
        Options::child_of(parent).after([versions]),
    );
    let in_the_clear = map! {
        "Sid" => "OnlyEncrypted", "Effect" => "Deny", "Principal" => "*", "Action" => "s3:*",
        "Resource" => list![bucket.output("arn"), Input::text([bucket.output("arn").into(), "/*".into()])],
        "Condition" => map! { "Bool" => map! { "aws:SecureTransport" => "false" } },
    };
    let policy = Input::json(map! { "Version" => "2012-10-17", "Statement" => list![in_the_clear] });
    part(
        "aws:s3/bucketPolicy:BucketPolicy",
        inputs! { "policy" => policy },
        options().after([closed]),
    );
    bucket
}
