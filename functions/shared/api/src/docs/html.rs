//! The OpenAPI document in HTML.

use std::fmt::Write;

use serde_json::Value;

use crate::problem::{ProblemKind, example};
use crate::routes::ROUTES;

/// Appends to a `String`, which does not fail.
macro_rules! add {
    ($out:expr, $($arg:tt)*) => {{
        let _ = write!($out, $($arg)*);
    }};
}

/// Values of an enumeration that are listed one by one.
const MOST_VALUES: usize = 30;

/// The whole page.
pub(super) fn page(document: &Value, style: &str) -> String {
    let info = &document["info"];
    let (mut contents, mut operations) = (String::new(), String::new());
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        add!(contents, "<h2>{}</h2><ul>", escape(name));
        add!(
            operations,
            "<h2>{}</h2>{}",
            escape(name),
            prose(text(&tag["description"]))
        );
        for (path, method, operation) in all_operations(document) {
            if operation["tags"][0] == tag["name"] {
                contents += &entry(path, &method, operation);
                operations += &section(path, &method, operation);
            }
        }
        contents += "</ul>";
    }
    contents += "<h2>Reference</h2><ul><li><a href=\"#problems\">Problems</a></li><li><a href=\"#schemas\">Schemas</a></li></ul>";
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title><style>{style}</style></head><body><nav aria-label=\"Contents\"><p class=\"brand\"><a href=\"#top\">{title}</a> <small>{version}</small></p>{contents}</nav><main id=\"top\"><h1>{title}</h1>{description}<p>The same for programs: <a href=\"/openapi.json\">openapi.json</a>.</p>{operations}{problems}{schemas}</main></body></html>\n",
        title = escape(text(&info["title"])),
        version = escape(text(&info["version"])),
        description = prose(text(&info["description"])),
        problems = problems(),
        schemas = schemas(document),
    )
}

/// Path, method and description of each operation, in the order of the routes.
fn all_operations(document: &Value) -> impl Iterator<Item = (&str, String, &Value)> {
    ROUTES.iter().map(|route| {
        let method = route.verb.method().as_str().to_lowercase();
        let operation = &document["paths"][route.path][&method];
        (route.path, method, operation)
    })
}

fn heading(path: &str, method: &str) -> String {
    let path = escape(path).replace('{', "<var>{").replace('}', "}</var>");
    format!(
        "<b class=\"method {method}\">{}</b> <code>{path}</code>",
        method.to_uppercase()
    )
}

fn entry(path: &str, method: &str, operation: &Value) -> String {
    let id = escape(text(&operation["operationId"]));
    let summary = escape(text(&operation["summary"]));
    format!(
        "<li><a href=\"#{id}\" title=\"{summary}\">{}</a></li>",
        heading(path, method)
    )
}

fn section(path: &str, method: &str, operation: &Value) -> String {
    let mut out = format!(
        "<section id=\"{}\"><h3>{}</h3><p class=\"summary\">{}</p>{}",
        escape(text(&operation["operationId"])),
        heading(path, method),
        escape(text(&operation["summary"])),
        prose(text(&operation["description"])),
    );
    let parameters = list(&operation["parameters"]);
    if !parameters.is_empty() {
        out += "<h4>Parameters</h4><dl>";
        for parameter in parameters {
            let required = parameter["required"] == true;
            let mut notes = kind(&parameter["schema"]);
            if let Some(example) = shown(&parameter["example"]) {
                add!(notes, ", as <code>{}</code>", escape(&example));
            }
            out += &definition(
                text(&parameter["name"]),
                required,
                &notes,
                &parameter["description"],
            );
        }
        out += "</dl>";
    }
    let body = &operation["requestBody"];
    if body.is_object() {
        add!(out, "<h4>Body</h4>{}", prose(text(&body["description"])));
        out += &contents(&body["content"], true);
    }
    out += "<h4>Answers</h4>";
    for (status, answer) in entries(&operation["responses"]) {
        let open = if status.starts_with('2') { " open" } else { "" };
        add!(
            out,
            "<details{open}><summary><b class=\"status s{}\">{status}</b> {}</summary>",
            &status[..1],
            inline(text(&answer["description"])),
        );
        for (name, header) in entries(&answer["headers"]) {
            add!(
                out,
                "<p><code>{name}</code>: {}</p>",
                inline(text(&header["description"]))
            );
        }
        out += &contents(&answer["content"], false);
        out += "</details>";
    }
    out + "</section>"
}

/// Media types, each with its schema and its examples.
fn contents(content: &Value, explain: bool) -> String {
    let mut out = String::new();
    for (media, content) in entries(content) {
        let schema = &content["schema"];
        add!(
            out,
            "<p class=\"media\"><code>{}</code> {}</p>",
            escape(media),
            kind(schema)
        );
        if explain {
            out += &prose(text(&schema["description"]));
        }
        let named = entries(&content["examples"]).map(|(_, e)| &e["value"]);
        for example in named.chain([&content["example"]]) {
            let shown = match example {
                Value::Null => continue,
                Value::String(text) => text.replace("\r\n", "\n"),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            };
            add!(
                out,
                "<pre tabindex=\"0\">{}</pre>",
                escape(shown.trim_end())
            );
        }
    }
    out
}

fn definition(name: &str, required: bool, notes: &str, description: &Value) -> String {
    let required = if required { " <em>required</em>" } else { "" };
    format!(
        "<dt><code>{}</code>{required} <span>{notes}</span></dt><dd>{}</dd>",
        escape(name),
        inline(text(description)),
    )
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return format!("<a href=\"#schema-{name}\">{name}</a>");
    }
    let any = list(&schema["anyOf"]);
    if !any.is_empty() {
        return any.iter().map(kind).collect::<Vec<_>>().join(" or ");
    }
    let values = list(&schema["enum"]);
    let mut out = if values.len() > MOST_VALUES {
        format!("one of {} values", values.len())
    } else if !values.is_empty() {
        let values: Vec<_> = values
            .iter()
            .filter_map(shown)
            .map(|v| format!("<code>{}</code>", escape(&v)))
            .collect();
        values.join(" ")
    } else if schema["type"] == "array" {
        format!("array of {}", kind(&schema["items"]))
    } else {
        let types = match &schema["type"] {
            Value::Array(types) => types.iter().map(text).collect::<Vec<_>>().join(" or "),
            one => text(one).to_owned(),
        };
        escape(&types)
    };
    let (min, max) = (shown(&schema["minimum"]), shown(&schema["maximum"]));
    match (min, max) {
        (Some(min), Some(max)) => add!(out, " {min} to {max}"),
        (Some(min), None) => add!(out, " from {min}"),
        _ => {}
    }
    if let Some(format) = schema["format"].as_str() {
        add!(out, " ({})", escape(format));
    }
    if let Some(default) = shown(&schema["default"]) {
        add!(out, ", by default <code>{}</code>", escape(&default));
    }
    out
}

fn problems() -> String {
    let mut out = "<h2 id=\"problems\">Problems</h2><p>The <code>type</code> of a problem leads here.</p><dl>".to_owned();
    for kind in ProblemKind::ALL {
        let id = kind.type_uri().trim_start_matches("/docs#");
        add!(
            out,
            "<dt id=\"{id}\"><b class=\"status s{}\">{}</b> {}</dt><dd>As: {}</dd>",
            &kind.status().as_str()[..1],
            kind.status().as_str(),
            escape(kind.title()),
            inline(example(kind).detail()),
        );
    }
    out + "</dl>"
}

fn schemas(document: &Value) -> String {
    let mut out = "<h2 id=\"schemas\">Schemas</h2>".to_owned();
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let name = escape(name);
        add!(
            out,
            "<section id=\"schema-{name}\"><h3>{name}</h3><p>{}</p>{}",
            kind(schema),
            prose(text(&schema["description"])),
        );
        let required = list(&schema["required"]);
        let properties: String = entries(&schema["properties"])
            .map(|(property, of)| {
                let required = required.iter().any(|r| r == property);
                definition(property, required, &kind(of), &of["description"])
            })
            .collect();
        if !properties.is_empty() {
            add!(out, "<dl>{properties}</dl>");
        }
        out += "</section>";
    }
    out
}

fn entries(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = value.as_object().into_iter().flatten();
    map.map(|(key, value)| (key.as_str(), value))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// A value as it is written in a query; `None` for none.
fn shown(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => Some(items.iter().filter_map(shown).collect::<Vec<_>>().join(",")),
        other => Some(other.to_string()),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Paragraphs of the document's Markdown, of which only these, `code` and
/// **strong** are in use.
fn prose(markdown: &str) -> String {
    let paragraphs = markdown.split("\n\n").filter(|p| !p.is_empty());
    paragraphs.fold(String::new(), |mut out, paragraph| {
        add!(out, "<p>{}</p>", inline(paragraph));
        out
    })
}

fn inline(markdown: &str) -> String {
    let escaped = escape(markdown);
    let mut out = String::with_capacity(escaped.len());
    for (i, part) in escaped.split('`').enumerate() {
        if i % 2 == 1 {
            add!(out, "<code>{part}</code>");
            continue;
        }
        for (i, part) in part.split("**").enumerate() {
            if i % 2 == 1 {
                add!(out, "<strong>{part}</strong>");
            } else {
                out += part;
            }
        }
    }
    out
}
