"""A policy gives the action of each rule; one that is not valid raises an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from pneumoscope.errors import SettingsError
from pneumoscope.gate import RULES, TITLES, Action, Facts, read_policy
from pneumoscope.gate.judge import _REMEDIES, _UNLIKE
from pneumoscope.gate.rules import findings
from pneumoscope.imaging import Acquisition, Source
from pneumoscope.inference import load
from pneumoscope.types import Geometry, Status
from tests.conftest import write_bundle
from tests.gate.test_judge import USUAL, texture
from tests.imaging.dicoms import dicom


@pytest.fixture
def gated(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "gated", usual=USUAL)


def written(folder: Path, text: str) -> Path:
    (folder / "policy.toml").write_text(text)
    return folder / "policy.toml"


def test_default_names_every_rule_once() -> None:
    assert list(read_policy()) == [rule.name for rule in RULES]


def test_every_code_has_a_title_and_a_line_in_the_docs() -> None:
    codes = {rule.name for rule in RULES} | {remedy.code for remedy in _REMEDIES}
    codes |= {code for code, *_ in _UNLIKE.values()} | {"undecided", "heatmap-not-written"}
    codes |= {"seen-image", "seen-patient"}
    assert codes == set(TITLES)
    docs = (Path(__file__).parents[2] / "docs/how-to/automation.md").read_text("utf-8")
    lines = [f"| `{code}` | {title} |" for code, title in TITLES.items()]
    assert [line for line in lines if line not in docs] == []


def test_rules_that_are_not_named_keep_their_default(tmp_path: Path) -> None:
    policy = read_policy(written(tmp_path, 'lateral-view = "warn"\n'))
    assert policy == {**read_policy(), "lateral-view": Action.WARN}
    assert read_policy(written(tmp_path, "")) == read_policy()


@pytest.mark.parametrize("action", Action)
def test_each_finding_leads_where_the_policy_says(action: Action) -> None:
    acquisition = Acquisition(64, 64, body_part="HAND", view="LL", intent="FOR PROCESSING", age=60)
    facts = Facts(acquisition, texture(112), Geometry(64, 64), ages=(1, 5))
    policy = dict.fromkeys(read_policy(), action)
    assert len(findings(facts, policy, action)) == 4
    assert not any(findings(facts, policy, other) for other in Action if other is not action)


# action, status, whether there is a warning
LATERALS = (
    ("refuse", Status.REFUSED, False),
    ("warn", Status.ACCEPTED, True),
    ("ignore", Status.ACCEPTED, False),
)


@pytest.mark.parametrize(("action", "status", "warned"), LATERALS)
def test_policy_decides(
    action: str, status: Status, warned: bool, gated: Path, tmp_path: Path
) -> None:
    lateral = Source("lateral.dcm", dicom(texture(112), ViewPosition="LL"))
    policy = written(tmp_path, f'lateral-view = "{action}"')
    record = load(gated, policy=policy).predict(lateral)
    assert (record.status, bool(record.warnings)) == (status, warned)
    assert (record.label is None) == (status is Status.REFUSED)


# content of a file, words of the error
MISTAKES = (
    ("lateral-view: warn", "not valid TOML"),
    ("age = warn", "not valid TOML"),
    ('age = "warn"\nage = "refuse"', "not valid TOML"),
    ("age = 'warn' # \udce9", "not valid TOML"),
    ('latral-view = "warn"', "Received latral-view. Did you mean lateral-view?"),
    ('modality = "warn"', "Expected own-result or derived or"),
    ('[rules]\nage = "warn"', "Received rules"),
    ('age = "Refuse"', 'Expected "refuse" or "warn" or "ignore". Received \'Refuse\''),
    ("age = true", "Received True"),
    ("age = ['warn']", "Received ['warn']"),
    ('age.action = "warn"', "Received {'action': 'warn'}"),
)


@pytest.mark.parametrize(("content", "words"), MISTAKES)
def test_invalid_policies_are_refused(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(SettingsError) as caught:
        read_policy(path)
    assert words in str(caught.value)
    assert str(path) in str(caught.value)
    assert caught.value.expected
    assert caught.value.remedy


def test_policy_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Received nothing there"):
        read_policy(tmp_path / "none.toml")
    with pytest.raises(SettingsError, match="Received a folder"):
        read_policy(tmp_path)


def test_policy_without_a_gate_is_of_no_use(gated: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Leave out `policy`, or `gate`"):
        load(gated, gate=False, policy=written(tmp_path, ""))
