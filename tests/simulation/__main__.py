"""`python -m tests.simulation`: a campaign, or the replay of one schedule."""

import argparse
import os
import sys

# Read at import by what is imported next.
os.environ |= {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "PALYRA_STAGE": "local",
}


def main() -> int:
    """Return the exit code: 1 where an invariant was violated."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--schedules", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", metavar="LINE", help="run one schedule and show its calls")
    asked = parser.parse_args()
    from tests.simulation import campaign  # noqa: PLC0415 - it reads the environment

    if asked.replay:
        return int(campaign.explain(asked.replay))
    return campaign.main(asked.schedules, asked.seed)


if __name__ == "__main__":
    sys.exit(main())
