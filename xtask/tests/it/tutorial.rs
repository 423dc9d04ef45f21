//! The tutorial: its pages are followed to the letter, from an empty folder to a wheel. They are the
//! only place where its code exists.

use std::fs;
use std::path::PathBuf;

use regex::Regex;
use xtask::root;

use crate::page::{Block, blocks, commands};
use crate::readme::shell;
use crate::tools::{
    QUICK_RELEASE, Run, licensing_tools, read, scratch, template_repository, typed,
};

/// A reader, who does what the pages say.
struct Reader {
    /// Where they are.
    folder: PathBuf,
    /// Where the template is.
    template: String,
    /// What was not as the pages say.
    surprises: Vec<String>,
}

impl Reader {
    /// Does what a block says: the commands in a `console`, the query in `sql`. What readers do with
    /// any other block they are told in words, and this in a comment before it:
    ///
    /// - `file: PATH`: the block is the file;
    /// - `change: PATH`: the block is a change to it, in the language `diff`;
    /// - `end of: PATH`: the block goes there;
    /// - `measured: COMMAND`: it prints such figures.
    fn follow(&mut self, block: &Block) {
        let (action, path) = match block.mark.as_deref() {
            None => (block.language.as_str(), ""),
            Some(mark) => mark.split_once(": ").expect(mark),
        };
        if self.write(action, path, &block.text) {
            return;
        }
        match action {
            "console" => self.run_all(&block.text),
            "sql" => {
                let sql = &block.text;
                self.run(&format!(
                    "uv run examples/query.py \"$(cat <<'SQL'\n{sql}SQL\n)\""
                ));
            }
            // Figures differ, but not what they are figures of.
            "measured" => {
                let said = self.run(path);
                let shape = |text: &str| {
                    let text = Regex::new(r"[\d.,]+").unwrap().replace_all(text, "…");
                    text.split_whitespace().collect::<Vec<_>>().join(" ")
                };
                if shape(&said) != shape(&block.text) {
                    self.surprises.push(format!("$ {path}\n{said}"));
                }
            }
            other => panic!("a block that is {other} cannot be followed: {}", block.text),
        }
    }

    /// Does what a block says about the file at `path`, if it is about a file.
    fn write(&self, action: &str, path: &str, block: &str) -> bool {
        let file = self.folder.join(path);
        let text = match action {
            "file" => block.to_owned(),
            "end of" => format!("{}\n{block}", read(&file)),
            "change" => changed(&read(&file), block),
            _ => return false,
        };
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        true
    }

    fn run_all(&mut self, text: &str) {
        for command in commands(text) {
            println!("$ {}", command.line);
            if let Some(folder) = command.line.strip_prefix("cd ") {
                self.folder.push(folder.trim());
                continue;
            }
            let said = self.run(&command.line);
            let expected = command.output.trim();
            if !expected.is_empty() && !shows(expected, &said) {
                self.surprises.push(format!("$ {}\n{said}", command.line));
            }
        }
    }

    /// What the command prints; not what it says besides, on its standard error.
    fn run(&self, command: &str) -> String {
        let mut shell = shell(&self.folder, &typed(command, &self.template));
        shell
            .env("UV_PYTHON_DOWNLOADS", "never")
            .envs(QUICK_RELEASE);
        let output = shell.finish();
        let said = String::from_utf8(output.stdout).unwrap();
        let besides = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "$ {command}\n{said}{besides}");
        said
    }
}

/// `text` with the changes that a block in the language `diff` shows, with `@@` between them.
pub fn changed(text: &str, diff: &str) -> String {
    let mut text = text.to_owned();
    for change in diff.split("@@\n") {
        let side = |sign: char| -> String {
            let lines = change.split_inclusive('\n');
            lines
                .filter(|line| line.starts_with(['\n', ' ', sign]))
                .map(|line| line.strip_prefix([' ', sign]).unwrap_or(line))
                .collect()
        };
        let (before, after) = (side('-'), side('+'));
        assert_eq!(text.matches(&before).count(), 1, "not once:\n{before}");
        text = text.replace(&before, &after);
    }
    text
}

/// Whether `said` is what a page shows, where `…` is what the page leaves open.
fn shows(page: &str, said: &str) -> bool {
    let open = regex::escape(page).replace('…', ".*");
    Regex::new(&format!("(?s)^{open}$"))
        .unwrap()
        .is_match(said.trim_end())
}

/// The pages, in order.
fn pages() -> Vec<PathBuf> {
    let pages = root().join("docs").join("tutorial");
    let mut names: Vec<_> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md"))
        .collect();
    names.sort();
    names
}

/// The files that readers compare theirs with are what the changes of the chapters make.
#[test]
fn the_sources_to_compare_with_are_up_to_date() {
    let reader = Reader {
        template: String::new(),
        folder: scratch("tutorial, sources"),
        surprises: vec![],
    };
    let mut compared = 0;
    for (page, chapter) in pages().into_iter().zip(1..) {
        for block in blocks(&read(&page)) {
            if let Some((action, "src/source.rs")) =
                block.mark.as_deref().and_then(|mark| mark.split_once(": "))
            {
                reader.write(action, "src/source.rs", &block.text);
            }
        }
        let shown = page.with_file_name(format!("source-after-{chapter}.rs"));
        let made = reader.folder.join("src/source.rs");
        if shown.exists() {
            let (shown, made) = (shown.display(), made.display());
            assert!(
                read(format!("{shown}")) == read(format!("{made}")),
                "copy {made} to {shown}"
            );
            compared += 1;
        }
    }
    assert_eq!(compared, 2);
}

/// The chapters before those that need a release build.
#[test]
fn can_be_followed() {
    follow("tutorial", |chapter| !chapter.starts_with(['7', '8']));
}

#[test]
#[ignore = "makes a release build"]
fn can_be_followed_to_the_end() {
    licensing_tools();
    follow("whole tutorial", |_| true);
}

/// Follows the chapters for which `wanted` is true of the name of the file.
fn follow(test: &str, wanted: fn(&str) -> bool) {
    let folder = scratch(test);
    let mut reader = Reader {
        template: template_repository(&folder.join("template")),
        folder,
        surprises: vec![],
    };
    let name = |page: &PathBuf| page.file_name().unwrap().to_str().unwrap().to_owned();
    for page in pages().into_iter().filter(|page| wanted(&name(page))) {
        println!("{}", page.display());
        for block in blocks(&read(page)) {
            if block.language != "{toctree}" {
                reader.follow(&block);
            }
        }
    }
    let surprises = reader.surprises.join("\n");
    assert!(
        surprises.is_empty(),
        "the pages do not show this:\n{surprises}"
    );
}
