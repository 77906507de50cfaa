"""Functions of the tests' own on an emulator."""

import io
import zipfile
from typing import Any

from tests.infra.waiting import eventually

ROLE = "arn:aws:iam::000000000000:role/test"
WHERE = "import os\ndef handler(event, context): return os.path.realpath(__file__)"


def make_function(functions: Any, name: str) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        # The same time in every archive, so that equal packages have equal bytes.
        file.writestr(zipfile.ZipInfo("where.py"), WHERE)
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="where.handler",
        Role=ROLE,
        Code={"ZipFile": archive.getvalue()},
    )
    eventually(lambda: is_settled(functions, name), seconds=5)


def is_settled(functions: Any, name: str) -> bool:
    found = functions.get_function_configuration(FunctionName=name)
    return (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
