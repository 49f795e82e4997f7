"""The page in a browser: what people do with it, with a mouse, by keyboard and on a phone."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, expect
from typer.testing import CliRunner

from pneumoscope.cli.main import app
from pneumoscope.imaging import Source, load_deep, load_display
from pneumoscope.inference import load, overlay
from pneumoscope.types import OperatingPoint
from tests.conftest import encoded, picture, write_bundle
from tests.imaging.dicoms import dicom
from tests.inference.test_prevalence import calibration
from tests.server.browser import Opened, chromium, opened
from tests.server.running import TOKEN, running

NASTY = "<img src=x onerror=alert(1)>&amp;.png"
TILTED = np.linspace(80, 200, 96 * 80).reshape(96, 80).astype(np.uint8)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("model") / "bundle"
    return write_bundle(root, usual=128.0, calibration=calibration(0.75))


@pytest.fixture(scope="module")
def url(model: Path) -> Iterator[str]:
    with running(model) as server:
        yield f"{server.url}/"


@pytest.fixture
def page(browser: Browser, url: str) -> Iterator[Opened]:
    with opened(browser, url) as found:
        yield found
        found.require_silence()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what may come: images of all kinds, one to be refused, and no image."""
    root = tmp_path_factory.mktemp("files") / "radiographs"
    (root / "deeper").mkdir(parents=True)
    black = np.zeros((64, 64), np.uint8)
    black[:2] = 40
    deep = (np.asarray(picture(), np.uint16) * 16).astype(np.uint16)
    files = {
        "bright.png": encoded(np.maximum(picture(), 60)),
        "dark.jpeg": encoded(np.minimum(picture(seed=1), 200), "JPEG"),
        "film.dcm": dicom(deep, bits=12, WindowCenter=1800, WindowWidth=1500),
        "refused.png": encoded(black),
        "text.png": b"no picture at all",
        "empty.png": b"",
        f"deeper/{NASTY}": encoded(picture(seed=2)),
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    return root


def told(model: Path, arguments: list[str], monkeypatch: pytest.MonkeyPatch, folder: Path) -> str:
    """What `predict` prints of the folder, named as the page names it."""
    monkeypatch.chdir(folder.parent)
    result = CliRunner().invoke(app, ["predict", str(model), folder.name, *arguments])
    assert result.exit_code == 1, result.output  # of the files that are no images
    return result.stdout


def choose_folder(page: Opened, folder: Path) -> None:
    page.page.set_input_files("#folder", str(folder))
    page.settle()


def saved(page: Opened, button: str) -> bytes:
    with page.page.expect_download() as download:
        page.page.click(button)
    return Path(download.value.path()).read_bytes()


def test_labels_and_probabilities_are_those_of_predict(
    page: Opened, model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose_folder(page, folder)
    lines = told(model, ["--json"], monkeypatch, folder).splitlines()
    records = [json.loads(line) for line in lines]
    headings = [
        record["label"] or {"refused": "Refused", "error": "No prediction"}[record["status"]]
        for record in records
    ]
    assert len(set(headings)) >= 3
    assert page.texts("#rows .col-result") == headings
    figures = [f"{each['probability']:.3f}" for each in records if each["label"]]
    assert page.texts("#rows .figure") == figures
    names = ["".join(text.split()) for text in page.texts("#rows .col-name")]
    assert names == ["".join(each["path"].split()) for each in records]
    words = page.texts("#rows .col-remarks")
    for record, said in zip(records, words, strict=True):
        for notice in (*record["reasons"], *record["warnings"]):
            assert notice["text"] in said
        assert (record["error"] or "") in said


@pytest.mark.parametrize("prevalence", [None, "7"])
def test_its_csv_is_that_of_predict(
    page: Opened,
    model: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    prevalence: str | None,
) -> None:
    choose_folder(page, folder)
    arguments = ["--csv"]
    if prevalence:
        page.page.fill("#prevalence", prevalence)
        page.page.keyboard.press("Enter")
        expect(page.page.locator("#rows")).to_contain_text("about 7 % of images show")
        page.settle()
        arguments += ["--prevalence", "0.07"]
    assert saved(page, "#csv").decode() == told(model, arguments, monkeypatch, folder)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="needs poppler-utils")
def test_its_pdf_has_a_summary_and_a_page_for_each_image(
    page: Opened, folder: Path, tmp_path: Path
) -> None:
    choose_folder(page, folder)
    (tmp_path / "p.pdf").write_bytes(saved(page, "#pdf"))
    text = subprocess.run(["pdftotext", "-layout", tmp_path / "p.pdf", "-"], capture_output=True)
    summary, *pages = [" ".join(each.split()) for each in text.stdout.decode().split("\f")[:-1]]
    assert page.texts("#summary")[0] in summary
    names = ["".join(name.split()) for name in page.texts("#rows .col-name")]
    assert len(pages) == len(names)
    for name, printed in zip(names, pages, strict=True):
        assert name in "".join(printed.split())


def canvas(page: Opened, which: str = "#canvas-main") -> np.ndarray:
    """The pixels of a canvas, uint8 of shape (h, w, 3)."""
    uri = page.page.evaluate("which => document.querySelector(which).toDataURL()", which)
    data = base64.b64decode(uri.partition(",")[2])
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


FILES = {
    "grey.png": encoded(TILTED),
    "coloured.jpeg": encoded(np.dstack([TILTED] * 3), "JPEG"),
    "film.dcm": dicom(
        TILTED.astype(np.uint16) * 16,
        bits=12,
        WindowCenter=2100,
        WindowWidth=1500,
        PhotometricInterpretation="MONOCHROME1",
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_the_large_view_is_the_overlay_within_one_grey_level(
    page: Opened, model: Path, name: str
) -> None:
    source = Source(name, FILES[name])
    page.choose({"name": name, "mimeType": "", "buffer": FILES[name]})
    page.enlarge()
    grey, heatmap = load_display(source), load(model).explain(source).heatmap
    assert heatmap is not None
    shown = canvas(page).astype(int)
    assert np.abs(shown - overlay(grey, heatmap)).max() <= 1
    page.page.keyboard.press("o")
    page.page.wait_for_selector("#overlay[aria-pressed=false]")
    np.testing.assert_array_equal(canvas(page)[..., 0], load_deep(source).shown())
    page.page.keyboard.press("i")
    page.page.wait_for_selector("#inverse[aria-pressed=true]")
    np.testing.assert_array_equal(canvas(page)[..., 0], 255 - load_deep(source).shown())


def test_side_by_side_shows_the_radiograph_alone_and_under_its_heatmap(
    page: Opened, model: Path
) -> None:
    page.choose({"name": "a.png", "mimeType": "", "buffer": FILES["grey.png"]})
    page.enlarge()
    page.page.click("#beside")
    page.page.wait_for_selector("#pane-plain:not([hidden])")
    plain, laid = canvas(page, "#canvas-plain"), canvas(page)
    np.testing.assert_array_equal(plain[..., 0], TILTED)
    assert np.ptp(plain, axis=2).max() == 0
    assert np.ptp(laid, axis=2).max() > 20
    page.page.locator("#opacity").fill("0")
    page.drawn()
    np.testing.assert_array_equal(canvas(page)[..., 0], TILTED)


def test_a_drag_changes_the_window_and_reset_brings_it_back(page: Opened) -> None:
    page.choose({"name": "a.png", "mimeType": "", "buffer": FILES["grey.png"]})
    page.enlarge()
    page.page.keyboard.press("o")
    page.page.wait_for_selector("#overlay[aria-pressed=false]")
    before = canvas(page)[..., 0].astype(int)
    box = page.page.locator("#stage").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    level, width = (page.page.locator(which).input_value() for which in ("#level", "#width"))
    page.page.mouse.move(x, y)
    page.page.mouse.down()
    page.page.mouse.move(x + 90, y - 60)
    page.page.mouse.up()
    page.drawn()
    assert float(page.page.locator("#width").input_value()) > float(width)
    assert float(page.page.locator("#level").input_value()) < float(level)
    changed = canvas(page)[..., 0].astype(int)
    assert changed.std() < before.std()
    assert changed.mean() > before.mean()
    page.page.mouse.wheel(0, -300)
    expect(page.page.locator("#zoom")).not_to_have_text("100 %")
    page.page.click("#reset")
    page.drawn()
    assert page.page.locator("#width").input_value() == width
    np.testing.assert_array_equal(canvas(page)[..., 0], before)
    assert page.texts("#zoom") == ["100 %"]


def test_a_folder_and_a_file_can_be_dropped(page: Opened, folder: Path) -> None:
    choose_folder(page, folder)
    listed = page.texts("#rows .col-name")
    page.page.click("#clear")
    page.drop(folder, folder / "bright.png")
    expect(page.page.locator("#rows tr")).to_have_count(len(listed) + 1)
    page.settle()
    assert page.texts("#rows .col-name") == [*listed, "bright.png"]
    assert page.page.locator("tr.failed").count() == 2


def test_markup_in_a_name_is_text(page: Opened) -> None:
    data = encoded(picture())
    page.choose({"name": NASTY, "mimeType": "image/png", "buffer": data})
    assert page.texts("#rows .col-name") == [NASTY]
    page.enlarge()
    assert page.texts("#view-name") == [NASTY]
    assert page.page.locator("img[src=x]").count() == 0


def test_no_address_holds_the_name_of_a_file(page: Opened) -> None:
    asked = []
    page.page.on("request", lambda request: asked.append(request.url))
    page.choose({"name": "Röntgen Doe.png", "mimeType": "", "buffer": encoded(picture())})
    page.enlarge()
    page.page.keyboard.press("Escape")
    for button in ("#csv", "#pdf"):
        saved(page, button)
    paths = ("page/images", "page/pixels", "page/layers", "page/pdf")
    assert all(any(path in address for address in asked) for path in paths)
    assert not [address for address in asked if "name" in address or "Doe" in address]
    assert saved(page, "#csv").decode().splitlines()[1].startswith("Röntgen Doe.png,")


def test_sorting_and_filtering(page: Opened, folder: Path) -> None:
    choose_folder(page, folder)
    first = page.texts("#rows .col-name")
    page.page.click("[data-sort=probability] button")
    figures = [float(text) for text in page.texts("#rows .figure")]
    assert figures == sorted(figures, reverse=True)
    assert page.page.locator("[aria-sort=descending]").count() == 1
    page.page.click("[data-sort=probability] button")
    assert [float(text) for text in page.texts("#rows .figure")] == sorted(figures)
    page.page.click("[data-sort=name] button")
    assert sorted(page.texts("#rows .col-name")) == sorted(first)
    page.page.check("#filter label[data-key=refused] input")
    assert page.texts("#rows tr:not([hidden]) .col-result") == ["Refused"]


def test_drift_is_told_and_an_image_asked_for_again_is_not_counted_again(page: Opened) -> None:
    def images() -> int:
        asked = "fetch('page/drift').then(answer => answer.json()).then(drift => drift.images)"
        return int(page.page.evaluate(asked))

    before = images()
    page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture(seed=99))})
    assert images() == before + 1
    page.page.fill("#prevalence", "20")
    page.page.keyboard.press("Enter")
    expect(page.page.locator("#rows")).to_contain_text("about 20 % of images show")
    page.enlarge()
    page.page.keyboard.press("Escape")
    assert images() == before + 1


def test_an_alarm_of_drift_is_shown(page: Opened) -> None:
    table = {"title": "Drift", "columns": ["", "PSI"], "rows": [["score", "2.1"]]}
    body = {"sentence": "Alarm: <b>x</b>", "alarm": True, "tables": [table], "remarks": ["Few."]}
    page.page.route("**/page/drift", lambda each: each.fulfill(json=body))
    page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
    expect(page.page.locator("#alarm-text")).to_have_text("Alarm: <b>x</b>")
    page.page.click("#alarm-more")
    expect(page.page.locator("#drift-text")).to_be_visible()
    assert page.texts("#drift-text p") == ["Alarm: <b>x</b>", "Few."]
    assert page.texts("#drift-text tr") == ["PSI", "score 2.1"]


def test_another_operating_point_asks_again(browser: Browser, tmp_path: Path) -> None:
    points = (OperatingPoint("never", 1.0), OperatingPoint("always", 0.0))
    root = write_bundle(tmp_path / "bundle", operating_points=points)
    with running(root) as server, opened(browser, f"{server.url}/") as page:
        page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
        assert page.texts("#rows .col-result") == ["NORMAL"]
        page.page.select_option("#point", "always")
        page.page.wait_for_selector("#rows .c1")
        page.settle()
        assert page.texts("#rows .col-result") == ["PNEUMONIA"]
        assert page.page.locator("#prevalence").is_disabled()  # the model is not calibrated
        page.require_silence()


def test_settings_count_only_when_all_of_them_are_valid(browser: Browser, tmp_path: Path) -> None:
    points = (OperatingPoint("never", 0.999), OperatingPoint("always", 0.001))
    root = write_bundle(
        tmp_path / "bundle", usual=128.0, operating_points=points, calibration=calibration(0.75)
    )
    with running(root) as server, opened(browser, f"{server.url}/") as page:
        page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
        page.page.fill("#prevalence", "200")
        page.page.select_option("#point", "always")
        page.choose({"name": "b.png", "mimeType": "", "buffer": encoded(picture())})
        assert page.texts("#rows .col-result") == ["NORMAL"] * 2
        page.page.fill("#prevalence", "7")
        page.page.keyboard.press("Enter")
        expect(page.page.locator("#rows .c1.key")).to_have_count(2)
        page.settle()
        assert page.texts("#rows .col-result") == ["PNEUMONIA"] * 2
        assert all("about 7 % of images show" in text for text in page.texts("#rows .col-remarks"))
        page.require_silence()


def test_a_service_that_has_stopped_is_said_in_each_row(browser: Browser, model: Path) -> None:
    with ExitStack() as stack:
        server = stack.enter_context(running(model))
        with opened(browser, f"{server.url}/") as page:
            page.choose({"name": "before.png", "mimeType": "", "buffer": encoded(picture())})
            stack.close()
            page.choose(
                *({"name": f"{n}.png", "mimeType": "", "buffer": encoded(picture())} for n in "ab")
            )
            before, *after = page.texts("#rows .col-remarks")
            assert "of images with this probability do" in before
            assert all("does not answer" in text for text in after)
            assert page.texts("#retry-all") == ["Try 2 files again"]
            assert saved(page, "#csv").decode().count("\n") == 2
            page.page.locator("#rows tr").first.locator(".look").click()
            expect(page.page.locator("#stage-note")).to_contain_text("does not answer")


def test_a_file_that_did_not_get_through_is_sent_again(browser: Browser, model: Path) -> None:
    data = encoded(picture())
    with running(model) as server, opened(browser, f"{server.url}/") as page:
        page.choose({"name": "before.png", "mimeType": "", "buffer": data})
        route = "**/page/images*"
        page.page.route(route, lambda each: each.abort("connectionrefused"))
        page.choose({"name": "after.png", "mimeType": "", "buffer": data})
        before, after = page.texts("#rows .col-remarks")
        assert "of images with this probability do" in before
        assert "does not answer" in after
        assert page.texts("#retry-all") == ["Try 1 file again"]
        page.page.unroute(route)
        page.page.get_by_role("button", name="Try after.png again").click()
        page.settle()
        assert page.texts("#rows .figure").count("0.500") <= 2
        assert len(page.texts("#rows .figure")) == 2
        assert all("ERR_CONNECTION_REFUSED" in each for each in page.said)


# status of an answer, what the row says
REFUSALS = (
    (413, "larger than the service takes"),
    (408, "too long to arrive"),
    (500, "not answer"),
)


@pytest.mark.parametrize(("status", "said"), REFUSALS)
def test_what_the_service_refuses_is_said_in_words(
    browser: Browser, url: str, status: int, said: str
) -> None:
    with opened(browser, url) as page:
        body = json.dumps({"error": "said by the service", "code": "x", "values": {}})
        page.page.route("**/page/images*", lambda each: each.fulfill(status=status, body=body))
        page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
        assert said in page.texts("#rows .col-remarks")[0]
        assert page.texts("#summary") == ["1 image: 1 without a prediction"]


def test_a_busy_service_is_asked_again(browser: Browser, url: str) -> None:
    with opened(browser, url) as page:
        times = []

        def busy_once(route: object) -> None:
            times.append(route)
            if len(times) == 1:
                route.fulfill(status=503, headers={"Retry-After": "1"}, body="{}")
            else:
                route.continue_()

        page.page.route("**/page/images*", busy_once)
        page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
        assert len(times) == 2
        assert len(page.texts("#rows .figure")) == 1


def test_a_file_that_is_too_large_is_not_even_sent(browser: Browser, model: Path) -> None:
    with running(model, most_bytes=2**20) as server, opened(browser, f"{server.url}/") as page:
        asked = []
        page.page.on("request", lambda request: asked.append(request.url))
        page.choose({"name": "a.png", "mimeType": "", "buffer": bytes(2**20 + 1)})
        assert "larger than the service takes: at most 1 MB" in page.texts(".col-remarks")[1]
        assert asked == []
        page.require_silence()


def test_a_longer_list_than_a_pdf_holds_is_said_before_it_is_asked_for(page: Opened) -> None:
    data = encoded(picture())
    files = [{"name": f"{n}.png", "mimeType": "", "buffer": data} for n in range(101)]
    page.choose(*files)
    page.page.click("#pdf")
    assert "at most 100 images, and 101 are shown" in page.texts("#saved-note")[0]


def test_a_token_is_asked_for_until_it_is_right(browser: Browser, model: Path) -> None:
    with running(model, token=TOKEN) as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.url)
        for given in ("a wrong one", TOKEN):
            page.wait_for_selector("#token[open]")
            page.keyboard.type(given)
            page.keyboard.press("Enter")
        page.wait_for_selector("#open-card:not([hidden])")
        page.set_input_files(
            "#files", {"name": "a.png", "mimeType": "", "buffer": encoded(picture())}
        )
        expect(page.locator("#rows .figure")).to_have_count(1)
        assert TOKEN not in page.content()
        context.close()


def test_cancelled_files_can_be_tried_again(page: Opened) -> None:
    held = []
    page.page.route("**/page/images*", lambda each: held.append(each))
    files = [
        {"name": f"{n}.png", "mimeType": "", "buffer": encoded(picture(seed=n))} for n in range(6)
    ]
    page.page.set_input_files("#files", files)
    page.page.wait_for_selector("tr.working")
    page.page.click("#cancel")
    page.settle()
    assert page.texts("#rows .col-remarks") == ["Cancelled. Try again"] * 6
    page.page.unroute("**/page/images*")
    page.page.click("#retry-all")
    page.settle()
    assert len(page.texts("#rows .figure")) == 6


def test_a_csv_waits_for_all_files_and_its_page_says_how_many_are_missing(page: Opened) -> None:
    data = encoded(picture())
    page.choose({"name": "before.png", "mimeType": "", "buffer": data})
    assert saved(page, "#csv").decode().count("\n") == 2
    assert page.texts("#saved-note") == [""]
    page.page.route("**/page/images*", lambda each: None)
    page.page.set_input_files(
        "#files", [{"name": f"{n}.png", "mimeType": "", "buffer": data} for n in "ab"]
    )
    expect(page.page.locator("#csv")).to_be_disabled()
    page.page.click("#cancel")
    page.settle()
    assert saved(page, "#csv").decode().count("\n") == 2
    assert "no line for 2 files" in page.texts("#saved-note")[0]
    page.page.unroute("**/page/images*")
    page.page.click("#retry-all")
    page.settle()
    assert saved(page, "#csv").decode().count("\n") == 4
    assert page.texts("#saved-note") == [""]


def violations(page: Opened) -> list[str]:
    found = Axe().run(page.page).response["violations"]
    return [
        f"{each['id']}: {[node['target'] for node in each['nodes']]}"
        for each in found
        if each["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_keeps_anybody_out(
    browser: Browser, url: str, folder: Path, scheme: str, width: int
) -> None:
    size = {"width": width, "height": 844}
    # axe is put into the page by its own means, which the policy of the page would refuse
    with opened(browser, url, color_scheme=scheme, viewport=size, bypass_csp=True) as page:
        assert violations(page) == []
        choose_folder(page, folder)
        assert violations(page) == []
        page.enlarge()
        assert violations(page) == []
        page.page.click("#beside")
        assert violations(page) == []
        page.page.keyboard.press("?")
        assert violations(page) == []
        page.page.keyboard.press("Escape")
        page.page.keyboard.press("Escape")
        for sheet in ("#open-card", "#open-drift"):
            page.page.click(sheet)
            assert violations(page) == []
            page.page.keyboard.press("Escape")
        sides = page.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert sides[0] <= sides[1]


def focused(page: Opened) -> str:
    return str(page.page.evaluate("document.activeElement.id || document.activeElement.className"))


def test_all_of_it_by_keyboard(page: Opened) -> None:
    press = page.page.keyboard.press
    reached = []
    for _ in range(6):
        press("Tab")
        reached.append(focused(page))
    assert reached[0] == "skip"
    assert reached[1:5] == ["open-card", "open-drift", "open-keys", "choose-files"]
    files = [
        {"name": f"{n}.png", "mimeType": "", "buffer": encoded(picture(seed=n))} for n in range(3)
    ]
    with page.page.expect_file_chooser() as chooser:
        page.page.locator("#choose-files").focus()
        press("Enter")
    chooser.value.set_files(files)
    page.page.wait_for_selector("#rows tr")
    page.settle()
    for _ in range(30):
        press("Tab")
        if focused(page) == "look":
            break
    assert focused(page) == "look"
    press("Enter")
    page.ready()
    assert focused(page) == "view-result"
    assert page.texts("#view-name") == ["0.png"]
    press("ArrowRight")
    expect(page.page.locator("#view-name")).to_have_text("1.png")
    page.ready()
    for key, pressed in (("s", "#beside"), ("i", "#inverse")):
        press(key)
        page.page.wait_for_selector(f"{pressed}[aria-pressed=true]")
    press("+")
    assert page.texts("#zoom") == ["125 %"]
    press("?")
    expect(page.page.locator("#keys")).to_be_visible()
    press("Escape")
    expect(page.page.locator("#keys")).to_be_hidden()
    expect(page.page.locator("#view")).to_be_visible()
    press("Escape")
    expect(page.page.locator("#view")).to_be_hidden()
    expect(page.page.locator("#rows tr").nth(1).locator(".look")).to_be_focused()


def test_progress_and_results_are_spoken(page: Opened) -> None:
    page.choose({"name": "a.png", "mimeType": "", "buffer": encoded(picture())})
    assert page.page.locator("#said").text_content() == page.texts("#summary")[0]
    assert page.page.locator("#said").get_attribute("aria-live") == "polite"


def test_its_weight(url: str) -> None:
    names = ("", "page.js", "page.css")
    weights = [len(requests.get(url + name, timeout=10).content) for name in names]
    assert sum(weights) <= 80_000


def test_the_card(page: Opened) -> None:
    page.page.click("#open-card")
    assert page.texts("#card-text h3") == ["brightness"]
    assert page.texts("#card-text p") == ["Not for patients."]
