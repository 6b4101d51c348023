"""The workflows run what exists, on the Pythons that the package names, with no more rights than they need."""

import re
import tomllib

import pytest
import yaml

from scripts.book.closure import ROOT

FOLDER = ROOT / ".github" / "workflows"
TEXTS = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.y*ml"))}
WORKFLOWS = {name: yaml.safe_load(text) for name, text in TEXTS.items()}
JOBS = [(name, job) for name, workflow in WORKFLOWS.items() for job in workflow["jobs"]]
ON = True  # YAML reads the key `on` as a truth value


def test_there_is_one_that_checks_and_one_that_publishes():
    assert set(WORKFLOWS) == {"check", "publish"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_by_commit_and_say_their_version(name):
    uses = re.findall(r"^ *-? *uses: *(.*)$", TEXTS[name], re.M)
    assert uses
    for action in uses:
        assert re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action), action


def test_an_action_is_pinned_to_the_same_commit_everywhere():
    pins = {action.split("@")[0]: set() for text in TEXTS.values() for action in re.findall(r"uses: (\S+)", text)}
    for text in TEXTS.values():
        for action in re.findall(r"uses: (.*)", text):
            pins[action.split("@")[0]].add(action)
    assert {name: commits for name, commits in pins.items() if len(commits) > 1} == {}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_rights_are_declared_and_nothing_of_a_stranger_runs_with_them(name):
    workflow = WORKFLOWS[name]
    assert workflow["permissions"] == {"contents": "read"}
    assert set(workflow[ON]) <= {"push", "pull_request", "workflow_dispatch"}
    assert workflow["concurrency"]["group"]


@pytest.mark.parametrize(("name", "job"), JOBS)
def test_a_job_has_a_limit_and_keeps_no_credentials(name, job):
    job = WORKFLOWS[name]["jobs"][job]
    assert 1 <= job["timeout-minutes"] <= 90
    for step in job["steps"]:
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False
        assert "${{" not in step.get("run", ""), "a value goes into a command through env, never through its text"


def test_only_the_job_that_publishes_may_write():
    writing = {
        (name, job): job_["permissions"]
        for name, workflow in WORKFLOWS.items()
        for job, job_ in workflow["jobs"].items()
        if "write" in str(job_.get("permissions"))
    }
    assert writing == {("publish", "deploy"): {"pages": "write", "id-token": "write"}}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_commands_exist(name):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"\bmake (\w+)", TEXTS[name])
    files = re.findall(r"\bbash (\S+)", TEXTS[name])
    assert targets + files
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.M), target
    for file in files:
        assert (ROOT / file).is_file(), file


def test_the_pythons_are_those_of_the_package():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = [line.rsplit(" ", 1)[1] for line in project["classifiers"] if re.search(r":: Python :: \d\.\d+$", line)]
    assert WORKFLOWS["check"]["jobs"]["tests"]["strategy"]["matrix"]["python"] == named
    assert project["requires-python"] == f">={named[0]}"
    for _, job in JOBS:
        for workflow in WORKFLOWS.values():
            for step in workflow["jobs"].get(job, {}).get("steps", []):
                version = step.get("with", {}).get("python-version", named[0])
                assert version in (named[0], "${{ matrix.python }}")


def test_the_site_is_built_for_the_address_where_it_will_stand():
    steps = WORKFLOWS["publish"]["jobs"]["build"]["steps"]
    (site,) = [step for step in steps if step.get("run") == "make site"]
    assert site["env"]["SITE_URL"] == "${{ steps.pages.outputs.base_url }}"
    assert any(step.get("id") == "pages" and "/configure-pages@" in step["uses"] for step in steps)
    (upload,) = [step for step in steps if "/upload-pages-artifact@" in step.get("uses", "")]
    assert upload["with"]["path"] == "site"
