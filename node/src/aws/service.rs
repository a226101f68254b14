//! Where each service is, and how it is spoken to.

/// A service of AWS.
#[derive(Debug, PartialEq, Eq)]
pub struct Service {
    /// Its name in sentences.
    pub(super) name: &'static str,
    /// The first label of its host, which it is also signed for.
    pub(super) host: &'static str,
    /// What actions are called in policies: `PREFIX:Action`.
    pub(super) prefix: &'static str,
    /// A variable that names another endpoint, before `AWS_ENDPOINT_URL`.
    pub(super) variable: &'static str,
}

/// One that a form is sent to, and that answers in XML.
#[derive(Debug, PartialEq, Eq)]
pub struct QueryService {
    pub(super) service: Service,
    /// Of its interface.
    pub(super) version: &'static str,
}

/// One that speaks JSON.
#[derive(Debug, PartialEq, Eq)]
pub struct JsonService {
    pub(super) service: Service,
    /// What stands before the action's name in `X-Amz-Target`.
    pub(super) target: &'static str,
}

/// Machines.
pub const EC2: QueryService = QueryService {
    service: Service {
        name: "EC2",
        host: "ec2",
        prefix: "ec2",
        variable: "AWS_ENDPOINT_URL_EC2",
    },
    version: "2016-11-15",
};

/// Groups of machines.
pub const AUTO_SCALING: QueryService = QueryService {
    service: Service {
        name: "Auto Scaling",
        host: "autoscaling",
        prefix: "autoscaling",
        variable: "AWS_ENDPOINT_URL_AUTO_SCALING",
    },
    version: "2011-01-01",
};

/// Who somebody is.
pub const STS: QueryService = QueryService {
    service: Service {
        name: "STS",
        host: "sts",
        prefix: "sts",
        variable: "AWS_ENDPOINT_URL_STS",
    },
    version: "2011-06-15",
};

/// Figures.
pub const CLOUD_WATCH: QueryService = QueryService {
    service: Service {
        name: "CloudWatch",
        host: "monitoring",
        prefix: "cloudwatch",
        variable: "AWS_ENDPOINT_URL_CLOUDWATCH",
    },
    version: "2010-08-01",
};

/// Secrets.
pub const SECRETS_MANAGER: JsonService = JsonService {
    service: Service {
        name: "Secrets Manager",
        host: "secretsmanager",
        prefix: "secretsmanager",
        variable: "AWS_ENDPOINT_URL_SECRETS_MANAGER",
    },
    target: "secretsmanager",
};

/// Parameters, some of them secret.
pub const SSM: JsonService = JsonService {
    service: Service {
        name: "the parameter store (SSM)",
        host: "ssm",
        prefix: "ssm",
        variable: "AWS_ENDPOINT_URL_SSM",
    },
    target: "AmazonSSM",
};

/// Lines of logs.
pub const LOGS: JsonService = JsonService {
    service: Service {
        name: "CloudWatch Logs",
        host: "logs",
        prefix: "logs",
        variable: "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS",
    },
    target: "Logs_20140328",
};

/// Certificates.
pub const ACM: JsonService = JsonService {
    service: Service {
        name: "Certificate Manager (ACM)",
        host: "acm",
        prefix: "acm",
        variable: "AWS_ENDPOINT_URL_ACM",
    },
    target: "CertificateManager",
};

/// What has which tags.
pub const TAGGING: JsonService = JsonService {
    service: Service {
        name: "Resource Groups Tagging",
        host: "tagging",
        prefix: "tag",
        variable: "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
    },
    target: "ResourceGroupsTaggingAPI_20170126",
};

/// How much of each thing an account may have.
pub const SERVICE_QUOTAS: JsonService = JsonService {
    service: Service {
        name: "Service Quotas",
        host: "servicequotas",
        prefix: "servicequotas",
        variable: "AWS_ENDPOINT_URL_SERVICE_QUOTAS",
    },
    target: "ServiceQuotasV20190624",
};

impl Service {
    /// Where AWS has it. China and the European Sovereign Cloud have domains of their own; the regions of secret
    /// services have, too, and take the variables.
    pub(super) fn url_in(&self, region: &str) -> String {
        let domain = match region.split('-').next() {
            Some("cn") => "amazonaws.com.cn",
            Some("eusc") => "amazonaws.eu",
            _ => "amazonaws.com",
        };
        format!("https://{}.{region}.{domain}/", self.host)
    }

    /// What a policy calls an action of it.
    pub(super) fn action(&self, action: &str) -> String {
        format!("{}:{action}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_region_is_asked_where_it_is() {
        for (service, region, url) in [
            (&EC2.service, "eu-west-1", "https://ec2.eu-west-1.amazonaws.com/"),
            (
                &EC2.service,
                "us-gov-west-1",
                "https://ec2.us-gov-west-1.amazonaws.com/",
            ),
            (
                &CLOUD_WATCH.service,
                "cn-north-1",
                "https://monitoring.cn-north-1.amazonaws.com.cn/",
            ),
            (
                &LOGS.service,
                "eusc-de-east-1",
                "https://logs.eusc-de-east-1.amazonaws.eu/",
            ),
        ] {
            assert_eq!(service.url_in(region), url);
        }
        assert_eq!(
            CLOUD_WATCH.service.action("PutMetricData"),
            "cloudwatch:PutMetricData"
        );
    }
}
