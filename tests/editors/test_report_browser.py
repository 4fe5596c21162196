"""The HTML report of a real search, with a scripted model, in a real Chromium.

Chromium and its driver are ``$ORPS_CHROMIUM`` and ``$ORPS_CHROMEDRIVER``, or ``chromium`` and
``chromedriver`` on the PATH. Without them the tests are skipped, unless ``ORPS_REQUIRE_EDITORS=1``
says that they have to be there. Screenshots go to ``$ORPS_SCREENSHOTS`` if it is set.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FUNCTION = "report.py::customers_with_repeat_orders"
CONTRAST = Path(__file__).parent / "report" / "contrast.js"
COUNTER = """\
    counts = Counter(order["customer_id"] for order in orders)
    return [customer for customer, count in counts.items() if count > 1]
```
"""
SEEN = """\
    seen, repeated = set(), {}
    for order in orders:
        customer = order["customer_id"]
        if customer in seen:
            repeated[customer] = True
        seen.add(customer)
    return [c for c in dict.fromkeys(o["customer_id"] for o in orders) if c in repeated]
```
"""
WRONG = "    return []  # <script>document.title = 'taken'</script>\n```\n"
REACHES_OUT = "    import os\n    return os.listdir('/')\n```\n"
HOSTILE_CRITIQUE = "<img src=http://192.0.2.1/x onerror=\"document.title='taken'\"> It counts."
CANDIDATES = 8


def _tool(variable: str, name: str) -> str:
    found = os.environ.get(variable) or shutil.which(name)
    if found is None:
        reason = f"no {name}: set {variable}, or put it on the PATH"
        if os.environ.get("ORPS_REQUIRE_EDITORS") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page that the command writes."""
    folder = tmp_path_factory.mktemp("report")
    project = folder / "orders"
    shutil.copytree(
        ROOT / "examples" / "orders", project, ignore=shutil.ignore_patterns("__pycache__")
    )
    script = folder / "script.json"
    answers = [WRONG, COUNTER, COUNTER, REACHES_OUT, SEEN]
    script.write_text(json.dumps({"answers": answers, "critiques": [HOSTILE_CRITIQUE]}))
    page = folder / "report.html"
    command = [sys.executable, "-m", "orps_lsp", "refine", FUNCTION, "--report", str(page)]
    command += ["--engine", "scripted", "--script", str(script), "--candidates", str(CANDIDATES)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr
    assert str(page) in done.stderr
    return page


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    browser = _tool("ORPS_CHROMIUM", "chromium")
    driver_path = _tool("ORPS_CHROMEDRIVER", "chromedriver")
    webdriver = pytest.importorskip("selenium.webdriver")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = browser
    profile = tmp_path_factory.mktemp("chromium")
    flags = "headless=new no-sandbox disable-gpu no-first-run disable-background-networking "
    flags += "disable-component-update disable-sync hide-scrollbars window-size=1200,900 "
    flags += f"user-data-dir={profile}"
    for flag in flags.split():
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(driver_path))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def page(chromium: Any, report: Path) -> Any:
    """The page as it is when it has just been opened."""
    _emulate(chromium, "", "light")
    for log in ("performance", "browser"):
        chromium.get_log(log)  # what earlier tests left
    chromium.get(f"{report.as_uri()}#")
    chromium.refresh()
    return chromium


def _emulate(chromium: Any, media: str, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def test_nothing_is_requested_and_nothing_is_complained_about(page: Any, report: Path) -> None:
    page.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")
    page.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")

    events = [json.loads(entry["message"])["message"] for entry in page.get_log("performance")]
    requests = {
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert requests == {report.as_uri()}
    assert page.get_log("browser") == []
    assert page.title == "customers_with_repeat_orders: report of orps-lsp"
    assert page.find_elements("css selector", "script, img") == []
    assert "<img src=http" in page.find_element("css selector", "blockquote").text


def test_the_keyboard_reaches_every_candidate_in_the_tree_and_opens_it(page: Any) -> None:
    from selenium.webdriver import ActionChains, Keys

    def press(key: str) -> str:
        """Return what has the focus after ``key``: a link's target, or a candidate's name."""
        ActionChains(page).send_keys(key).perform()
        return str(
            page.execute_script(
                "const e = document.activeElement;"
                "return e.getAttribute('href') ?? e.querySelector('h3')?.textContent ?? e.tagName"
            )
        )

    walked = [press(Keys.TAB)]
    while (reached := press(Keys.TAB)) not in (walked[0], "BODY") and len(walked) < 200:
        walked.append(reached)
    candidates = _candidates(page)
    assert walked[:2] == ["#refinements", "#candidates"]
    assert {f"#{candidate}" for candidate in candidates} <= set(walked)
    names = [f"candidate-{name.split()[0]}" for name in walked if name[0].isdigit()]
    assert names == candidates

    closed = page.execute_script(
        "return [...document.querySelectorAll('details:not([open]) .inside')].map(e => e.id)"
    )
    assert len(closed) == len(candidates) - 1
    for target in closed:
        page.execute_script(f"document.querySelector('.tree a[href=\"#{target}\"]').focus()")
        assert _focus_ring(page)
        press(Keys.ENTER)
        inside = page.find_element("id", target)
        assert inside.is_displayed(), f"{target} stays closed"
        assert page.execute_script("return arguments[0].closest('details').open", inside)

    summary = page.find_element("css selector", "details:last-of-type > summary")
    page.execute_script("arguments[0].focus()", summary)
    for is_open in (False, True):
        press(Keys.ENTER)
        assert page.execute_script("return arguments[0].parentElement.open", summary) is is_open


def _candidates(page: Any) -> list[str]:
    """The ids of all candidates, as they stand on the page: a search may end before its budget."""
    found = page.execute_script("return [...document.querySelectorAll('.inside')].map(e => e.id)")
    assert len(found) >= 5
    return list(found)


def test_a_link_that_only_scrolls_leads_to_the_folded_candidate(page: Any) -> None:
    """VS Code's panels call ``scrollIntoView`` on what a link names, and do nothing else."""
    for target in _candidates(page)[1:]:
        top, height, bottom_left = page.execute_script(
            "scrollTo(0, 0);"
            "const inside = document.getElementById(arguments[0]);"
            "inside.scrollIntoView();"
            "const folded = inside.closest('details');"
            "return [folded.getBoundingClientRect().top, folded.getBoundingClientRect().height,"
            " document.documentElement.scrollHeight - innerHeight - scrollY]",
            target,
        )
        assert height < 100, f"{target} is not folded"
        assert -1 <= top < 120 or bottom_left < 1
        assert not page.find_element("id", target).is_displayed()


def _focus_ring(page: Any) -> bool:
    return bool(
        page.execute_script(
            "const s = getComputedStyle(document.activeElement);"
            "return s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("vscode", [False, True])
def test_text_is_readable_in_both_schemes(
    page: Any, tmp_path: Path, scheme: str, vscode: bool
) -> None:
    other = {"light": "dark", "dark": "light"}
    if vscode:  # its class counts there, not what the system prefers
        page.execute_script(f"document.body.className = 'vscode-{scheme}'")
    _emulate(page, "", other[scheme] if vscode else scheme)
    if not vscode:
        folder = Path(os.environ.get("ORPS_SCREENSHOTS") or tmp_path)
        folder.mkdir(parents=True, exist_ok=True)
        _screenshot(page, folder / f"report-{scheme}.png")

    back = page.execute_script("return getComputedStyle(document.body).backgroundColor")
    brightness = sum(map(int, re.findall(r"\d+", back)[:3])) / 3
    assert brightness > 200 if scheme == "light" else brightness < 60
    page.execute_script("document.querySelectorAll('details').forEach(d => { d.open = true })")
    found = page.execute_script(CONTRAST.read_text(encoding="utf-8"))
    assert found["texts"] > 200
    assert found["poor"] == []


def _screenshot(page: Any, file: Path) -> None:
    height = page.execute_script("return document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": 1200, "height": height, "scale": 1}
    shot = page.execute_cdp_cmd(
        "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
    )
    file.write_bytes(base64.b64decode(shot["data"]))
    assert file.read_bytes().startswith(b"\x89PNG")


def test_paper_shows_everything(page: Any, report: Path) -> None:
    open_ones = page.execute_script("return document.querySelectorAll('details[open]').length")
    assert open_ones == 1
    pdf = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    pages = len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(pdf["data"])))
    page.execute_script("document.querySelectorAll('details').forEach(d => { d.remove() })")
    less = page.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert pages >= len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(less["data"]))) + 3

    page.get(f"{report.as_uri()}#")
    page.refresh()
    _emulate(page, "print", "dark")
    heights = page.execute_script(
        "return [...document.querySelectorAll('.diff')].map(e => e.checkVisibility()"
        " ? e.getBoundingClientRect().height : 0)"
    )
    assert len(heights) == len(_candidates(page))  # no answer is the original once more
    assert min(heights) > 40
    assert page.execute_script("return getComputedStyle(document.body).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    cut = page.execute_script(
        "return [...document.querySelectorAll('.wide, .diff')]"
        ".filter(e => getComputedStyle(e).overflowX !== 'visible').length"
    )
    assert cut == 0


@pytest.mark.parametrize("width", [320, 768])
def test_narrow_windows_scroll_only_within_tables_and_pictures(page: Any, width: int) -> None:
    size = {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        wide = page.execute_script("return document.documentElement.scrollWidth")
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    assert wide <= width
