from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.providers import Answer, Conversation, ToolCall
from chalicelib.scheduler.dispatch import Dispatch
from tests.console.site import Site

HOSTILE = "<script>alert('x')</script>"
ESCAPED = "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"


class Says:
    """A model that says what a test wants: first a call of a tool, then an answer."""

    name = HOSTILE
    deadline = timedelta(seconds=1)

    def __init__(self, arguments: Mapping[str, Any], answer: str) -> None:
        self.arguments, self.answer = arguments, answer

    def reply(self, conversation: Conversation) -> ToolCall | Answer:
        if conversation.turns:
            return Answer(self.answer)
        return ToolCall("system.health", self.arguments)


@pytest.fixture
def hostile(site: Site, monkeypatch: pytest.MonkeyPatch) -> Site:
    firings = site.world.services.worker.kinds["firing"]
    assert isinstance(firings, Dispatch)
    monkeypatch.setattr(firings.runs, "provider", Says({HOSTILE: HOSTILE}, HOSTILE))
    return site


def test_a_name_and_a_prompt_cannot_become_markup(site: Site) -> None:
    job = site.world.job(name=HOSTILE, prompt=HOSTILE)
    run = site.run(job)
    for path in ("/", f"/jobs/{job.id}", f"/runs/{run}"):
        page = site.get(path)
        assert ESCAPED in page.html
        assert HOSTILE not in page.html


def test_arguments_results_and_model_names_cannot_become_markup(hostile: Site) -> None:
    page = hostile.get(f"/runs/{hostile.run(hostile.world.job())}")
    assert f'<pre class="text">{ESCAPED}</pre>' in page.html
    assert f"&#34;{ESCAPED}&#34;: &#34;{ESCAPED}&#34;" in page.html
    assert f"<dd>{ESCAPED}</dd>" in page.html
    assert HOSTILE not in page.html


def test_a_long_result_is_folded_and_still_escaped(site: Site, hostile: Site) -> None:
    firings = site.world.services.worker.kinds["firing"]
    assert isinstance(firings, Dispatch)
    firings.runs.provider = Says({}, HOSTILE * 100)
    page = hostile.get(f"/runs/{hostile.run(hostile.world.job())}")
    assert '<details class="fold" id="result-text">' in page.html
    assert "2,700 characters" in page.text
    assert HOSTILE not in page.html


def test_whoever_changed_a_job_cannot_become_markup(site: Site) -> None:
    job = site.world.job()
    site.world.services.jobs.pause("main", HOSTILE, job.id)
    assert HOSTILE not in site.get(f"/jobs/{job.id}").html
