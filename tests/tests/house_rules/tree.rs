//! The project's files as the house rules see them, and how a line of them is read. No rule stands here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a rule has against the project: a file, a line (from 1), and what stands there.
pub(crate) type Offence = (String, usize, String);

/// Every text file of the project that isn't ignored, by its path from the root.
pub(crate) struct Tree(pub(crate) BTreeMap<String, String>);

impl Tree {
    pub(crate) fn of_the_project() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let ignored = fs::read_to_string(root.join(".gitignore")).expect(".gitignore can be read");
        let mut tree = Tree(BTreeMap::new());
        tree.collect(&root, "", &ignored);
        assert!(tree.0.contains_key("Cargo.toml"), "the root was found");
        tree
    }

    fn collect(&mut self, root: &Path, folder: &str, ignored: &str) {
        for entry in fs::read_dir(root.join(folder)).expect("a folder can be listed") {
            let entry = entry.expect("a folder's entry can be read");
            let name = entry.file_name().into_string().expect("file names are UTF-8");
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            let is_folder = entry.file_type().expect("an entry has a type").is_dir();
            let named = if is_folder { format!("{name}/") } else { name };
            if named.trim_end_matches('/') == ".git" || is_ignored(&named, ignored) {
                continue;
            }
            if is_folder {
                self.collect(root, &path, ignored);
            } else if let Ok(text) = fs::read_to_string(root.join(&path)) {
                self.0.insert(path, text);
            }
        }
    }

    /// Files under any of `folders` with that extension.
    pub(crate) fn files<'a>(
        &'a self,
        folders: &'a [&str],
        extension: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a String)> {
        self.0.iter().filter(move |(path, _)| {
            folders.iter().any(|folder| path.starts_with(folder)) && path.ends_with(extension)
        })
    }

    /// Lines of Rust under `folders` in which `is_wrong` finds something, comments and strings left out.
    pub(crate) fn code(
        &self,
        folders: &[&str],
        allowed: impl Fn(&str) -> bool,
        is_wrong: impl Fn(&str) -> bool,
    ) -> Vec<Offence> {
        let mut offences = Vec::new();
        for (path, text) in self.files(folders, ".rs").filter(|(path, _)| !allowed(path)) {
            for (index, line) in text.lines().enumerate() {
                if is_wrong(&code_of(line)) {
                    offences.push((path.clone(), index + 1, line.trim().to_owned()));
                }
            }
        }
        offences
    }
}

/// Whether a line of .gitignore, `name/`, `name` or `*.extension`, speaks of this file or folder.
fn is_ignored(name: &str, ignored: &str) -> bool {
    let rules = ignored.lines().map(|rule| rule.trim_start_matches('/'));
    rules.filter(|rule| !rule.is_empty()).any(|rule| match rule.strip_prefix('*') {
        Some(ending) => name.ends_with(ending),
        None => name.trim_end_matches('/') == rule || name == rule,
    })
}

/// A line without its comment, and without what stands between its quotation marks.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut in_string = false;
    let mut characters = line.replace("'\"'", "' '").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if in_string => drop(characters.next()),
            '"' => in_string = !in_string,
            '/' if !in_string && characters.peek() == Some(&'/') => break,
            _ if in_string => {}
            _ => code.push(character),
        }
    }
    code
}

/// The identifiers of a text, also those of a path or a name with dashes.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|character: char| !character.is_alphanumeric() && character != '_')
}

/// Whether one of these is among the identifiers of a line.
pub(crate) fn names_any(code: &str, forbidden: &[&str]) -> bool {
    words(code).any(|word| forbidden.contains(&word))
}
