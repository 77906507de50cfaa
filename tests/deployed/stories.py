"""Stories: what provokes each kind of incident, and mends it then."""

from collections.abc import Callable, Generator

from chalicelib.incidents.kind import IncidentKind
from tests.deployed.clinic import Clinic, Fault
from tests.deployed.driver import Item

type Story = Generator[Fault, Item]
type Teller = Callable[[Clinic], Story]


class Stories(dict[IncidentKind, Teller]):
    """The stories of one room, by what they provoke."""

    def of(self, kind: IncidentKind) -> Callable[[Teller], Teller]:
        """Register what provokes a kind of incident: it yields the fault, and mends it then."""

        def register(story: Teller) -> Teller:
            self[kind] = story
            return story

        return register
