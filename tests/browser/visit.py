"""A page in a browser, and everything that went wrong on it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from playwright.sync_api import Browser, Page

from tests.browser.server import Served

WIDE, NARROW = 1440, 390
HEIGHT = 900
type Visitor = Callable[..., Visit]

_STEPS = 100
_PAUSE_MS = 30


@dataclass
class Visit:
    """One page in a context of its own."""

    page: Page
    served: Served
    errors: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    @classmethod
    def open(
        cls,
        browser: Browser,
        served: Served,
        path: str = "",
        *,
        theme: Any = "light",
        width: int = WIDE,
        is_still: bool = False,
        **how: Any,
    ) -> Self:
        """Open a page, its clock at the served world's time.

        Args:
            browser: which opens it.
            served: the console.
            path: of the page, relative to the console.
            theme: what the system prefers, `light` or `dark`.
            width: of the window, in pixels.
            is_still: the page's time passes only when a test lets it.
            how: what else the context is to be like.
        """
        size: Any = {"width": width, "height": HEIGHT}
        context = browser.new_context(color_scheme=theme, viewport=size, **how)
        visit = cls(context.new_page(), served)
        visit.page.on("console", lambda message: visit.errors.append(message.text))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on("request", lambda request: visit.asked.append(request.url))
        visit.page.clock.install(time=served.clock.now())
        visit.page.goto(served.url + path)
        if is_still:
            now = visit.page.evaluate("Date.now()") / 1000
            visit.page.clock.pause_at(datetime.fromtimestamp(now, UTC) + timedelta(seconds=1))
        return visit

    def wait_for_refresh(self) -> None:
        """Let the time pass after which the page asks for itself again, and the answer come."""
        with self.page.expect_response(self.page.url) as answer:
            # The page sets its timer when it has read the answer before, which takes real time.
            for _ in range(_STEPS):
                self.page.clock.run_for(1_000)
                self.page.wait_for_timeout(_PAUSE_MS)
                if answer.is_done():
                    break

    def text(self, selector: str) -> str:
        """Return what is read where, blanks made one."""
        return " ".join(self.page.locator(selector).inner_text().split())

    def computed(self, selector: str, name: str) -> Any:
        """Return a computed style."""
        return self.page.locator(selector).first.evaluate(
            "(element, name) => getComputedStyle(element)[name]", name
        )

    def close(self) -> None:
        """Close it; nothing may have gone wrong, and nobody else been asked."""
        self.page.context.close()
        assert self.errors == []
        assert all(url.startswith(self.served.url) for url in self.asked), self.asked
