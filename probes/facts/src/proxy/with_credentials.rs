//! A proxy's URL whole, for the pipe between this program's own processes: the one place where its
//! secret is written. Whatever a person or a file may see has the URL's own form, which masks it.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::ProxyUrl;

/// The URL as it is shown, and the secret that is not.
#[derive(Serialize, Deserialize)]
struct Whole {
    url: String,
    credentials: Option<(String, String)>,
}

pub fn serialize<S: Serializer>(url: &ProxyUrl, serializer: S) -> Result<S::Ok, S::Error> {
    let credentials = url.authorization().map(|(user, word)| (user.to_owned(), word.to_owned()));
    Whole { url: url.to_string(), credentials }.serialize(serializer)
}

pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ProxyUrl, D::Error> {
    let Whole { url, credentials } = Whole::deserialize(deserializer)?;
    let url: ProxyUrl = url.parse().map_err(de::Error::custom)?;
    Ok(url.with_credentials(credentials))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Line(#[serde(with = "super")] ProxyUrl);

    #[test]
    fn the_whole_url_arrives() {
        for text in ["http://CORP%5Cu:p%40ss@proxy:8080", "http://[fd00::1]:3128"] {
            let url: ProxyUrl = text.parse().unwrap();
            let line = serde_json::to_string(&Line(url.clone())).unwrap();
            assert_eq!(serde_json::from_str::<Line>(&line).unwrap().0, url);
        }
    }
}
