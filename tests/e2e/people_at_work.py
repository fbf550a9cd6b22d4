"""Someone at a browser: signing in with a real passkey or app, and using the pages as a person does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PASS_PHRASE = "five herons over a quiet river"
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
PHONE, DESKTOP = (360, 780), (1280, 900)


class Chromium:
    """One real browser for everyone; each person has a window of their own in it that leaves no trace.

    With a directory, each person has a profile there, which stays on the disk as on a laptop.
    """

    def __init__(self, profiles: Path | None = None) -> None:
        self._profiles = profiles
        self._lasting: list[BrowserContext] = []

    def __enter__(self) -> Chromium:
        self._playwright: Playwright = sync_playwright().start()
        self.browser: Browser = self._playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        return self

    def window(self, name: str) -> BrowserContext:
        size: Any = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        if self._profiles is None:
            return self.browser.new_context(**size)
        lasting = self._playwright.chromium.launch_persistent_context(
            self._profiles / name, executable_path=CHROMIUM, args=ARGUMENTS, **size
        )
        self._lasting.append(lasting)
        return lasting

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        for lasting in self._lasting:
            lasting.close()
        self.browser.close()
        self._playwright.stop()


@dataclass
class Worker:
    """A colleague at their browser. What the console says beyond nothing is kept in `complaints`."""

    chromium: Chromium
    address: str
    name: str
    email: str
    pictures: Path
    complaints: list[str] = field(default_factory=list)
    axe_findings: list[str] = field(default_factory=list)
    secret: str = ""
    recovery_codes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context: BrowserContext = self.chromium.window(self.email.partition("@")[0])
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self._passkeys = self.context.new_cdp_session(self.page)
        self._passkeys.send("WebAuthn.enable")
        self._passkeys.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self._used_code = ""

    def without_javascript(self) -> Worker:
        """The same person at a browser that runs no script, with the same authenticator app."""
        twin = Worker(self.chromium, self.address, self.name, self.email, self.pictures, secret=self.secret)
        twin.context.close()
        twin.context = self.chromium.browser.new_context(java_script_enabled=False)
        twin.page = twin.context.new_page()
        twin._used_code = self._used_code
        return twin

    def used_code_of(self, twin: Worker) -> None:
        """Remember which code was used last: the product takes none twice."""
        self._used_code = twin._used_code

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{self.page.url}: {message.text}")

    # --- the page

    def go(self, path: str) -> int:
        """Open a page and return the status it answers with."""
        answer = self.page.goto(path if path.startswith("http") else self.address + path)
        return answer.status if answer else 0

    def click(self, label: str | re.Pattern[str], *, role: str = "button", nth: int = 0) -> None:
        exact = isinstance(label, str)
        self.page.get_by_role(role, name=label, exact=exact).nth(nth).click()  # type: ignore[arg-type]
        self.wait_for_answer()

    def wait_for_answer(self) -> None:
        """Wait until a form that was sent without leaving its page is answered, and led on if it was."""
        self.page.locator(".htmx-request").first.wait_for(state="detached")
        self.page.wait_for_load_state()

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"main [name={name}], main [name$=-{name}]").first.fill(value)

    def text(self) -> str:
        return self.page.locator("main").inner_text()

    def sees(self, words: str) -> None:
        """Wait until the words stand on the page. Raises AssertionError with what stands there instead."""
        try:
            self.page.locator("main").get_by_text(words).first.wait_for(timeout=8000)
        except Exception:
            raise AssertionError(
                f"{self.name} does not see {words!r} on {self.page.url}:\n{self.text()}"
            ) from None

    def look(self, title: str) -> None:
        """Take pictures of the page at both sizes, in light and dark, and let axe go over each."""
        for width, height in (DESKTOP, PHONE):
            self.page.set_viewport_size({"width": width, "height": height})
            for scheme in ("light", "dark"):
                self.page.emulate_media(color_scheme=scheme)
                self.page.screenshot(path=self.pictures / f"{title}-{width}-{scheme}.png", full_page=True)
                self._check_with_axe(f"{title} at {width} px, {scheme}")
            wider = self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wider > 0:
                self.axe_findings.append(f"{title} at {width} px is {wider} px too wide")
        self.page.set_viewport_size({"width": 1280, "height": 900})
        self.page.emulate_media(color_scheme="light")

    def _check_with_axe(self, where: str) -> None:
        found = Axe().run(self.page)
        for violation in found.response["violations"]:
            nodes = [node["html"][:120] for node in violation["nodes"][:3]]
            self.axe_findings.append(f"{where}: {violation['id']} {nodes}")

    # --- who they are

    def set_up_clinic(self, link: str, clinic: str) -> None:
        self.go(link)
        self.fill(
            clinic_name=clinic,
            name=self.name,
            email=self.email,
            password=PASS_PHRASE,
            password_again=PASS_PHRASE,
        )
        self.click("Open the clinic")

    def join(self, link: str) -> None:
        self.go(link)
        self.fill(name=self.name, password=PASS_PHRASE, password_again=PASS_PHRASE)
        self.click("Go on")

    def add_passkey(self) -> None:
        self.page.get_by_role("link", name="Set up a passkey").click()
        self.fill(name="This laptop")
        self.click("Add this passkey")
        self._keep_recovery_codes()

    def add_app(self) -> None:
        self.page.get_by_role("link", name="Set up an app").click()
        self.secret = self.page.locator("#authenticator_secret").inner_text()
        self.fill(code=self._code())
        self.click("Turn it on")
        self._keep_recovery_codes()

    def _keep_recovery_codes(self) -> None:
        self.page.locator("#recovery_codes").wait_for()
        self.recovery_codes = self.page.locator("#recovery_codes li").all_inner_texts()
        self.page.get_by_role("link", name="I have them on paper").click()

    def sign_in_with_passkey(self) -> None:
        self.go("/sign-in/")
        self.page.locator("#passkey_login").click()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def sign_in_with_app(self) -> None:
        self.go("/sign-in/")
        self.fill(login=self.email, password=PASS_PHRASE)
        self.click("Sign in")
        self.page.locator("main [name=code]").fill(self._code())
        self.page.locator("main form button.primary").first.click()
        self.page.wait_for_url(lambda url: "/sign-in/" not in url)

    def sign_in(self) -> None:
        if self.secret:
            self.sign_in_with_app()
        else:
            self.sign_in_with_passkey()

    def _code(self) -> str:
        """The app's six digits, RFC 6238; never the same twice, as the product refuses a code used before."""
        while (code := totp(self.secret, at=time.time())) == self._used_code:
            time.sleep(0.5)
        self._used_code = code
        return code


def totp(secret: str, *, at: float) -> str:
    """Return the time-based one-time password of RFC 6238: SHA-1, six digits, 30 seconds."""
    key = base64.b32decode(secret.replace(" ", "").upper() + "=" * (-len(secret.replace(" ", "")) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(at) // 30), hashlib.sha1).digest()
    start = digest[-1] & 0x0F
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06d}"
