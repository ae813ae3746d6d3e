//! The bucket, and the credentials that we have for it.
//!
//! Credentials come from where the AWS tools look for them: environment, profiles with SSO and
//! processes, web identity, container. The machine's own metadata service is asked only when the
//! settings say so, because elsewhere it does not answer and every command would wait for it. Keys
//! come as values; the SDK itself reads the names of a profile, a role or a container.

use std::time::Duration;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::meta::region::ProvideRegion as _;
use aws_config::profile::{ProfileFileCredentialsProvider, ProfileFileRegionProvider};
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedCredentialsProvider, StalledStreamProtectionConfig,
};

use super::answer::ErrorBodies;
use crate::model::secret::Secret;
use crate::port::object_store::Key;

/// The region when nothing names one; services other than AWS mostly do not mind.
const REGION: &str = "us-east-1";

/// A prefix in a bucket, and how to get there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Place {
    /// The bucket.
    pub bucket: String,
    /// The beginning of all keys, without a slash at either end; may be empty.
    pub prefix: String,
    /// The region; otherwise the profile's, otherwise `us-east-1`.
    pub region: Option<String>,
    /// Another service than AWS.
    pub endpoint: Option<String>,
    /// The place of the bucket in a URL.
    pub addressing: Addressing,
    /// Keys that win over everything else.
    pub keys: Option<AccessKeys>,
    /// A profile to use instead of the one that the environment selects.
    pub profile: Option<String>,
    /// Whether the machine's metadata service may be asked for credentials.
    pub instance_metadata: InstanceMetadata,
    /// How long one operation may go without success.
    pub timeout: Duration,
}

/// Keys as the environment gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKeys {
    /// The access key's id.
    pub id: String,
    /// The secret that belongs to it.
    pub secret: Secret<String>,
    /// The token of a session, for keys that are temporary.
    pub session: Option<Secret<String>>,
}

/// The place of the bucket in a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Addressing {
    /// `https://host/bucket/key`.
    Path,
    /// `https://bucket.host/key`.
    Host,
}

/// Whether the machine's metadata service may be asked for credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstanceMetadata {
    /// Asked last.
    Ask,
    /// Never asked.
    Never,
}

impl S3Place {
    /// The place as a person writes it.
    pub fn url(&self) -> String {
        let slash = if self.prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{slash}{}", self.bucket, self.prefix)
    }

    /// The object's name in the bucket.
    pub(super) fn object(&self, key: &Key) -> String {
        if self.prefix.is_empty() { key.to_string() } else { format!("{}/{key}", self.prefix) }
    }

    /// The object as a person writes it.
    pub(super) fn shown(&self, key: &Key) -> String {
        format!("s3://{}/{}", self.bucket, self.object(key))
    }
}

/// A client for the place.
pub(super) async fn client(place: &S3Place) -> Client {
    let version = BehaviorVersion::latest();
    let region = match &place.region {
        Some(region) => Some(Region::new(region.clone())),
        None => ProfileFileRegionProvider::new().region().await,
    };
    let region = region.unwrap_or_else(|| Region::new(REGION));
    let provider = ProviderConfig::without_region()
        .with_region(Some(region.clone()))
        .with_behavior_version(Some(version));
    let connecting = TimeoutConfig::builder().connect_timeout(place.timeout / 6).build();
    let mut config = aws_sdk_s3::Config::builder();
    config.set_endpoint_url(place.endpoint.clone());
    let config = config
        .behavior_version(version)
        .region(region)
        .credentials_provider(credentials(place, &provider))
        .force_path_style(place.addressing == Addressing::Path)
        // Which attempt did what must be known here: it decides whether a write is in doubt.
        .retry_config(RetryConfig::disabled())
        .timeout_config(connecting)
        // Else one answer with an absurd date would make every later request one from another day.
        .disable_clock_skew_correction(true)
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Some services refuse what the SDK would add; what is read is checked by its digest.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .interceptor(ErrorBodies)
        .build();
    Client::from_conf(config)
}

/// The SDK's default chain, except that the metadata service has to be asked for.
fn credentials(place: &S3Place, config: &ProviderConfig) -> SharedCredentialsProvider {
    if let Some(AccessKeys { id, secret, session }) = &place.keys {
        let session = session.as_ref().map(|token| token.reveal_for_signing().clone());
        let keys = Credentials::new(id, secret.reveal_for_signing(), session, None, "environment");
        return SharedCredentialsProvider::new(keys);
    }
    let profile = ProfileFileCredentialsProvider::builder().configure(config);
    let profile = match &place.profile {
        Some(name) => profile.profile_name(name).build(),
        None => profile.build(),
    };
    let identity = WebIdentityTokenCredentialsProvider::builder().configure(config).build();
    let container = EcsCredentialsProvider::builder().configure(config).build();
    let chain = CredentialsProviderChain::first_try("profile", profile)
        .or_else("web identity", identity)
        .or_else("container", container);
    SharedCredentialsProvider::new(match place.instance_metadata {
        InstanceMetadata::Never => chain,
        InstanceMetadata::Ask => {
            let machine = ImdsCredentialsProvider::builder().configure(config).build();
            chain.or_else("instance metadata", machine)
        }
    })
}
