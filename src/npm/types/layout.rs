//! TypeScript as a person would lay it out.

/// An exported declaration out of what ts-rs makes of a type: its comment, and its declaration in hardly any lines.
pub(super) fn laid_out(comment: Option<&str>, declaration: &str) -> String {
    let (head, body) = declaration.split_once(" = ").expect("a declaration is `type name = …`");
    let comment = comment.map(|comment| laid_out_comment(comment, 0)).unwrap_or_default();
    let body = arrays(&members(body));
    match body.strip_suffix("};") {
        Some(members) if body.starts_with('{') => {
            format!("{comment}export interface {} {members}}}\n", head.trim_start_matches("type "))
        }
        _ => format!("{comment}export {head} = {body}\n"),
    }
}

/// A union of texts, with what each means.
pub(super) fn union(comment: &str, name: &str, texts: &[(&str, &[&str])]) -> String {
    let mut lines = format!("/** {comment} */\nexport type {name} =");
    for (text, meaning) in texts {
        if !meaning.is_empty() {
            let comment: Vec<&str> = meaning.iter().map(|line| line.trim()).collect();
            lines.extend(["\n  /** ", &comment.join(" "), " */"]);
        }
        lines.extend(["\n  | \"", text, "\""]);
    }
    lines + ";\n"
}

/// The members of an object a line each, their comments before them.
fn members(body: &str) -> String {
    let mut laid_out = String::new();
    let mut open = Vec::new();
    let mut rest = body;
    while let Some(first) = rest.chars().next() {
        let in_object = open.last() == Some(&'{');
        let mut taken = first.len_utf8();
        match first {
            '/' if rest.starts_with("/**") => {
                taken = rest.find("*/").expect("a comment has an end") + 2;
                laid_out.push_str(&laid_out_comment(&rest[..taken], open.len()));
                laid_out.push_str(&"  ".repeat(open.len()));
            }
            '"' => {
                taken = 2 + rest[1..].find('"').expect("a text has an end");
                laid_out.push_str(&rest[..taken]);
            }
            '{' | '<' | '(' | '[' => {
                open.push(first);
                laid_out.push(first);
                if first == '{' {
                    new_line(&mut laid_out, open.len());
                }
            }
            '}' | '>' | ')' | ']' => {
                open.pop();
                if first == '}' {
                    new_line(&mut laid_out, open.len());
                }
                laid_out.push(first);
            }
            ',' if in_object => {
                laid_out.push(';');
                new_line(&mut laid_out, open.len());
            }
            ' ' | '\n' if laid_out.ends_with([' ', '\n']) => {}
            '\n' => {}
            other => laid_out.push(other),
        }
        rest = &rest[taken..];
    }
    laid_out
}

/// Begins a line, in place of an empty one.
fn new_line(text: &mut String, depth: usize) {
    text.truncate(text.trim_end().len());
    text.push('\n');
    text.push_str(&"  ".repeat(depth));
}

/// A comment, on one line where it is one.
fn laid_out_comment(comment: &str, depth: usize) -> String {
    let lines: Vec<&str> = comment
        .lines()
        .map(|line| line.trim().trim_start_matches("/**").trim_start_matches("*/").trim_start_matches('*'))
        .map(str::trim)
        .collect();
    let text = lines.join("\n");
    let lines: Vec<&str> = text.trim().lines().collect();
    let margin = "  ".repeat(depth);
    match lines.as_slice() {
        [line] => format!("/** {line} */\n"),
        lines => {
            let mut block = "/**\n".to_owned();
            for line in lines {
                block.extend([margin.as_str(), if line.is_empty() { " *" } else { " * " }, line, "\n"]);
            }
            block + &margin + " */\n"
        }
    }
}

/// `T[]` for the arrays of what is one word.
fn arrays(text: &str) -> String {
    let mut parts = text.split("Array<");
    let mut laid_out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('>') {
            Some((element, rest)) if element.chars().all(char::is_alphanumeric) => {
                laid_out.extend([element, "[]", rest]);
            }
            _ => laid_out.extend(["Array<", part]),
        }
    }
    laid_out
}
