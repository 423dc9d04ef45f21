//! The page on HTTP has a source that works: it reads pages with a token, and stops early.

use std::fs;

use xtask::root;

use crate::environment::{Built, Environment};
use crate::page::{blocks, commands_of, marked};
use crate::tools::{Run, cargo, check_formatted, read};

/// An API with paging and a token, which counts the pages that were asked for.
const CODE: &str = r#"
import json, os, pickle, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

from datafusion import SessionContext
from http_ext import Readings

TOTAL, asked = 1_200, []

class Api(BaseHTTPRequestHandler):
    def do_GET(self):
        query = {key: int(value) for key, (value,) in parse_qs(urlparse(self.path).query).items()}
        if self.headers["Authorization"] != "Bearer s3cret":
            self.send_error(401)
            return
        asked.append(query["limit"])
        ids = range(query["offset"], min(query["offset"] + query["limit"], TOTAL))
        rows = [{"id": i, "celsius": None if i % 10 == 9 else i / 2} for i in ids]
        body = json.dumps({"total": TOTAL, "rows": rows}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = f"http://127.0.0.1:{server.server_port}/readings"

table = Readings(url, token="s3cret")
ctx = SessionContext()
ctx.register_table("readings", table)
print(asked)
print(ctx.sql("SELECT count(*) AS n, sum(id) AS ids, count(celsius) AS known FROM readings").to_pylist())
print(sorted(asked))
asked.clear()
print(ctx.sql("SELECT * FROM readings LIMIT 10").count(), asked)
shown = repr(table), str(ctx.sql("EXPLAIN VERBOSE SELECT * FROM readings").to_pylist())
print(any("s3cret" in text for text in shown), b"s3cret" in pickle.dumps(table))
os.environ["MY_EXT_TOKEN"] = "s3cret"
ctx.register_table("again", pickle.loads(pickle.dumps(table)))
print(ctx.sql("SELECT count(*) AS n FROM again").to_pylist())
ctx.register_table("refused", Readings(url, token="wrong"))
try:
    ctx.sql("SELECT * FROM refused").collect()
except Exception as error:
    print("401" in str(error), "wrong" in str(error))
"#;

const EXPECTED: &str = "[]
[{'n': 1200, 'ids': 719400, 'known': 1080}]
[0, 500, 500, 500]
10 [0, 500]
False False
[{'n': 1200}]
True False
";

#[test]
fn reads_pages_with_a_token() {
    let page = read(root().join("docs/how-to/http.md"));
    let built = Built::new("http-ext", &[], |project| {
        for command in commands_of(&page) {
            let mut arguments = command.line.split(' ');
            assert_eq!(arguments.next(), Some("cargo"));
            // TLS brings a C library, which the test does not need.
            let arguments = arguments.map(|argument| argument.replace(",rustls", ""));
            cargo(project).args(arguments).succeed();
        }
        fs::write(
            project.join("src/source.rs"),
            marked(&page, "an HTTP source"),
        )
        .unwrap();
        let methods = blocks(&page)
            .into_iter()
            .find(|block| block.text.starts_with("#[new]"));
        let methods = methods.unwrap().text;
        let methods: String = methods
            .lines()
            .map(|line| match line {
                "" => "\n".to_owned(),
                line => format!("    {line}\n"),
            })
            .collect();
        // All methods of the class.
        let path = project.join("src/table_provider.rs");
        let class = read(&path).replace("ReadingsSource", "ApiSource");
        let (before, _) = class.split_once("    #[new]\n").unwrap();
        let class = format!("{before}{methods}}}\n");
        let class = class.replace("use std::sync::atomic::Ordering;\n\n", "");
        let class = class.replace("use pyo3::types::PyDict;\n", "");
        fs::write(path, class).unwrap();
        let lib = project.join("src/lib.rs");
        fs::write(&lib, read(&lib).replace("mod readings;\n", "")).unwrap();
        fs::remove_file(project.join("src/readings.rs")).unwrap();
    });
    check_formatted(&built.project);
    let environment = Environment::new("http", "3.12", &["datafusion"]);
    environment.install(&[&built.wheel], &[]);
    let said = environment.python().args(["-c", CODE]).succeed();
    assert_eq!(said, EXPECTED);
}
