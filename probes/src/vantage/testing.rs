//! Network namespaces for tests.

use tokio::process::Command;

use super::Place;

/// A network namespace that a test sets up as it likes; it ends with the test.
pub(crate) struct Sandbox {
    pub(crate) place: Place,
}

/// A new sandbox, or none and a note where the test may not make one.
pub(crate) fn sandbox() -> Option<Sandbox> {
    match Place::anonymous() {
        Ok(place) => Some(Sandbox { place }),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

impl Sandbox {
    /// Runs the lines of a shell script inside, and fails the test when one of them fails.
    pub(crate) async fn set_up(&self, script: &str) {
        self.shell(script).await;
    }

    /// What a shell script prints, run inside.
    pub(crate) async fn shell(&self, script: &str) -> String {
        let text = script.to_owned();
        let run = move || async move { Command::new("sh").args(["-ec", &text]).output().await };
        let output = self.place.run(run).await.unwrap().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{script}\n{errors}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}
