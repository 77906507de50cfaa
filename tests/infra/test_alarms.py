"""Alarms: what they watch is really measured, somebody is told, and the page explains them."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from chalicelib.functions.observability import NAMESPACE
from infra.local.place import CHECKOUT
from infra.local.template import TEMPLATE, resources
from tests.infra.chalice_graph import functions
from tests.infra.conftest import Emulator
from tests.infra.waiting import eventually

PAGE = (CHECKOUT / "docs" / "alarms.md").read_text()
ROW = re.compile(r"^\| `([\w-]+)` \| [^|]+ \| [^|]+ \|$", re.MULTILINE)
LANES = ("high", "normal", "low")
COUNTED = "authority-signs-elsewhere"  # Made where the stack is told of a trail.


@cache
def of_type(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of the template's resources of a type, by their logical names."""
    found = resources().items()
    return {name: each["Properties"] for name, each in found if each["Type"] == kind}


def alarms() -> dict[str, dict[str, Any]]:
    """Return the alarms by what is particular to their names."""
    made = of_type("AWS::CloudWatch::Alarm").values()
    return {alarm["AlarmName"].removeprefix("palyra-${Stage}-"): alarm for alarm in made}


def watched(namespace: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the name, metric and dimensions of each alarm on a namespace."""
    for name, alarm in alarms().items():
        stats = [it["MetricStat"] for it in alarm.get("Metrics", ()) if "MetricStat" in it]
        for each in [stat["Metric"] for stat in stats] or [alarm]:
            if each["Namespace"] == namespace:
                dimensions = {it["Name"]: it["Value"] for it in each["Dimensions"]}
                yield name, each["MetricName"], dimensions


def measured() -> set[tuple[str, tuple[str, ...]]]:
    """Return each metric that the functions' code measures, with its dimensions."""
    found = set()
    for file in (CHECKOUT / "chalicelib" / "functions").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "measure":
                (values,) = node.args
                assert isinstance(values, ast.Dict)
                own = tuple(str(keyword.arg) for keyword in node.keywords)
                found |= {(ast.literal_eval(key), own) for key in values.keys if key}
    return found


def test_the_page_explains_every_alarm_and_metric_and_no_other() -> None:
    page, metrics = PAGE.split("## Metrics")
    assert sorted(ROW.findall(page)) == sorted(alarms())
    assert sorted(ROW.findall(metrics)) == sorted(name for name, _ in measured())


def test_every_metric_of_palyra_is_watched_as_it_is_measured() -> None:
    # How much is done is no fault, whatever it is: it is there to be looked at.
    seen: set[tuple[str, tuple[str, ...]]] = {("SlotsHanded", ())}
    for name, metric, dimensions in watched(NAMESPACE):
        assert dimensions.pop("stage") == "Stage"
        assert dimensions.pop("service") == "palyra"
        assert dimensions in ({}, {"lane": name.rpartition("-")[2]})
        seen.add((metric, tuple(dimensions)))
    assert seen == measured()


@pytest.mark.parametrize("lane", LANES)
def test_each_lane_has_its_three_alarms(lane: str) -> None:
    kinds = {name.removesuffix(f"-{lane}") for name in alarms() if name.endswith(f"-{lane}")}
    assert kinds == {"dead-letters", "dead-letters-wait", "lane-is-slow"}


def test_alarms_on_queues_watch_the_queues_of_their_lanes() -> None:
    for name, metric, dimensions in watched("AWS/SQS"):
        lane = name.rpartition("-")[2]
        dead = metric == "ApproximateNumberOfMessagesVisible"
        queue = f"{lane.title()}{'DeadLetters' if dead else 'Queue'}.QueueName"
        assert dimensions == {"QueueName": queue}
        assert f"palyra-${{Stage}}-{lane}" in {
            each["QueueName"].removesuffix("-dlq") for each in of_type("AWS::SQS::Queue").values()
        }


def test_alarms_on_functions_watch_functions_that_chalice_makes() -> None:
    names = {
        dimensions["FunctionName"].replace("${Stage}", "dev")
        for _, _, dimensions in watched("AWS/Lambda")
    }
    watched_functions = ("", "-cron_tick", "-journal_seal", "-node_issuer", "-sweep")
    assert names == {f"palyra-dev{of}" for of in watched_functions}
    assert names <= set(functions("dev"))


def test_a_clock_that_stands_still_is_an_alarm() -> None:
    for name in ("tick-is-missing", "sweep-is-missing", "seal-is-missing"):
        alarm = alarms()[name]
        assert (alarm["MetricName"], alarm["TreatMissingData"]) == ("Invocations", "breaching")
        assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("LessThanThreshold", 1)
    others = {it["TreatMissingData"] for name, it in alarms().items() if "missing" not in name}
    assert others == {"notBreaching"}


def test_a_slot_is_late_where_its_job_would_miss_it() -> None:
    alarm = alarms()["slots-are-late"]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Maximum", 180)


type Series = list[float]


def extra(signed: Series, asked: Series) -> Series:
    """Return what the alarm's expression makes of two metrics, by CloudWatch's rules.

    Each value is that of half an hour; of the first one no difference is known.
    """
    parts = {it["Id"]: it for it in alarms()[COUNTED]["Metrics"]}
    assert [it["ReturnData"] for it in parts.values()] == [False, False, True]
    told = parts["extra"]["Expression"]
    rule = re.sub(r"FILL\((\w+), 0\)", r"\1", told)
    assert set(re.findall(r"[a-zA-Z]+", rule)) == {"signed", "asked", "DIFF"}
    return [
        eval(  # noqa: S307 - an expression of our own template, of the words above
            rule.replace("DIFF(asked)", str(asked[at] - asked[at - 1])),
            {"signed": signed[at], "asked": asked[at]},
        )
        for at in range(1, len(asked))
    ]


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ([0, 0, 0, 0], [0, 0, 0, 0]),
        ([0, 3, 1, 0], [0, 3, 1, 0]),  # At once.
        ([0, 0, 3, 1], [0, 3, 1, 0]),  # Half an hour late.
        ([0, 2, 2, 0], [0, 3, 1, 0]),  # One of them late.
        ([0, 0, 0, 0], [0, 3, 1, 0]),  # Asked for, and refused.
    ],
)
def test_signatures_that_the_issuer_asked_for_are_no_alarm(signed: Series, asked: Series) -> None:
    assert max(extra(signed, asked)) <= alarms()[COUNTED]["Threshold"]


@pytest.mark.parametrize(
    ("signed", "asked"),
    [
        ([0, 1, 0, 0], [0, 0, 0, 0]),
        ([0, 3, 2, 0], [0, 0, 1, 0]),
        ([5, 5, 0, 1], [5, 5, 0, 0]),
        ([0, 4, 0, 0], [0, 3, 0, 0]),
    ],
)
def test_one_that_it_did_not_ask_for_is_an_alarm(signed: Series, asked: Series) -> None:
    assert max(extra(signed, asked)) > alarms()[COUNTED]["Threshold"]


def test_signatures_are_counted_where_somebody_names_the_trail() -> None:
    alarm, counter = resources()["AuthoritySignsElsewhere"], resources()["AuthoritySignatures"]
    assert alarm["Condition"] == counter["Condition"] == "SignaturesAreCounted"
    (made,) = counter["Properties"]["MetricTransformations"]
    (stat, _, _) = alarm["Properties"]["Metrics"]
    named = stat["MetricStat"]["Metric"]
    assert (made["MetricNamespace"], made["MetricName"]) == (
        named["Namespace"],
        named["MetricName"],
    )
    assert {it["MetricStat"]["Period"] for it in alarm["Properties"]["Metrics"][:2]} == {1800}


def test_whoever_subscribes_is_told_when_an_alarm_begins_and_ends() -> None:
    for alarm in alarms().values():
        assert len(alarm["AlarmActions"]) == len(alarm["OKActions"]) == 1
    assert of_type("AWS::SNS::Topic")["AlarmTopic"]["TopicName"] == "palyra-${Stage}-alarms"
    assert resources()["AlarmMail"]["Condition"] == "AlarmsAreMailed"


def test_every_function_has_a_log_group_that_forgets_and_outlives_the_stack() -> None:
    groups = of_type("AWS::Logs::LogGroup")
    names = {group["LogGroupName"].replace("${Stage}", "dev") for group in groups.values()}
    assert names == {f"/aws/lambda/{function}" for function in functions("dev")}
    for name, group in groups.items():
        assert group["RetentionInDays"] == 30
        assert resources()[name]["DeletionPolicy"] == "Retain"
        assert resources()[name]["UpdateReplacePolicy"] == "Retain"


def test_the_emulator_makes_all_of_it(plain: Emulator) -> None:
    stacks = plain.client("cloudformation")
    mail = {"ParameterKey": "AlarmEmail", "ParameterValue": "operator@example.com"}
    stage = {"ParameterKey": "Stage", "ParameterValue": "alarmed"}
    stacks.create_stack(
        StackName="alarmed", TemplateBody=TEMPLATE.read_text(), Parameters=[stage, mail]
    )

    def is_made() -> bool:
        (stack,) = stacks.describe_stacks(StackName="alarmed")["Stacks"]
        assert "FAILED" not in stack["StackStatus"], stack
        assert "ROLLBACK" not in stack["StackStatus"], stack
        return bool(stack["StackStatus"] == "CREATE_COMPLETE")

    eventually(is_made, seconds=20)
    made = plain.client("cloudwatch").describe_alarms(AlarmNamePrefix="palyra-alarmed-")
    topics = plain.client("sns").list_topics()["Topics"]
    (topic,) = [each for each in topics if "palyra-alarmed-" in each["TopicArn"]]
    assert {it["AlarmName"].removeprefix("palyra-alarmed-") for it in made["MetricAlarms"]} == {
        name for name in alarms() if name != COUNTED
    }
    assert all(it["AlarmActions"] == [topic["TopicArn"]] for it in made["MetricAlarms"])
    (mailed,) = plain.client("sns").list_subscriptions()["Subscriptions"]
    assert mailed["Endpoint"] == "operator@example.com"
    groups = plain.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/palyra-al")
    assert {group["retentionInDays"] for group in groups["logGroups"]} == {30}
    assert len(groups["logGroups"]) == len(of_type("AWS::Logs::LogGroup"))
