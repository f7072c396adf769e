"""A real Chromium for tests: what a person sees and does on a page of a gateway, and what the browser noticed."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from tests.servers import missing

SCREENSHOTS = Path(__file__).parent / "screenshots"
WATCH = """
window.violations = [];
addEventListener('securitypolicyviolation', event => violations.push(event.violatedDirective + ' ' + event.blockedURI));
"""
T = TypeVar("T")


def program(*names: str) -> str:
    """The path of the first of these that is here; without one the test is skipped, or fails in CI."""
    return next(filter(None, map(shutil.which, names)), None) or missing(names[0])


def wait_for(look: Callable[[], T], seconds: float = 20) -> T:
    """What `look` sees, once it is not nothing."""
    end = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.05)
    return seen


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A headless browser that writes down its requests and its console; profile: an empty folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium", "chromium-browser", "google-chrome")
    for flag in (
        "headless=new",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "window-size=1400,900",
        f"user-data-dir={profile}",
    ):
        options.add_argument(f"--{flag}")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, Service(program("chromedriver")))
    driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    try:
        yield driver
    finally:
        driver.quit()


class Page:
    """The page in the browser, and the requests that it made since it was opened."""

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.origin = f"http://{address}"
        self._requests: list[dict[str, Any]] = []
        driver.get("about:blank")
        for kind in ("performance", "browser"):
            self._log(kind)
        driver.get(f"{self.origin}/")

    def _log(self, kind: str) -> list[dict[str, Any]]:
        """What was logged since the last call."""
        return self.driver.get_log(kind)  # type: ignore[no-any-return,no-untyped-call]

    def one(self, css: str) -> WebElement:
        return wait_for(lambda: self.driver.find_elements(By.CSS_SELECTOR, css))[0]

    def shows(self, css: str, text: str) -> None:
        def look() -> bool:
            script = "return document.querySelector(arguments[0])?.textContent ?? ''"
            return text in self.driver.execute_script(script, css).replace("\xa0", " ")

        wait_for(look)

    def give(self, token: str) -> None:
        self.one("#token").send_keys(token, Keys.ENTER)

    def press_control_and(self, key: str) -> None:
        ActionChains(self.driver).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def requests(self) -> list[dict[str, Any]]:
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                self._requests.append(message["params"]["request"])
        return self._requests

    def asked(self) -> list[dict[str, Any]]:
        return [request for request in self.requests() if request["url"] == f"{self.origin}/graphql"]

    def kept(self) -> str:
        """All that the browser would still know after the page is closed, or shows in it now."""
        return str(
            self.driver.execute_script(
                "return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie, location.href,"
                " document.documentElement.outerHTML, [...document.querySelectorAll('input')].map(i => i.value)])"
            )
        )

    def photograph(self, name: str) -> None:
        SCREENSHOTS.mkdir(exist_ok=True)
        self.driver.save_screenshot(str(SCREENSHOTS / f"{name}.png"))

    def behaved(self) -> None:
        """Nothing was asked elsewhere, nothing was blocked by the policy, nothing failed in the console."""
        elsewhere = [r["url"] for r in self.requests() if not r["url"].startswith((f"{self.origin}/", "data:"))]
        assert elsewhere == []
        assert self.driver.execute_script("return violations") == []
        severe = [entry["message"] for entry in self._log("browser") if entry["level"] == "SEVERE"]
        assert [message for message in severe if "401 (Unauthorized)" not in message] == []
