//! The lines of systemd's files (systemd.syntax(7)).

/// The lines of a text, trimmed: continued ones joined, comments left out, empty ones kept.
pub fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines() {
        let trimmed = line.trim();
        // A comment between continued lines is passed over.
        if trimmed.starts_with(['#', ';']) {
            continue;
        }
        if let Some(part) = trimmed.strip_suffix('\\') {
            open += part;
            open.push(' ');
            continue;
        }
        open += trimmed;
        lines.push(std::mem::take(&mut open));
    }
    lines.extend(Some(open).filter(|open| !open.is_empty()));
    lines
}

#[cfg(test)]
mod tests {
    use super::logical_lines;

    #[test]
    fn continued_lines_are_joined_and_comments_left_out() {
        let text = "[Service]\n\nEnvironment=a=1 \\\n# between\n  b=2\n; end\nlast \\";
        let lines = ["[Service]", "", "Environment=a=1  b=2", "last  "];
        assert_eq!(logical_lines(text), lines);
    }
}
