//! Instances, their types, zones and regions.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::Aws;
use super::account::Market;
use super::error::AwsError;
use super::service::EC2;

/// Instances to an answer: an instance takes some kilobytes of XML, and an answer has to come in time.
const PAGE: &str = "100";
/// First letters of the families that share the quota of ordinary on-demand instances; others have quotas of their own.
const STANDARD_FAMILIES: [char; 9] = ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'];
/// Of those, families that are counted elsewhere all the same.
const OTHER_FAMILIES: [&str; 5] = ["dl", "hpc", "inf", "trn", "mac"];

/// What is needed of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Instance {
    /// Its id.
    pub instance_id: String,
    /// Its type, such as `m7g.large`.
    pub instance_type: String,
    /// Where others of its network reach it.
    pub private_ip_address: Option<String>,
    /// In ISO 8601, UTC.
    pub launch_time: Option<String>,
    instance_state: State,
    placement: Placement,
    /// `spot`, or nothing.
    instance_lifecycle: Option<String>,
    cpu_options: Option<CpuOptions>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct State {
    name: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Placement {
    availability_zone: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CpuOptions {
    core_count: u32,
    threads_per_core: u32,
}

impl Instance {
    /// Whether it runs, not only will.
    pub fn is_running(&self) -> bool {
        self.instance_state.name == "running"
    }

    /// Such as `pending`, `running`, `stopped`, `terminated`.
    pub fn state(&self) -> &str {
        &self.instance_state.name
    }

    /// Its zone.
    pub fn zone(&self) -> &str {
        &self.placement.availability_zone
    }

    /// Whether it counts against the quota of ordinary instances of this market.
    fn counts_for(&self, market: Market) -> bool {
        let own = match self.instance_lifecycle.as_deref() {
            Some("spot") => Some(Market::Spot),
            None => Some(Market::OnDemand),
            // Blocks of capacity that are paid for in advance.
            Some(_) => None,
        };
        own == Some(market) && is_standard(&self.instance_type)
    }

    fn vcpus(&self) -> Option<u32> {
        let cpus = self.cpu_options.as_ref()?;
        Some(cpus.core_count * cpus.threads_per_core).filter(|count| *count > 0)
    }
}

/// Whether a type counts against the quotas of ordinary instances.
pub fn is_standard(instance_type: &str) -> bool {
    let is_other = OTHER_FAMILIES
        .iter()
        .any(|family| instance_type.starts_with(family));
    instance_type.starts_with(STANDARD_FAMILIES) && !is_other
}

/// A kind of machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceType {
    /// Such as `m7g.large`.
    pub name: String,
    /// Its virtual processors.
    pub vcpus: u32,
    /// Its memory.
    pub memory_mib: u64,
    /// Such as `x86_64` or `arm64`.
    pub architectures: Vec<String>,
    /// Whether it is of the kinds since 2017, which name volumes by their ids.
    pub is_nitro: bool,
}

/// A region of AWS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionInfo {
    /// Such as `eu-west-1`.
    pub name: String,
    /// Whether this account can use it; some have to be switched on first.
    pub is_enabled: bool,
}

/// `<xSet><item>…</item>…</xSet>`, as EC2 writes lists.
#[derive(Debug, Deserialize)]
pub(super) struct Set<T> {
    #[serde(default = "Vec::new")]
    pub(super) item: Vec<T>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstancesPage {
    reservation_set: Set<Reservation>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    instances_set: Set<Instance>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferingsPage {
    instance_type_offering_set: Set<Offering>,
    next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Offering {
    location: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypesAnswer {
    instance_type_set: Set<TypeItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeItem {
    instance_type: String,
    v_cpu_info: VcpuInfo,
    memory_info: MemoryInfo,
    processor_info: ProcessorInfo,
    /// `nitro` or `xen`; bare metal has none.
    hypervisor: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VcpuInfo {
    default_v_cpus: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MemoryInfo {
    #[serde(rename = "sizeInMiB")]
    size_in_mib: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProcessorInfo {
    supported_architectures: Set<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VpcsAnswer {
    vpc_set: Set<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddressesAnswer {
    addresses_set: Set<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionsAnswer {
    region_info: Set<RegionItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RegionItem {
    region_name: String,
    opt_in_status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZonesAnswer {
    availability_zone_info: Set<ZoneItem>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ZoneItem {
    zone_name: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ImagesPage {
    images_set: Set<Image>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    root_device_name: String,
}

impl Aws {
    /// All instances with a tag that run or are about to.
    pub async fn instances_with_tag(&self, key: &str, value: &str) -> Result<Vec<Instance>, AwsError> {
        let (name, value) = (format!("tag:{key}"), literally(value));
        self.instances(&[(name.as_str(), &[value.as_str()])]).await
    }

    /// Instances by their ids, whatever their state. What EC2 does not know is left out.
    pub async fn instances_with_ids(&self, ids: &[&str]) -> Result<Vec<Instance>, AwsError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Asked for without a filter, one that is not there any more would be an error.
        self.described(&[("instance-id", ids)]).await
    }

    /// The device that an image has its system on; nothing if there is no such image here.
    pub async fn root_device(&self, image: &str) -> Result<Option<String>, AwsError> {
        let form = [("ImageId.1", image)];
        match self.query::<ImagesPage>(&EC2, "DescribeImages", &form).await {
            Ok(page) => Ok(page
                .images_set
                .item
                .into_iter()
                .next()
                .map(|image| image.root_device_name)),
            Err(AwsError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// How many virtual processors the ordinary instances of this market have that run or are about to, in this region.
    pub async fn vcpus_in_use(&self, market: Market) -> Result<u32, AwsError> {
        let instances = self.instances(&[]).await?;
        let counted: Vec<&Instance> = instances
            .iter()
            .filter(|instance| instance.counts_for(market))
            .collect();
        // Older kinds do not say how many they have.
        let unknown = counted.iter().filter(|instance| instance.vcpus().is_none());
        let mut types: Vec<&str> = unknown.map(|instance| instance.instance_type.as_str()).collect();
        types.sort_unstable();
        types.dedup();
        let types: BTreeMap<String, u32> = match types.is_empty() {
            true => BTreeMap::new(),
            false => {
                let known = self.instance_types(&types).await?.into_iter();
                known.map(|kind| (kind.name, kind.vcpus)).collect()
            }
        };
        let of = |instance: &&Instance| {
            let known = instance.vcpus();
            known
                .or_else(|| types.get(&instance.instance_type).copied())
                .unwrap_or(0)
        };
        Ok(counted.iter().map(of).sum())
    }

    async fn instances(&self, filters: &[(&str, &[&str])]) -> Result<Vec<Instance>, AwsError> {
        let alive: (&str, &[&str]) = ("instance-state-name", &["running", "pending"]);
        let filters: Vec<(&str, &[&str])> = filters.iter().copied().chain([alive]).collect();
        self.described(&filters).await
    }

    async fn described(&self, filters: &[(&str, &[&str])]) -> Result<Vec<Instance>, AwsError> {
        let filters = filter_form(filters);
        let mut instances = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let form = page_form(&filters, Some(PAGE), token.as_deref());
            let page: InstancesPage = self.query(&EC2, "DescribeInstances", &form).await?;
            let found = page.reservation_set.item.into_iter();
            instances.extend(found.flat_map(|reservation| reservation.instances_set.item));
            // A page may be empty although there are more.
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(instances);
            }
        }
    }

    /// In which of these zones a type can be had; in which of the region's, when none are named.
    pub async fn zones_with_type(
        &self,
        zones: &[&str],
        instance_type: &str,
    ) -> Result<Vec<String>, AwsError> {
        let kind: (&str, &[&str]) = ("instance-type", &[instance_type]);
        let mut filters = vec![kind];
        if !zones.is_empty() {
            filters.push(("location", zones));
        }
        let mut filters = filter_form(&filters);
        filters.push(("LocationType".to_owned(), "availability-zone".to_owned()));
        let mut found = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let form = page_form(&filters, None, token.as_deref());
            let page: OfferingsPage = self.query(&EC2, "DescribeInstanceTypeOfferings", &form).await?;
            let offered = page.instance_type_offering_set.item.into_iter();
            found.extend(offered.map(|offering| offering.location));
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                found.sort();
                return Ok(found);
            }
        }
    }

    /// What these types are. An unknown one is an error, which names it.
    pub async fn instance_types(&self, names: &[&str]) -> Result<Vec<InstanceType>, AwsError> {
        let form: Vec<(String, String)> = (1..)
            .zip(names)
            .map(|(number, name)| (format!("InstanceType.{number}"), (*name).to_owned()))
            .collect();
        let form = page_form(&form, None, None);
        let answer: TypesAnswer = self.query(&EC2, "DescribeInstanceTypes", &form).await?;
        let found = answer.instance_type_set.item.into_iter();
        Ok(found
            .map(|item| InstanceType {
                name: item.instance_type,
                vcpus: item.v_cpu_info.default_v_cpus,
                memory_mib: item.memory_info.size_in_mib,
                architectures: item.processor_info.supported_architectures.item,
                is_nitro: item.hypervisor.as_deref() != Some("xen"),
            })
            .collect())
    }

    /// How many networks there are in this region.
    pub async fn networks_in_use(&self) -> Result<u32, AwsError> {
        let answer: VpcsAnswer = self.query(&EC2, "DescribeVpcs", &[]).await?;
        Ok(count(&answer.vpc_set))
    }

    /// How many public addresses the account has in this region.
    pub async fn addresses_in_use(&self) -> Result<u32, AwsError> {
        let answer: AddressesAnswer = self.query(&EC2, "DescribeAddresses", &[]).await?;
        Ok(count(&answer.addresses_set))
    }

    /// All regions that there are for this account.
    pub async fn regions(&self) -> Result<Vec<RegionInfo>, AwsError> {
        let all = [("AllRegions", "true")];
        let answer: RegionsAnswer = self.query(&EC2, "DescribeRegions", &all).await?;
        let mut regions: Vec<RegionInfo> = answer
            .region_info
            .item
            .into_iter()
            .map(|item| RegionInfo {
                name: item.region_name,
                is_enabled: item.opt_in_status.as_deref() != Some("not-opted-in"),
            })
            .collect();
        regions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(regions)
    }

    /// The zones of this region, sorted. One that is out of order is among them.
    pub async fn zones(&self) -> Result<Vec<String>, AwsError> {
        let filters: [(&str, &[&str]); 1] = [("zone-type", &["availability-zone"])];
        let form = filter_form(&filters);
        let answer: ZonesAnswer = self
            .query(&EC2, "DescribeAvailabilityZones", &page_form(&form, None, None))
            .await?;
        let zones = answer.availability_zone_info.item.into_iter();
        let mut zones: Vec<String> = zones.map(|zone| zone.zone_name).collect();
        zones.sort();
        Ok(zones)
    }
}

fn count<T>(set: &Set<T>) -> u32 {
    u32::try_from(set.item.len()).unwrap_or(u32::MAX)
}

fn filter_form(filters: &[(&str, &[&str])]) -> Vec<(String, String)> {
    let mut form = Vec::new();
    for (number, (name, values)) in (1..).zip(filters) {
        form.push((format!("Filter.{number}.Name"), (*name).to_owned()));
        for (place, value) in (1..).zip(*values) {
            form.push((format!("Filter.{number}.Value.{place}"), (*value).to_owned()));
        }
    }
    form
}

fn page_form<'a>(
    form: &'a [(String, String)],
    page: Option<&'a str>,
    token: Option<&'a str>,
) -> Vec<(&'a str, &'a str)> {
    let form = form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    form.chain(page.map(|page| ("MaxResults", page)))
        .chain(token.map(|token| ("NextToken", token)))
        .collect()
}

/// A filter's value that matches `value` only: filters know the wildcards `*` and `?`, and `\` before what is meant
/// literally.
pub(super) fn literally(value: &str) -> String {
    let mut literal = String::with_capacity(value.len());
    for character in value.chars() {
        if matches!(character, '*' | '?' | '\\') {
            literal.push('\\');
        }
        literal.push(character);
    }
    literal
}

#[cfg(test)]
mod tests;
