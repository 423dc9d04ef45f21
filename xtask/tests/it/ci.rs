//! The CI of generated projects, and of the template: linted, and its shell steps run here, in order,
//! in a generated project.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use xtask::{remove_folder, root};

use crate::environment::{Environment, TEST_PACKAGES, build_wheel};
use crate::tools::{
    QUICK_RELEASE, Run, actionlint, build_environment, cpython, download_cache, files, generate,
    git, licensing_tools, majors, path_with, read, scratch, target, tool, write_program,
};
use crate::workflow::{Outcome, Runner, Workflow};

/// There is no newer one here, nor one that is free-threaded.
const NEWEST: &str = "3.13";

/// The wheel for all Pythons from the oldest one on.
const WHEEL: [(&str, &str); 2] = [
    ("matrix.wheel.python", "3.10"),
    ("matrix.wheel.newest", NEWEST),
];

/// What stands for cargo-about; its last argument is the file to write.
const ABOUT: &str = r#"cargo metadata --format-version 1 | python3 -c '
import json, sys
crates = [crate for crate in json.load(sys.stdin)["packages"] if crate["source"]]
license = {"id": "MIT", "name": "MIT License", "text": "Permission is granted", "source_path": "LICENSE"}
license["used_by"] = [{"crate": crate} for crate in crates]
with open(sys.argv[1].partition("=")[2], "w") as file:
    json.dump({"licenses": [license]}, file)
' "${@: -1}""#;

/// A project with the CI of both services, in git.
fn project(test: &str) -> PathBuf {
    let folder = scratch(test);
    generate(&folder, "ci-ext")
        .args([
            "-d",
            "ci=both",
            "-d",
            "repository=https://github.com/me/ci-ext",
        ])
        .succeed();
    let project = folder.join("ci-ext");
    git(&project, &["init", "--quiet"]);
    git(&project, &["add", "--all"]);
    project
}

fn workflows(repository: &Path) -> Vec<PathBuf> {
    let folder = repository.join(".github").join("workflows");
    let names = files(&folder).into_iter();
    names.map(|name| folder.join(name)).collect()
}

/// Jobs of a pipeline of GitLab that have a script.
#[derive(serde::Deserialize)]
struct Pipeline {
    default: Default,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

#[derive(serde::Deserialize)]
struct Default {
    before_script: Vec<String>,
}

impl Pipeline {
    fn read(project: &Path) -> Self {
        serde_saphyr::from_str(&read(project.join(".gitlab-ci.yml"))).unwrap()
    }

    fn script(&self, job: &str) -> Vec<String> {
        serde_json::from_value(self.rest[job]["script"].clone()).unwrap()
    }

    fn jobs(&self) -> Vec<&str> {
        let jobs = self.rest.iter();
        jobs.filter(|(_, job)| job.get("script").is_some())
            .map(|(name, _)| name.as_str())
            .collect()
    }
}

#[test]
fn is_clean() {
    let project = project("clean ci");
    tool("zizmor")
        .args(["--offline", "--persona=auditor", "."])
        .current_dir(&project)
        .succeed();
    tool("zizmor")
        .args(["--offline", "--persona=auditor"])
        .arg(root().join(".github"))
        .succeed();

    let schema = |name: &str, path: &Path| {
        let mut check = tool("check-jsonschema");
        check.args(["--builtin-schema", &format!("vendor.{name}")]);
        if name == "gitlab-ci" {
            check.args(["--data-transform", "gitlab-ci"]);
        }
        check.arg(path).succeed();
    };
    schema("gitlab-ci", &project.join(".gitlab-ci.yml"));
    schema("dependabot", &project.join(".github/dependabot.yml"));

    let scripts = scratch("scripts of ci");
    let mut count = 0;
    let mut shellcheck = |script: &str| {
        count += 1;
        let path = scripts.join(format!("{count}.sh"));
        fs::write(&path, format!("#!/bin/bash\n{script}\n")).unwrap();
        tool("shellcheck").arg(&path).succeed();
    };
    for path in [workflows(&project), workflows(root())].concat() {
        schema("github-workflows", &path);
        actionlint().arg(&path).succeed();
        for job in Workflow::read(&path).jobs.values() {
            for script in job.steps.iter().filter_map(|step| step.run.as_ref()) {
                shellcheck(script);
            }
        }
    }
    let pipeline = Pipeline::read(&project);
    for job in pipeline.jobs() {
        shellcheck(&pipeline.script(job).join("\n"));
    }
    assert!(count > 25, "{count}");
}

/// The guide and checker that most of scientific Python follows.
#[test]
fn follows_the_scientific_python_guide() {
    tool("repo-review")
        .arg(".")
        .current_dir(project("review"))
        .succeed();
}

/// Well-formed, without typos, and each link leads somewhere.
#[test]
fn pages_are_clean() {
    let project = project("clean pages");
    for (folder, pages) in [
        (project.as_path(), ["."].as_slice()),
        (root(), &["README.md", "docs"]),
    ] {
        tool("rumdl")
            .args(["check", "--no-cache"])
            .args(pages)
            .current_dir(folder)
            .succeed();
        tool("typos").arg(".").current_dir(folder).succeed();
    }
}

/// Runs jobs in `project`, as CI does but for the platform.
struct Ci<'a> {
    project: &'a Path,
    path: OsString,
    /// Commands that have been run, which need not be run again.
    done: BTreeSet<String>,
    /// What the profile of a release is overridden with.
    profile: &'static [(&'static str, &'static str)],
}

impl<'a> Ci<'a> {
    fn new(project: &'a Path) -> Self {
        // Programs of the image that a job runs in.
        let image = project.parent().unwrap().join("image");
        for program in ["apt-get", "pipx", "rustup"] {
            write_program(&image, program, "exit 0");
        }
        // Compiling these takes minutes: here, each crate has the same license, and no advisory.
        write_program(&image, "cargo-about", ABOUT);
        write_program(&image, "cargo-deny", "exit 0");
        let uv = tool("uv");
        let mut folders = vec![
            image,
            Path::new(uv.get_program()).parent().unwrap().to_owned(),
        ];
        for version in ["3.10", "3.12", NEWEST] {
            folders.insert(1, cpython(version).parent().unwrap().to_owned());
        }
        let folders: Vec<_> = folders.iter().map(PathBuf::as_path).collect();
        Self {
            project,
            path: path_with(&folders),
            done: BTreeSet::new(),
            profile: &QUICK_RELEASE,
        }
    }

    /// Compiles cargo-about and cargo-deny.
    fn with_licensing_tools(self) -> Self {
        for program in ["cargo-about", "cargo-deny"] {
            let image = self.project.parent().unwrap().join("image");
            fs::copy(licensing_tools().join(program), image.join(program)).unwrap();
        }
        self
    }

    fn nox(&self, session: &[&str]) -> Command {
        let mut nox = Command::new("uvx");
        nox.args(["nox", "--session"]).args(session);
        nox.current_dir(self.project).envs(self.env());
        nox
    }

    fn env(&self) -> Vec<(&'static str, OsString)> {
        let mut build = Command::new("");
        build_environment(&mut build);
        let (_, target) = build.get_envs().next().unwrap();
        let mut env = vec![
            ("PATH", self.path.clone()),
            ("CARGO_TARGET_DIR", target.unwrap().to_owned()),
            ("UV_PYTHON_DOWNLOADS", "never".into()),
            // Building a source distribution is fast then.
            ("MATURIN_PEP517_ARGS", "--profile=dev".into()),
            ("GITHUB_REF_NAME", "v0.1.0".into()),
        ];
        env.extend(self.profile.iter().map(|&(key, value)| (key, value.into())));
        env.extend(download_cache());
        env
    }

    /// Runs a job of a workflow of GitHub.
    fn github(&mut self, workflow: &str, job: &str, expressions: &[(&str, &str)]) -> Outcome {
        println!("GitHub, {workflow}, {job}");
        let file = format!(".github/workflows/{workflow}.yml");
        let workflow = Workflow::read(self.project.join(file));
        let mut known = expressions.to_vec();
        known.push(("needs.project.outputs.rendered", "true"));
        let runner = Runner {
            workspace: self.project,
            expressions: &known,
            env: self.env(),
        };
        let outcome = runner.run(&workflow, job);
        for step in &workflow.jobs[job].steps {
            self.done
                .extend(step.run.as_ref().map(|run| run.trim().to_owned()));
        }
        outcome
    }

    /// Runs a job of the pipeline of GitLab; returns what it printed, or fails if it failed.
    fn gitlab(&mut self, pipeline: &Pipeline, job: &str, variables: &[(&str, &str)]) -> String {
        println!("GitLab, {job}");
        let mut lines = pipeline.default.before_script.clone();
        for line in pipeline.script(job) {
            // The same command has been run for GitHub, in the same folder.
            if !self.done.contains(line.trim()) {
                lines.push(line);
            }
        }
        Command::new("bash")
            .args(["-eo", "pipefail", "-c", &lines.join("\n")])
            .current_dir(self.project)
            .envs(self.env())
            .envs(variables.iter().copied())
            .succeed()
    }
}

fn succeeded(outcome: &Outcome) {
    assert!(outcome.succeeded, "{outcome:?}");
}

/// The checks, and a release but for its publication.
#[test]
fn runs() {
    let project = project("run ci");
    let mut ci = Ci::new(&project);

    succeeded(&ci.github("ci", "lint", &[]));
    for session in ["tests-3.10", &format!("tests-{NEWEST}"), "lowest"] {
        succeeded(&ci.github("ci", "test", &[("matrix.session", session)]));
    }
    let all = "!contains(needs.*.result, 'failure') && !contains(needs.*.result, 'cancelled') && \
               !contains(needs.*.result, 'skipped')";
    // Nothing is known of the project if the job that looks for it failed.
    for (green, rendered) in [("true", "true"), ("false", "true"), ("false", "")] {
        let known = [(all, green), ("needs.project.outputs.rendered", rendered)];
        let outcome = ci.github("ci", "all-green", &known);
        assert_eq!(outcome.succeeded.to_string(), green, "{outcome:?}");
    }

    succeeded(&ci.github("release", "project", &[("github.ref_type", "tag")]));
    succeeded(&ci.github("release", "wheel", &WHEEL));
    succeeded(&ci.github("release", "sdist", &[]));
    // There is but one of the wheels here.
    let outcome = ci.github("release", "check", &[]);
    assert!(!outcome.succeeded, "{outcome:?}");
    let missing = format!("{:?}", outcome.log.matches("-win_amd64").count());
    assert_eq!(missing, "2", "{}", outcome.log);
    assert!(!outcome.log.contains("'cp310-abi3-manylinux_2_28_x86_64'"));
    let said = ci.nox(&["check_dist"]).succeed();
    println!(
        "{}",
        said.lines().find(|line| line.contains(" MB")).unwrap()
    );
    check_wheel(&project, &one(&project, ".whl"));
    check_sdist(&project, &one(&project, ".tar.gz"));
    // The environments of the sessions take 2 GB.
    remove_folder(&project.join(".nox")).unwrap();
}

/// The same sessions, as GitLab calls them.
#[test]
#[ignore = "takes ten minutes"]
fn runs_on_gitlab() {
    let project = project("run on gitlab");
    let mut ci = Ci::new(&project);
    let pipeline = Pipeline::read(&project);
    let variables = [
        ("PYTHON", "3.10"),
        ("NEWEST", NEWEST),
        ("CI_COMMIT_TAG", "v0.1.0"),
    ];
    for job in [
        "lint",
        "test",
        "lowest",
        "version",
        "wheel",
        "sdist",
        "newest",
        "next-major",
    ] {
        ci.gitlab(&pipeline, job, &variables);
    }
    check_wheel(&project, &one(&project, ".whl"));
}

/// The wheel that is published, with the profile that the project has.
#[test]
#[ignore = "takes a quarter of an hour"]
fn releases() {
    let project = project("release");
    let mut ci = Ci::new(&project).with_licensing_tools();
    ci.profile = &[];
    succeeded(&ci.github("release", "wheel", &WHEEL));
    let wheel = one(&project, ".whl");
    check_wheel(&project, &wheel);
    succeeded(&ci.github("release", "sdist", &[]));
    ci.nox(&["check_dist"]).succeed();

    // Without the license of a crate, the wheel is refused.
    let folder = scratch("release wheel without a license");
    let mut unpack = tool("wheel");
    unpack.args(["unpack", "--dest"]).arg(&folder).arg(&wheel);
    unpack.succeed();
    let unpacked = folder.join("ci_ext-0.1.0");
    let notices = unpacked.join("ci_ext-0.1.0.dist-info/licenses/THIRD-PARTY.txt");
    fs::write(
        &notices,
        read(&notices).replace("\n- arrow-schema ", "\n- other "),
    )
    .unwrap();
    let mut pack = tool("wheel");
    pack.args(["pack", "--dest-dir"])
        .arg(project.join("dist"))
        .arg(unpacked);
    pack.succeed();
    let said = ci.nox(&["check_dist"]).fail();
    assert!(said.contains("has no license of arrow-schema 5"), "{said}");
}

/// Crates that an owner does not want are found, and what is to be done is said.
#[test]
#[ignore = "compiles cargo-about and cargo-deny: nightly"]
fn crates_are_audited() {
    let project = project("audit");
    let ci = Ci::new(&project).with_licensing_tools();
    let manifest = project.join("Cargo.toml");
    let original = read(&manifest);
    let change = |from: &str, to: &str| {
        assert!(original.contains(from), "{from}");
        fs::write(&manifest, original.replace(from, to)).unwrap();
    };

    // A database with one advisory, which is made up, stands for the public one.
    let database = scratch("advisories");
    fs::create_dir_all(database.join("crates/arrow")).unwrap();
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2020-9999\"\npackage = \"arrow\"\n\
                    date = \"2020-01-01\"\n[versions]\npatched = []\n```\n\n# Made up\n\nFor a test.\n";
    fs::write(database.join("crates/arrow/RUSTSEC-2020-9999.md"), advisory).unwrap();
    git(&database, &["init", "--quiet", "--initial-branch=main"]);
    git(&database, &["add", "--all"]);
    git(&database, &["commit", "--quiet", "--message", "Made up"]);
    let audit = |ignored: &str| {
        let cloned = scratch("cloned advisories");
        let tables = format!(
            "ignore = [{ignored}]\ngit-fetch-with-cli = true\ndb-path = '{}'",
            cloned.display()
        );
        change("ignore = []", &tables);
        let mut audit = ci.nox(&["audit"]);
        audit.envs([
            ("GIT_CONFIG_COUNT", "1"),
            (
                "GIT_CONFIG_VALUE_0",
                "https://github.com/RustSec/advisory-db",
            ),
        ]);
        let address = format!("url.file://{}.insteadOf", database.display());
        audit.env("GIT_CONFIG_KEY_0", address);
        audit
    };
    let said = audit("").fail();
    assert!(said.contains("RUSTSEC-2020-9999"), "{said}");
    assert!(
        said.contains("advisories FAILED, licenses ok, sources ok"),
        "{said}"
    );
    audit(r#"{ id = "RUSTSEC-2020-9999", reason = "made up" }"#).succeed();

    // A license that is not allowed is found, here and before the wheel is built.
    change(", \"Zlib\"", "");
    let said = ci.nox(&["audit", "--", "licenses"]).fail();
    assert!(said.contains("licenses FAILED"), "{said}");
    let said = ci.nox(&["build-3.10"]).fail();
    let sentence = "allow the license in Cargo.toml, under package.metadata.deny.licenses";
    assert!(
        said.contains("foldhash-0.") && said.contains(sentence),
        "{said}"
    );
    assert!(!said.contains("maturin build"), "{said}");

    // A crate that is not from the registry.
    let elsewhere = scratch("elsewhere");
    fs::create_dir(elsewhere.join("src")).unwrap();
    fs::write(elsewhere.join("src/lib.rs"), "").unwrap();
    let crate_manifest =
        "[package]\nname = \"elsewhere\"\nversion = \"0.1.0\"\nlicense = \"MIT\"\n";
    fs::write(elsewhere.join("Cargo.toml"), crate_manifest).unwrap();
    git(&elsewhere, &["init", "--quiet"]);
    git(&elsewhere, &["add", "--all"]);
    git(&elsewhere, &["commit", "--quiet", "--message", "A crate"]);
    let dependency = format!(
        "[dependencies]\nelsewhere = {{ git = 'file://{}' }}",
        elsewhere.display()
    );
    change("[dependencies]", &dependency);
    let said = ci.nox(&["audit", "--", "sources"]).fail();
    assert!(said.contains("source-not-allowed"), "{said}");
}

/// The only file in dist/ with this ending.
fn one(project: &Path, ending: &str) -> PathBuf {
    let dist = project.join("dist");
    let names = files(&dist).into_iter();
    let found: Vec<_> = names
        .filter(|name| name.to_string_lossy().ends_with(ending))
        .collect();
    assert_eq!(found.len(), 1, "{found:?}");
    dist.join(&found[0])
}

fn check_wheel(project: &Path, wheel: &Path) {
    let name = wheel.file_name().unwrap().to_str().unwrap();
    assert_eq!(name, "ci_ext-0.1.0-cp310-abi3-manylinux_2_28_x86_64.whl");
    let said = tool("auditwheel").arg("show").arg(wheel).succeed();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let (_, glibc) = said
        .split_once("platform tag: \"manylinux_2_")
        .expect(&said);
    let (glibc, _) = glibc.split_once('_').unwrap();
    assert!(glibc.parse::<u32>().unwrap() <= 28, "{said}");

    // Nothing tells where it was built.
    let folder = scratch("release wheel");
    tool("wheel")
        .args(["unpack", "--dest"])
        .arg(&folder)
        .arg(wheel)
        .succeed();
    let home = std::env::home_dir().unwrap();
    let contents = files(&folder);
    let licenses = |name| {
        let path = contents.iter().find(|path| path.ends_with(name));
        read(folder.join(path.expect(name)))
    };
    assert!(licenses("licenses/LICENSE").contains("Apache License"));
    let metadata = licenses("METADATA");
    assert!(
        metadata.contains("\nLicense-File: THIRD-PARTY.txt\nLicense-File: LICENSE\n"),
        "{metadata}"
    );
    let notices = licenses("licenses/THIRD-PARTY.txt");
    for text in ["\n- pyo3 ", "Permission is", "\nApache Arrow\n"] {
        assert!(notices.contains(text), "{text:?}\n{notices}");
    }
    for path in &contents {
        let bytes = fs::read(folder.join(path)).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        for machine in [home.as_path(), project, root(), &target()] {
            let machine = machine.to_str().unwrap();
            assert!(!text.contains(machine), "{machine} in {}", path.display());
        }
    }

    // The job has tested it on the oldest and on the newest.
    for version in ["3.11", "3.12"] {
        let environment = Environment::new(&format!("release {version}"), version, &TEST_PACKAGES);
        environment.install(&[wheel], &[]);
        println!("Release wheel, Python {version}:");
        environment.tests_of(project);
    }
}

/// It holds all that it takes to build and test it, and nothing else.
fn check_sdist(project: &Path, sdist: &Path) {
    let folder = scratch("sdist");
    Command::new("tar")
        .arg("xf")
        .arg(sdist)
        .arg("-C")
        .arg(&folder)
        .succeed();
    let inside: BTreeSet<_> = files(&folder.join("ci_ext-0.1.0")).into_iter().collect();
    let expected = |path: &PathBuf| {
        let path = path.to_string_lossy();
        let folders = ["examples/", "pyo3-datafusion/", "python/", "src/", "tests/"];
        let names = [
            "Cargo.toml",
            "Cargo.lock",
            "LICENSE",
            "README.md",
            "conftest.py",
            "pyproject.toml",
        ];
        // What git ignores: compiled by other jobs.
        let compiled = [".so", ".pyc"].iter().any(|ending| path.ends_with(ending));
        !compiled
            && (folders.iter().any(|folder| path.starts_with(folder)) || names.contains(&&*path))
    };
    let mut wanted: BTreeSet<_> = files(project).into_iter().filter(expected).collect();
    wanted.insert("PKG-INFO".into());
    assert_eq!(inside, wanted);
}

/// A tag that is not that of the version is not released.
#[test]
fn refuses_another_tag() {
    let project = project("another tag");
    let said = Ci::new(&project).nox(&["check_tag", "--", "v0.2.0"]).fail();
    let sentence = "the tag is v0.1.0: push that, or change `version` in Cargo.toml";
    assert!(said.contains(sentence), "{said}");
}

/// A release on GitHub has what the changelog says of its version.
#[test]
fn announces_what_the_changelog_says() {
    let project = project("announcement");
    let changelog = "# Changelog\n\n## 0.2.0-rc.1\n\nNewer.\n\n## 0.1.0\n\nThe first.\n\n- A point.\n\n## 0.0.1\n\nOld.\n";
    fs::write(project.join("CHANGELOG.md"), changelog).unwrap();
    let mut ci = Ci::new(&project);
    let image = project.parent().unwrap().join("image");
    write_program(&image, "gh", "(echo \"$*\"; cat notes.md) > asked");
    let mut announce = |tag: &str| {
        let known = [
            ("github.token", "token"),
            ("github.repository", "me/ci-ext"),
            ("github.ref_name", tag),
        ];
        succeeded(&ci.github("release", "announce", &known));
        read(project.join("asked"))
    };
    let asked = |tag: &str, kind: &str| {
        format!("release create {tag} {kind} --verify-tag --title {tag} --notes-file notes.md\n")
    };
    let expected = asked("v0.1.0", "--latest") + "\nThe first.\n\n- A point.\n\n";
    assert_eq!(announce("v0.1.0"), expected);
    let expected = asked("v0.2.0-rc.1", "--prerelease") + "\nNewer.\n\n";
    assert_eq!(announce("v0.2.0-rc.1"), expected);
}

/// Once a week: one issue when the tests or the audit fail, another one when there is
/// a new major version, and none that is open already.
#[test]
fn reports_what_is_new() {
    let project = project("weekly ci");
    let mut ci = Ci::new(&project);
    // The tests fail, as there is no such session. The template has something newer.
    let noxfile = "import sys, nox\n\n@nox.session(venv_backend='none')\ndef update(session):\n    \
                   session.run(sys.executable, '-c', 'print(\"The template has v9.\\\\n\\\\n- A gain.\")')\n";
    fs::write(project.join("noxfile.py"), noxfile).unwrap();
    let found = |ci: &mut Ci| {
        let outcome = ci.github("weekly", "newest", &[]);
        assert!(!outcome.succeeded, "{outcome:?}");
        let news = outcome.outputs.get("steps.template.outputs.news");
        assert_eq!(news.unwrap(), "The template has v9.\n\n- A gain.");
        outcome
            .outputs
            .get("steps.next-major.outputs.found")
            .cloned()
    };
    assert_eq!(found(&mut ci), None);
    let pyproject = read(project.join("pyproject.toml"));
    let newest: u32 = majors().last().unwrap().parse().unwrap();
    let range = |major| format!("datafusion>={major},<{}", major + 1);
    let older = pyproject.replace(&range(newest), &range(newest - 1));
    assert_ne!(older, pyproject);
    fs::write(project.join("pyproject.toml"), older).unwrap();
    let newer = found(&mut ci).unwrap();
    assert!(
        newer.starts_with(&format!("datafusion=={newest}.")),
        "{newer}"
    );

    let issues = project.join("issues");
    write_program(
        &project.parent().unwrap().join("image"),
        "gh",
        r#"case "$1 $2" in
"issue list") cat issues ;;
"issue create") echo "$4" >> issues; echo "$6" > body ;;
*) exit 1 ;;
esac"#,
    );
    fs::write(&issues, "").unwrap();
    let report = |ci: &mut Ci, newest: &str, released: &str, found: &str, news: &str| {
        let condition = "!cancelled() && (needs.newest.result == 'failure' || \
                         needs.released.result == 'failure' || \
                         needs.newest.outputs.next-major != '' || \
                         needs.newest.outputs.template != '')";
        let known = [
            (condition, "true"),
            ("github.token", "token"),
            ("github.repository", "me/ci-ext"),
            ("github.server_url", "https://github.com"),
            ("github.run_id", "1"),
            ("needs.newest.result", newest),
            ("needs.released.result", released),
            ("needs.newest.outputs.next-major", found),
            ("needs.newest.outputs.template", news),
        ];
        succeeded(&ci.github("weekly", "report", &known));
        read(&issues)
    };
    let fail = "The weekly checks fail\n";
    assert_eq!(report(&mut ci, "failure", "success", "", ""), fail);
    assert_eq!(report(&mut ci, "failure", "skipped", "", ""), fail);
    let both = format!("{fail}There is {newer}\n");
    assert_eq!(report(&mut ci, "success", "success", &newer, ""), both);
    assert_eq!(report(&mut ci, "failure", "success", &newer, ""), both);
    let three = format!("{both}The released wheel fails with the newest datafusion\n");
    assert_eq!(report(&mut ci, "success", "failure", "", ""), three);
    let news = "The template has v9.\n\n- A gain.";
    let all = format!("{three}There is a newer version of the template\n");
    assert_eq!(report(&mut ci, "success", "success", "", news), all);
    assert_eq!(read(project.join("body")), format!("{news}\n"));
}

/// The wheel on PyPI is tested with the tests of its version, whatever there is by now.
#[test]
fn tests_what_is_released() {
    let project = project("released ci");
    let ci = Ci::new(&project);
    let said = ci.nox(&["released"]).succeed();
    assert!(said.contains("no version has a tag yet"), "{said}");
    git(&project, &["commit", "--quiet", "--message", "First"]);
    git(&project, &["tag", "v0.1.0"]);
    let test = project.join("tests/test_table_provider.py");
    fs::write(
        &test,
        "def test_of_today() -> None:\n    raise ValueError\n",
    )
    .unwrap();
    fs::remove_dir_all(project.join("pyo3-datafusion/conformance")).unwrap();
    git(
        &project,
        &["commit", "--quiet", "--all", "--message", "Next"],
    );
    let clone = project.with_file_name("shallow");
    let address = format!("file://{}", project.display());
    let depth = ["clone", "--quiet", "--depth=1", &address];
    git(&project, &[&depth[..], &[clone.to_str().unwrap()]].concat());
    let said = Ci::new(&clone).nox(&["released"]).fail();
    assert!(
        said.contains("this clone has no tags: `git fetch"),
        "{said}"
    );
    // Nobody has it on PyPI, and then, in the place of PyPI, a folder has it.
    let said = ci.nox(&["released"]).fail();
    assert!(said.contains("ci-ext"), "{said}");
    let wheels = build_wheel(&project, cpython("3.11"), "dist");
    let mut released = ci.nox(&["released"]);
    released.env("UV_FIND_LINKS", wheels.parent().unwrap());
    let said = released.succeed();
    let host = format!("datafusion=={}.*", majors().last().unwrap());
    assert!(said.contains(&host) && said.contains(" passed"), "{said}");
    assert!(!said.contains("test_of_today"), "{said}");
    // A test of the tag that fails.
    git(&project, &["tag", "--force", "v0.1.0"]);
    let said = released.fail();
    assert!(said.contains("test_of_today"), "{said}");
}

/// The nightly run of the template looks for the next major of DataFusion.
#[test]
fn the_template_hears_of_the_next_major() {
    let project = project("nightly ci");
    let workflow = read(root().join(".github/workflows/template.yml"));
    let found = |workflow: &str| {
        fs::write(project.join(".github/workflows/template.yml"), workflow).unwrap();
        let condition = "needs.template.outputs.is-template == 'true' && \
                         github.event_name == 'schedule'";
        let known = [(condition, "true")];
        let outcome = Ci::new(&project).github("template", "next-major", &known);
        succeeded(&outcome);
        outcome.outputs.get("steps.look.outputs.found").cloned()
    };
    assert_eq!(found(&workflow), None);
    let newest: u32 = majors().last().unwrap().parse().unwrap();
    let pin = |major| format!("datafusion=={major}.");
    let newer = found(&workflow.replace(&pin(newest), &pin(newest - 1)));
    assert!(newer.unwrap().starts_with(&pin(newest)));
}

/// What GitHub's "Use this template" copies is the template at first: nothing is built there.
#[test]
fn waits_until_there_is_a_project() {
    let project = project("no project yet");
    let mut ci = Ci::new(&project);
    let rendered = |ci: &mut Ci, workflow: &str| {
        let outcome = ci.github(workflow, "project", &[("github.ref_type", "branch")]);
        succeeded(&outcome);
        let rendered = outcome.outputs.get("steps.look.outputs.rendered");
        rendered.cloned().unwrap_or_default()
    };
    for workflow in ["ci", "release", "weekly"] {
        assert_eq!(rendered(&mut ci, workflow), "true");
    }
    fs::write(project.join("cargo-generate.toml"), "").unwrap();
    for workflow in ["ci", "release", "weekly"] {
        assert_eq!(rendered(&mut ci, workflow), "");
        // All other jobs wait for that, themselves or through others.
        let workflow = Workflow::read(project.join(format!(".github/workflows/{workflow}.yml")));
        for (name, job) in &workflow.jobs {
            let waits = job.condition.as_deref().unwrap_or_default();
            assert!(
                name == "project"
                    || waits.contains("needs.")
                    || !job.needs.is_null() && !waits.contains("always()"),
                "{name}"
            );
        }
    }
}
