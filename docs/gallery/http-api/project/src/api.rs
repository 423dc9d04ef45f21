//! The HTTP API: a token, retries, and a limit on the requests at one time.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use datafusion_common::{
    DataFusionError, Result, config_err, exec_datafusion_err, internal_datafusion_err,
};
use serde::de::DeserializeOwned;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::sleep;
use ureq::Agent;

const TIMEOUT: Duration = Duration::from_secs(30);
const ATTEMPTS: u32 = 5;

pub type Query = Vec<(&'static str, String)>;

#[derive(Clone)]
pub struct Api {
    pub url: String,
    token: Option<String>,
    agent: Agent,
    requests: Arc<Semaphore>,
}

/// Without the token.
impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_tuple("Api").field(&self.url).finish()
    }
}

/// Why a request failed, and how long to wait before the next attempt, if one makes sense.
struct Failure {
    error: DataFusionError,
    wait: Option<Duration>,
}

impl Api {
    pub fn try_new(url: String, token: Option<String>, requests: usize) -> Result<Self> {
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return config_err!("url must start with https:// or http://");
        }
        if url.contains(['@', '?', '#']) {
            return config_err!("url must have no user, password or query: use the argument token");
        }
        if !(1..=64).contains(&requests) {
            return config_err!("requests must be between 1 and 64, got {requests}");
        }
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .build();
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            token,
            agent: config.into(),
            requests: Arc::new(Semaphore::new(requests)),
        })
    }

    /// The answer to a GET. What may succeed later is tried again.
    pub async fn get<T>(&self, path: &'static str, query: Query) -> Result<T>
    where
        T: DeserializeOwned + Send + 'static,
    {
        let mut attempt = 1;
        loop {
            let requests = Arc::clone(&self.requests);
            let permit = requests.acquire_owned().await;
            let permit = permit.map_err(|error| DataFusionError::External(error.into()))?;
            let (api, query) = (self.clone(), query.clone());
            let request = spawn_blocking(move || {
                // If the query is interrupted, the request that was sent still counts.
                let _permit = permit;
                api.request(path, query)
            });
            let answer = request
                .await
                .map_err(|error| internal_datafusion_err!("{error}"))?;
            match answer {
                Ok(answer) => return Ok(answer),
                Err(Failure { error, wait }) => match wait {
                    Some(wait) if attempt < ATTEMPTS => sleep(wait * attempt).await,
                    _ => return Err(error),
                },
            }
            attempt += 1;
        }
    }

    fn request<T: DeserializeOwned>(&self, path: &str, query: Query) -> Result<T, Failure> {
        let failure = |problem: &dyn fmt::Display, wait| Failure {
            error: exec_datafusion_err!("GET {}/{path}: {problem}", self.url),
            wait,
        };
        let soon = Some(Duration::from_millis(100));
        let mut request = self.agent.get(format!("{}/{path}", self.url));
        request = request.query_pairs(query);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut response = request.call().map_err(|error| failure(&error, soon))?;
        let status = response.status();
        match status.as_u16() {
            200 => {
                let body = response.body_mut();
                body.read_json().map_err(|error| failure(&error, None))
            }
            401 | 403 => Err(failure(&"the token is missing or wrong", None)),
            429 | 502..=504 => {
                let after = response.headers().get("retry-after");
                let after = after.and_then(|after| after.to_str().ok()?.parse().ok());
                let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(60)));
                Err(failure(&status, after.or(soon)))
            }
            _ => Err(failure(&status, None)),
        }
    }
}
