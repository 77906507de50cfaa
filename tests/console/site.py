"""The console as a browser without scripts sees it: paths in, status, headers and HTML out."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import unescape
from pathlib import Path

from chalice.test import Client

from app import app
from chalicelib.scheduler.job import Job
from tests.permissions.policies import acting_as
from tests.support.world import World

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    html: str

    @property
    def text(self) -> str:
        """What is read: the page's content without its tags, blanks made one."""
        shown = self.html.partition("<main")[2]
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", shown)).split()).removeprefix("id=")

    def row(self, name: str) -> str:
        """The text of the table row that begins with a name."""
        rows = re.findall(r"<tr>.*?</tr>", self.html, re.DOTALL)
        texts = [" ".join(unescape(re.sub(r"<[^>]*>", " ", row)).split()) for row in rows]
        (found,) = [text for text in texts if text.startswith(name)]
        return found

    def links(self) -> list[str]:
        """The addresses that the page refers to."""
        return [unescape(each) for each in re.findall(r'(?:href|src)="([^"#][^"]*)"', self.html)]


class Site:
    def __init__(self, world: World) -> None:
        self.world = world

    def get(self, path: str, **headers: str) -> Reply:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with acting_as("api"):
            answer = _client().http.get(path, headers=sent)
        return Reply(answer.status_code, answer.headers, answer.body.decode())

    def run(self, job: Job, minutes: float = 1) -> str:
        """Let a slot of a job run; return the run's id."""
        self.world.at(minutes)
        ref = self.world.ref(job, minutes)
        self.world.services.handle(ref)
        return ref.run_id


@cache
def _client() -> Client:
    return Client(app, stage_name="local", project_dir=str(ROOT))
