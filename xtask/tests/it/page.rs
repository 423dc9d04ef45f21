//! Pages in Markdown, and the blocks of code in them.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// A block of code.
#[derive(Debug, Default)]
pub struct Block {
    /// The comment right before it, which readers do not see: what it is for.
    pub mark: Option<String>,
    pub language: String,
    pub text: String,
}

/// All blocks of a page, in order.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = vec![];
    let mut block = Block::default();
    let mut inside = false;
    for event in Parser::new(page) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                inside = true;
                if let CodeBlockKind::Fenced(language) = kind {
                    block.language = language.into_string();
                }
            }
            Event::Text(text) if inside => block.text += &text,
            Event::End(TagEnd::CodeBlock) => {
                inside = false;
                blocks.push(std::mem::take(&mut block));
            }
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => {}
            Event::Html(html) => {
                let comment = html
                    .trim()
                    .strip_prefix("<!-- ")
                    .and_then(|rest| rest.strip_suffix(" -->"));
                block.mark = comment.map(str::to_owned);
            }
            _ if !inside => block.mark = None,
            _ => {}
        }
    }
    blocks
}

/// What is in the blocks in `language`, one after the other.
pub fn text_in(page: &str, language: &str) -> String {
    let blocks = blocks(page).into_iter();
    blocks
        .filter(|block| block.language == language)
        .map(|block| block.text)
        .collect()
}

/// The block after the comment `mark`.
pub fn marked(page: &str, mark: &str) -> String {
    let mut blocks = blocks(page).into_iter();
    let found = blocks.find(|block| block.mark.as_deref() == Some(mark));
    found.unwrap_or_else(|| panic!("no <!-- {mark} -->")).text
}

/// A command, and what the page says that it prints.
#[derive(Debug)]
pub struct Typed {
    pub line: String,
    pub output: String,
}

/// What is typed in a `console` block: the lines after `$ `, with those that a backslash continues.
pub fn commands(text: &str) -> Vec<Typed> {
    let mut commands: Vec<Typed> = vec![];
    for line in text.lines() {
        if let Some(line) = line.strip_prefix("$ ") {
            commands.push(Typed {
                line: line.to_owned(),
                output: String::new(),
            });
            continue;
        }
        let command = commands.last_mut().expect("a command");
        let part = match command.line.ends_with('\\') {
            true => &mut command.line,
            false => &mut command.output,
        };
        *part += "\n";
        *part += line;
    }
    commands
}

/// The commands of a page.
pub fn commands_of(page: &str) -> Vec<Typed> {
    commands(&text_in(page, "console"))
}
